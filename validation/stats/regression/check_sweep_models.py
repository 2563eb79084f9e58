"""Logistic, Firth's, ordinal, fractional and linear models of random samples against R live."""

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
    CaseRows,
    fit_firth_logistic,
    fit_fractional,
    fit_linear,
    fit_logistic,
    fit_ordinal,
)

N_SAMPLES = 120
TERMS = ["x", "z"]


def draw_outcomes(random: np.random.Generator) -> Sample:
    """Follow-up with an ordered class, a share from 0 to 1 and an offset."""
    sample = draw_follow_up(random)
    n = sample["z"].size
    line = sample["x"] / sample["x"].std() + sample["z"]
    level = np.clip(np.round(1 + 0.5 * line + random.normal(size=n)), 0, 3)
    share = np.clip(np.round(0.5 + 0.1 * line + 0.2 * random.normal(size=n), 2), 0, 1)
    event = (random.random(n) < 1 / (1 + np.exp(-line))).astype(float)
    return sample | {"level": level, "share": share, "event": event, "offset": random.normal(size=n) / 2}


def compute(sample: Sample) -> Quantities:
    """The numbers of sweep_models.R."""
    covariates = np.column_stack([sample["x"], sample["z"]])
    calls: dict[str, Any] = {"logistic": _logistic, "clusters": _clusters, "firth": _firth}
    calls |= {"ordinal": _ordinal, "fractional": _fractional, "linear": _linear}
    return {name: partial(call, sample, covariates) for name, call in calls.items()}


def _logistic(sample: Sample, covariates: Any) -> list[float]:
    rows = CaseRows(weights=sample["whole"], offset=sample["offset"])
    fit = fit_logistic(sample["event"], covariates, terms=TERMS, interval="wald", rows=rows)
    return [*fit.coef, *fit.se, fit.loglik]


def _clusters(sample: Sample, covariates: Any) -> list[float]:
    rows = CaseRows(clusters=sample["pair"])
    return list(fit_logistic(sample["event"], covariates, terms=TERMS, interval="wald", rows=rows).se)


def _firth(sample: Sample, covariates: Any) -> list[float]:
    return list(fit_firth_logistic(sample["event"], covariates, terms=TERMS).coef)


def _ordinal(sample: Sample, covariates: Any) -> list[float]:
    present = [str(int(level)) for level in np.unique(sample["level"])]
    fit = fit_ordinal([str(int(level)) for level in sample["level"]], covariates, terms=TERMS, classes=present)
    return [*fit.coef, *fit.cut_points, fit.loglik]


def _fractional(sample: Sample, covariates: Any) -> list[float]:
    fit = fit_fractional(sample["share"], covariates, terms=TERMS, bounds=(0, 1), clusters=sample["pair"])
    return [*fit.coef, *fit.se]


def _linear(sample: Sample, covariates: Any) -> list[float]:
    fit = fit_linear(sample["share"], covariates, terms=TERMS)
    return [*fit.coef, *fit.se, fit.residual_sd]


def main() -> list[str]:
    """The faults found; what was compared is printed."""
    random = np.random.default_rng(20261126)
    samples = [draw_outcomes(random) for _ in range(N_SAMPLES)]
    script = HERE / "sweep_models.R"
    return run_sweep(script, samples, compute, tolerance_of=lambda what: 1e-5 if what == "ordinal" else 1e-6)


if __name__ == "__main__":
    sys.exit("\n".join(main()))
