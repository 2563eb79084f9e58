"""The median survival of one cohort, if part of its deaths are missing from the records or recorded in error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.survival.kaplan_meier import compute_kaplan_meier
from lutrace.stats.survival.observations import Survival

Shares = tuple[float, float]


@dataclass(frozen=True)
class CorrectedMedian:
    """Medians over draws of which deaths were missed or false: `low` to `high` holds 95 % of the draws.

    `median` is the middle draw; each is None where that many draws do not reach a median. The draws vary by what is not
    known of the records only: `observed_low` and `observed_high` are the interval by chance of the records as they are.
    `mean_missed` and `mean_false` are the deaths added and taken back on average.
    """

    observed: float | None
    observed_low: float | None
    observed_high: float | None
    median: float | None
    low: float | None
    high: float | None
    mean_missed: float
    mean_false: float
    n: int
    n_events: int
    n_draws: int
    seed: int
    method: str


def draw_missed_medians(
    survival: Survival, *, sensitivity: Shares, specificity: Shares = (1.0, 1.0), seed: int, n_draws: int = 500
) -> CorrectedMedian:
    """The Kaplan-Meier median, in the unit of the times, if records know deaths only so well.

    Per draw a sensitivity s and a specificity c are drawn evenly from their ranges. With n patients of whom d are
    recorded dead, the deaths in truth are D = (d - n (1 - c)) / (s + c - 1), of which (1 - s) D were missed and
    (1 - c) (n - D) of the recorded are false (Rogan and Gladen 1978). So many randomly chosen recorded deaths become
    censored, and so many censored patients die at the end of their follow-up: as deaths are taken to be missed whenever
    they come, those whose follow-up ends nearest to the days of randomly chosen recorded deaths.

    That end must be the last sign of life: who is carried to a data cut would die there, and little would change.

    Args:
        survival: follow-up, any unit.
        sensitivity: lowest and highest share of deaths that the records know.
        specificity: lowest and highest share of the living who are not recorded as dead.
        seed: of the draws.
        n_draws: number of draws.

    Raises:
        UnusableInputError: a share that is not above 0 and up to 1, low above high, or fewer than 2 draws.
        EstimationError: sensitivity and specificity that together tell nothing (their sum is 1 or less).

    Source: Lash, Fox and Fink 2009, Applying Quantitative Bias Analysis, chapter 6; Rogan and Gladen 1978, Am J
    Epidemiol 107:71.

    >>> from lutrace.stats import survival_of
    >>> follow_up = survival_of([1, 2, 3, 4], [1, 1, 0, 1])
    >>> found = draw_missed_medians(follow_up, sensitivity=(0.75, 0.75), seed=1, n_draws=10)
    >>> found.observed, found.median, found.mean_missed
    (3.0, 2.5, 1.0)
    """
    for name, (low, high) in (("sensitivity", sensitivity), ("specificity", specificity)):
        if not 0 < low <= high <= 1:
            raise UnusableInputError(
                f"{name} must be two shares above 0 and up to 1, low before high, got {low}, {high}"
            )
    if n_draws < 2:
        raise UnusableInputError(f"n_draws must be at least 2, got {n_draws}")
    if sensitivity[0] + specificity[0] <= 1:
        raise EstimationError(
            f"a sensitivity of {sensitivity[0]:g} and a specificity of {specificity[0]:g} tell nothing of who died: "
            "their sum must be above 1"
        )
    observed = compute_kaplan_meier(survival).quantile()
    random = np.random.default_rng(seed)
    medians, moved = np.empty(n_draws), np.zeros((n_draws, 2))
    for number in range(n_draws):
        known, spared = random.uniform(*sensitivity), random.uniform(*specificity)
        event, moved[number] = _redraw(survival, known, spared, random)
        found = compute_kaplan_meier(Survival(survival.time, event, survival.entry)).quantile().estimate
        medians[number] = np.inf if found is None else found
    lowest, middle, highest = (
        _finite(np.quantile(medians, share, method="inverted_cdf")) for share in (0.025, 0.5, 0.975)
    )
    missed, false = moved.mean(axis=0)
    return CorrectedMedian(
        observed.estimate,
        observed.low,
        observed.high,
        middle,
        lowest,
        highest,
        float(missed),
        float(false),
        survival.n,
        survival.n_events,
        n_draws,
        seed,
        f"quantitative bias analysis of recorded deaths, {n_draws} draws, seed {seed}; Kaplan-Meier median of each",
    )


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _redraw(survival: Survival, known: float, spared: float, random: np.random.Generator) -> tuple[np.ndarray, Shares]:
    """The events after one draw, and how many deaths were added and taken back."""
    dead, alive = np.flatnonzero(survival.event), np.flatnonzero(~survival.event)
    in_truth = (dead.size - survival.n * (1 - spared)) / (known + spared - 1)
    in_truth = min(max(in_truth, 0.0), survival.n)
    n_missed = min(alive.size, round((1 - known) * in_truth))
    n_false = min(dead.size, round((1 - spared) * (survival.n - in_truth)))
    event = survival.event.copy()
    event[random.choice(dead, n_false, replace=False)] = False
    ends, places = survival.time[alive].copy(), survival.time[dead]
    for day in random.choice(places, n_missed) if dead.size else ():
        nearest = int(np.abs(ends - day).argmin())
        event[alive[nearest]] = True
        ends[nearest] = np.inf
    return event, (n_missed, n_false)
