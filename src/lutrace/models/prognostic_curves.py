"""Calibration and decision curves of predicted risks, as rows of VALIDATIONS without their place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from lutrace.core import EstimationError, Row
from lutrace.models.results import finite_or_none
from lutrace.stats import Survival, compute_kaplan_meier, compute_spline_basis, fit_cox, predict_survival

_POINTS = 25
_KNOTS = 3


def describe_groups_of_risk(survival: Survival, risk: Any, *, groups: int, day: float) -> Iterator[Row]:
    """Per group of equal size by risk: mean predicted, and observed risk by a day with its log-log interval."""
    order = np.argsort(risk, kind="stable")
    for place, rows in enumerate(np.array_split(order, groups)):
        own = survival.select(rows)
        found = compute_kaplan_meier(own).at([day])
        numbers = {"y": 1 - found.survival[0], "low": 1 - found.high[0], "high": 1 - found.low[0]}
        yield _row("calibration_groups", place, float(risk[rows].mean()), n=own.n, events=own.n_events, **numbers)


def describe_smooth(survival: Survival, risk: Any, *, day: float) -> Iterator[Row]:
    """Observed risk by a day as a smooth function of the predicted: Cox on a spline of log(-log(1 - risk)).

    Nothing where the risks are too few or too alike for a spline.

    Source: Austin, Harrell and van Klaveren 2020, Stat Med 39:2714.
    """
    scale = np.log(-np.log1p(-np.clip(risk, 1e-9, 1 - 1e-9)))
    if np.unique(scale).size <= _KNOTS + 1:
        return
    basis = compute_spline_basis(scale, "risk", knots=_KNOTS)
    try:
        fit = fit_cox(survival, basis.columns, terms=basis.terms)
    except EstimationError:
        return
    low, high = (float(end) for end in np.quantile(scale, [0.05, 0.95]))
    asked = compute_spline_basis(np.linspace(low, high, _POINTS), "risk", knots=basis.knots)
    found = predict_survival(fit, asked.columns)
    reached = max(0, int(np.searchsorted(found.time, day, side="right")) - 1)
    for place in range(_POINTS):
        predicted = float(-np.expm1(-np.exp(asked.columns[place, 0])))
        numbers = {
            "y": 1 - found.survival[reached, place],
            "low": 1 - found.high[reached, place],
            "high": 1 - found.low[reached, place],
        }
        yield _row("calibration_smooth", place, predicted, n=fit.n, events=fit.n_events, **numbers)


def describe_decisions(survival: Survival, risk: Any, *, thresholds: Sequence[float], day: float) -> Iterator[Row]:
    """Net benefit by a day of treating whom the model calls high, and of treating all, per threshold.

    Source: Vickers, Cronin, Elkin and Gonen 2008, BMC Med Inform Decis Mak 8:53 (with censoring).
    """
    for place, threshold in enumerate(thresholds):
        for curve, chosen in (("decision_model", risk >= threshold), ("decision_all", np.ones(survival.n, dtype=bool))):
            n = int(chosen.sum())
            benefit = 0.0
            if n:
                died = 1 - float(compute_kaplan_meier(survival.select(chosen)).at([day]).survival[0])
                odds = threshold / (1 - threshold)
                benefit = (died - (1 - died) * odds) * n / survival.n
            events = int((survival.event & chosen).sum())
            yield _row(curve, place, threshold, n=n, events=events, y=benefit)


def _row(curve: str, place: int, x: float, *, n: int, events: int, **numbers: Any) -> Row:
    ends = {name: finite_or_none(numbers.get(name)) for name in ("y", "low", "high")}
    return {"curve": curve, "place": place, "x": x, **ends, "n": n, "events": events}
