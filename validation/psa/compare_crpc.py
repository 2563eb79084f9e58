"""Castration resistance by lutrace beside `crpc.py`, on the real series and on random ones that live on boundaries."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import ibis
import pandas as pd
from validation.psa import crpc, second

HERE = Path(__file__).parent
Points = dict[str, list[tuple[int, Fraction]]]
OLDEST_TESTOSTERONE_DAYS = 180
"""lutrace's default; the facts name no limit. On the real series none and 180 days give the same dates."""


def compare(psa: Points, testosterone: Points, oldest: int | None = None) -> tuple[dict[str, int], pd.DataFrame]:
    """How many men have a date by each definition, and the disagreements."""
    from lutrace.endpoints.psa import castration_resistance

    values = [(name, float(value), f"{name}:{day}", day) for name, points in psa.items() for day, value in points]
    levels = [(name, day, float(level)) for name, points in testosterone.items() for day, level in points]
    base = ibis.duckdb.connect()
    series = base.create_table("series", pd.DataFrame(values, columns=["patient_id", "psa", "psa_row", "day"]))
    named = pd.DataFrame(levels, columns=["patient_id", "day", "testosterone_nmol_l"])
    limit = {} if oldest is None else {"max_age_days": oldest}
    marked = castration_resistance.castrate_state(series, base.create_table("testosterone", named), **limit)
    dated, rows = {}, []
    for name, find in crpc.FINDERS.items():
        answer = getattr(castration_resistance, f"{name}_castration_resistance")(marked).execute()
        theirs = {row.patient_id: int(row.crpc_day) for row in answer.itertuples() if not pd.isna(row.crpc_day)}
        mine = {p: find(crpc.mark_castrate(points, testosterone.get(p, []), oldest)) for p, points in psa.items()}
        dated[name] = len(theirs)
        for patient, day in mine.items():
            if day != theirs.get(patient):
                told = {"second": day, "lutrace": theirs.get(patient), "rule": find.__doc__}
                rows.append({"patient_id": patient, "column": f"crpc_day {name}", **told})
    return dated, pd.DataFrame(rows, columns=["patient_id", "column", "second", "lutrace", "rule"])


def read_vancouver(path: Path) -> tuple[Points, Points]:
    """PSA and serum androgen of the 36 men; same-day values: the highest."""
    read_value = second.read_value
    table = pd.read_csv(path, dtype=str)
    found: tuple[Points, Points] = {}, {}
    for points, column in zip(found, ("psa_ng_ml", "androgen_nmol_l"), strict=True):
        for patient, rows in table.groupby("patient"):
            by_day: dict[int, Fraction] = {}
            for day, text in zip(rows["day"].astype(int), rows[column], strict=True):
                value = read_value(text)
                if value is not None:
                    by_day[day] = max(value, by_day.get(day, value))
            points[str(patient)] = sorted(by_day.items())
    return found


def draw(patients: int, seed: int = 5) -> tuple[Points, Points]:
    """Rises of exactly 0.2 ng/mL, 25 %, 50 % and 2 ng/mL; gaps of 6 to 8, 20 to 22, 90 and 91 days; levels at 1.7."""
    chance = random.Random(seed)
    psa: Points = {}
    testosterone: Points = {}
    for number in range(patients):
        day, value = 0, Fraction(chance.choice(("0.1", "0.3", "0.5", "1", "2", "4", "8")))
        values: list[tuple[int, Fraction]] = []
        levels: dict[int, Fraction] = {}
        for _ in range(chance.randint(2, 9)):
            day += chance.choice((6, 7, 8, 14, 20, 21, 22, 90, 91))
            values.append((day, value))
            if chance.random() < 0.8:
                rare = chance.choice(("0.3", "1.69", "1.7", "1.71", "5"))
                age = chance.choice((0, 0, 1, 90))
                levels[day - age] = Fraction(rare if chance.random() < 0.2 else "0.5")
            nadir = min(one for _, one in values)
            steps = [value, value + Fraction("0.2"), value + Fraction("0.2"), value + Fraction("0.19")]
            steps += [nadir * Fraction(3, 2), nadir + 2, max(nadir * Fraction(5, 4), nadir + 2)]
            steps += [value + 2, value / 2, value + Fraction("0.01"), value + 1, Fraction(2), Fraction("2.01")]
            value = Fraction(round(chance.choice(steps) * 10_000), 10_000)
        psa[f"P{number:04}"] = values
        testosterone[f"P{number:04}"] = sorted(levels.items())
    return psa, testosterone
