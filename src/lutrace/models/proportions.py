"""Shares of patients with exact intervals."""

from __future__ import annotations

from collections.abc import Sequence

from lutrace.core import ProtocolError, Row
from lutrace.models.outcome import select_complete
from lutrace.models.results import AnalysisResult, Cell, ModelWarning, join_results, rows_of
from lutrace.protocol import OverallSurvival, ProportionAnalysis, Protocol
from lutrace.stats import compute_proportion

_OF_ALL = ", of all: who cannot be evaluated counts as no"


def fit_proportion(analysis: ProportionAnalysis, rows: Sequence[Row], protocol: Protocol) -> AnalysisResult:
    """The share of each population in which the value is above 0, or which is alive; a share from 0 to 1."""
    parts = []
    for population in analysis.populations:
        answers = _answers(analysis, rows_of(rows, population), protocol)
        cell = Cell(analysis.name, population, analysis.of, analysis.of, "proportion")
        if not answers:
            reason = f"no patient has {analysis.of}"
            warning = ModelWarning(f"{analysis.name}, {population}", f"no share: {reason}", "warning")
            parts.append(AnalysisResult((cell.refuse(n=0, events=0, reason=reason),), warnings=(warning,)))
            continue
        found = compute_proportion(sum(answers), len(answers))
        row = cell.fill(
            n=found.n,
            events=found.n_events,
            method=found.method + (_OF_ALL if analysis.not_evaluable == "count_as_no" else ""),
            estimate=found.estimate,
            low=found.low,
            high=found.high,
        )
        parts.append(AnalysisResult((row,)))
    return join_results(parts)


def _answers(analysis: ProportionAnalysis, rows: Sequence[Row], protocol: Protocol) -> list[bool]:
    if analysis.of != "alive":
        known = [row.get(analysis.of) for row in rows]
        if analysis.not_evaluable == "count_as_no":
            return [value is not None and value > 0 for value in known]
        return [value > 0 for value in known if value is not None]
    outcome = next((one for one in protocol.endpoints if isinstance(one, OverallSurvival)), None)
    if outcome is None:
        raise ProtocolError(f"analyses.{analysis.name}.of: alive needs an endpoint of kind os; declare one")
    return [not row[f"{outcome.name}_event"] for row in select_complete(rows, outcome.name)]
