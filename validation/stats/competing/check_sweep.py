"""Incidence, Gray's test and Fine and Gray's model of random samples against R live."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[2]))

import numpy as np  # noqa: E402
from validation.stats.sweep import Quantities, Sample, draw_follow_up, run_sweep  # noqa: E402

from lutrace.stats import (  # noqa: E402
    CompetingRisks,
    competing_of,
    compute_cumulative_incidence,
    compute_gray_test,
    fit_fine_gray,
)

N_SAMPLES = 120
_ROUNDING = 1e-7
"""Error below which an incidence is certain."""


def compute(sample: Sample) -> Quantities:
    """The numbers of sweep.R."""
    cause = sample["cause"].astype(int)
    plain = competing_of(sample["time"], cause, censored=0)
    late = competing_of(sample["time"], cause, censored=0, entry=sample["entry"])
    times = np.unique(np.quantile(sample["time"], [0.3, 0.6, 0.9], method="inverted_cdf"))
    found: dict[str, Any] = {}
    for number, name in enumerate(plain.causes):
        found[f"plain {name}"] = partial(_points, plain, number, times)
        found[f"weights entry {name}"] = partial(_points, late, number, times, weights=sample["weight"])
        found[f"fine-gray {name}"] = partial(_model, plain, sample, name)
        for rho in (0, 1):
            gray = partial(_gray, plain, sample["group"], cause=name, rho=rho)
            found[f"gray {rho} {name}"] = gray
            found[f"gray strata {rho} {name}"] = partial(gray, strata=sample["stratum"])
    found["aalen"] = partial(_aalen, plain, times)
    return found


def _points(follow_up: CompetingRisks, number: int, times: Any, **given: Any) -> list[float]:
    points = compute_cumulative_incidence(follow_up, **given)[number].at(times)
    pairs = np.column_stack([points.incidence, points.std_error]).ravel()
    return list(np.where(pairs > _ROUNDING, pairs, 0.0))


def _aalen(follow_up: CompetingRisks, times: Any) -> list[float]:
    curves = [curve.at(times) for curve in compute_cumulative_incidence(follow_up, error="Aalen")]
    return [value for one in curves for pair in zip(one.incidence, one.std_error, strict=True) for value in pair]


def _gray(follow_up: CompetingRisks, group: Any, **given: Any) -> list[float]:
    test = compute_gray_test(follow_up, group, **given)
    return [test.statistic, float(test.df)]


def _model(follow_up: CompetingRisks, sample: Sample, cause: str) -> list[float]:
    fit = fit_fine_gray(follow_up, np.column_stack([sample["x"], sample["z"]]), terms=["x", "z"], cause=cause)
    return [*fit.coef, *fit.se, fit.loglik_null, fit.loglik]


def main() -> list[str]:
    """The faults found; what was compared is printed."""
    random = np.random.default_rng(20261123)
    return run_sweep(HERE / "sweep.R", [draw_follow_up(random) for _ in range(N_SAMPLES)], compute)


if __name__ == "__main__":
    sys.exit("\n".join(main()))
