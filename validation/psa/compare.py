"""`lutrace psa` beside `second.py`, patient by patient and column by column."""

from __future__ import annotations

import datetime as dt
import random
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd
from validation.command import run_command
from validation.psa import second

HERE = Path(__file__).parent
RULES = {
    "baseline_ng_ml": "last value on or before the index within 28 (flagged: 60) days; same-day values: the highest",
    "nadir_ng_ml": "lowest post-start value, baseline included if nothing lower",
    "best_change_pct": "maximal change at any time",
    "psa50": ">= 50 % decline at any time after the index",
    "psa50_day": "first day of the decline",
    "psa50_confirmed": "second value >= 21 d later also >= 50 % below",
    "psa90": ">= 90 % decline at any time after the index",
    "psa90_day": "first day of the decline",
    "psa90_confirmed": "second value >= 21 d later also >= 90 % below",
    "progressed": ">= 25 % and >= 2 ng/mL above the nadir, confirmed; without a decline above baseline beyond day 84",
    "progression_day": "date = first of the two",
    "progression_rule": "a decline or none before the rise",
    "psadt_months": "ln 2 / slope of ln PSA, least squares, from the nadir on",
    "evaluable": "a baseline above zero and a value after the index",
}
"""The rule in question, by column."""


def run_lutrace(psa: pd.DataFrame, index: dict[str, int], switches: tuple[str, ...] = ()) -> pd.DataFrame:
    """What the command answers, as text."""
    with tempfile.TemporaryDirectory() as folder:
        series, days, out = (Path(folder) / name for name in ("psa.csv", "index.csv", "out.csv"))
        psa.to_csv(series, index=False)
        column = "day" if "day" in psa.columns else "date"
        told = [str(dt.date.fromordinal(day)) if column == "date" else str(day) for day in index.values()]
        pd.DataFrame({"patient_id": list(index), column: told}).to_csv(days, index=False)
        command = ["psa", str(series), "--index", str(days), "--out", str(out)]
        for switch in switches:
            command += ["--switch", switch]
        run_command(command)
        return pd.read_csv(out, dtype=str, keep_default_na=False)


def is_same(mine: Any, theirs: str) -> bool:
    if mine is None or mine is pd.NA or mine != mine:
        return theirs == ""
    if isinstance(mine, bool):
        return theirs == ("yes" if mine else "no")
    if isinstance(mine, str):
        return theirs == mine
    if theirs == "":
        return False
    return abs(float(theirs) - float(mine)) <= 2e-6 * max(1.0, abs(float(mine)))


def compare(psa: pd.DataFrame, index: dict[str, int], readings: Any = None) -> pd.DataFrame:
    """The disagreements: patient, column, both answers, the rule in question."""
    mine = second.summarise(psa, index, readings).set_index("patient_id")
    theirs = run_lutrace(psa, index).set_index("patient_id")
    found = []
    if sorted(mine.index) != sorted(theirs.index):
        extra = set(mine.index) ^ set(theirs.index)
        found += [{"patient_id": name, "column": "patient_id", "rule": "a row per patient"} for name in sorted(extra)]
    for patient in mine.index.intersection(theirs.index):
        for column in second.COLUMNS:
            ours, other = mine.at[patient, column], theirs.at[patient, column]
            if not is_same(ours, other):
                told = float(ours) if isinstance(ours, Fraction) else ours
                row = {"patient_id": patient, "column": column, "second": told, "lutrace": other}
                found.append({**row, "rule": RULES[column]})
    return pd.DataFrame(found, columns=["patient_id", "column", "second", "lutrace", "rule"])


STEPS = (7, 14, 20, 21, 22, 28, 41, 42, 43, 63, 84)
BASELINE_AGES = (0, 0, 1, 7, 27, 28, 29, 59, 60, 61, 90)


def draw_patient(chance: random.Random, mark: str) -> list[tuple[int, str]]:
    """A series that lives on the boundaries: days of the index, text of the cell."""
    baseline = Fraction(chance.choice(("1", "2", "4", "8", "10", "20", "100", "46.79", "0.4", "1000", "8", "0")))
    rows: list[tuple[int, str]] = []
    if chance.random() < 0.94:
        rows.append((-chance.choice(BASELINE_AGES), _write(baseline, mark, chance)))
        if chance.random() < 0.2:  # an older or a same-day one beside it
            older = rows[0][0] - chance.choice((0, 0, 1, 14))
            rows.append((older, _write(baseline * chance.choice((1, 2)), mark, chance)))
    anchors = [Fraction(84), Fraction(85)]
    day, nadir = 0, baseline
    for _ in range(chance.choice((0, 1, 2, 3, 4, 5, 6, 8))):
        day = int(chance.choice(anchors)) if day < 84 and chance.random() < 0.2 else day + chance.choice(STEPS)
        value = _next_value(baseline, nadir, chance)
        rows.append((day, _write(value, mark, chance)))
        if chance.random() < 0.08:
            value = max(value, other := value * chance.choice((Fraction(1, 2), 1, 2)))
            rows.append((day, _write(other, mark, chance)))
        nadir = min(nadir, value)
    chance.shuffle(rows)
    return rows


def _next_value(baseline: Fraction, nadir: Fraction, chance: random.Random) -> Fraction:
    little = Fraction(1, 100)
    near = [
        nadir * Fraction(5, 4),
        nadir * Fraction(5, 4) - little,
        nadir + 2,
        nadir + 2 - little,
        max(nadir * Fraction(5, 4), nadir + 2),
        max(nadir * Fraction(5, 4), nadir + 2) + chance.randint(0, 300) * little,
        baseline / 2,
        baseline / 2 + little,
        baseline / 10,
        baseline / 10 + little,
        baseline,
        max(baseline * Fraction(5, 4), baseline + 2),
        nadir,
        nadir * Fraction(1, 2),
        Fraction(2, 100),
        nadir * Fraction(chance.randint(50, 200), 100),
    ]
    value = max(Fraction(round(chance.choice(near) * 10_000), 10_000), little)
    return Fraction(0) if chance.random() < 0.01 else value


def _write(value: Fraction, mark: str, chance: random.Random) -> str:
    """Text with a decimal "." or ","; "mixed" has both in one table, and then never three decimals.

    "4,679" beside "4.5" could be thousands; lutrace leaves such a cell out and names it. The facts know thousands by a
    space alone, so `second.read_value` would read it: kept apart, as no rule of PSA.
    """
    text = f"{float(value):.4f}"
    bare = text.rstrip("0").rstrip(".")
    text = bare if mark != "mixed" or len(bare.partition(".")[2]) != 3 else text
    if chance.random() < (0.7 if value <= Fraction(2, 100) else 0.03):
        text = f"<{text}"
    return text.replace(".", ",") if mark == "," or (mark == "mixed" and chance.random() < 0.2) else text


def draw_table(patients: int, seed: int = 2016, mark: str = ".") -> tuple[pd.DataFrame, dict[str, int]]:
    """Synthetic patients and their index days; a few have an index and no value."""
    chance = random.Random(seed)
    rows: list[tuple[str, int, str]] = []
    index: dict[str, int] = {}
    for number in range(patients):
        name = f"P{number:04}"
        index[name] = chance.randint(0, 400)
        rows += [(name, index[name] + day, text) for day, text in draw_patient(chance, mark)]
    chance.shuffle(rows)
    return pd.DataFrame(rows, columns=["patient_id", "day", "psa_ng_ml"]), index


def write_dates(psa: pd.DataFrame, index: dict[str, int]) -> tuple[pd.DataFrame, dict[str, int]]:
    """The same patients by calendar date, around a leap day; the index as ordinals."""
    start = dt.date(2023, 9, 1).toordinal()
    dates = [str(dt.date.fromordinal(start + int(day))) for day in psa["day"]]
    return psa.assign(date=dates).drop(columns="day"), {name: start + day for name, day in index.items()}


def read_vancouver(path: Path, which: str) -> tuple[pd.DataFrame, dict[str, int]]:
    """The real series and an index: "start" first day on treatment; "off" last day of the first treatment phase."""
    table = pd.read_csv(path, dtype=str).rename(columns={"patient": "patient_id"})
    days = table.assign(day=table["day"].astype(int))
    index = {}
    for patient, rows in days.sort_values(["patient_id", "day"], kind="stable").groupby("patient_id"):
        phase = rows[(rows["on_adt"] == "1") & (rows["cycle"] == rows["cycle"].iloc[0])]
        if not phase.empty:
            index[str(patient)] = int(phase["day"].iloc[0] if which == "start" else phase["day"].iloc[-1])
    kept = table["patient_id"].isin(list(index)) & (table["psa_ng_ml"].fillna("") != "")
    return table.loc[kept, ["patient_id", "day", "psa_ng_ml"]], index
