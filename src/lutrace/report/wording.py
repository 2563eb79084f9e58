"""The text of numbers: one text per number, the same in every format that shows it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from lutrace.core import Row, short
from lutrace.report.contents import ReportMeta

NOT_A_DEVICE = "Research software, not a medical device"
SYNTHETIC = "SYNTHETIC DATA: no person in this report exists"
NOT_ESTIMABLE = "not estimable"
NOT_REACHED = "not reached"
EMPTY = "–"
_NAME = re.compile(r"\b[A-Za-z]\w*_\w+\b")

_RATIOS = (
    *("hazard_ratio", "specification", "odds_ratio", "subdistribution_hazard_ratio", "cause_specific_hazard_ratio"),
    *("time_ratio", "e_value"),
)
_SUFFIXES = {
    **dict.fromkeys(("proportion", "share_of_specifications", "cumulative_incidence", "occupancy", "survival"), "%"),
    "survival_difference": " pp",
}
"""Shares from 0 to 1, shown as percentages; their differences as percentage points."""
_PLAIN_UNITS = frozenset({"", "1", "none", "patients", "patient", "n"})


class Suppressed(str):
    """Stands in a row where a count was hidden: `<5` for a small count, `hidden` for one that would give one away.

    A text, so that every writer of rows can write it.
    """

    __slots__ = ()

    def __new__(cls, below: int | None = None) -> Suppressed:
        """The text for a count below `below`, or (None) for one hidden to protect another."""
        return super().__new__(cls, f"<{below}" if below is not None else "hidden")


def banner_lines(synthetic: bool) -> tuple[str, ...]:
    """The lines that stand on every page and every file."""
    return (SYNTHETIC, NOT_A_DEVICE) if synthetic else (NOT_A_DEVICE,)


def describe_data(meta: ReportMeta) -> str:
    """Whose data, cut on which day, in which state: what stands below every table and figure."""
    of = "synthetic" if meta.synthetic else "records of patients"
    data = meta.centre if of in meta.centre else f"{meta.centre} ({of})"
    cut = f"data cut {meta.data_cut.isoformat()}" if meta.data_cut is not None else "no data cut"
    return f"Data: {data}, {cut}, snapshot {short(meta.snapshot_digest)}."


def word(labels: Mapping[str, str], name: str | None) -> str:
    """A reader's word for a name of the study: its label, or else the name without underscores."""
    return "" if name is None else labels.get(name, name.replace("_", " "))


def in_words(labels: Mapping[str, str], text: str) -> str:
    """A sentence of a program with the names of the study in it replaced by their labels."""
    return _NAME.sub(lambda found: labels.get(found[0], found[0]), text)


def format_fixed(value: float, decimals: int) -> str:
    """A number with that many decimals, rounded half away from zero, with a true minus sign.

    >>> format_fixed(2.675, 2)
    '2.68'
    """
    step = Decimal(1).scaleb(-decimals)
    rounded = Decimal(repr(float(value))).quantize(step, rounding=ROUND_HALF_UP)
    return f"{abs(rounded) if rounded == 0 else rounded:f}".replace("-", "−")


def decimals_for(*values: float | None) -> int:
    """Decimals that show about three figures of the largest of `values`; none when all are whole numbers."""
    known = [abs(value) for value in values if value is not None]
    if not known or all(value == int(value) for value in known):
        return 0
    largest = max(known)
    return 0 if largest >= 100 else 1 if largest >= 1 else 2


def format_value(value: Any, decimals: int | None = None) -> str:
    """The text of one value: a number, a hidden count, yes or no, a text; a dash for none."""
    if value is None:
        return EMPTY
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value).replace("-", "−")
    if isinstance(value, float):
        if not math.isfinite(value):
            return NOT_ESTIMABLE
        return format_fixed(value, decimals_for(value) if decimals is None else decimals)
    return str(value)


def format_p(p: Any) -> str:
    """A p value: three decimals below 0.1, two above, `<0.001` and `>0.99` at the ends.

    >>> format_p(0.0004), format_p(0.0312), format_p(0.25)
    ('<0.001', '0.031', '0.25')
    """
    if not isinstance(p, int | float):
        return format_value(p)
    if not math.isfinite(p):
        return EMPTY
    if p < 0.001:
        return "<0.001"
    if p > 0.99:
        return ">0.99"
    return format_fixed(p, 3 if p < 0.1 else 2)


def format_share(value: Any, n: Any) -> str:
    """A count of `n` as `33/66 (50%)`: no decimal from 10 %, one below; never 100 % short of all."""
    if isinstance(value, Suppressed) or isinstance(n, Suppressed):
        return format_value(value)
    if value is None or n is None:
        return EMPTY
    count = int(value)
    if n == 0:
        return f"{count}/0"
    percent = 100 * count / n
    text = format_fixed(percent, 1 if 0 < percent < 9.95 else 0)
    if text == "100" and count < n:
        text = ">99"
    return f"{count}/{n} ({text}%)"


def format_range(low: Any, high: Any, decimals: int, missing: str = NOT_ESTIMABLE) -> str:
    """Two ends of an interval: `1.10–1.84`, with `to` when one is negative; `missing` stands for an absent end."""
    if low is None and high is None:
        return ""
    ends = [missing if end is None else format_value(float(end), decimals) for end in (low, high)]
    joint = " to " if any(end is None or end < 0 for end in (low, high)) else "–"
    return joint.join(ends)


def format_estimate(row: Row) -> str:
    """Estimate and 95 % interval of a row of ESTIMATES, by its measure."""
    measure, estimate = row["measure"], row.get("estimate")
    low, high = row.get("low"), row.get("high")
    if isinstance(estimate, Suppressed):
        return str(estimate)
    missing = NOT_REACHED if measure == "median" else NOT_ESTIMABLE
    if estimate is None or not math.isfinite(estimate):
        return f"{missing} ({format_range(low, high, 1, missing)})" if low is not None else missing
    if measure == "count":
        return f"{format_value(int(estimate))} / {format_value(row.get('n'))}"
    suffix = _SUFFIXES.get(measure, "")
    scale = 100.0 if suffix and row.get("unit") != "%" else 1.0
    estimate, low, high = (None if value is None else value * scale for value in (estimate, low, high))
    decimals = _estimate_decimals(measure, estimate, low, high)
    interval = format_range(low, high, decimals, missing)
    return f"{format_value(estimate, decimals)}{suffix}" + (f" ({interval}{suffix})" if interval else "")


def _estimate_decimals(measure: str, estimate: float | None, low: float | None, high: float | None) -> int:
    match measure:
        case measure if measure in _RATIOS:
            return 2 if estimate is None or estimate >= 0.095 else 3
        case "correlation" | "kappa" | "icc" | "auc":
            return 2
        case measure if measure in _SUFFIXES:
            return 0
    is_time = measure in ("median", "lower_quartile", "upper_quartile", "rmst")
    return max(1 if is_time else 0, decimals_for(estimate, low, high))


def format_quartiles(row: Row, decimals: int | None = None) -> str:
    """Median and quartiles of a row of SUMMARIES: `73.5 (68.0, 79.0)`; `decimals` of all groups of a line, if given."""
    value, low, high = row.get("value"), row.get("low"), row.get("high")
    if value is None or isinstance(value, Suppressed):
        return format_value(value)
    decimals = decimals_for(value, low, high) if decimals is None else decimals
    return f"{format_value(float(value), decimals)} ({_end(low, decimals)}, {_end(high, decimals)})"


def format_mean(row: Row) -> str:
    """Mean and standard deviation of a row of SUMMARIES: `73.5 (8.2)`."""
    value, sd = row.get("value"), row.get("sd")
    if value is None or isinstance(value, Suppressed):
        return format_value(value)
    decimals = max(1, decimals_for(value, sd))
    return f"{format_value(float(value), decimals)} ({_end(sd, decimals)})"


def _end(value: float | None, decimals: int) -> str:
    return EMPTY if value is None else format_value(float(value), decimals)


def with_unit(text: str, unit: str | None) -> str:
    """`Age, years`: a name with its unit, unless the unit says nothing or the name ends with it."""
    if unit is None or unit in _PLAIN_UNITS or text.endswith((f" {unit}", f"({unit})")):
        return text
    return f"{text}, {unit}"
