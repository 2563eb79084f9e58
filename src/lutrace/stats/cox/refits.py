"""A Cox model fitted anew in many samples of its rows: bootstrap samples, or each patient left out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lutrace.core import EstimationError, UnsupportedError, UnusableInputError
from lutrace.stats.arrays import FloatArray, IntArray, label_codes
from lutrace.stats.cox.fit import fit_cox
from lutrace.stats.cox.maximum import is_settled, must_renew
from lutrace.stats.cox.result import CoxFit
from lutrace.stats.cox.risk_order import RiskOrder, find_risk_order
from lutrace.stats.cox.risk_sums import Part, RiskSets, compute_risk_sets

_TOGETHER = 16_384
"""Rows of samples that are worked on at once: they fit the cache."""
_MAX_STEPS = 12
_SETTLED = 1e-9
"""Step still to come, in standard deviations of each covariate, below which the maximum counts as found."""
_FARTHEST = 5.0
"""Step, in standard deviations of a covariate, from which on a sample is fitted alone, by shorter steps."""
_DOUBTFUL = 1e-6
"""Share of the model's own information at zero below which a sample is fitted alone, with all that is checked there."""


def refit_cox(fit: CoxFit, samples: Sequence[IntArray]) -> FloatArray:
    """The coefficients of the model in each of k samples, (k, p); NaN in a sample in which it cannot be estimated.

    They are those of `fit_cox` for the rows of the sample, to about 1e-9 per standard deviation of a covariate.

    Args:
        fit: a model without penalty.
        samples: the row numbers (from 0) of each sample, repeated where a row is drawn twice.

    The samples are strata of one order of rows, so that a step of Newton's method is taken in all of them at once,
    from about what each row adds to the estimate of `fit`. A sample that does not settle within a few steps is fitted
    alone.

    Raises:
        UnusableInputError: no samples, an empty one, or a row that there is not.
        UnsupportedError: a penalised model.

    >>> from lutrace.stats import fit_cox, survival_of
    >>> fit = fit_cox(survival_of([1, 2, 3, 4, 5], [1, 1, 0, 1, 1]), [1, 0, 1, 0, 1], terms=["x"])
    >>> coef = refit_cox(fit, [np.array([0, 1, 2, 3, 4]), np.array([1, 1, 3])])
    >>> bool(abs(coef[0, 0] - fit.coef[0]) < 1e-9), bool(np.isnan(coef[1, 0]))
    (True, True)
    """
    given, n = fit.basis.given, fit.n
    if fit.penalty != "none":
        raise UnsupportedError(f"a model with a penalty ({fit.penalty}) is not refitted; fit each sample by itself")
    sizes = np.array([len(rows) for rows in samples])
    if not sizes.size or not sizes.min() or any(rows.min() < 0 or rows.max() >= n for rows in samples):
        raise UnusableInputError(f"each sample must hold rows of the model, numbered from 0 to {n - 1}")
    coef = np.full((sizes.size, len(fit.terms)), np.nan)
    has_events = np.array([bool(given.survival.event[rows].any()) for rows in samples])
    strata = None if given.strata is None else label_codes(given.strata, "strata", n)
    for numbers in _share_out(np.flatnonzero(has_events), sizes):
        together = _Samples.of(fit, [samples[number] for number in numbers], strata)
        coef[numbers] = together.maximise(fit)
    for number in np.flatnonzero(has_events & np.isnan(coef[:, 0])).tolist():
        survival, covariates, labels, rows = given.select(samples[number])
        try:
            alone = fit_cox(survival, covariates, terms=fit.terms, strata=labels, ties=fit.ties, rows=rows)
        except EstimationError:
            continue
        coef[number] = alone.coef
    return coef


def _share_out(numbers: IntArray, sizes: IntArray) -> Iterator[IntArray]:
    """The numbers of the samples that are fitted together."""
    turn = np.cumsum(sizes[numbers]) // _TOGETHER
    for one in np.unique(turn):
        yield numbers[turn == one]


@dataclass(frozen=True, eq=False)
class _Samples:
    """Samples as strata of one order of rows; `scale` turns its coefficients into those per unit of a covariate."""

    order: RiskOrder
    parts: tuple[Part, ...]
    scale: FloatArray
    start: FloatArray
    """About the coefficients of each sample, per unit: those of the model, and what each row drawn adds to them."""

    @classmethod
    def of(cls, fit: CoxFit, samples: Sequence[IntArray], strata: IntArray | None) -> _Samples:
        taken = np.concatenate(samples)
        number = np.repeat(np.arange(len(samples)), [len(rows) for rows in samples])
        labels = number if strata is None else number * (int(strata.max()) + 1) + strata[taken]
        survival, covariates, _, rows = fit.basis.given.select(taken)
        order, _, scale = find_risk_order(survival, covariates, strata=labels, ties=fit.ties, rows=rows)
        sample = number[order.rows]
        rows_at, edges = np.searchsorted(sample, np.arange(len(samples) + 1)), order.groups.first_row
        groups_at = np.searchsorted(edges, rows_at)
        tied_at = np.searchsorted(order.groups.tied, groups_at)
        starts = np.column_stack([rows_at, groups_at, tied_at]).tolist()
        parts = tuple(
            Part(*(slice(start, end) for start, end in zip(one, after, strict=True)))
            for one, after in itertools.pairwise(starts)
        )
        start = np.asarray(fit.coef) + np.array([fit.dfbeta[drawn].sum(axis=0) for drawn in samples])
        return cls(order, parts, scale, start)

    @np.errstate(divide="ignore", invalid="ignore", over="ignore")
    def maximise(self, fit: CoxFit) -> FloatArray:
        """The coefficients per unit of a covariate, (k, p); NaN where they did not settle without doubt."""
        share = np.array([[part.rows.stop - part.rows.start] for part in self.parts]) / fit.n
        reference = share * np.diag(fit.basis.at_zero.information) * (self.scale / fit.basis.given.scale) ** 2
        coef = self.start * self.scale
        held = np.tile(np.eye(self.scale.size), (len(self.parts), 1, 1))
        settled, doubtful = np.zeros((2, len(self.parts)), dtype=np.bool_)
        last = np.full(len(self.parts), np.inf)
        for n_steps in range(1, _MAX_STEPS + 1):
            found = self._at(coef)
            gradient = self._gradient(found)
            step = _solve(held, gradient)
            length = np.abs(step).max(axis=1)
            due = must_renew(length, last) | (n_steps == 1)
            renewed = np.flatnonzero(due & ~settled & ~doubtful)
            if renewed.size:
                held[renewed] = found.split_variances([self.parts[number] for number in renewed])
                doubtful[renewed] = _is_spent(held[renewed], reference[renewed])
                held[doubtful] = np.eye(self.scale.size)
                step[renewed] = _solve(held[renewed], gradient[renewed])
                length = np.abs(step).max(axis=1)
            doubtful |= ~(length < _FARTHEST) & ~settled
            now = is_settled(length, last, within=_SETTLED)
            step[settled | doubtful] = 0.0
            coef += step
            settled, last = settled | (now & ~doubtful), length
            if (settled | doubtful).all():
                break
        coef[~settled] = np.nan
        return coef / self.scale

    def _at(self, coef: FloatArray) -> RiskSets:
        ends = [part.rows.stop for part in self.parts]
        own = np.repeat(coef, np.diff(ends, prepend=0), axis=0)
        return compute_risk_sets(self.order, np.einsum("ij,ij->i", self.order.covariates, own))

    def _gradient(self, found: RiskSets) -> FloatArray:
        starts = [part.rows.start for part in self.parts]
        return np.add.reduceat(self.order.covariates * found.residual[:, None], starts, axis=0)


def _solve(information: FloatArray, gradient: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.solve(information, gradient[:, :, None])[:, :, 0], dtype=np.float64)


def _is_spent(information: FloatArray, reference: FloatArray) -> FloatArray:
    """Whether a direction has so little information left (or none that is a number) that the sample is doubtful."""
    scale = np.sqrt(reference)
    scaled = information / (scale[:, :, None] * scale[:, None, :])
    known = np.isfinite(scaled).all(axis=(1, 2))
    scaled[~known] = 0.0
    return np.asarray(~(np.linalg.eigvalsh(scaled)[:, 0] > _DOUBTFUL))
