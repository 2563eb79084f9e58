"""CTCAE grades of laboratory values, written a second time: loops over exact fractions, from the facts alone.

Nothing of lutrace is imported or was read. "2.1.1", "2.1.2", "2.1.3" and "2.1.4" are the sections of the clinical
rules (haematology, chemistry of version 5.0 with what 4.0 lacks, units, what 6.0 changes). The order is theirs:
"4 -> 3 -> 2 -> 1 -> 0; first true wins"; limits are the record's own; a value on a cutoff belongs to the lower grade.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pandas as pd

VERSIONS = ("4.0", "5.0", "6.0")
TERMS = {
    "hemoglobin": "Anemia",
    "platelets": "Platelet count decreased",
    "neutrophils": "Neutrophil count decreased",
    "leukocytes": "White blood cell decreased",
    "lymphocytes": "Lymphocyte count decreased",
    "creatinine": "Creatinine increased",
    "alt": "Alanine aminotransferase increased",
    "ast": "Aspartate aminotransferase increased",
    "bilirubin": "Blood bilirubin increased",
    "alp": "Alkaline phosphatase increased",
}
RENAMED = {("6.0", "platelets"): "Thrombocytopenia"}
"""2.1.4."""

HAEMOGLOBIN_G_L = {"g/dL": Fraction(10), "g/L": Fraction(1)}
CELLS_E9_L = {
    **dict.fromkeys(("10^9/L", "G/L", "GI/L", "/nL", "Tsd/uL", "10^3/uL", "K/uL"), Fraction(1)),
    **dict.fromkeys(("/mm3", "/uL"), Fraction(1, 1000)),
}
"""2.1.3."""

LOW_CUTOFFS: dict[str, tuple[Fraction | int, ...]] = {
    "platelets": (75, 50, 25),
    "neutrophils": (Fraction("1.5"), 1, Fraction("0.5")),
    "leukocytes": (3, 2, 1),
    "lymphocytes": (Fraction("0.8"), Fraction("0.5"), Fraction("0.2")),
}
"""2.1.1: grade 2, 3 and 4 below these, 10^9/L; grade 1 below the lower limit of normal."""

ULN_STEPS: dict[str, tuple[float, float, float, float]] = {
    "creatinine": (1, 1.5, 3, 6),
    "alt": (1, 3, 5, 20),
    "ast": (1, 3, 5, 20),
    "bilirubin": (1, 1.5, 3, 10),
    "alp": (1, 2.5, 5, 20),
}
"""2.1.2: grade 1 to 4 above these multiples of the upper limit."""

BASELINE_STEPS: dict[tuple[str, str], tuple[tuple[float, float, float, float], bool]] = {
    ("5.0", "alt"): ((1.5, 3, 5, 20), True),
    ("5.0", "ast"): ((1.5, 3, 5, 20), True),
    ("5.0", "bilirubin"): ((1, 1.5, 3, 10), False),
    ("5.0", "alp"): ((2, 2.5, 5, 20), True),
    ("6.0", "alt"): ((1, 1.5, 2, 4), True),
    ("6.0", "ast"): ((1, 1.5, 2, 4), True),
    ("6.0", "bilirubin"): ((1, 1.5, 2.5, 10), True),
}
"""2.1.2, 2.1.4: multiples of an abnormal baseline, and whether the first includes its bound. 4.0 has no such clause."""


@dataclass(frozen=True)
class Record:
    """One result; limits and baseline are in the record's own unit (interface)."""

    analyte: str
    value: Fraction | None
    unit: str
    lln: Fraction | None
    uln: Fraction | None
    baseline: Fraction | None
    baseline_abnormal: bool | None


def grade_low(record: Record, version: str) -> int | None:
    """2.1.1 and 2.1.4; without a lower limit only a value below an absolute cutoff has a grade."""
    value, lln = record.value, record.lln
    assert value is not None
    if record.analyte == "hemoglobin":
        if record.unit == "mmol/L":  # 2.1.3 "decide one": the cutoffs as NCI prints them for this unit
            cutoffs = [(Fraction("4.9"), 3), (Fraction("6.2"), 2)]
        else:
            factor = HAEMOGLOBIN_G_L[record.unit]
            cutoffs = [(80 / factor, 3), (100 / factor, 2)]
    else:
        factor = CELLS_E9_L[record.unit]
        second, third, fourth = (Fraction(one) / factor for one in LOW_CUTOFFS[record.analyte])
        cutoffs = [(fourth, 4), (third, 3), (second, 2)]
        if version == "6.0" and record.analyte == "platelets":
            cutoffs = [(10 / factor, 4), (third, 3), (second, 2)]
        if version == "6.0" and record.analyte == "neutrophils":
            four = Fraction(1, 10) / factor
            cutoffs = [(four, 4), (fourth, 3), (third, 2), (second, 1)]
            lln = second  # "LLN no longer used"
    for cutoff, grade in cutoffs:
        if value < cutoff:
            return grade
    if lln is None:
        return None
    return 1 if value < lln else 0


def count_steps(value: Fraction, of: Fraction, steps: tuple[float, ...], includes_first: bool = False) -> int:
    """The highest grade whose multiple of `of` the value is above."""
    grade = 0
    for number, step in enumerate(steps, start=1):
        bound = Fraction(step) * of
        if value > bound or (number == 1 and includes_first and value == bound):
            grade = number
    return grade


def grade_creatinine(record: Record, version: str) -> int | None:
    """2.1.2: the arms of upper limit and baseline, the worse of both; 4.0 has grade 1 by baseline, 6.0 asks bl < LLN.

    Reading: an arm without its input is not used. But grade 0 needs the upper limit, and in 4.0, where any rise over
    the baseline is grade 1, the baseline too.
    """
    value, baseline = record.value, record.baseline
    assert value is not None
    by_baseline = 0
    if baseline is not None and (version != "6.0" or is_baseline_low(record)):
        by_baseline = count_steps(value, baseline, ULN_STEPS["creatinine"][:3])
        if by_baseline == 1 and version != "4.0":
            by_baseline = 0
    if record.uln is None:
        return by_baseline or None
    found = max(by_baseline, count_steps(value, record.uln, ULN_STEPS["creatinine"]))
    return None if version == "4.0" and baseline is None and found == 0 else found


def is_baseline_low(record: Record) -> bool:
    """2.1.4: "baseline < LLN". Without the limit: one flagged abnormal that is not above the upper limit is below."""
    if record.baseline is None:
        return False
    if record.lln is not None:
        return record.baseline < record.lln
    return bool(record.baseline_abnormal) and record.uln is not None and record.baseline <= record.uln


def is_baseline_abnormal(record: Record) -> bool | None:
    """By flag, else by value (issue); a baseline that nobody gave is taken as normal; None: it cannot be told."""
    if record.baseline_abnormal is not None:
        return record.baseline_abnormal
    if record.baseline is None:
        return False
    return None if record.uln is None else record.baseline > record.uln


def grade_other_high(record: Record, version: str) -> int | None:
    """2.1.2: an abnormal baseline replaces the upper limit: "ULN arm is NOT used then"."""
    value = record.value
    assert value is not None
    against = BASELINE_STEPS.get((version, record.analyte))
    if against is not None:
        abnormal = is_baseline_abnormal(record)
        if abnormal is None:
            return None
        if abnormal:
            return None if record.baseline is None else count_steps(value, record.baseline, *against)
    return None if record.uln is None else count_steps(value, record.uln, ULN_STEPS[record.analyte])


def grade_alp_6(record: Record, version: str) -> int | None:
    """2.1.4: "only G1 '> baseline and ULN'"; one of both that is not exceeded settles it."""
    value = record.value
    assert value is not None
    above = [None if limit is None else value > limit for limit in (record.baseline, record.uln)]
    if False in above:
        return 0
    return None if None in above else 1


def grade(record: Record, version: str) -> int | None:
    """The grade; None: it cannot be graded."""
    if record.value is None or not record.unit:  # reading: a ratio too, though 2.1.3 calls it unit-free
        return None
    if version == "6.0" and record.analyte == "lymphocytes":  # 2.1.4: term absent
        return None
    rule: Callable[[Record, str], int | None] = grade_other_high
    if record.analyte == "hemoglobin" or record.analyte in LOW_CUTOFFS:
        rule = grade_low
    elif record.analyte == "creatinine":
        rule = grade_creatinine
    elif (version, record.analyte) == ("6.0", "alp"):
        rule = grade_alp_6
    return rule(record, version)


def read_number(text: str) -> Fraction | None:
    return Fraction(text) if text else None


def read_record(row: dict[str, Any]) -> Record:
    numbers = [read_number(row[name]) for name in ("value", "lln", "uln", "baseline_value")]
    value, lln, uln, baseline = numbers
    flag = {"yes": True, "no": False, "": None}[row["baseline_abnormal"]]
    return Record(row["analyte"], value, row["unit"], lln, uln, baseline, flag)


def grade_table(labs: pd.DataFrame, version: str) -> pd.DataFrame:
    """`row term direction grade` of every record; cells of `labs` are text."""
    rows = []
    for position, row in enumerate(labs.to_dict("records")):
        record = read_record(row)
        term = RENAMED.get((version, record.analyte), TERMS[record.analyte])
        direction = "low" if record.analyte in ("hemoglobin", *LOW_CUTOFFS) else "high"
        rows.append({"row": position, "term": term, "direction": direction, "grade": grade(record, version)})
    return pd.DataFrame(rows, dtype=object)
