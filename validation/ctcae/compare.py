"""`lutrace grade` beside `second.py`, row by row, on random records that live on the boundaries."""

from __future__ import annotations

import random
import tempfile
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd
from validation.command import run_command
from validation.ctcae import second

HERE = Path(__file__).parent
INPUTS = ("analyte", "value", "unit", "lln", "uln", "baseline_value", "baseline_abnormal")


def run_lutrace(labs: pd.DataFrame, version: str) -> pd.DataFrame:
    """What the command answers, as text; values that look implausible are graded too."""
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "labs.csv", Path(folder) / "out.csv"
        labs.to_csv(source, index=False)
        command = ["grade", str(source), "--criteria", f"ctcae-{version}", "--accept-implausible", "--out", str(out)]
        run_command(command)
        return pd.read_csv(out, dtype=str, keep_default_na=False)


def compare(labs: pd.DataFrame, version: str) -> tuple[dict[str, int], pd.DataFrame]:
    """How often each grade was given ("none": cannot be graded), and the rows on which the two differ."""
    terms = {*second.TERMS.values(), *second.RENAMED.values()}
    answers: dict[str, list[Any]] = {}
    for told in run_lutrace(labs, version).to_dict("records"):
        if told["term"] in terms:
            answers.setdefault(told["patient_id"], []).append(told)
    counts: dict[str, int] = {}
    differ = []
    mine = second.grade_table(labs, version)
    for position, expected in enumerate(mine.to_dict("records")):
        row = labs.iloc[position]
        grade = "" if expected["grade"] is None else str(expected["grade"])
        counts[grade or "none"] = counts.get(grade or "none", 0) + 1
        found = answers.get(row["patient_id"], [])
        one = found[0] if len(found) == 1 else {"grade": f"{len(found)} rows", "rule": "", "reason": ""}
        same = len(found) == 1 and all(one[name] == expected[name] for name in ("term", "direction"))
        if not same or one["grade"] != grade or (grade == "") != (one["reason"] != ""):
            case = {name: row[name] for name in INPUTS}
            told = {"second": grade, "lutrace": one["grade"], "rule": one["rule"] or one["reason"]}
            differ.append({"row": row["patient_id"], "version": version, "term": expected["term"], **case, **told})
    names = ["row", "version", "term", *INPUTS, "second", "lutrace", "rule"]
    return dict(sorted(counts.items())), pd.DataFrame(differ, columns=names)


LOWER_LIMITS: dict[str, tuple[str, ...]] = {
    "platelets": ("150", "140", "75", "60", "130.5"),
    "neutrophils": ("1.8", "1.5", "2", "1.4", "1.77"),
    "leukocytes": ("4", "3.9", "3", "2.8", "3.55"),
    "lymphocytes": ("1", "0.8", "1.1", "0.7", "0.95"),
}
"""10^9/L; some stand at or below the cutoff of grade 2."""
HAEMOGLOBIN: dict[str, tuple[str, ...]] = {
    "g/dL": ("13", "12", "10", "9.5", "13.7"),
    "g/L": ("130", "120", "100", "95", "137"),
    "mmol/L": ("8.1", "7.4", "6.2", "6", "8.66"),
}
UPPER_LIMITS: dict[str, dict[str, tuple[str, ...]]] = {
    "creatinine": {"mg/dL": ("1.2", "1.1", "0.9", "1.17"), "umol/L": ("106", "97", "80", "103.3")},
    "alt": {"U/L": ("40", "33", "35", "49.9"), "IU/L": ("41", "55")},
    "ast": {"U/L": ("40", "33", "35", "49.9"), "IU/L": ("41", "55")},
    "bilirubin": {"mg/dL": ("1.2", "1.1", "0.3", "1.17"), "umol/L": ("17.1", "21", "20.5")},
    "alp": {"U/L": ("120", "130", "129.9", "105"), "IU/L": ("147",)},
}
MULTIPLES = ("0.5", "0.9", "1", "1.5", "2", "2.5", "3", "4", "5", "6", "10", "20", "25")
BASELINES = ("0.3", "0.5", "0.9", "1", "1.01", "1.2", "1.5", "2", "4", "5", "5.01", "6")


def draw_labs(rows: int, seed: int = 403) -> pd.DataFrame:
    chance = random.Random(seed)
    drawn = []
    for number in range(rows):
        analyte = chance.choice(list(second.TERMS))
        cells = _draw_high(analyte, chance) if analyte in UPPER_LIMITS else _draw_low(analyte, chance)
        name = {"patient_id": f"R{number:05}", "date": "2024-01-01", "analyte": analyte}
        drawn.append({**name, **dict.fromkeys(INPUTS[1:], ""), **cells})
    return pd.DataFrame(drawn)


def _draw_low(analyte: str, chance: random.Random) -> dict[str, str]:
    if analyte == "hemoglobin":
        unit = chance.choice(list(HAEMOGLOBIN))
        lln = Fraction(chance.choice(HAEMOGLOBIN[unit]))
        cutoffs = {"g/dL": ("8", "10"), "g/L": ("80", "100"), "mmol/L": ("4.9", "6.2", "4.93", "6.206", "4.965")}
        marks = cutoffs[unit]
        near = [lln, *(Fraction(mark) for mark in marks)]
    else:
        unit = chance.choice(list(second.CELLS_E9_L))
        factor = second.CELLS_E9_L[unit]
        lln = Fraction(chance.choice(LOWER_LIMITS[analyte])) / factor
        lowest = 10 if analyte == "platelets" else Fraction(1, 10)
        near = [lln, *(Fraction(mark) / factor for mark in (*second.LOW_CUTOFFS[analyte], lowest))]
    value = _near(chance.choice(near), chance)
    cells = {"value": _write(value), "unit": unit, "lln": _write(lln), "uln": _write(lln * 3)}
    return _lose(cells, {"value": 0.02, "unit": 0.01, "lln": 0.15, "uln": 0.15}, chance)


def _draw_high(analyte: str, chance: random.Random) -> dict[str, str]:
    unit = chance.choice(list(UPPER_LIMITS[analyte]))
    uln = Fraction(chance.choice(UPPER_LIMITS[analyte][unit]))
    lln = uln * Fraction(chance.choice(("0.5", "0.25")))
    baseline = uln * Fraction(chance.choice(BASELINES))
    of = chance.choice((uln, uln, baseline, baseline, lln)) * Fraction(chance.choice(MULTIPLES))
    value = _near(of, chance)
    cells = {"value": _write(value), "unit": unit, "lln": _write(lln), "uln": _write(uln)}
    cells |= {"baseline_value": _write(baseline), "baseline_abnormal": chance.choice(("yes", "no", "", "", ""))}
    return _lose(cells, {"value": 0.02, "unit": 0.01, "lln": 0.15, "uln": 0.12, "baseline_value": 0.25}, chance)


def _near(value: Fraction, chance: random.Random) -> Fraction:
    step = Fraction(chance.choice(("0.001", "0.01", "0.1")))
    return max(value + chance.choice((0, 0, 0, -1, 1)) * step, Fraction(1, 1000))


def _lose(cells: dict[str, str], chances: dict[str, float], chance: random.Random) -> dict[str, str]:
    return {name: "" if chance.random() < chances.get(name, 0) else text for name, text in cells.items()}


def _write(value: Fraction) -> str:
    """The exact decimal."""
    text = format(Decimal(value.numerator) / Decimal(value.denominator), "f")
    assert Fraction(text) == value
    return text
