"""What deaths that nobody recorded would do to a comparison of two arms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import BoolArray, IntArray, finite_vector, refuse_rows
from lutrace.stats.cox.fit import fit_cox
from lutrace.stats.cox.result import CoxFit
from lutrace.stats.survival.kaplan_meier import compute_kaplan_meier
from lutrace.stats.survival.observations import Survival

Order = Literal["shortest", "longest"]


@dataclass(frozen=True)
class TippingDeaths:
    """How many of the censored patients of the arm that fares better must have died unrecorded, each at last contact.

    `to_interval`: the hazard ratio's 95 % interval holds 1; `to_null`: the ratio itself reaches 1; `to_median`: its
    median is no longer the larger one. None: not even all of them do it (or, for the median, it was not larger).
    """

    arm: int
    """1 for the group marked 1, 0 for the other."""
    hazard_ratio: float
    n: int
    n_events: int
    n_censored: int
    to_interval: int | None
    to_null: int | None
    to_median: int | None
    warnings: tuple[str, ...]
    method: str


@dataclass(frozen=True)
class MissedDeaths:
    """Hazard ratios over draws of what deaths were missed: `low` to `high` holds 95 % of them.

    `share_reversed` is the share of draws on the other side of 1 than the observed ratio. With random error, each
    draw also varies by its own standard error, so that the interval holds both doubts.
    """

    observed: float
    median: float
    low: float
    high: float
    share_reversed: float
    n: int
    n_events: int
    mean_missed: tuple[float, float]
    """Deaths added on average in the group marked 0 and in that marked 1."""
    n_draws: int
    seed: int
    method: str


def find_tipping_deaths(survival: Survival, group: Any, *, order: Order = "shortest") -> TippingDeaths:
    """How many missed deaths in the better arm would undo the difference of two arms.

    Censored patients of that arm turn into deaths at their last contact one by one: those with the shortest
    follow-up first (`shortest`: fewest are needed) or the longest (`longest`: most are).

    Args:
        survival: follow-up of both arms.
        group: 1 or 0 per patient, shape (n,).
        order: who first.

    Raises:
        UnusableInputError: a group is not 0 or 1, or an unknown order.
        EstimationError: an arm is missing or there are no events.

    >>> from lutrace.stats import survival_of
    >>> time, event = [1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 1, 1, 0, 0, 1, 0]
    >>> found = find_tipping_deaths(survival_of(time, event), [0, 0, 1, 0, 1, 1, 1, 0])
    >>> found.arm, found.n_censored
    (1, 2)
    """
    marked = _two_groups(survival, group)
    if order not in ("shortest", "longest"):
        raise UnusableInputError(f"order must be shortest or longest, got {order}")
    observed = _fit(survival, marked)
    arm = int(observed.coef[0] <= 0)
    rows = np.flatnonzero((marked == bool(arm)) & ~survival.event)
    rows = rows[np.argsort(survival.time[rows], kind="stable")]
    rows = rows if order == "shortest" else rows[::-1]
    sign = -1 if arm else 1

    def ends(fit: CoxFit) -> tuple[float, float]:
        away = sign * fit.coef[0]
        return away, away - 1.959963984540054 * fit.se[0]

    to_null = _first(rows, survival, lambda changed: ends(_fit(changed, marked))[0] <= 0)
    to_interval = _first(rows, survival, lambda changed: ends(_fit(changed, marked))[1] <= 0)
    larger = _has_larger_median(survival, marked, arm)
    to_median = _first(rows, survival, lambda changed: not _has_larger_median(changed, marked, arm)) if larger else None
    return TippingDeaths(
        arm,
        observed.hazard_ratio[0],
        survival.n,
        survival.n_events,
        rows.size,
        to_interval,
        to_null,
        to_median,
        () if larger else ("the arm with the lower hazard has not the larger median",),
        f"censored patients with the {order} follow-up counted as deaths at last contact until the result tips; "
        "Cox model, Kaplan-Meier medians",
    )


def draw_missed_deaths(
    survival: Survival,
    group: Any,
    *,
    recorded: tuple[tuple[float, float], tuple[float, float]],
    seed: int,
    n_draws: int = 1000,
) -> MissedDeaths:
    """The hazard ratio if only part of the deaths are recorded, the part being known up to a range for each arm.

    Per draw and arm a share recorded is drawn evenly from its range; the deaths missed, deaths times (1 / share - 1),
    are put on randomly chosen censored patients of the arm, at last contact. Deterministic where both ends of a range
    are equal and by the seed.

    Args:
        survival: follow-up of both arms.
        group: 1 or 0 per patient.
        recorded: lowest and highest share of deaths that are recorded, in the group marked 0 and in that marked 1.
        seed: of the draws.
        n_draws: number of draws.

    Raises:
        UnusableInputError: a share outside (0, 1], a group that is not 0 or 1, fewer than 2 draws.
        EstimationError: an arm is missing or there are no events.

    Source: Lash, Fox and Fink 2009, Applying Quantitative Bias Analysis, chapter 6 (records of outcomes).
    """
    marked = _two_groups(survival, group)
    if not all(0 < low <= high <= 1 for low, high in recorded) or n_draws < 2:
        raise UnusableInputError(f"shares recorded must lie above 0, up to 1, low before high, got {recorded}")
    observed = _fit(survival, marked)
    random = np.random.default_rng(seed)
    ratios, missed = np.empty(n_draws), np.zeros((n_draws, 2))
    for number in range(n_draws):
        event = survival.event.copy()
        for arm, bounds in enumerate(recorded):
            in_arm = marked == bool(arm)
            deaths, alive = int((in_arm & survival.event).sum()), np.flatnonzero(in_arm & ~survival.event)
            count = min(alive.size, round(deaths * (1 / random.uniform(*bounds) - 1)))
            event[random.choice(alive, count, replace=False)] = True
            missed[number, arm] = count
        fit = _fit(Survival(survival.time, event, survival.entry), marked)
        ratios[number] = fit.coef[0] + fit.se[0] * random.standard_normal()
    low, median, high = np.exp(np.quantile(ratios, [0.025, 0.5, 0.975]))
    means = missed.mean(axis=0)
    return MissedDeaths(
        observed.hazard_ratio[0],
        float(median),
        float(low),
        float(high),
        float((ratios * observed.coef[0] < 0).mean()),
        survival.n,
        survival.n_events,
        (float(means[0]), float(means[1])),
        n_draws,
        seed,
        f"probabilistic bias analysis of missed deaths, {n_draws} draws with random error, seed {seed}",
    )


def _two_groups(survival: Survival, group: Any) -> BoolArray:
    given = finite_vector(group, "group", size=survival.n)
    refuse_rows(~np.isin(given, (0.0, 1.0)), "group must be 0 or 1")
    if not 0 < given.sum() < given.size:
        raise EstimationError("both arms need patients; one has none")
    return given.astype(np.bool_)


def _fit(survival: Survival, marked: BoolArray) -> CoxFit:
    return fit_cox(survival, marked.astype(np.float64), terms=["group"])


def _first(rows: IntArray, survival: Survival, is_tipped: Callable[[Survival], bool]) -> int | None:
    """The least number of rows that tip the result when they turn into deaths, by halving; None when not even all."""

    def tips(count: int) -> bool:
        event = survival.event.copy()
        event[rows[:count]] = True
        return is_tipped(Survival(survival.time, event, survival.entry))

    if not tips(rows.size):
        return None
    low, high = 0, int(rows.size)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if tips(middle) else (middle + 1, high)
    return low


def _has_larger_median(survival: Survival, marked: BoolArray, arm: int) -> bool:
    medians = [_median(survival.select(marked == bool(one))) for one in (arm, 1 - arm)]
    return bool(medians[0] > medians[1])


def _median(survival: Survival) -> float:
    found = compute_kaplan_meier(survival).quantile().estimate
    return np.inf if found is None else found
