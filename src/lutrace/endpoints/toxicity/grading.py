"""The CTCAE grade of every laboratory row: one expression without a window, for every backend.

Each clause becomes one cutoff of the row ("beyond" it, the grade is met). A grade that is met for certain and one that
is merely possible (a limit is missing, the value is reported as `<x`) are told apart: a row is graded when no possible
grade lies above the certain one, or "at least" when one does; it is not graded when nothing is certain but something is
possible. Grade 0 is thus never a word for not knowing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.toxicity.criteria_table import GRADES, TOLERANCE, criteria_table

ABNORMAL_RULES = ("instead_if_high", "instead_by_value")
GRADED_COLUMNS = ("criteria", "place", "term", "direction", "grade", "rule", "reason", "other_grade", "note")
"""What `grade_labs` adds to its rows."""
AGAINST_BASELINE = "baseline abnormal: graded against the baseline"
BEYOND_PRINT = "the standard prints this clause for lower baselines only"
NOT_PLACED = "no lln and no baseline_abnormal: whether the baseline counts is not known; graded by the limit alone"
_INPUT: Mapping[str, str] = {
    "analyte": "string",
    "molar": "boolean",
    "value": "float64",
    "comparator": "string",
    "lln": "float64",
    "uln": "float64",
    "baseline_value": "float64",
    "baseline_abnormal": "boolean",
    "is_baseline": "boolean",
    "wanted_direction": "string",
    "fault": "string",
}


def grade_labs(labs: ir.Table, versions: Sequence[str] = ("ctcae-5.0",), *, with_symptoms: bool = False) -> ir.Table:
    """The rows of `labs`, one per version and term that applies to their analyte, with `GRADED_COLUMNS`.

    `labs` has `analyte` (a name of the vocabulary), `value`, `lln`, `uln`, `baseline_value` in its canonical unit,
    and may have `comparator` (`<`, `<=`, `>`, `>=`), `molar` (reported as an amount of substance),
    `baseline_abnormal`, `is_baseline` (the row is the baseline itself), `wanted_direction` (only that term) and
    `fault` (why the row cannot be graded). Other columns pass through. `grade` is 0 to 4, empty when it cannot be
    graded, with the `reason`; `other_grade` is what the cutoffs printed in the other kind of unit give, where they
    differ; `note` says what was done for want of a fact. A row that no term applies to keeps one row.

    `with_symptoms` takes the clauses for a patient with symptoms where a term has them.
    """
    rows = _completed(labs)
    criteria = criteria_table(versions, with_symptoms=with_symptoms).rename(
        criteria_analyte="analyte", criteria_molar="molar"
    )
    pairs = [rows.analyte == criteria.criteria_analyte, rows.molar == criteria.criteria_molar]
    joined = rows.left_join(criteria, pairs)
    joined = joined.filter(
        joined.wanted_direction.isnull() | joined.direction.isnull() | (joined.wanted_direction == joined.direction)
    )
    met = joined.mutate(**_bounds(joined)).mutate(**_arms())
    met = met.mutate(**_cutoffs(met)).mutate(**_certain_and_possible())
    graded = met.mutate(grade=_grade(met))
    told = graded.mutate(
        rule=_rule(graded),
        reason=_reason(graded, versions),
        note=_note(graded),
        other_grade=ibis.cases((graded.grade.notnull() & (graded.other != graded.grade), graded.other)),
    )
    return told.select(*labs.columns, *GRADED_COLUMNS)


def _completed(labs: ir.Table) -> ir.Table:
    """The rows with every column that grading asks for, limits and baselines that are not above 0 taken as missing."""
    found: dict[str, Any] = {
        name: labs[name].cast(kind) if name in labs.columns else ibis.null(kind) for name, kind in _INPUT.items()
    }
    found["molar"] = found["molar"].fill_null(False)
    found["is_baseline"] = found["is_baseline"].fill_null(False)
    for name in ("lln", "uln", "baseline_value"):
        found[name] = ibis.cases((found[name] > 0, found[name]))
    return labs.mutate(**found)


def _bounds(rows: ir.Table) -> dict[str, Any]:
    """The mirrored value as the lowest and the highest truth; the limit; whether the baseline was beyond its limits."""
    sense, value, sign = rows.sense, rows.value, rows.comparator
    mirrored = sense * value
    upwards = sign.isin([">", ">="]) & (sense > 0) | sign.isin(["<", "<="]) & (sense < 0)
    known = sign.notnull()
    strict = sign.isin(["<", ">"])
    step = 2 * TOLERANCE * mirrored.abs()
    low = rows.baseline_value < rows.lln * (1 - TOLERANCE)
    high = rows.baseline_value > rows.uln * (1 + TOLERANCE)
    return {
        "lowest": ibis.cases((~known, mirrored), (upwards & strict, mirrored + step), (upwards, mirrored)),
        "highest": ibis.cases((~known, mirrored), (~upwards & strict, mirrored - step), (~upwards, mirrored)),
        "open_ended": known & upwards,
        "limit_at": ibis.cases((sense > 0, rows.uln), else_=-rows.lln),
        "base_at": sense * rows.baseline_value,
        "base_low": ibis.coalesce(low, ibis.cases((rows.baseline_abnormal, ~high), else_=rows.baseline_abnormal)),
        "base_high": high,
    }


def _arms() -> dict[str, Any]:
    """Which clauses count for the row: those of the baseline instead, either, both, or those of the limit alone."""
    row = ibis._
    later = ~row.is_baseline
    abnormal = ibis.coalesce(row.baseline_abnormal, row.base_high, ibis.literal(False))
    either = (row.baseline_rule == "or") | ((row.baseline_rule == "or_if_low") & row.base_low)
    instead = ((row.baseline_rule == "instead_if_high") & abnormal) | (
        (row.baseline_rule == "instead_by_value") & row.base_high
    )
    return {
        "instead": (later & instead).fill_null(False),
        "either": (later & either & row.base_at.notnull()).fill_null(False),
        "both": (later & (row.baseline_rule == "and")).fill_null(False),
        "unsure_of_base": (later & (row.baseline_rule == "or") & row.base_at.isnull()).fill_null(False),
    }


def _cutoffs(rows: ir.Table) -> dict[str, Any]:
    """`sure_g`: beyond it the grade is certain; `may_g`: not beyond it the grade is impossible; empty: not known."""
    found: dict[str, Any] = {}
    for grade in GRADES:
        limit = _moved(rows, "limit", grade)
        limit = _known_or(rows[f"number_{grade}"], limit)
        base = _moved(rows, "base", grade)
        nearer = ibis.least(_known_or(limit, base), _known_or(base, limit))
        farther = ibis.greatest(_known_or(limit, base), _known_or(base, limit))
        against_base = rows[f"base_factor_{grade}"].notnull()
        unsure = (rows.unsure_of_base & against_base) if grade == 1 else ibis.literal(False)
        found[f"sure_{grade}"] = ibis.cases(
            (rows.instead, base),
            (rows.either, nearer),
            (rows.both, ibis.cases((limit.notnull() & base.notnull(), farther))),
            else_=limit,
        )
        found[f"may_{grade}"] = ibis.cases(
            (rows.instead, base),
            (rows.either, ibis.cases((limit.notnull(), nearer))),
            (rows.both, farther),
            (unsure, ibis.null("float64")),
            else_=limit,
        )
    return found


def _known_or(first: Any, second: Any) -> Any:
    """`first`, or `second` where it is missing (Spark holds a missing number of a small table as NaN)."""
    return ibis.cases((first.notnull(), first), else_=second)


def _moved(rows: ir.Table, of: str, grade: int) -> Any:
    """The cutoff of a clause against the limit or the baseline, moved by the tolerance."""
    at = rows[f"{of}_factor_{grade}"] * rows[f"{of}_at"] + rows[f"{of}_plus_{grade}"]
    return at + at.abs() * rows[f"{of}_side_{grade}"]


def _certain_and_possible() -> dict[str, Any]:
    """The highest grade that is certain, that is possible, and that the other kind of unit would give."""
    row = ibis._
    certain = [(row.lowest > row[f"sure_{grade}"], grade) for grade in GRADES]
    possible = [
        (
            row[f"limit_text_{grade}"].notnull()
            & (row.open_ended | row[f"may_{grade}"].isnull() | (row.highest > row[f"may_{grade}"])),
            grade,
        )
        for grade in GRADES
    ]
    other = [(row.lowest > _known_or(row[f"other_{grade}"], row[f"sure_{grade}"]), grade) for grade in GRADES]
    return {
        "certain": ibis.cases(*certain, else_=0),
        "possible": ibis.cases(*possible, else_=0),
        "other": ibis.cases((row.has_other.fill_null(False), ibis.cases(*other, else_=0))),
    }


def _grade(rows: ir.Table) -> Any:
    out = rows.fault.notnull() | rows.term.isnull() | rows.refused.notnull() | rows.value.isnull()
    out = out | (rows.lowest > rows.beyond).fill_null(False) | ((rows.certain == 0) & (rows.possible > 0))
    return ibis.cases((~out, rows.certain)).cast("int64")


def _rule(rows: ir.Table) -> Any:
    """The version and the clause that was met, or that none was."""
    met = []
    for grade in GRADES:
        limit = _known_or(rows[f"number_{grade}"], _moved(rows, "limit", grade))
        by_base = rows.instead | (rows.either & ~(rows.lowest > limit).fill_null(False))
        both = rows[f"limit_text_{grade}"] + ibis.literal(" and ") + rows[f"base_text_{grade}"]
        text = ibis.cases((rows.both, both), (by_base, rows[f"base_text_{grade}"]), else_=rows[f"limit_text_{grade}"])
        met.append((rows.grade == grade, rows.criteria + ibis.literal(f" grade {grade}: ") + text))
    return ibis.cases(*met, (rows.grade == 0, rows.criteria + ibis.literal(": no clause met")))


def _reason(rows: ir.Table, versions: Sequence[str]) -> Any:
    """Why a row has no grade."""
    limit = ibis.cases((rows.sense > 0, "uln"), else_="lln")
    return ibis.cases(
        (rows.grade.notnull(), ibis.null("string")),
        (rows.fault.notnull(), rows.fault),
        (rows.term.isnull(), f"no laboratory term of {', '.join(versions)} grades this analyte"),
        (rows.refused.notnull(), rows.refused),
        (rows.value.isnull(), "no value"),
        ((rows.lowest > rows.beyond).fill_null(False), "beyond the last cutoff that the standard names"),
        (rows.instead & rows.base_at.isnull(), "baseline abnormal, but no baseline_value"),
        (rows.limit_at.isnull() & ~rows.instead, ibis.literal("no ") + limit),
        ((rows.both | rows.unsure_of_base) & rows.base_at.isnull(), "no baseline_value"),
        else_="the value is reported as beyond a number only, and the number does not settle the grade",
    )


def _note(rows: ir.Table) -> Any:
    """What was decided for want of a fact, of a graded row."""
    limit = ibis.cases((rows.sense > 0, "uln"), else_="lln")
    at_least = rows.certain < rows.possible
    asked, beyond_print = ibis.literal(False), ibis.literal(False)
    for grade in GRADES:
        asked = asked | rows[f"limit_factor_{grade}"].notnull()
        printed = (rows.base_at <= rows[f"base_top_{grade}"] * rows.limit_at * (1 + TOLERANCE)).fill_null(False)
        beyond_print = beyond_print | ((rows.grade == grade) & rows[f"base_top_{grade}"].notnull() & ~printed)
    has_rule = rows.baseline_rule.notnull()
    unplaced = (rows.baseline_rule == "or_if_low") & rows.base_at.notnull() & rows.base_low.isnull()
    return ibis.cases(
        (rows.grade.isnull(), ibis.null("string")),
        (at_least & rows.comparator.notnull(), "at least: the value is reported as beyond a number only"),
        (at_least, ibis.literal("at least: a higher grade needs ") + limit),
        (rows.limit_at.isnull() & asked & ~rows.instead, ibis.literal("graded without ") + limit),
        (rows.is_baseline & has_rule, "baseline row: graded by the limit of normal alone"),
        (rows.instead & beyond_print, f"{AGAINST_BASELINE}; {BEYOND_PRINT}"),
        (rows.instead, AGAINST_BASELINE),
        (unplaced.fill_null(False), NOT_PLACED),
        (rows.base_at.isnull() & has_rule, "no baseline_value: graded by the limit of normal alone"),
    )
