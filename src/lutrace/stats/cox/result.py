"""What a Cox fit gives: estimates at once; robust errors, residuals and checks when asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.special import chdtrc

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import FloatArray, as_floats
from lutrace.stats.cox.basis import CoxBasis
from lutrace.stats.cox.diagnostics import Influence, PhTest, compute_ph_tests, select_influential
from lutrace.stats.cox.risk_order import Ties
from lutrace.stats.doubts import find_cluster_doubts, find_unit_doubts, has_robust_interval
from lutrace.stats.survival.concordance import Concordance, compute_concordance

MIN_EVENTS_PER_TERM = 10
"""Peduzzi et al. 1995: below ten events per variable estimates are biased and intervals too narrow."""
MIN_EXPOSED_EVENTS = 5


@dataclass(frozen=True)
class ModelTest:
    """A test that all coefficients are zero; `df` is not whole where a ridge shrinks them."""

    name: str
    statistic: float
    df: float
    p: float


@dataclass(frozen=True, eq=False)
class CoxFit:
    """A fitted proportional hazards model; tuples run over `terms`.

    `coef` and `se` are on the log hazard scale per unit of each covariate; `low` and `high` bound the hazard ratio.
    `robust_se` (Lin and Wei 1989, each cluster, or each row, on its own) stays right where hazards are not
    proportional; where it is well above `se`, an interval by `se` is too narrow. `is_robust` says that intervals, `z`
    and the Wald test go by it. `z` is coef over that error (Firth: the signed root of the penalised likelihood ratio),
    `p` belongs to it. `warnings` say in words what speaks against the fit. What is computed only when asked for is
    kept then.
    """

    terms: tuple[str, ...]
    coef: tuple[float, ...]
    se: tuple[float, ...]
    hazard_ratio: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    z: tuple[float, ...]
    p: tuple[float, ...]
    covariance: FloatArray
    """Of the model, (p, p)."""
    n: int
    n_events: int
    ties: Ties
    level: float
    loglik_null: float
    loglik: float
    penalty: str
    """none, ridge or firth."""
    notes: tuple[str, ...]
    method: str
    basis: CoxBasis = field(repr=False)

    @property
    def firth(self) -> bool:
        """Whether Firth's penalty was used."""
        return self.penalty == "firth"

    @property
    def is_robust(self) -> bool:
        """Whether intervals and tests use the robust errors."""
        return self.basis.is_robust

    @cached_property
    def n_strata(self) -> int:
        """Strata that hold events."""
        return int(self.basis.given.order.stratum_rows.size)

    @cached_property
    def n_clusters(self) -> int:
        """Clusters, or rows where each stands alone."""
        return self.basis.n_clusters or self.n

    @property
    def events_per_term(self) -> float:
        """Events per coefficient."""
        return self.n_events / len(self.terms)

    @cached_property
    def robust_covariance(self) -> FloatArray:
        """The sandwich covariance of the coefficients, (p, p)."""
        return self.basis.robust_covariance

    @cached_property
    def robust_se(self) -> tuple[float, ...]:
        """Robust standard errors."""
        return as_floats(np.sqrt(np.diag(self.basis.robust_covariance)))

    @property
    def dfbeta(self) -> FloatArray:
        """About the change of each coefficient by each row, times its case weight, (n, p)."""
        return self.basis.dfbeta

    @cached_property
    def tests(self) -> tuple[ModelTest, ...]:
        """Likelihood ratio, score and Wald test of the whole model; with robust errors also the robust score test.

        With Firth's penalty the penalised likelihood ratio alone; with a ridge there is no score test. Likelihood ratio
        and score test take rows as independent; no more clusters than coefficients leave these two alone.
        """
        ratio, p = 2 * (self.loglik - self.loglik_null), len(self.terms)
        if self.penalty == "firth":
            return (_chi_square_test("penalised likelihood ratio", ratio, p),)
        start, end = self.basis.at_zero, self.basis.sums
        df = p if self.penalty == "none" else float(np.trace(end.information @ self.basis.inverse))
        spread = self.robust_covariance if self.is_robust else self.covariance
        coef = np.asarray(self.coef)
        tests = [_chi_square_test("likelihood ratio", ratio, df)]
        if self.penalty == "none":
            score = float(start.gradient @ np.linalg.solve(start.information, start.gradient))
            tests.append(_chi_square_test("score", score, df))
        if self.is_robust and not has_robust_interval(self.basis.n_clusters, p):
            return tuple(tests)
        tests.append(_chi_square_test("Wald", float(coef @ np.linalg.solve(spread, coef)), df))
        if self.is_robust and self.penalty == "none":
            tests.append(_chi_square_test("robust score", self.basis.compute_robust_score(), df))
        return tuple(tests)

    @cached_property
    def ph_tests(self) -> tuple[PhTest, ...]:
        """Proportional hazards, Kaplan-Meier transform: one test per term, then `global`; none with a penalty."""
        return () if self.penalty != "none" else compute_ph_tests(self)

    @cached_property
    def influence(self) -> tuple[Influence, ...]:
        """Rows that move a coefficient by more than 2 / sqrt(n) standard errors, strongest first."""
        return select_influential(self.dfbeta, np.asarray(self.se), self.terms)

    @cached_property
    def concordance(self) -> Concordance | None:
        """Harrell's concordance of the linear predictor; None where no pair of patients is comparable."""
        given = self.basis.given
        try:
            return compute_concordance(
                given.survival,
                self.basis.risk_score,
                strata=given.strata,
                weights=self.basis.weights,
                clusters=self.basis.clusters,
            )
        except EstimationError:
            return None

    @cached_property
    def n_exposed_events(self) -> tuple[int | None, ...]:
        """For each covariate of two values the events in the value with fewer of them; None for any other."""
        given = self.basis.given
        counts: list[int | None] = []
        for column in given.covariates.T:
            low, high = column.min(), column.max()
            is_low = column == low
            events = int((is_low & given.survival.event).sum())
            counts.append(min(events, self.n_events - events) if (is_low | (column == high)).all() else None)
        return tuple(counts)

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What speaks against the fit, in words."""
        return (
            *self.notes,
            *find_unit_doubts(self.terms, self.hazard_ratio, self.low, self.high),
            *find_cluster_doubts(self.basis.n_clusters, len(self.terms)),
            *self._warn_of_sparsity(),
        )

    def _warn_of_sparsity(self) -> list[str]:
        """What to say of too few events for the model, in words; empty when there are enough."""
        warnings = []
        if self.events_per_term < MIN_EVENTS_PER_TERM:
            few = f"{self.events_per_term:.1f} events per term, below {MIN_EVENTS_PER_TERM}"
            warnings.append(f"{few}: estimates may be biased")
        too_few = "few, with Firth's penalty too" if self.firth else "too few for a Wald interval"
        for term, count in zip(self.terms, self.n_exposed_events, strict=True):
            if count is not None and count < MIN_EXPOSED_EVENTS:
                warnings.append(f"{term}: {count} events in its rarer group, below {MIN_EXPOSED_EVENTS}: {too_few}")
        return warnings


def compare_cox(larger: CoxFit, smaller: CoxFit) -> ModelTest:
    """The likelihood-ratio test of a Cox model against one of the same rows that lacks some of its terms.

    Raises:
        UnusableInputError: a penalised model, other rows, or no terms fewer.

    >>> from lutrace.stats import fit_cox, survival_of
    >>> follow_up = survival_of([4, 3, 1, 1, 2, 2, 3], [1, 1, 1, 0, 1, 1, 0])
    >>> both = fit_cox(follow_up, [[0, 1], [2, 0], [1, 1], [1, 0], [1, 0], [0, 1], [0, 0]], terms=["x", "z"])
    >>> one = fit_cox(follow_up, [0, 2, 1, 1, 1, 0, 0], terms=["x"])
    >>> compare_cox(both, one).df
    1
    """
    df = len(larger.terms) - len(smaller.terms)
    if df < 1 or (larger.n, larger.n_events) != (smaller.n, smaller.n_events):
        raise UnusableInputError("expected two models of the same rows, the second with fewer terms")
    if larger.penalty != "none" or smaller.penalty != "none":
        raise UnusableInputError("expected models without a penalty: a penalised likelihood ratio is another test")
    return _chi_square_test("likelihood ratio", 2 * (larger.loglik - smaller.loglik), df)


def _chi_square_test(name: str, statistic: float, df: float) -> ModelTest:
    """A test of the whole model by the chi-square distribution."""
    return ModelTest(name, statistic, df, float(chdtrc(df, max(statistic, 0.0))))
