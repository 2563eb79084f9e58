"""The log-rank family, restricted means and milestones of random samples against R live."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[2]))

import numpy as np  # noqa: E402
from validation.stats.sweep import Quantities, Sample, draw_follow_up, run_sweep  # noqa: E402

from lutrace.stats import (  # noqa: E402
    GEHAN,
    LOG_RANK,
    PETO,
    TARONE_WARE,
    EventWeights,
    GroupComparison,
    LogRank,
    Survival,
    compute_log_rank,
    compute_milestone,
    compute_restricted_mean,
    fleming_harrington,
    survival_of,
)

FAMILY: dict[str, EventWeights] = {
    "log-rank": LOG_RANK,
    "Gehan": GEHAN,
    "Tarone-Ware": TARONE_WARE,
    "Peto": PETO,
    "FH 0 1": fleming_harrington(0, 1),
    "FH 0.5 2": fleming_harrington(0.5, 2),
}
N_SAMPLES = 150


def compute(sample: Sample) -> Quantities:
    """The numbers of sweep.R."""
    plain = survival_of(sample["time"], sample["event"])
    late = survival_of(sample["time"], sample["event"], entry=sample["entry"])
    group, strata = sample["group"], sample["stratum"]
    found = {}
    for name, weights in FAMILY.items():
        for word, survival, own in ((name, plain, None), (f"{name} strata", plain, strata),
                                    (f"{name} entry strata", late, strata)):  # fmt: skip
            found[word] = lambda s=survival, w=weights, o=own: _test(
                compute_log_rank(s, group, event_weights=w, strata=o)
            )
    scores = np.arange(1, np.unique(group).size + 1) ** 2
    found["trend"] = lambda: _test(compute_log_rank(late, group, trend=scores))
    for rho in (0, 1):
        found[f"survdiff {rho}"] = lambda rho=rho: _survdiff(
            compute_log_rank(plain, group, event_weights=fleming_harrington(rho, 0))
        )
    horizon = 0.8 * min(sample["time"][group == one].max() for one in np.unique(group))
    found["mean"] = lambda: _all(compute_restricted_mean(plain, group, horizon=horizon))
    found["milestone"] = lambda: _all(compute_milestone(plain, group, time=horizon))
    rows = np.flatnonzero(group == 0)
    reach = 0.8 * sample["time"][rows].max()

    def mean(survival: Survival, weights: str, cluster: bool) -> list[float]:
        own = sample["pair"][rows] if cluster else None
        return _all(
            compute_restricted_mean(survival.select(rows), horizon=reach, weights=sample[weights][rows], cluster=own)
        )

    found["weighted mean"] = lambda: mean(plain, "weight", False)
    found["clustered mean"] = lambda: mean(plain, "whole", True)
    found["weighted mean with entry"] = lambda: mean(late, "weight", True)
    return found


def _test(found: LogRank) -> list[float]:
    return [found.statistic, found.df]


def _survdiff(found: LogRank) -> list[float]:
    return [found.statistic, *found.observed, *found.expected]


def _all(found: GroupComparison) -> list[float]:
    return [value for one in found.estimates for value in (one.estimate, one.se)]


def main() -> list[str]:
    """The faults found; what was compared is printed."""
    random = np.random.default_rng(20261122)
    return run_sweep(HERE / "sweep.R", [draw_follow_up(random) for _ in range(N_SAMPLES)], compute)


if __name__ == "__main__":
    sys.exit("\n".join(main()))
