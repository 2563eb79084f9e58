"""The same analyses as reference.R, by lutrace."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from validation.stats.comparison import INPUTS, STATS, Numbers, floats_of

from lutrace.core import Row, read_rows
from lutrace.stats import IntervalTimes, compute_turnbull, fit_aft, intervals_of

DISTRIBUTIONS: tuple[Literal["weibull", "exponential", "lognormal", "loglogistic"], ...] = (
    "weibull",
    "exponential",
    "lognormal",
    "loglogistic",
)


def tolerance_of(case: str) -> float:
    """All is rounding, and R's EM steps for Turnbull's curve, repeated until they change by less than 1e-15."""
    return 1e-8


def compute_all() -> Numbers:
    """All numbers."""
    visits = read_rows(STATS / "intervals" / "inputs" / "visits.csv")
    seen = _intervals(visits)
    weights = 0.4 + (np.array(floats_of(visits, "age")) % 7) / 3
    numbers = _models("visits", seen, visits, ("arm", "age"))
    numbers |= _models("visits weights", seen, visits, ("arm", "age"), weights=weights)
    for name, columns, event, terms in (
        ("lung", ("time", "status"), "2", ("age", "sex")),
        ("ovarian", ("futime", "fustat"), "1", ("ecog.ps", "rx")),
    ):
        rows = read_rows(INPUTS / f"{name}.csv")
        time = np.array(floats_of(rows, columns[0]))
        happened = np.array([row[columns[1]] == event for row in rows])
        numbers |= _models(name, intervals_of(time, np.where(happened, time, np.inf)), rows, terms)
    numbers |= _turnbull("turnbull visits", seen, np.ones(seen.n))
    one = [row for row in visits if row["arm"] == "1"]
    return numbers | _turnbull("turnbull weights", _intervals(one), 1 + np.array(floats_of(one, "age")) % 3)


def _intervals(rows: list[Row]) -> IntervalTimes:
    low, high = ([np.nan if row[name] is None else float(row[name]) for row in rows] for name in ("low", "high"))
    return intervals_of(low, high)


def _models(
    case: str, times: IntervalTimes, rows: list[Row], terms: tuple[str, str], *, weights: Any = None
) -> Numbers:
    x = np.column_stack([floats_of(rows, term) for term in terms])
    numbers: Numbers = {}
    for name in DISTRIBUTIONS:
        fit = fit_aft(times, x, terms=terms, distribution=name, weights=weights)
        label = f"{case} {name}"
        numbers[(label, "coef")] = list(fit.coef)
        numbers[(label, "scale")] = [fit.scale]
        numbers[(label, "covariance")] = list(fit.covariance.ravel())
        numbers[(label, "loglik")] = [fit.loglik_null, fit.loglik]
        numbers[(label, "quartiles")] = [float(fit.quantile(x[:1], share)[0]) for share in (0.25, 0.5, 0.75)]
    return numbers


def _turnbull(case: str, times: IntervalTimes, weights: Any) -> Numbers:
    curve = compute_turnbull(times, weights=weights)
    kept = curve.mass > 1e-6
    return {
        (case, "low"): list(curve.low[kept]),
        (case, "mass"): list(curve.mass[kept]),
        (case, "loglik"): [curve.loglik],
    }
