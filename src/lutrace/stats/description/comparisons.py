"""Two or more groups compared in one variable: the tests of a table of baseline characteristics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import chdtrc, gammaln, stdtr, stdtrit

from lutrace.core import EstimationError, UnsupportedError, UnusableInputError
from lutrace.stats.arrays import FloatArray, IntArray, check_level, finite_vector, label_codes

_MAX_EXACT = 50
"""Below this size of both groups, without ties, the rank-sum test is exact, as in R."""
_MAX_TABLES = 5_000_000


@dataclass(frozen=True)
class GroupTest:
    """A test that groups do not differ; `df` where its distribution has some."""

    statistic: float
    df: float | None
    p: float
    n: int
    method: str


@dataclass(frozen=True)
class MeanDifference:
    """The mean of a first group less that of a second, in the values' unit, with its t test and interval."""

    estimate: float
    low: float
    high: float
    test: GroupTest
    level: float


def compute_welch(first: Any, second: Any, *, level: float = 0.95) -> MeanDifference:
    """The difference of two means with Welch's t test, whose groups may differ in variance.

    Raises:
        UnusableInputError: fewer than two values in a group, or a missing value.
        EstimationError: neither group varies.

    Source: Welch 1947, Biometrika 34:28; as R `t.test`.

    >>> round(compute_welch([1, 2, 3, 4], [3, 5, 7]).test.df, 4)
    3.2347
    """
    check_level(level)
    one, two = _two_groups(first, second, at_least=2)
    parts = np.array([one.var(ddof=1) / one.size, two.var(ddof=1) / two.size])
    variance = float(parts.sum())
    if variance == 0:
        raise EstimationError("neither group varies: a t test needs values that differ within a group")
    df = float(variance**2 / (parts**2 / [one.size - 1, two.size - 1]).sum())
    gap, se = float(one.mean() - two.mean()), float(np.sqrt(variance))
    half = float(stdtrit(df, 0.5 + level / 2)) * se
    test = GroupTest(gap / se, df, 2 * float(stdtr(df, -abs(gap / se))), one.size + two.size, "Welch's t test")
    return MeanDifference(gap, gap - half, gap + half, test, level)


def compute_rank_sum(first: Any, second: Any) -> GroupTest:
    """Wilcoxon's rank-sum (Mann and Whitney's) test; the statistic counts pairs in which the first is larger.

    Exact where both groups have fewer than 50 values and none are tied, else normal with corrections for ties and
    continuity, as R `wilcox.test`.

    Raises:
        UnusableInputError: an empty group, or a missing value.
        EstimationError: all values are equal.

    Source: Mann and Whitney 1947; Hollander and Wolfe 1973.

    >>> found = compute_rank_sum([1.1, 2.2, 3.3], [4.4, 5.5, 6.6])
    >>> found.statistic, round(found.p, 3)
    (0.0, 0.1)
    """
    from scipy.stats import mannwhitneyu

    one, two = _two_groups(first, second, at_least=1)
    values = np.concatenate([one, two])
    if np.ptp(values) == 0:
        raise EstimationError("all values are equal: a rank-sum test needs values that differ")
    is_exact = max(one.size, two.size) < _MAX_EXACT and np.unique(values).size == values.size
    found = mannwhitneyu(one, two, method="exact" if is_exact else "asymptotic")
    method = "Wilcoxon rank-sum test, " + ("exact" if is_exact else "corrected for ties and continuity")
    return GroupTest(float(found.statistic), None, float(found.pvalue), values.size, method)


def compute_kruskal_wallis(values: Any, groups: Any) -> GroupTest:
    """Kruskal and Wallis's rank test of n values in two or more groups (one label per value), corrected for ties.

    Raises:
        UnusableInputError: a missing value or label.
        EstimationError: one group only, or all values are equal.

    Source: Kruskal and Wallis 1952, JASA 47:583; as R `kruskal.test`.

    >>> round(compute_kruskal_wallis([1, 2, 3, 4, 5, 6], ["a", "a", "b", "b", "c", "c"]).statistic, 4)
    4.5714
    """
    from scipy.stats import kruskal

    array = finite_vector(values, "values")
    codes = label_codes(groups, "groups", array.size)
    n_groups = np.unique(codes).size
    if n_groups < 2 or np.ptp(array) == 0:
        raise EstimationError(f"a rank test needs two groups and values that differ, got {n_groups} groups")
    found = kruskal(*(array[codes == code] for code in range(n_groups)))
    return GroupTest(float(found.statistic), n_groups - 1, float(found.pvalue), array.size, "Kruskal-Wallis test")


def compute_chi_square(table: Any, *, corrected: bool = True) -> GroupTest:
    """Pearson's chi-square test of a table of counts; a 2 x 2 table is corrected for continuity (Yates) if asked.

    Raises:
        UnusableInputError: fewer than two rows or columns, counts that are not whole, or an empty row or column.

    Source: Pearson 1900; Yates 1934; as R `chisq.test`.

    >>> round(compute_chi_square([[12, 5], [3, 10]], corrected=False).statistic, 4)
    6.6516
    """
    counts = _counts(table)
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    gap = np.abs(counts - expected)
    if counts.shape == (2, 2) and corrected:
        gap = gap - min(0.5, float(gap.min()))
    statistic, df = float((gap**2 / expected).sum()), (counts.shape[0] - 1) * (counts.shape[1] - 1)
    method = "chi-square test" + (", Yates's correction" if counts.shape == (2, 2) and corrected else "")
    if (expected < 5).any():
        method += ", expected counts below 5: prefer Fisher's test"
    return GroupTest(statistic, df, float(chdtrc(df, statistic)), int(counts.sum()), method)


@dataclass(frozen=True)
class FisherTest:
    """Fisher's exact test; the conditional odds ratio and its exact interval for a 2 x 2 table only."""

    p: float
    odds_ratio: float | None
    low: float | None
    high: float | None
    n: int
    level: float
    method: str


def compute_fisher(table: Any, *, level: float = 0.95) -> FisherTest:
    """Fisher's exact test of a table of counts; p sums the tables at most as likely as the one found.

    Raises:
        UnusableInputError: as for `compute_chi_square`.
        UnsupportedError: a table larger than 2 x 2 with too many tables of its margins to count them all.

    Source: Fisher 1935; Freeman and Halton 1951 (larger tables); Cornfield 1956 (interval); as R `fisher.test`.

    >>> found = compute_fisher([[3, 1], [1, 3]])
    >>> round(found.p, 6), round(found.odds_ratio, 4)
    (0.485714, 6.4083)
    """
    from scipy.stats import fisher_exact
    from scipy.stats.contingency import odds_ratio

    check_level(level)
    counts = _counts(table)
    n, method = int(counts.sum()), "Fisher's exact test"
    if counts.shape != (2, 2):
        return FisherTest(_sum_unlikely(counts), None, None, None, n, level, f"{method} (Freeman and Halton)")
    found = odds_ratio(counts, kind="conditional")
    low, high = found.confidence_interval(level)
    p = float(fisher_exact(counts).pvalue)
    return FisherTest(p, float(found.statistic), float(low), float(high), n, level, f"{method}, conditional odds ratio")


def _two_groups(first: Any, second: Any, *, at_least: int) -> tuple[FloatArray, FloatArray]:
    one, two = finite_vector(first, "first group"), finite_vector(second, "second group")
    if min(one.size, two.size) < at_least:
        raise UnusableInputError(f"each group needs {at_least} or more values, got {one.size} and {two.size}")
    return one, two


def _counts(table: Any) -> IntArray:
    given = np.asarray(table, dtype=np.float64)
    if given.ndim != 2 or min(given.shape) < 2 or not (np.isfinite(given) & (given >= 0) & (given % 1 == 0)).all():
        raise UnusableInputError("a table needs whole counts in two rows and two columns or more")
    if not (given.sum(axis=0).all() and given.sum(axis=1).all()):
        raise UnusableInputError("a table must not have an empty row or column; leave it out")
    return given.astype(np.intp)


def _sum_unlikely(counts: IntArray) -> float:
    """The probability of all tables of these margins at most as likely as this one, all of them counted."""
    rows, columns = counts.sum(axis=1), np.sort(counts.sum(axis=0))[::-1]
    left, log_p = rows[None, :], np.array([gammaln(rows + 1).sum() + gammaln(columns + 1).sum()])
    log_p -= gammaln(counts.sum() + 1)
    for total in columns[:-1]:
        left, log_p = _fill_column(left, log_p, int(total))
    log_p = log_p - gammaln(left + 1).sum(axis=1)
    margins = gammaln(rows + 1).sum() + gammaln(columns + 1).sum() - gammaln(counts.sum() + 1)
    own = float(margins - gammaln(counts + 1).sum())
    return min(1.0, float(np.exp(log_p[log_p <= own + 1e-7]).sum()))


def _fill_column(left: IntArray, log_p: FloatArray, total: int) -> tuple[IntArray, FloatArray]:
    """All ways to fill one more column of this total, given what is left of the rows."""
    need = np.full(len(left), total)
    left = left.copy()
    for row in range(left.shape[1]):
        after = left[:, row + 1 :].sum(axis=1)
        lowest, highest = np.maximum(need - after, 0), np.minimum(left[:, row], need)
        ways = highest - lowest + 1
        if ways.sum() > _MAX_TABLES:
            raise UnsupportedError(
                f"Fisher's test would have to count more than {_MAX_TABLES} tables; use the chi-square test"
            )
        parent = np.repeat(np.arange(len(left)), ways)
        put = np.arange(parent.size) - np.repeat(np.cumsum(ways) - ways, ways) + lowest[parent]
        left, need, log_p = left[parent], need[parent] - put, log_p[parent] - gammaln(put + 1)
        left[:, row] -= put
    return left, log_p
