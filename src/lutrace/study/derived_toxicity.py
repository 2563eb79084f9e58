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
from lutrace.study.derived_parts import Derivation, Ground, Reading, Variable, seen
from lutrace.tables import GRADE_FLIPS, TOXICITY_COURSES, TOXICITY_CYCLES

_SOURCES = {"laboratory": "laboratory", "clinician": "clinician"}
_GRADES = ("0", "1", "2", "3", "4", "5")
_NONE = "not_graded"
_NO_BASELINE = "no_baseline"
_SEVERE = 3
_FLIPS = ("same", "lower", "higher", "graded_by_one_only")
_LABELS = {
    _NONE: "nothing graded",
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
        if not rows or rows[0]["worst_grade"] is None:
            return _NONE
        before = rows[0]["baseline_grade"]
        return f"{_NO_BASELINE if before is None else before} to {rows[0]['worst_grade']}"

    pairs = [f"{a} to {b}" for a in (*_GRADES, _NO_BASELINE) for b in _GRADES]
    shifts = tuple(one for one in pairs if one in seen(courses, shift, holds))

    def severe(rows: Sequence[Row]) -> Reading:
        return None if not rows or rows[0]["worst_grade"] is None else rows[0]["worst_grade"] >= _SEVERE

    def emergent(rows: Sequence[Row]) -> Reading:
        return None if not rows else rows[0]["emergent"]

    return (
        Variable(
            f"{stem}_worst", f"{words}: worst grade", "classes", name, _worst, holds, (*_GRADES, _NONE), proof="worst"
        ),
        Variable(f"{stem}_severe", f"{words}: grade 3 or more", "yes", name, severe, holds, proof="first_severe"),
        Variable(f"{stem}_emergent", f"{words}: worse than at baseline", "yes", name, emergent, holds, proof="worst"),
        Variable(f"{stem}_shift", f"{words}: shift", "classes", name, shift, holds, (*shifts, _NONE), proof="worst"),
        _days(
            f"{stem}_to_severe",
            f"{words}: day of the first grade 3 or more, where there was one",
            "days_to_severe",
            holds,
            "first_severe",
        ),
        _days(
            f"{stem}_to_recovery",
            f"{words}: recovery after the extreme, where there was one",
            "days_to_recovery",
            holds,
            "recovery",
        ),
    )


def _days(name: str, label: str, column: str, holds: Callable[[Row], bool], proof: str) -> Variable:
    def read(rows: Sequence[Row]) -> Reading:
        return rows[0][column] if rows else None

    return Variable(name, label, "number", TOXICITY_COURSES.name, read, holds, unit="d", proof=proof)


def _of_cycle(term: str, source: str, cycle: int, cycles: Sequence[Row]) -> Variable:
    name, words = f"{_stem(term)}_{source}_cycle_{cycle}", f"{term} ({_SOURCES[source]}), cycle {cycle}: worst grade"
    holds = _is_of(term, source, cycle)
    found = seen(cycles, _worst, holds)
    levels = (*(grade for grade in _GRADES if grade in found), _NONE)
    return Variable(name, words, "classes", TOXICITY_CYCLES.name, _worst, holds, levels, proof="worst")


def _worst(rows: Sequence[Row]) -> Reading:
    return str(rows[0]["worst_grade"]) if rows and rows[0]["worst_grade"] is not None else _NONE


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
        if not rows:
            return None
        own, by_other = rows[0]["worst_grade"], rows[0]["other_worst_grade"]
        if own is None or by_other is None:
            return "same" if own is by_other else "graded_by_one_only"
        return "same" if own == by_other else "lower" if by_other < own else "higher"

    stem, words = f"{_stem(term)}_{_stem(other)}", f"{term}, {other}"
    return (
        Variable(f"{stem}_any", f"{words}: a value with another grade", "yes", GRADE_FLIPS.name, any_value, holds),
        Variable(f"{stem}_worst", f"{words}: worst grade", "classes", GRADE_FLIPS.name, worst, holds, _FLIPS),
    )
