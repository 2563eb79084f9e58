"""Two measurements of the same patients: intraclass correlation, limits of agreement, repeatability."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

from lutrace.core import EstimationError, Row, UnusableInputError
from lutrace.models.results import AnalysisResult, Cell, ModelWarning, join_results, rows_of
from lutrace.protocol import AgreementAnalysis
from lutrace.stats import compute_icc, compute_limits_of_agreement

ICC, BIAS, LOWER, UPPER, REPEATABILITY = "icc", "bias", "lower_limit", "upper_limit", "repeatability"
_MEASURES = {
    ICC: "icc",
    BIAS: "mean_difference",
    LOWER: "limit_of_agreement",
    UPPER: "limit_of_agreement",
    REPEATABILITY: "repeatability",
}


def fit_agreement(analysis: AgreementAnalysis, rows: Sequence[Row]) -> AnalysisResult:
    """Per population the rows `icc`, `bias`, `lower_limit`, `upper_limit` and `repeatability`; the endpoint is `y`.

    Differences are x less y, or with `ratio` x over y; pairs in which one of them is 0 have no ratio and are left out.
    """
    return join_results([_fit_population(analysis, name, rows_of(rows, name)) for name in analysis.populations])


def _fit_population(analysis: AgreementAnalysis, population: str, rows: Sequence[Row]) -> AnalysisResult:
    known = [(row.get(analysis.x), row.get(analysis.y)) for row in rows]
    pairs = [(float(x), float(y)) for x, y in known if x is not None and y is not None]
    if analysis.ratio:
        pairs = [(math.log(x), math.log(y)) for x, y in pairs if x > 0 and y > 0]
    cells = {
        term: Cell(analysis.name, population, analysis.y, term, measure, _unit_of(analysis, term))
        for term, measure in _MEASURES.items()
    }
    try:
        numbers = _compare(analysis, pairs)
    except (EstimationError, UnusableInputError) as error:
        refused = tuple(cell.refuse(n=len(pairs), events=None, reason=str(error)) for cell in cells.values())
        return AnalysisResult(
            refused, warnings=(ModelWarning(f"{analysis.name}, {population}", f"no agreement: {error}", "warning"),)
        )
    return AnalysisResult(tuple(cells[term].fill(n=len(pairs), **own) for term, own in numbers.items()))


def _compare(analysis: AgreementAnalysis, pairs: Sequence[tuple[float, float]]) -> dict[str, dict[str, Any]]:
    limits = compute_limits_of_agreement([x for x, _ in pairs], [y for _, y in pairs])
    icc = compute_icc(pairs, kind=analysis.icc)
    of_what = f" of {analysis.x} {'over' if analysis.ratio else 'less'} {analysis.y}"
    within = math.sqrt(sum((x - y) ** 2 for x, y in pairs) / (2 * len(pairs)))
    least = NormalDist().inv_cdf(0.975) * math.sqrt(2) * within
    back = math.exp if analysis.ratio else float
    named = ("estimate", "low", "high")
    return {
        ICC: {"method": icc.method, "estimate": icc.estimate, "low": icc.low, "high": icc.high},
        **{
            term: {"method": limits.method + of_what, **dict(zip(named, map(back, ends), strict=True))}
            for term, ends in ((BIAS, limits.bias), (LOWER, limits.lower), (UPPER, limits.upper))
        },
        REPEATABILITY: {
            "method": "repeatability coefficient: 95 % of the differences of two measurements of one patient are "
            "smaller (Bland and Altman 1999)",
            "estimate": back(least),
        },
    }


def _unit_of(analysis: AgreementAnalysis, term: str) -> str:
    return "1" if term == ICC else "times" if analysis.ratio else analysis.unit
