"""The arm's hazard ratio in six real reconstructed trials (survival_kmdata), as trials.R, by lutrace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from validation.stats.comparison import Numbers, floats_of

from lutrace.core import Row, read_rows
from lutrace.stats import CoxFit, Ties, TimeTransform, compute_ph_tests, fit_cox, predict_survival, survival_of

TIES: tuple[Ties, ...] = ("efron", "breslow")
TRANSFORMS: tuple[TimeTransform, ...] = ("km", "rank", "identity", "log")


def tolerance_of(case: str) -> float:
    """All is rounding."""
    return 1e-8


def compute_trials(data: Path) -> Numbers:
    """All numbers, from the folder of real data."""
    rows = read_rows(data / "survival_kmdata" / "reconstructed_ipd.csv")
    numbers: Numbers = {}
    for trial in sorted({row["trial"] for row in rows}):
        for ties in TIES:
            numbers |= _compute_trial([row for row in rows if row["trial"] == trial], f"{trial} {ties}", ties)
    return numbers


def _compute_trial(rows: list[Row], case: str, ties: Ties) -> Numbers:
    first = min(row["arm"] for row in rows)
    treated = [float(row["arm"] != first) for row in rows]
    fit = fit_cox(
        survival_of(floats_of(rows, "time_months"), floats_of(rows, "event")), treated, terms=["treated"], ties=ties
    )
    assert fit.concordance is not None
    return {
        (case, "estimates"): [
            *(fit.coef[0], fit.se[0], fit.robust_se[0]),
            *(fit.loglik_null, fit.loglik, fit.n, fit.n_events),
        ],
        (case, "statistics"): [test.statistic for test in fit.tests],
        (case, "concordance"): [fit.concordance.estimate, fit.concordance.se],
        (case, "zph"): [compute_ph_tests(fit, transform=one)[0].statistic for one in TRANSFORMS],
        (case, "survival at 6 and 12 and 18 months"): _survival_at(fit, [6, 12, 18]),
    }


def _survival_at(fit: CoxFit, times: Any) -> list[float]:
    """Survival of the treated with its error (that of survival itself, as R's summary gives it)."""
    curve = predict_survival(fit, [[1.0]])
    place = np.searchsorted(curve.time, times, side="right") - 1
    return [*curve.survival[place, 0], *(curve.std_error * curve.survival)[place, 0]]
