"""Interval-censored random samples: accelerated failure times against R live, Turnbull's curve by what a maximum is."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[2]))

import numpy as np  # noqa: E402
from validation.stats.intervals.cases import DISTRIBUTIONS  # noqa: E402
from validation.stats.sweep import Quantities, Sample, draw_follow_up, run_sweep  # noqa: E402

from lutrace.stats import IntervalTimes, compute_turnbull, fit_aft, intervals_of  # noqa: E402

N_SAMPLES = 120


def draw_intervals(random: np.random.Generator) -> Sample:
    """Follow-up of which a part is seen between visits only, or lies before the first (low 0); high 0: no event."""
    sample = draw_follow_up(random)
    kind = random.integers(0, 4, sample["time"].size)
    low = np.where(kind == 0, 0.0, np.where(kind == 1, sample["entry"], sample["time"]))
    high = np.where(kind == 3, 0.0, sample["time"])
    high[kind == 1] *= 1.25
    return sample | {"low": low, "high": high, "one": np.ones(low.size)}


def compute(sample: Sample) -> Quantities:
    """The numbers of sweep.R."""
    times = _times(sample)
    found: dict[str, Any] = {}
    for name in DISTRIBUTIONS:
        for weight in ("one", "weight"):
            found[f"{name} {weight}"] = partial(_model, times, sample, name, sample[weight])
    return found


def _times(sample: Sample) -> IntervalTimes:
    return intervals_of(sample["low"], np.where(sample["high"] == 0, np.inf, sample["high"]))


def _model(times: IntervalTimes, sample: Sample, name: Any, weights: Any) -> list[float]:
    covariates = np.column_stack([sample["x"], sample["z"]])
    fit = fit_aft(times, covariates, terms=["x", "z"], distribution=name, weights=weights)
    return [*fit.coef, *fit.se, fit.scale, fit.loglik_null, fit.loglik]


def check_turnbull(samples: list[Sample]) -> list[str]:
    """At a maximum no interval's slope is above the number of patients, and where mass lies it equals it.

    Source: Gentleman and Geyer 1994, Biometrika 81:618.
    """
    worst, faults = 0.0, []
    for number, sample in enumerate(samples):
        times = _times(sample)
        curve = compute_turnbull(times, weights=sample["weight"])
        exact = times.low == times.high
        inside = np.where(
            exact[:, None],
            (curve.low == curve.high) & (curve.high == times.high[:, None]),
            (curve.low >= times.low[:, None])
            & (curve.high <= times.high[:, None])
            & ~((curve.low == curve.high) & (curve.low == times.low[:, None])),
        )
        slope = (sample["weight"] / (inside @ curve.mass)) @ inside / sample["weight"].sum()
        worst = max(worst, float(np.abs(slope - 1).max()))
        loglik = float(sample["weight"] @ np.log(inside @ curve.mass))
        if np.abs(slope - 1).max() > 1e-6 or not np.isclose(loglik, curve.loglik, rtol=1e-10):
            faults.append(f"intervals, sample {number}: Turnbull's curve is not the maximum")
    print(f"   intervals: {len(samples)} curves of Turnbull, slopes 1 but for {worst:.1e}")
    return faults


def main() -> list[str]:
    """The faults found; what was compared is printed."""
    random = np.random.default_rng(20261124)
    samples = [draw_intervals(random) for _ in range(N_SAMPLES)]
    return check_turnbull(samples) + run_sweep(HERE / "sweep.R", samples, compute)


if __name__ == "__main__":
    sys.exit("\n".join(main()))
