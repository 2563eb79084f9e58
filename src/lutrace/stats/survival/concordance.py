"""Harrell's concordance of a risk score with survival, with its standard error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import FloatArray, IntArray, finite_vector, label_codes, sum_by
from lutrace.stats.survival.observations import Survival, row_weights, stratum_rows


@dataclass(frozen=True)
class Concordance:
    """The share of comparable pairs in which the patient of higher risk has the event first; ties in risk count half.

    A pair is comparable when one has the event while the other is at risk, within a stratum; pairs with events at the
    same time are not. With case weights a pair counts as the product of its weights. `se` is the infinitesimal
    jackknife's (R survival `concordance`), over clusters when there are any.
    """

    estimate: float
    se: float
    n_concordant: float
    n_discordant: float
    n_tied: float
    method: str


def compute_concordance(
    survival: Survival,
    risk: Any,
    *,
    strata: Any = None,
    weights: Any = None,
    clusters: Any = None,
    event_weights: Any = None,
) -> Concordance:
    """Harrell's concordance (0 to 1) of `risk`, higher meaning earlier events, with its standard error.

    Args:
        survival: follow-up of n rows, with or without delayed entry.
        risk: risk score, shape (n,).
        strata: label of each row's stratum, or None; only rows of one stratum are compared.
        weights: case weight of each row, above 0, or None.
        clusters: label of what is independent, or None for each row.
        event_weights: what the pairs of each row's event weigh beside the case weights, at or above 0, or None.

    Raises:
        UnusableInputError: a length differs or a value is missing.
        EstimationError: no pair is comparable.

    Source: Harrell et al. 1982; Therneau and Watson 2017 (technical report 85, Mayo Clinic).

    >>> from lutrace.stats import survival_of
    >>> round(compute_concordance(survival_of([1, 2, 3], [1, 1, 0]), [3, 1, 2]).estimate, 3)  # 2 of 3 pairs
    0.667
    """
    scores = finite_vector(risk, "risk")
    if scores.size != survival.n:
        raise UnusableInputError(f"risk must hold one score per patient ({survival.n}), got {scores.size}")
    case = row_weights(weights, survival.n)
    pull = np.ones(survival.n) if event_weights is None else finite_vector(event_weights, "weights", size=survival.n)
    balance, pairs, counts = np.zeros(survival.n), np.zeros(survival.n), np.zeros(3)
    for rows in stratum_rows(strata, survival.n):
        entry = None if survival.entry is None else survival.entry[rows]
        own = Survival(survival.time[rows], survival.event[rows], entry)
        part = _compare(own, scores[rows], case[rows], pull[rows])
        balance[rows], pairs[rows] = part[0], part[1]
        counts += part[2]
    concordant, discordant, tied = (float(number) for number in counts)
    total = concordant + discordant + tied
    if total == 0:
        raise EstimationError("no pair of patients is comparable: no event came while another patient was at risk")
    net = (concordant - discordant) / total
    influence = case * (balance - net * pairs) / (2 * total)
    if clusters is not None:
        influence = sum_by(influence, label_codes(clusters, "clusters", survival.n))
    return Concordance(
        (net + 1) / 2,
        float(np.sqrt(influence @ influence)),
        concordant,
        discordant,
        tied,
        "Harrell's concordance, infinitesimal jackknife standard error",
    )


def _compare(
    survival: Survival, risk: FloatArray, weights: FloatArray, pull: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Per row the weight of concordant less discordant pairs and of all; overall that of the three kinds of pair."""
    rank = np.unique(risk, return_inverse=True)[1]
    balance, pairs = _compare_with_outlived(survival, rank, weights * pull)
    lower, equal, higher = (part * pull[survival.event] for part in _compare_with_survivors(survival, rank, weights))
    balance[survival.event] += lower - higher
    pairs[survival.event] += lower + equal + higher
    own = weights[survival.event]
    return balance, pairs, np.array([own @ lower, own @ higher, own @ equal])


def _compare_with_survivors(
    survival: Survival, rank: IntArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Per event, the weight of those then at risk without the event who are of lower, equal and higher risk."""
    time, event = survival.time, survival.event
    own = time[event]
    order = np.lexsort((~event, time))
    n_tied = np.searchsorted(np.sort(own), own, side="right") - np.searchsorted(np.sort(own), own, side="left")
    starts = np.searchsorted(time[order], own, side="left") + n_tied
    ends = np.full(own.size, time.size)
    lower, equal, later = _sum_ranks(rank[order], weights[order], starts, ends, rank[event])
    if survival.entry is not None:
        by_entry = np.argsort(survival.entry, kind="stable")
        starts = np.searchsorted(survival.entry[by_entry], own, side="left")
        late = _sum_ranks(rank[by_entry], weights[by_entry], starts, ends, rank[event])
        lower, equal, later = lower - late[0], equal - late[1], later - late[2]
    return lower, equal, later - lower - equal


def _compare_with_outlived(survival: Survival, rank: IntArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Per row, over the events that it outlived: the weight of those of higher less those of lower risk, and of all."""
    time, event = survival.time, survival.event
    order = np.flatnonzero(event)[np.argsort(time[event], kind="stable")]
    times = time[order]
    ends = np.where(event, np.searchsorted(times, time, side="left"), np.searchsorted(times, time, side="right"))
    starts = np.zeros_like(ends)
    if survival.entry is not None:
        starts = np.searchsorted(times, survival.entry, side="right")
    lower, equal, met = _sum_ranks(rank[order], weights[order], starts, ends, rank)
    return met - lower - equal - lower, met


def _sum_ranks(
    ranks: IntArray, weights: FloatArray, starts: IntArray, ends: IntArray, bounds: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """For each query, the weight of ranks[start:end] that lie below its bound, of those that equal it, and of all.

    A wavelet matrix (Claude, Navarro and Ordonez 2015): one pass per bit of the largest rank, all queries at once.
    """
    below = np.zeros(bounds.size)
    low, high = starts.copy(), ends.copy()
    level, heavy = ranks, weights
    running = np.concatenate([[0.0], np.cumsum(weights)])
    everything = running[ends] - running[starts]
    top = int(max(ranks.max(initial=0), bounds.max(initial=0))).bit_length()
    for bit in range(top - 1, -1, -1):
        is_one = (level >> bit & 1).astype(np.bool_)
        zeros = np.concatenate([[0], np.cumsum(~is_one)])
        running = np.concatenate([[0.0], np.cumsum(np.where(is_one, 0.0, heavy))])
        goes_up = (bounds >> bit & 1).astype(np.bool_)
        below += np.where(goes_up, running[high] - running[low], 0.0)
        zeros_low, zeros_high = zeros[low], zeros[high]
        low = np.where(goes_up, zeros[-1] + low - zeros_low, zeros_low)
        high = np.where(goes_up, zeros[-1] + high - zeros_high, zeros_high)
        level = np.concatenate([level[~is_one], level[is_one]])
        heavy = np.concatenate([heavy[~is_one], heavy[is_one]])
    running = np.concatenate([[0.0], np.cumsum(heavy)])
    return below, running[high] - running[low], everything
