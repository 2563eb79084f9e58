"""The names that comparisons, bias analyses and validations of prognostic models use, and what they may be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lutrace.protocol.comparison import ComparisonAnalysis, MissedDeathsAnalysis
from lutrace.protocol.external import External
from lutrace.protocol.prognostic import PrognosticAnalysis
from lutrace.terms import ModelCard, model_cards


def list_names_of_cohorts(
    analysis: ComparisonAnalysis | MissedDeathsAnalysis | PrognosticAnalysis,
    *,
    outcomes: Sequence[str],
    covariates: Sequence[str],
    others: Sequence[Any],
) -> Iterator[tuple[str, Sequence[str], Sequence[str]]]:
    """Key, names used and names allowed, for each key of the analysis that names something of the study.

    `others` are the published curves, cards and analyses of the study.
    """
    match analysis:
        case ComparisonAnalysis():
            yield "endpoints", analysis.endpoints, outcomes
            yield "balance and effect", analysis.covariates, covariates
            yield "external", analysis.external, [one.name for one in others if isinstance(one, External)]
        case MissedDeathsAnalysis():
            yield "endpoint", (analysis.endpoint,), outcomes
            pairs = [one.name for one in others if isinstance(one, ComparisonAnalysis)]
            yield "comparison", tuple(filter(None, (analysis.comparison,))), pairs
        case PrognosticAnalysis():
            yield "endpoint", (analysis.endpoint,), outcomes
            yield "predictors", tuple(analysis.predictors.values()), covariates
            own = [one.name for one in others if isinstance(one, ModelCard)]
            yield "card", (analysis.card,), [*own, *(one.name for one in model_cards())]
