"""What says whether a Cox fit may be believed: proportional hazards, influential patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import chdtrc
from scipy.stats import rankdata

from lutrace.core import UnsupportedError, UnusableInputError
from lutrace.stats.arrays import FloatArray
from lutrace.stats.survival.kaplan_meier import compute_kaplan_meier
from lutrace.stats.survival.observations import Survival

if TYPE_CHECKING:
    from lutrace.stats.cox.result import CoxFit

TimeTransform = Literal["km", "rank", "identity", "log"]
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


def compute_ph_tests(fit: CoxFit, *, transform: TimeTransform = "km") -> tuple[PhTest, ...]:
    """Tests of proportional hazards per term and, last, of all terms, against a transform of time.

    The score test of an added covariate times g(t), as R `cox.zph` (survival 3, terms = FALSE): g is 1 - S(t-) of all
    rows together without weights ("km"), the rank of t among all times, t itself, or its logarithm. Case weights and
    strata are the model's; robust errors play no part, as in R. A test that the data cannot give (one event time, say)
    is left out.

    Raises:
        UnusableInputError: an unknown transform, or the logarithm of an event at time 0.
        UnsupportedError: a penalised model.

    Source: Grambsch and Therneau 1994; Therneau, survival vignette "approximate zph".

    >>> from lutrace.stats import fit_cox, survival_of
    >>> fit = fit_cox(survival_of([1, 2, 3, 4, 5], [1, 1, 0, 1, 1]), [1, 0, 1, 0, 1], terms=["x"])
    >>> [test.term for test in compute_ph_tests(fit, transform="rank")]
    ['x', 'global']
    """
    if fit.penalty != "none":
        raise UnsupportedError(f"there is no test of proportional hazards with a penalty ({fit.penalty}); fit without")
    sums, p = fit.basis.sums, len(fit.terms)
    order, groups = sums.order, sums.order.groups
    factor = _transform_times(fit.basis.given.survival, groups.time, transform)
    factor = factor - float(factor @ groups.n_events) / groups.event_rows.size
    events = order.covariates[groups.event_rows]
    if order.weights is not None:
        events = events * order.weights[groups.event_rows, None]
    observed = np.add.reduceat(events, groups.first_event[:-1], axis=0)
    expected = sums.mean_covariates * groups.weight[:, None]
    score = np.concatenate([np.zeros(p), factor @ (observed - expected)])
    crossed, squared = sums.sum_variances(factor), sums.sum_variances(factor**2)
    information = np.block([[sums.information, crossed], [crossed, squared]])
    tests = [_score_test(score, information, p, [number], term) for number, term in enumerate(fit.terms)]
    tests.append(_score_test(score, information, p, list(range(p)), "global"))
    return tuple(test for test in tests if test is not None)


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


def _transform_times(survival: Survival, asked: FloatArray, transform: TimeTransform) -> FloatArray:
    match transform:
        case "km":
            curve = compute_kaplan_meier(survival)
            before = np.concatenate([[1.0], curve.survival])[np.searchsorted(curve.time, asked, side="left")]
            return np.asarray(1 - before, dtype=np.float64)
        case "rank":
            times, place = np.unique(survival.time, return_index=True)
            return np.asarray(rankdata(survival.time)[place][np.searchsorted(times, asked)], dtype=np.float64)
        case "identity":
            return asked
        case "log":
            if asked.min() <= 0:
                raise UnusableInputError("the transform log needs events after time 0; use km, rank or identity")
            return np.log(asked)
        case _:
            raise UnusableInputError(f"transform must be km, rank, identity or log, got {transform}")


def _score_test(score: FloatArray, information: FloatArray, p: int, numbers: list[int], name: str) -> PhTest | None:
    kept = [*range(p), *(p + number for number in numbers)]
    part, block = score[kept], information[np.ix_(kept, kept)]
    scale = np.sqrt(np.maximum(np.diag(block), np.finfo(float).tiny))
    standard = block / np.outer(scale, scale)
    if np.linalg.eigvalsh(standard)[0] < _SINGULAR:
        return None
    statistic = float(part / scale @ np.linalg.solve(standard, part / scale))
    return PhTest(name, statistic, len(numbers), float(chdtrc(len(numbers), statistic)))
