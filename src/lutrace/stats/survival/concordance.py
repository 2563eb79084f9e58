"""Harrell's concordance of a risk score with survival, with its standard error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import FloatArray, IntArray, finite_vector
from lutrace.stats.survival.observations import Survival, stratum_rows


@dataclass(frozen=True)
class Concordance:
    """The share of comparable pairs in which the patient of higher risk has the event first; ties in risk count half.

    A pair is comparable when one has the event while the other is at risk, within a stratum; pairs with events at the
    same time are not. `se` is the infinitesimal jackknife's (R survival `concordance`).
    """

    estimate: float
    se: float
    n_concordant: int
    n_discordant: int
    n_tied: int
    method: str


def compute_concordance(survival: Survival, risk: Any, *, strata: Any = None) -> Concordance:
    """Harrell's concordance (0 to 1) of `risk`, higher meaning earlier events, with its standard error.

    Args:
        survival: follow-up of n patients, with or without delayed entry.
        risk: risk score, shape (n,).
        strata: label of each patient's stratum, or None; only patients of one stratum are compared.

    Raises:
        UnusableInputError: a length differs or a value is missing.
        EstimationError: no pair is comparable.

    Source: Harrell et al. 1982; Therneau and Watson 2017 (technical report 85, Mayo Clinic).
    """
    scores = finite_vector(risk, "risk")
    if scores.size != survival.n:
        raise UnusableInputError(f"risk must hold one score per patient ({survival.n}), got {scores.size}")
    balance, pairs = np.zeros(survival.n), np.zeros(survival.n)
    counts = np.zeros(3, dtype=np.int64)
    for rows in stratum_rows(strata, survival.n):
        entry = None if survival.entry is None else survival.entry[rows]
        part = _compare(Survival(survival.time[rows], survival.event[rows], entry), scores[rows])
        balance[rows], pairs[rows] = part[0], part[1]
        counts += part[2]
    concordant, discordant, tied = (int(number) for number in counts)
    total = concordant + discordant + tied
    if total == 0:
        raise EstimationError("no pair of patients is comparable: no event came while another patient was at risk")
    net = (concordant - discordant) / total
    influence = (balance - net * pairs) / (2 * total)
    return Concordance(
        (net + 1) / 2,
        float(np.sqrt(influence @ influence)),
        concordant,
        discordant,
        tied,
        "Harrell's concordance, infinitesimal jackknife standard error",
    )


def _compare(survival: Survival, risk: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
    """Per row concordant minus discordant pairs and all its pairs; overall concordant, discordant, tied pairs."""
    rank = np.unique(risk, return_inverse=True)[1]
    balance, pairs = _compare_with_outlived(survival, rank)
    lower, equal, higher = _compare_with_survivors(survival, rank)
    balance[survival.event] += lower - higher
    pairs[survival.event] += lower + equal + higher
    return balance, pairs, np.array([lower.sum(), higher.sum(), equal.sum()])


def _compare_with_survivors(survival: Survival, rank: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Per event, the patients then at risk and not having the event who are of lower, equal and higher risk."""
    time, event = survival.time, survival.event
    own = time[event]
    order = np.lexsort((~event, time))
    n_tied = np.searchsorted(np.sort(own), own, side="right") - np.searchsorted(np.sort(own), own, side="left")
    starts = np.searchsorted(time[order], own, side="left") + n_tied
    ends = np.full(own.size, time.size)
    lower, equal = _count_ranks(rank[order], starts, ends, rank[event])
    later = ends - starts
    if survival.entry is not None:
        by_entry = np.argsort(survival.entry, kind="stable")
        starts = np.searchsorted(survival.entry[by_entry], own, side="left")
        lower_late, equal_late = _count_ranks(rank[by_entry], starts, ends, rank[event])
        lower, equal, later = lower - lower_late, equal - equal_late, later - (ends - starts)
    return lower, equal, later - lower - equal


def _compare_with_outlived(survival: Survival, rank: IntArray) -> tuple[FloatArray, FloatArray]:
    """Per row, over the events that it outlived: those of higher less those of lower risk, and all of them."""
    time, event = survival.time, survival.event
    order = np.argsort(time[event], kind="stable")
    times, ranks = time[event][order], rank[event][order]
    ends = np.where(event, np.searchsorted(times, time, side="left"), np.searchsorted(times, time, side="right"))
    starts = np.zeros_like(ends)
    if survival.entry is not None:
        starts = np.searchsorted(times, survival.entry, side="right")
    lower, equal = _count_ranks(ranks, starts, ends, rank)
    met = ends - starts
    return (met - lower - equal - lower).astype(np.float64), met.astype(np.float64)


def _count_ranks(ranks: IntArray, starts: IntArray, ends: IntArray, bounds: IntArray) -> tuple[IntArray, IntArray]:
    """For each query, how many of ranks[start:end] lie below its bound, and how many equal it.

    A wavelet matrix (Claude, Navarro and Ordonez 2015): one pass per bit of the largest rank, all queries at once.
    """
    below = np.zeros(bounds.size, dtype=np.intp)
    low, high = starts.copy(), ends.copy()
    level = ranks
    top = int(max(ranks.max(initial=0), bounds.max(initial=0))).bit_length()
    for bit in range(top - 1, -1, -1):
        is_one = (level >> bit & 1).astype(np.bool_)
        zeros = np.concatenate([[0], np.cumsum(~is_one)])
        zeros_low, zeros_high = zeros[low], zeros[high]
        goes_up = (bounds >> bit & 1).astype(np.bool_)
        below += np.where(goes_up, zeros_high - zeros_low, 0)
        low = np.where(goes_up, zeros[-1] + low - zeros_low, zeros_low)
        high = np.where(goes_up, zeros[-1] + high - zeros_high, zeros_high)
        level = np.concatenate([level[~is_one], level[is_one]])
    return below, high - low
