"""The middle course of a series: median and quartiles by dose, and a smooth line over days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from lutrace.core import Row
from lutrace.stats import LOWESS_LEAST, compute_lowess, compute_summary

_BY_DOSE = "last result of each patient after the dose and before the next; quartiles of type 7"
LOGARITHMIC = ("psa", "tumour_volume")
"""Series that span powers of ten: smoothed on the logarithm, where no result is 0."""
_OF_LOG = "; of the logarithms"
_BY_DAY = (
    "LOWESS of all results, two thirds of them weighted at each day, three robust steps; a patient weighs by results"
)


def fit_trends(trajectories: Sequence[Row]) -> list[Row]:
    """Rows of TRENDS from rows of TRAJECTORIES; fewer than ten results, or one day, give no smooth line."""
    by_series: dict[str, list[Row]] = {}
    for row in trajectories:
        by_series.setdefault(row["series"], []).append(row)
    return [
        one for name in sorted(by_series) for one in (*_by_dose(name, by_series[name]), *_by_day(name, by_series[name]))
    ]


def _by_dose(series: str, rows: Sequence[Row]) -> Iterable[Row]:
    last = [row for row in rows if row["last_of_dose"]]
    for dose in sorted({row["dose"] for row in last}):
        values = [row["value"] for row in last if row["dose"] == dose]
        found = compute_summary(values)
        yield _row(
            series, rows, by="dose", at=float(dose), patients=found.n, median=found.median, q1=found.q1, q3=found.q3,
            rule=_BY_DOSE,
        )  # fmt: skip


def _by_day(series: str, rows: Sequence[Row]) -> Iterable[Row]:
    days, values = ([row[name] for row in rows] for name in ("day", "value"))
    if len(rows) < LOWESS_LEAST or len(set(days)) == 1:
        return
    skewed = series in LOGARITHMIC and min(values) > 0
    smooth = np.exp(compute_lowess(days, np.log(values))) if skewed else compute_lowess(days, values)
    for day in sorted(set(days)):
        here = [place for place, one in enumerate(days) if one == day]
        at = float(smooth[here[0]])
        if np.isfinite(at):
            patients = len({rows[place]["patient_id"] for place in here})
            yield _row(
                series, rows, by="day", at=day, patients=patients, smooth=at, rule=_BY_DAY + (_OF_LOG if skewed else "")
            )


def _row(series: str, rows: Sequence[Row], **known: object) -> Row:
    empty = dict.fromkeys(("median", "q1", "q3", "smooth"))
    return {"series": series, "unit": rows[0]["unit"], **empty, **known}
