"""The same analyses as reference.R, by lutrace."""

from __future__ import annotations

from typing import Any

import numpy as np
from validation.stats.comparison import INPUTS, Numbers, floats_of, follow_up_of, gaps_of

from lutrace.core import Row, read_rows
from lutrace.stats import (
    GEHAN,
    LOG_RANK,
    PETO,
    TARONE_WARE,
    EventWeights,
    Survival,
    SurvivalCurve,
    compute_kaplan_meier,
    compute_log_rank,
    compute_milestone,
    compute_restricted_mean,
    fleming_harrington,
    survival_of,
)

INTERVALS = {"log-log": "log-log", "log": "log", "plain": "plain", "arcsin": "arcsine"}
TIMES = [90.0, 210.0, 330.0, 480.0, 600.0]
FAMILY: dict[str, EventWeights] = {
    "log-rank": LOG_RANK,
    "Gehan": GEHAN,
    "Tarone-Ware": TARONE_WARE,
    "Peto": PETO,
    "FH 0 1": fleming_harrington(0, 1),
    "FH 1 1": fleming_harrington(1, 1),
    "FH 0.5 0.5": fleming_harrington(0.5, 0.5),
}
SAMPLES = {
    "lung": ("status", "2", "sex"),
    "veteran": ("status", "1", "celltype"),
    "colon": ("status", "1", "rx"),
    "months": ("event", "1", "treated"),
}
"""The column of the status, its value for an event, and the column of the group."""


def tolerance_of(case: str) -> float:
    """All is rounding."""
    return 1e-9


def compute_all() -> Numbers:
    """All numbers."""
    numbers: Numbers = {}
    for name in ("months", "days"):
        numbers |= _weighted_curves(name, read_rows(INPUTS / f"{name}.csv"))
    samples = {name: _sample(name) for name in SAMPLES}
    for name, (survival, groups, _) in samples.items():
        for weight, event_weights in FAMILY.items():
            test = compute_log_rank(survival, groups, event_weights=event_weights)
            numbers[(f"{weight} {name}", "statistic")] = [test.statistic]
        trend = compute_log_rank(survival, groups, trend=range(1, len(set(groups)) + 1))
        numbers[(f"trend {name}", "statistic")] = [trend.statistic]
        for rho in (0, 1):
            test = compute_log_rank(survival, groups, event_weights=fleming_harrington(rho, 0))
            numbers[(f"survdiff {rho} {name}", "statistic")] = [test.statistic]
            numbers[(f"survdiff {rho} {name}", "observed")] = list(test.observed)
            numbers[(f"survdiff {rho} {name}", "expected")] = list(test.expected)
    survival, groups, rows = samples["months"]
    strata = [row["stratum"] for row in rows]
    for case, weights in (("FH 0 1", FAMILY["FH 0 1"]), ("Gehan", GEHAN), ("survdiff 1", PETO)):
        test = compute_log_rank(survival, groups, event_weights=weights, strata=strata)
        numbers[(f"{case} strata months", "statistic")] = [test.statistic]
    for name, horizon in (("lung", 600), ("veteran", 300), ("colon", 2000)):
        numbers |= _means(f"means {name}", samples[name][0], samples[name][1], horizon)
    return numbers | _robust_means()


def _sample(name: str) -> tuple[Survival, list[str], list[Row]]:
    status, event, group = SAMPLES[name]
    rows = [row for row in read_rows(INPUTS / f"{name}.csv") if name != "colon" or row["etype"] == "2"]
    survival = survival_of(floats_of(rows, "time"), [row[status] == event for row in rows])
    return survival, [row[group] for row in rows], rows


def _weighted_curves(name: str, rows: list[Row]) -> Numbers:
    age = np.array(floats_of(rows, "age"))
    weight, whole = 0.4 + (age % 7) / 3, 1 + age // 30
    pair = np.arange(1, age.size + 1) // 2
    plain, delayed = follow_up_of(rows), follow_up_of(rows, entry=True)
    numbers: Numbers = {}
    for word, interval in INTERVALS.items():

        def curve(survival: Survival, interval: Any = interval, **given: Any) -> SurvivalCurve:
            return compute_kaplan_meier(survival, interval=interval, **given)

        numbers |= _curve(f"weights {name} {word}", curve(plain, weights=weight))
        numbers |= _curve(f"weights entry {name} {word}", curve(delayed, weights=weight))
        numbers |= _curve(f"whole weights {name} {word}", curve(plain, weights=whole))
        numbers |= _curve(f"clusters {name} {word}", curve(plain, cluster=pair))
        both = curve(delayed, weights=weight, cluster=pair)
        numbers |= _curve(f"weights clusters entry {name} {word}", both)
        numbers |= _curve(f"unweighted {name} {word}", curve(plain))
    return numbers


def _curve(case: str, curve: SurvivalCurve) -> Numbers:
    points, median = curve.at(TIMES), curve.quantile()
    place = np.searchsorted(curve.time, TIMES, side="right") - 1
    reached = np.searchsorted(curve.time, TIMES, side="left")
    return {
        (case, "survival"): list(points.survival),
        (case, "se of survival"): list((curve.survival * curve.std_error)[place]),
        (case, "low"): list(points.low),
        (case, "high"): list(points.high),
        (case, "weight at risk"): list(curve.weight_at_risk[reached]),
        (case, "median"): gaps_of([median.estimate, median.low, median.high]),
    }


def _means(case: str, survival: Survival, groups: list[str], horizon: float) -> Numbers:
    means = compute_restricted_mean(survival, groups, horizon=horizon).estimates
    milestones = compute_milestone(survival, groups, time=horizon).estimates
    return {
        (case, "mean"): [one.estimate for one in means],
        (case, "se"): [one.se for one in means],
        (case, "milestone"): [one.estimate for one in milestones],
        (case, "milestone se"): [one.se for one in milestones],
    }


def _robust_means() -> Numbers:
    numbers: Numbers = {}
    for name, size in (("days", 2), ("months", 1)):
        rows = read_rows(INPUTS / f"{name}.csv")
        weight = 0.4 + (np.array(floats_of(rows, "age")) % 7) / 3
        cluster = np.arange(1, len(rows) + 1) // size
        found = compute_restricted_mean(follow_up_of(rows), horizon=500, weights=weight, cluster=cluster).estimates[0]
        numbers[(f"robust mean {name}", "mean")] = [found.estimate]
        numbers[(f"robust mean {name}", "se")] = [found.se]
    return numbers
