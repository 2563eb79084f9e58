"""Derived tables of toxicity: worst grades, shifts, recovery, cycles, and grades by other versions of CTCAE."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lutrace.core import Row
from lutrace.endpoints import (
    ToxicityBasis,
    derive_grade_flips,
    derive_toxicity_courses,
    derive_toxicity_cycles,
    held,
)
from lutrace.protocol import DerivedGradeFlips, DerivedToxicity
from lutrace.study.derived_parts import Derivation, Ground, Reading, Variable, only, seen
from lutrace.tables import GRADE_FLIPS, TOXICITY_COURSES, TOXICITY_CYCLES

_SOURCES = {"laboratory": "laboratory", "clinician": "clinician"}
_GRADES = ("0", "1", "2", "3", "4", "5")
_NO_VALUE = "no_value"
_CANNOT = "cannot_be_graded"
_NO_BASELINE = "no_baseline"
_NEVER_SEVERE = "never_severe"
_NOT_WORSE = "not_worse"
_NOT_RECOVERED = "not_recovered"
_SEVERE = 3
_MILD = 1
_FLIPS = ("same", "lower", "higher", "graded_by_one_only")
_LABELS = {
    _NO_VALUE: "nothing on record in the window",
    _CANNOT: "on record, cannot be graded",
    _NO_BASELINE: "no baseline grade",
    _NEVER_SEVERE: "no grade 3 or more",
    _NOT_WORSE: "never above grade 1 and the baseline",
    _NOT_RECOVERED: "not recovered",
    "same": "the same",
    "lower": "lower",
    "higher": "higher",
    "graded_by_one_only": "graded by one of the two only",
}


def derive_toxicity_tables(ground: Ground, item: DerivedToxicity) -> Derivation:
    """Worst grade, shift from baseline, first grade 3 and recovery by term and source; the worst of each cycle."""
    basis = ToxicityBasis(ground.whole, item.rules, ground.data_cut)
    courses, cycles = held(derive_toxicity_courses(basis)), held(derive_toxicity_cycles(basis))
    rows: list[Row] = courses.to_pyarrow().to_pylist()
    by_cycle: list[Row] = cycles.to_pyarrow().to_pylist()
    numbers = sorted({row["cycle"] for row in by_cycle})
    graded = {(row["term"], row["source"]) for row in rows}
    variables = [
        variable
        for term in item.counted
        for source in _SOURCES
        if (term, source) in graded or source == "laboratory"
        for variable in (
            *_of_course(term, source, rows),
            *(_of_cycle(term, source, number, by_cycle) for number in numbers),
        )
    ]
    rules = item.rules
    until = " or the begin of the next systemic treatment" if rules.until_next_line else ""
    given = "count as grade 3" if rules.transfusions == "count" else "do not count"
    return Derivation(
        {TOXICITY_COURSES.name: courses, TOXICITY_CYCLES.name: cycles},
        tuple(variables),
        (
            f"{rules.criteria}, from the day after the first dose to {rules.after_last_dose:g} days after the last"
            f"{until}; transfusions {given}. A value of the day of a dose was drawn before it.",
            "Baseline: the last laboratory value up to the first dose; of clinicians the worst event going on then, "
            "and none where they recorded none. Shift: baseline to worst grade. Recovery: the first later value at "
            "grade 1 or less, or no worse than the baseline.",
        ),
        labels={**_LABELS, **{f"{_NO_BASELINE} to {b}": f"no baseline to {b}" for b in _GRADES}},
    )


def _is_of(term: str, source: str, cycle: int | None = None) -> Callable[[Row], bool]:
    def holds(row: Row) -> bool:
        return bool(row["term"] == term and row["source"] == source and (cycle is None or row["cycle"] == cycle))

    return holds


def _of_course(term: str, source: str, courses: Sequence[Row]) -> tuple[Variable, ...]:
    name, holds = TOXICITY_COURSES.name, _is_of(term, source)
    stem, words = f"{_stem(term)}_{source}", f"{term} ({_SOURCES[source]})"

    def shift(rows: Sequence[Row]) -> Reading:
        why = _ungraded(rows)
        if why is not None:
            return why
        before = rows[0]["baseline_grade"]
        return f"{_NO_BASELINE if before is None else before} to {rows[0]['worst_grade']}"

    pairs = [f"{a} to {b}" for a in (*_GRADES, _NO_BASELINE) for b in _GRADES]
    found = seen(courses, shift, holds)
    shifts = (*(one for one in (*pairs, _CANNOT) if one in found), _NO_VALUE)

    def severe(rows: Sequence[Row]) -> Reading:
        return None if _ungraded(rows) else rows[0]["worst_grade"] >= _SEVERE

    return (
        Variable(
            f"{stem}_worst", f"{words}: worst grade", "classes", name, _worst, holds, (*_GRADES, _CANNOT, _NO_VALUE),
            proof="worst",
        ),
        Variable(
            f"{stem}_severe", f"{words}: grade 3 or more", "yes", name, severe, holds, proof="first_severe",
            gap=_ungraded,
        ),
        Variable(
            f"{stem}_emergent", f"{words}: worse than at baseline", "yes", name, only("emergent"), holds,
            proof="worst", gap=lambda rows: _ungraded(rows) or _NO_BASELINE,
        ),
        Variable(f"{stem}_shift", f"{words}: shift", "classes", name, shift, holds, shifts, proof="worst"),
        Variable(
            f"{stem}_to_severe", f"{words}: day of the first grade 3 or more, where there was one", "number", name,
            only("days_to_severe"), holds, unit="d", proof="first_severe",
            gap=lambda rows: _ungraded(rows) or _NEVER_SEVERE,
        ),
        Variable(
            f"{stem}_to_recovery", f"{words}: recovery after the extreme, where there was one", "number", name,
            only("days_to_recovery"), holds, unit="d", proof="recovery", gap=_unrecovered,
        ),
    )  # fmt: skip


def _ungraded(rows: Sequence[Row]) -> str | None:
    """Why a patient has no grade: nothing on record, or nothing that can be graded."""
    if not rows:
        return _NO_VALUE
    return _CANNOT if rows[0]["worst_grade"] is None else None


def _unrecovered(rows: Sequence[Row]) -> str | None:
    """Why a patient has no recovery: no grade, nothing to recover from, or none that came."""
    why = _ungraded(rows)
    if why is not None:
        return why
    return _NOT_RECOVERED if rows[0]["worst_grade"] > max(rows[0]["baseline_grade"] or 0, _MILD) else _NOT_WORSE


def _of_cycle(term: str, source: str, cycle: int, cycles: Sequence[Row]) -> Variable:
    name, words = f"{_stem(term)}_{source}_cycle_{cycle}", f"{term} ({_SOURCES[source]}), cycle {cycle}: worst grade"
    holds = _is_of(term, source, cycle)
    found = seen(cycles, _worst, holds)
    levels = (*(level for level in (*_GRADES, _CANNOT) if level in found), _NO_VALUE)
    return Variable(name, words, "classes", TOXICITY_CYCLES.name, _worst, holds, levels, proof="worst")


def _worst(rows: Sequence[Row]) -> Reading:
    return _ungraded(rows) or str(rows[0]["worst_grade"])


def _stem(term: str) -> str:
    return "_".join("".join(sign if sign.isalnum() else " " for sign in term.lower()).split())


def derive_flip_tables(ground: Ground, item: DerivedGradeFlips) -> Derivation:
    """Which patients have another worst grade, or another grade of any value, by each other version."""
    basis = ToxicityBasis(ground.whole, item.rules, ground.data_cut)
    flips = derive_grade_flips(basis, item.others)
    flips = flips.filter(flips.term.isin(list(item.counted)))
    variables = [one for other in item.others for term in item.counted for one in _of_flips(term, other)]
    return Derivation(
        {GRADE_FLIPS.name: flips},
        tuple(variables),
        (
            f"The same laboratory values graded by {item.rules.criteria} and by {', '.join(item.others)}, within the "
            "window of toxicity. Lower and higher: the worst grade by the other version, of the patients with a value.",
        ),
        labels=_LABELS,
    )


def _of_flips(term: str, other: str) -> tuple[Variable, Variable]:
    def holds(row: Row) -> bool:
        return bool(row["term"] == term and row["other_criteria"] == other)

    def any_value(rows: Sequence[Row]) -> Reading:
        return rows[0]["n_flipped"] > 0 if rows else None

    def worst(rows: Sequence[Row]) -> Reading:
        own, by_other = (rows[0]["worst_grade"], rows[0]["other_worst_grade"]) if rows else (None, None)
        if own is None or by_other is None:
            return None if own is by_other else "graded_by_one_only"
        return "same" if own == by_other else "lower" if by_other < own else "higher"

    stem, words, name = f"{_stem(term)}_{_stem(other)}", f"{term}, {other}", GRADE_FLIPS.name
    return (
        Variable(f"{stem}_any", f"{words}: a value with another grade", "yes", name, any_value, holds, gap=_ungraded),
        Variable(f"{stem}_worst", f"{words}: worst grade", "classes", name, worst, holds, _FLIPS, gap=_ungraded),
    )
