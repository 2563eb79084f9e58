"""Linear mixed models with a random intercept, and random slopes, of one grouping factor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import fdtrc, stdtr, stdtrit

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import FloatArray, IntArray, check_level, finite_vector, label_codes, sum_by
from lutrace.stats.regression.degrees import DfMethod, FTest, MixedBasis
from lutrace.stats.regression.design import INTERCEPT, Design, design_of
from lutrace.stats.regression.mixed_likelihood import MixedPoint, sum_groups
from lutrace.stats.regression.mixed_maximum import is_singular, maximise

_FEW_GROUPS = 10
_WORDS = {"kenward-roger": "Kenward and Roger's", "satterthwaite": "Satterthwaite's"}


@dataclass(frozen=True)
class RandomEffects:
    """Groups whose rows belong together (one label per row), each with its own intercept and the slopes named.

    `correlated` tells whether intercept and slopes of a group may be correlated. Several grouping factors are not
    modelled: with rows in scans in patients, say, give the larger unit.
    """

    groups: Any
    slopes: Sequence[str] = ()
    correlated: bool = True


@dataclass(frozen=True)
class ContrastTest:
    """A weighted sum of coefficients with its t test and interval, in the outcome's unit."""

    estimate: float
    se: float
    df: float
    t: float
    p: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class MixedFit:
    """A fitted linear mixed model; tuples run over `terms`, the intercept first.

    `coef`, `low` and `high` are in the outcome's unit per unit of the covariate. `se`, `t`, `df`, `p` and the interval
    follow `df_method`: Kenward and Roger's errors are larger than the model's own (`model_se`). `random_sd` and
    `random_correlation` describe the groups' deviations of `random_terms`; the correlation is NaN where a standard
    deviation is 0. `warnings` say in words what speaks against the fit.
    """

    terms: tuple[str, ...]
    coef: tuple[float, ...]
    se: tuple[float, ...]
    model_se: tuple[float, ...]
    df: tuple[float, ...]
    t: tuple[float, ...]
    p: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    random_terms: tuple[str, ...]
    random_sd: tuple[float, ...]
    random_covariance: FloatArray
    residual_sd: float
    loglik: float
    """The restricted one with REML."""
    n: int
    n_groups: int
    level: float
    is_reml: bool
    is_singular: bool
    df_method: DfMethod
    method: str
    warnings: tuple[str, ...]
    basis: MixedBasis = field(repr=False)

    @property
    def covariance(self) -> FloatArray:
        """Of the coefficients, as `df_method` uses it, (p, p)."""
        inner = self.basis.covariance(self.df_method)
        return np.asarray(self.basis.turn @ inner @ self.basis.turn.T, dtype=np.float64)

    @property
    def random_correlation(self) -> FloatArray:
        """Correlations of the random effects of a group, (q, q)."""
        sd = np.asarray(self.random_sd)
        with np.errstate(invalid="ignore"):
            return np.asarray(self.random_covariance / np.outer(sd, sd), dtype=np.float64)

    def compute_contrast(self, weights: Any) -> ContrastTest:
        """The sum of weights (one per term, the intercept's first) times coefficients.

        Raises:
            UnusableInputError: not one weight per term, or all are zero.
        """
        row = self._rows(finite_vector(weights, "weights", size=len(self.terms))[None, :])[0]
        se = float(np.sqrt(row @ self.basis.covariance(self.df_method) @ row))
        df = self.basis.compute_df(row, self.df_method)
        estimate = float(np.asarray(weights, dtype=np.float64) @ np.asarray(self.coef))
        half, t = float(stdtrit(df, 0.5 + self.level / 2)) * se, estimate / se
        return ContrastTest(estimate, se, df, t, 2 * float(stdtr(df, -abs(t))), estimate - half, estimate + half)

    def compute_joint_test(self, contrasts: Any) -> FTest:
        """Wald's F that several contrasts, shape (q, terms), are all zero, e.g. of a covariate of q + 1 classes.

        Raises:
            UnusableInputError: not one weight per term and contrast, or contrasts that repeat each other.
        """
        matrix = np.atleast_2d(np.asarray(contrasts, dtype=np.float64))
        rows = self._rows(matrix)
        f, df = self.basis.compute_f(rows, matrix @ np.asarray(self.coef), self.df_method)
        q = matrix.shape[0]
        return FTest(f, q, df, float(fdtrc(q, df, f)), f"Wald F, {_WORDS[self.df_method]} degrees of freedom")

    def _rows(self, matrix: FloatArray) -> FloatArray:
        """Contrasts of the terms as contrasts of the orthonormal columns."""
        if matrix.ndim != 2 or matrix.shape[1] != len(self.terms):
            raise UnusableInputError(f"a contrast needs one weight per term ({', '.join(self.terms)})")
        if np.linalg.matrix_rank(matrix) < matrix.shape[0]:
            raise UnusableInputError("contrasts must not be zero or repeat each other; leave out those that do")
        return np.asarray(matrix @ self.basis.turn, dtype=np.float64)


def fit_mixed(
    outcome: Any,
    covariates: Any,
    *,
    terms: Sequence[str],
    random: RandomEffects,
    reml: bool = True,
    level: float = 0.95,
    df_method: DfMethod = "kenward-roger",
) -> MixedFit:
    """The linear mixed model of an outcome on covariates, with an intercept, and random effects of groups.

    Args:
        outcome: n numbers.
        covariates: shape (n, p), without gaps.
        terms: the p names.
        random: the groups of rows, and which terms have a slope per group.
        reml: restricted likelihood; maximum likelihood otherwise (to compare models of other fixed effects).
        level: confidence level.
        df_method: Kenward and Roger's errors and degrees of freedom (REML only), or Satterthwaite's degrees.

    Raises:
        UnusableInputError: shapes differ, a value is missing, a slope is none of the terms.
        EstimationError: a covariate does not vary or repeats others, one group, no group with two rows, more random
            effects than rows, an outcome without residual, or no maximum.

    Source: Bates, Maechler, Bolker and Walker 2015, J Stat Softw 67(1) (profiled likelihood); Kenward and Roger 1997,
    Biometrics 53:983; Giesbrecht and Burns 1985, Biometrics 41:477, Fai and Cornelius 1996 (Satterthwaite).

    >>> patient = [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]
    >>> pain = [5, 4, 4, 7, 6, 4, 3, 3, 2, 6, 4, 5]
    >>> fit = fit_mixed(pain, [0, 1, 2] * 4, terms=["cycle"], random=RandomEffects(patient))
    >>> round(fit.coef[1], 3), round(fit.df[1], 3)
    (-0.75, 7.0)
    """
    check_level(level)
    if df_method not in _WORDS or (df_method == "kenward-roger" and not reml):
        raise UnusableInputError("df_method must be kenward-roger (with REML only) or satterthwaite")
    given = _prepare(outcome, covariates, terms, random)
    columns = given.design.matrix[:, [0, *given.places]] @ given.back
    fixed = np.column_stack([given.design.basis, given.rest])
    sums = sum_groups(columns, fixed, given.codes, is_diagonal=not random.correlated, is_reml=reml)
    return _complete(given, maximise(sums), level=level, df_method=df_method)


def split_within_between(values: Any, groups: Any) -> tuple[FloatArray, FloatArray]:
    """A covariate that changes within a group as its mean in the group and the deviation from it, (n,) each.

    As two covariates of a mixed model they tell what differs between patients from what changes within one; one
    coefficient for both would be a mixture of the two.

    Raises:
        UnusableInputError: a value or label is missing, or lengths differ.

    Source: Neuhaus and Kalbfleisch 1998, Biometrics 54:638.

    >>> mean, deviation = split_within_between([1, 3, 10], ["a", "a", "b"])
    >>> mean.tolist(), deviation.tolist()
    ([2.0, 2.0, 10.0], [-1.0, 1.0, 0.0])
    """
    array = finite_vector(values, "values")
    codes = label_codes(groups, "groups", array.size)
    means = (sum_by(array, codes) / np.bincount(codes))[codes]
    return means, array - means


@dataclass(frozen=True, eq=False)
class _Given:
    """What was given, in scaled columns: the least-squares fit `start` taken out, the rest in units of `unit`.

    `places` are the columns of random terms; `back` carries scaled random effects back to them.
    """

    design: Design
    random: RandomEffects
    codes: IntArray
    places: list[int]
    back: FloatArray
    start: FloatArray
    rest: FloatArray
    unit: float


def _prepare(outcome: Any, covariates: Any, terms: Sequence[str], random: RandomEffects) -> _Given:
    values = finite_vector(outcome, "outcome")
    design = design_of(covariates, terms, values.size)
    codes = label_codes(random.groups, "groups", values.size)
    slopes = list(random.slopes)
    if len(set(slopes)) != len(slopes) or not set(slopes) <= set(design.terms[1:]):
        raise UnusableInputError(f"random slopes must be terms of the model, each once, got {slopes}")
    _check_groups(codes, 1 + len(slopes))
    places = [design.terms.index(name) for name in slopes]
    back = _scale_back(design.matrix[:, places], correlated=random.correlated)
    start = design.basis.T @ values
    rest = values - design.basis @ start
    unit = float(np.sqrt(rest @ rest / (design.n - design.p)))
    if not unit > 1e-12 * float(np.abs(values).max()):
        raise EstimationError("the covariates fit the outcome without any residual; a mixed model needs one")
    return _Given(design, random, codes, places, back, start, rest / unit, unit)


def _scale_back(slopes: FloatArray, *, correlated: bool) -> FloatArray:
    """What carries effects of the scaled columns back to an intercept and the slopes; correlated slopes are centred."""
    back = np.eye(1 + slopes.shape[1])
    for number, column in enumerate(slopes.T, start=1):
        centre = float(column.mean()) if correlated else 0.0
        scale = float(np.sqrt(np.mean((column - centre) ** 2)))
        back[0, number], back[number, number] = -centre / scale, 1 / scale
    return back


def _check_groups(codes: IntArray, q: int) -> None:
    n, n_groups = codes.size, int(codes.max()) + 1
    if n_groups < 2 or n_groups == n:
        raise EstimationError(f"a mixed model needs groups of several rows, got {n_groups} groups of {n} rows")
    if n_groups * q >= n:
        raise EstimationError(
            f"{n} rows cannot carry {q} random effects for each of {n_groups} groups; use fewer random slopes"
        )


def _complete(given: _Given, point: MixedPoint, *, level: float, df_method: DfMethod) -> MixedFit:
    """The result of a maximum: estimates, errors, tests."""
    sums, unit = point.sums, given.unit
    basis = MixedBasis(point, np.asarray(np.linalg.inv(given.design.turn) * unit, dtype=np.float64))
    coef = basis.turn @ (given.start / unit + point.coef)
    se = _errors(basis.turn, basis.covariance(df_method))
    df = np.array([basis.compute_df(row, df_method) for row in basis.turn])
    t, half = coef / se, stdtrit(df, 0.5 + level / 2) * se
    covariance = unit**2 * given.back @ point.covariance @ given.back.T
    loglik = point.loglik - sums.df * np.log(unit)
    if sums.is_reml:
        loglik -= np.linalg.slogdet(given.design.turn)[1]
    kind = "restricted" if sums.is_reml else "maximum"
    return MixedFit(
        terms=given.design.terms,
        coef=tuple(coef.tolist()),
        se=tuple(se.tolist()),
        model_se=tuple(_errors(basis.turn, basis.moments.covariance).tolist()),
        df=tuple(df.tolist()),
        t=tuple(t.tolist()),
        p=tuple((2 * stdtr(df, -np.abs(t))).tolist()),
        low=tuple((coef - half).tolist()),
        high=tuple((coef + half).tolist()),
        random_terms=(INTERCEPT, *given.random.slopes),
        random_sd=tuple(np.sqrt(np.diag(covariance).clip(0)).tolist()),
        random_covariance=covariance,
        residual_sd=float(np.sqrt(point.sigma2)) * unit,
        loglik=float(loglik),
        n=sums.n,
        n_groups=sums.n_groups,
        level=level,
        is_reml=sums.is_reml,
        is_singular=is_singular(point),
        df_method=df_method,
        method=f"linear mixed model, {kind} likelihood, t with {_WORDS[df_method]} degrees of freedom",
        warnings=_warn(point),
        basis=basis,
    )


def _errors(turn: FloatArray, covariance: FloatArray) -> FloatArray:
    variance = np.asarray(np.einsum("ab,bc,ac->a", turn, covariance, turn), dtype=np.float64)
    if not (variance > 0).all():
        raise EstimationError("too few groups for what differs between them: errors have no estimate; use fewer terms")
    return np.sqrt(variance)


def _warn(point: MixedPoint) -> tuple[str, ...]:
    warnings = []
    if is_singular(point):
        warnings.append(
            "singular fit: a variance is 0, or random effects are a combination of each other; degrees of freedom are "
            "then those of the smaller model; consider fewer random slopes"
        )
    if point.sums.n_groups < _FEW_GROUPS:
        warnings.append(f"{point.sums.n_groups} groups only: the variance between them is hardly known")
    return tuple(warnings)
