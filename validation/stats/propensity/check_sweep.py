"""Weights, weighted effects and matching of random samples against R live."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[2]))

import numpy as np  # noqa: E402
from validation.stats.propensity.cases import ESTIMANDS  # noqa: E402
from validation.stats.sweep import Quantities, Sample, draw_follow_up, run_sweep  # noqa: E402

from lutrace.stats import compute_weighted_effect, compute_weights, fit_propensity, match_nearest  # noqa: E402

N_SAMPLES = 120
MATCHED: dict[str, dict[str, Any]] = {
    "largest": {},
    "smallest": {"order": "smallest"},
    "data": {"order": "data"},
    "two": {"n_controls": 2},
    "caliper": {"caliper_sd": 0.3},
    "replace": {"replace": True},
}


def draw_groups(random: np.random.Generator) -> Sample:
    """Follow-up of which z is the treatment, with a score without ties."""
    sample = draw_follow_up(random)
    return sample | {"score": random.random(sample["z"].size)}


def compute(sample: Sample) -> Quantities:
    """The numbers of sweep.R."""
    found: dict[str, Any] = {one: partial(_weigh, sample, one) for one in ESTIMANDS}
    return found | {name: partial(_match, sample, **given) for name, given in MATCHED.items()}


def _weigh(sample: Sample, estimand: Any) -> list[float]:
    scores = fit_propensity(sample["z"], np.column_stack([sample["x"], sample["whole"]]), terms=["x", "whole"])
    effect = compute_weighted_effect(scores, sample["event"], estimand=estimand)
    return [effect.mean_treated, effect.mean_control, *compute_weights(scores, estimand=estimand).weights]


def _match(sample: Sample, **given: Any) -> list[float]:
    """The row (from 1) of each treated patient's controls, 0 where there is none."""
    found = match_nearest(sample["z"], sample["score"], **given)
    treated = np.flatnonzero(sample["z"] == 1).tolist()
    table: dict[int, list[float]] = {row: [] for row in treated}
    for row, control in zip(found.treated_rows.tolist(), found.control_rows.tolist(), strict=True):
        table[row].append(control + 1)
    width = given.get("n_controls", 1)
    return [value for row in treated for value in (*table[row], *[0.0] * (width - len(table[row])))]


def main() -> list[str]:
    """The faults found; what was compared is printed."""
    random = np.random.default_rng(20261125)
    return run_sweep(HERE / "sweep.R", [draw_groups(random) for _ in range(N_SAMPLES)], compute)


if __name__ == "__main__":
    sys.exit("\n".join(main()))
