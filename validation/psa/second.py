"""PSA after an index day, written a second time: pandas and loops, from the facts and the interface alone.

Nothing of lutrace is imported or was read. Each rule names where it was read: "facts" is section 2.2.1 of the clinical
rules (PCWG3, Scher 2016), "interface" the contract of `lutrace psa`, whose defaults are PCWG3's literal text. Numbers
are exact fractions, so that a value at 25 %, 50 % or 2 ng/mL stands on the boundary and not beside it.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import pandas as pd

BASELINE_DAYS = 28
"""interface: "within 28 days"; facts: "<=28 d; VISION screening 28 d"."""
BASELINE_DAYS_FLAGGED = 60
"""interface: "60 days flagged"."""
RISE = Fraction(1, 4)
RISE_NG_ML = 2
"""facts: ">=25 % AND >=2 ng/mL"."""
EARLY_DAYS = 84
"""interface: "beyond day 84", so day 84 itself is not beyond."""
CONFIRM_DAYS = 21
"""facts: "a second value >=3 weeks (21 d) later"."""
DAYS_PER_MONTH = 365.25 / 12
"""facts 2.2.2."""
COLUMNS = (
    "baseline_ng_ml",
    "nadir_ng_ml",
    "best_change_pct",
    "psa50",
    "psa50_day",
    "psa50_confirmed",
    "psa90",
    "psa90_day",
    "psa90_confirmed",
    "progressed",
    "progression_day",
    "progression_rule",
    "psadt_months",
    "evaluable",
)


@dataclass
class Readings:
    """Where the text allows two readings; the defaults are the ones taken here."""

    last_value_without_decline: bool = True
    """A rise without a decline needs no second value, so the last value counts too (facts (b): "PCWG3 silent")."""
    nadir_of_doubling: str = "last"
    """The day of the nadir from which the doubling time runs, of several equal ones; the facts name no window."""
    zero_baseline: bool = True
    """25 % of a baseline of 0 ng/mL is 0, so that nadir and progression still follow where no change can be formed."""


@dataclass
class Series:
    """One patient: day after the index -> ng/mL, one value a day, in order."""

    before: list[tuple[int, Fraction]] = field(default_factory=list)
    after: list[tuple[int, Fraction]] = field(default_factory=list)


def read_value(text: Any) -> Fraction | None:
    """The number of a cell: "<x" counts as x, decimal comma, spaces in thousands (interface; facts 2.1.3)."""
    if text is None or (isinstance(text, float) and math.isnan(text)):
        return None
    bare = re.sub(r"[\s<>=]", "", str(text)).replace(",", ".")
    return Fraction(bare) if re.fullmatch(r"\d+(\.\d+)?", bare) else None


def _day(value: Any) -> int:
    return int(value) if re.fullmatch(r"-?\d+", str(value)) else dt.date.fromisoformat(str(value)).toordinal()


def read_series(rows: pd.DataFrame, index: int) -> Series:
    """Days from the index; same-day values: the highest; a value of the index day is before the dose (interface)."""
    column = "day" if "day" in rows.columns else "date"
    by_day: dict[int, Fraction] = {}
    for when, text in zip(rows[column], rows["psa_ng_ml"], strict=True):
        value = read_value(text)
        if value is None:
            continue
        day = _day(when) - index
        by_day[day] = max(value, by_day.get(day, value))
    ordered = sorted(by_day.items())
    return Series([one for one in ordered if one[0] <= 0], [one for one in ordered if one[0] > 0])


def find_baseline(series: Series) -> Fraction | None:
    """The last value on or before the index, not older than the window (interface)."""
    if not series.before:
        return None
    day, value = series.before[-1]
    return value if -day <= BASELINE_DAYS_FLAGGED else None


def find_response(series: Series, baseline: Fraction, decline: Fraction) -> tuple[int | None, bool]:
    """First day with the decline, and whether a value >= 21 d later shows it too (facts, "Response reporting")."""
    low = [day for day, value in series.after if baseline - value >= decline * baseline]
    if not low:
        return None, False
    return low[0], any(later - low[0] >= CONFIRM_DAYS for later in low)


def is_risen(value: Fraction, above: Fraction) -> bool:
    return value - above >= RISE * above and value - above >= RISE_NG_ML


def find_progression(series: Series, baseline: Fraction, readings: Readings) -> tuple[int, str] | None:
    """The first visit that progresses, and by which case (facts, both "Progression" rows and "Nadir")."""
    nadir = baseline
    for position, (day, value) in enumerate(series.after):
        later = series.after[position + 1 :]
        if nadir < baseline:
            if is_risen(value, nadir):
                # interface: "confirmed by the next value >= 21 days later that meets both against the same nadir"
                second = next((other for when, other in later if when - day >= CONFIRM_DAYS), None)
                if second is not None and is_risen(second, nadir):
                    return day, "decline"
        elif is_risen(value, baseline) and day > EARLY_DAYS and (later or readings.last_value_without_decline):
            return day, "no_decline"
        nadir = min(nadir, value)
    return None


def find_doubling(series: Series, readings: Readings) -> float | None:
    """ln 2 over the least-squares slope of ln PSA from the nadir on, at least three values (facts 2.2.2)."""
    values = [*series.before[-1:], *series.after]
    lowest = min(value for _, value in values)
    days = [day for day, value in values if value == lowest]
    start = days[0] if readings.nadir_of_doubling == "first" else days[-1]
    points = [(day, math.log(value)) for day, value in values if day >= start and value > 0]
    if len(points) < 3:
        return None
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)
    return math.log(2) / slope / DAYS_PER_MONTH if slope > 1e-12 else None


def summarise_patient(series: Series, readings: Readings) -> dict[str, Any]:
    """The columns of `lutrace psa` for one patient; None where the column is empty."""
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    baseline = find_baseline(series)
    row["evaluable"] = baseline is not None and baseline > 0 and bool(series.after)
    row["baseline_ng_ml"] = baseline
    if baseline is None or not series.after or not (baseline > 0 or readings.zero_baseline):
        return row
    lowest = min(value for _, value in series.after)
    row["nadir_ng_ml"] = min(baseline, lowest)  # facts: "baseline included if nothing lower"
    progression = find_progression(series, baseline, readings)
    row["progressed"] = progression is not None
    if progression is not None:
        row["progression_day"], row["progression_rule"] = progression
    row["psadt_months"] = find_doubling(series, readings)
    if baseline == 0:
        return row
    row["best_change_pct"] = (lowest - baseline) / baseline * 100
    for percent in (50, 90):
        day, confirmed = find_response(series, baseline, Fraction(percent, 100))
        row[f"psa{percent}"] = day is not None
        row[f"psa{percent}_day"] = day
        row[f"psa{percent}_confirmed"] = confirmed
    return row


def summarise(psa: pd.DataFrame, index: dict[str, int], readings: Readings | None = None) -> pd.DataFrame:
    """A row per patient of the index; cells of `psa` are text."""
    rows = []
    by_patient = {str(name): group for name, group in psa.groupby("patient_id", sort=False)}
    for patient, day in index.items():
        group = by_patient.get(patient, psa.iloc[:0])
        rows.append({"patient_id": patient, **summarise_patient(read_series(group, day), readings or Readings())})
    return pd.DataFrame(rows, dtype=object)
