"""What says whether a Cox fit may be believed: proportional hazards, influential patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from lutrace.stats.arrays import FloatArray
from lutrace.stats.cox.likelihood import Averages, Stratum, average_stratum, sum_variances
from lutrace.stats.survival.kaplan_meier import compute_kaplan_meier
from lutrace.stats.survival.observations import Survival

_SINGULAR = 1e-10
"""Smallest eigenvalue of a scaled information below which there is no information on change with time."""


@dataclass(frozen=True)
class PhTest:
    """The score test that a coefficient (or, for `global`, all of them) does not change with time."""

    term: str
    statistic: float
    df: int
    p: float


@dataclass(frozen=True)
class Influence:
    """How a coefficient would change without one row: `dfbetas` in standard errors, approximately."""

    row: int
    term: str
    dfbetas: float


def compute_ph_tests(
    survival: Survival, strata: Sequence[Stratum], coef: FloatArray, *, terms: Sequence[str]
) -> tuple[PhTest, ...]:
    """Tests of proportional hazards per term and, last, of all terms, against the Kaplan-Meier transform of time.

    The score test of an added covariate times g(t), g = 1 - S(t-) of all patients together, as R `cox.zph` (survival
    3) with transform "km". A test that the data cannot give (one event time, say) is left out.
    Source: Grambsch and Therneau 1994; Therneau, survival vignette "approximate zph".
    """
    curve = compute_kaplan_meier(survival)
    p = len(terms)
    score, information = np.zeros(2 * p), np.zeros((2 * p, 2 * p))
    for stratum in strata:
        found = average_stratum(stratum, coef)
        term_times = stratum.sets.time[stratum.sets.group]
        g = _failed_before(curve.time, curve.survival, term_times)
        residuals = stratum.covariates[stratum.sets.event_rows] - found.means
        score += np.concatenate([residuals.sum(axis=0), g @ residuals])
        blocks = [sum_variances(stratum, found, g**power) for power in (0, 1, 2)]
        information += np.block([[blocks[0], blocks[1]], [blocks[1], blocks[2]]])
    tests = [_score_test(score, information, p, [number], term) for number, term in enumerate(terms)]
    tests.append(_score_test(score, information, p, list(range(p)), "global"))
    return tuple(test for test in tests if test is not None)


def compute_dfbeta(strata: Sequence[Stratum], coef: FloatArray, *, covariance: FloatArray, n: int) -> FloatArray:
    """The approximate change of each coefficient by each of n rows, (n, p): score residuals times the covariance.

    Source: Cain and Lange 1984; tied events by Efron's average as R `residuals(fit, "dfbeta")`.
    """
    residuals = np.zeros((n, coef.size))
    for stratum in strata:
        residuals[stratum.rows] = _score_residuals(stratum, average_stratum(stratum, coef))
    return residuals @ covariance


def select_influential(
    dfbeta: FloatArray, se: FloatArray, terms: Sequence[str], *, threshold: float | None = None
) -> tuple[Influence, ...]:
    """The rows that move a coefficient by more than `threshold` standard errors, strongest first.

    The default threshold is 2 / sqrt(n) (Belsley, Kuh and Welsch 1980).
    """
    limit = 2 / np.sqrt(dfbeta.shape[0]) if threshold is None else threshold
    scaled = dfbeta / se
    rows, columns = np.nonzero(np.abs(scaled) > limit)
    found = [
        Influence(int(row), terms[int(column)], float(scaled[row, column]))
        for row, column in zip(rows, columns, strict=True)
    ]
    return tuple(sorted(found, key=lambda one: -abs(one.dfbetas)))


def _failed_before(times: FloatArray, survival: FloatArray, asked: FloatArray) -> FloatArray:
    before = np.concatenate([[1.0], survival])[np.searchsorted(times, asked, side="left")]
    failed: FloatArray = 1 - before
    return failed


def _score_test(score: FloatArray, information: FloatArray, p: int, numbers: list[int], name: str) -> PhTest | None:
    kept = [*range(p), *(p + number for number in numbers)]
    part, block = score[kept], information[np.ix_(kept, kept)]
    scale = np.sqrt(np.maximum(np.diag(block), np.finfo(float).tiny))
    standard = block / np.outer(scale, scale)
    if np.linalg.eigvalsh(standard)[0] < _SINGULAR:
        return None
    statistic = float(part / scale @ np.linalg.solve(standard, part / scale))
    return PhTest(name, statistic, len(numbers), float(chdtrc(len(numbers), statistic)))


def _score_residuals(stratum: Stratum, averages: Averages) -> FloatArray:
    sets, x = stratum.sets, stratum.covariates
    exposure = averages.weights * sets.collect(averages.inverse)
    drift = averages.weights[:, None] * sets.collect(averages.means * averages.inverse[:, None])
    residuals: FloatArray = drift - x * exposure[:, None]
    has_event = sets.own_group >= 0
    tied_means = sets.sum_terms(averages.means) / sets.n_events[:, None]
    residuals[has_event] += x[has_event] - tied_means[sets.own_group[has_event]]
    return residuals
