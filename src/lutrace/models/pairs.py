"""Two values of the same patients: their correlation, and how often they fall into the same class."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lutrace.core import EstimationError, Row, UnusableInputError
from lutrace.models.results import AnalysisResult, Cell, ModelWarning, join_results, rows_of
from lutrace.protocol import ConcordanceAnalysis, CorrelationAnalysis, DeadZone, Definition, SameSign, ThreeClasses
from lutrace.stats import Agreement, compute_agreement, compute_pearson, compute_spearman

Classifier = Callable[[float], str]


def fit_correlation(analysis: CorrelationAnalysis, rows: Sequence[Row]) -> AnalysisResult:
    """Pearson's and Spearman's correlation of the two values, per population; the method is the term."""
    parts = []
    for population in analysis.populations:
        pairs = _pairs(rows_of(rows, population), analysis.x, analysis.y)
        for name in analysis.methods:
            cell = Cell(analysis.name, population, analysis.y, name, "correlation")
            parts.append(_correlate(cell, pairs, analysis.x))
    return join_results(parts)


def fit_concordance(analysis: ConcordanceAnalysis, rows: Sequence[Row]) -> AnalysisResult:
    """Per population and definition: the confusion matrix (rows x, columns y), share of agreement and kappa.

    The definition is the term; the endpoint is `concordance` for the share and `kappa` for kappa.
    """
    parts = []
    for population in analysis.populations:
        pairs = _pairs(rows_of(rows, population), analysis.x, analysis.y)
        for definition in analysis.definitions:
            parts.append(_agree(analysis, population, definition, pairs))
    return join_results(parts)


def classify_with(definition: Definition) -> tuple[tuple[str, ...], Classifier, Classifier]:
    """The classes of a definition in order, and what sorts a change of x and one of y (both in percent) into them.

    Cut points belong to the class that they open: at -50 % a response at or beyond -50 % has been reached.
    """
    match definition:
        case SameSign():
            return ("fell", "not_fell"), _fell, _fell
        case ThreeClasses():
            return (
                ("response", "stable", "progression"),
                _three(definition.x_response, definition.x_progression),
                _three(definition.y_response, definition.y_progression),
            )
        case DeadZone():
            return ("fell", "unchanged", "rose"), _zone(definition.zone), _zone(definition.zone)


def _fell(change: float) -> str:
    return "fell" if change < 0 else "not_fell"


def _three(response: float, progression: float) -> Classifier:
    return lambda change: "response" if change <= response else "progression" if change >= progression else "stable"


def _zone(zone: float) -> Classifier:
    return lambda change: "unchanged" if abs(change) <= zone else "fell" if change < 0 else "rose"


def _pairs(rows: Sequence[Row], x: str, y: str) -> list[tuple[float, float]]:
    return [(row[x], row[y]) for row in rows if row.get(x) is not None and row.get(y) is not None]


def _correlate(cell: Cell, pairs: Sequence[tuple[float, float]], x: str) -> AnalysisResult:
    compute = compute_pearson if cell.term == "pearson" else compute_spearman
    try:
        found = compute([first for first, _ in pairs], [second for _, second in pairs])
    except (EstimationError, UnusableInputError) as error:
        where = f"{cell.analysis}, {cell.population}, {cell.term}"
        row = cell.refuse(n=len(pairs), events=None, reason=str(error))
        return AnalysisResult((row,), warnings=(ModelWarning(where, f"no correlation: {error}", "warning"),))
    row = cell.fill(
        n=found.n,
        method=f"{found.method}; of {cell.endpoint} with {x}",
        estimate=found.estimate,
        low=found.low,
        high=found.high,
        statistic=found.statistic,
        p=found.p,
        checks={"x": x, "y": cell.endpoint},
    )
    return AnalysisResult((row,))


def _agree(
    analysis: ConcordanceAnalysis, population: str, definition: Definition, pairs: Sequence[tuple[float, float]]
) -> AnalysisResult:
    share = Cell(analysis.name, population, "concordance", definition.name, "proportion")
    kappa = Cell(analysis.name, population, "kappa", definition.name, "kappa")
    if not pairs:
        reason = f"no patient has {analysis.x} and {analysis.y}"
        rows = tuple(cell.refuse(n=0, events=None, reason=reason) for cell in (share, kappa))
        where = f"{analysis.name}, {population}, {definition.name}"
        return AnalysisResult(rows, warnings=(ModelWarning(where, f"no concordance: {reason}", "warning"),))
    classes, of_x, of_y = classify_with(definition)
    found = compute_agreement([of_x(x) for x, _ in pairs], [of_y(y) for _, y in pairs], classes=classes)
    estimates = (
        share.fill(
            n=found.n,
            events=found.agreement.n_events,
            method=found.agreement.method,
            estimate=found.agreement.estimate,
            low=found.agreement.low,
            high=found.agreement.high,
        ),
        kappa.fill(n=found.n, method=found.method, se=found.se, estimate=found.kappa, low=found.low, high=found.high),
    )
    return AnalysisResult(estimates, agreements=_matrix_rows(share, found))


def _matrix_rows(cell: Cell, found: Agreement) -> tuple[Row, ...]:
    return tuple(
        {
            "analysis": cell.analysis,
            "population": cell.population,
            "definition": cell.term,
            "row_class": row_class,
            "column_class": column_class,
            "n": n,
        }
        for row_class, line in zip(found.classes, found.matrix, strict=True)
        for column_class, n in zip(found.classes, line, strict=True)
    )
