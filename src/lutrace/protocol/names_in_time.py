"""The names that an analysis of when things happen uses, and what they may be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lutrace.protocol.analyses_time import (
    CYCLES_RECEIVED,
    CumulativeIncidenceAnalysis,
    FineGrayAnalysis,
    IntervalCensoredAnalysis,
    LandmarkAnalysis,
    OccupancyAnalysis,
    ResponseByDoseAnalysis,
    TimeAnalysis,
    TimeVaryingCoxAnalysis,
)
from lutrace.protocol.outcomes import Outcome, PsaResponse
from lutrace.protocol.toxicity import Toxicity
from lutrace.protocol.worsening import TimeToWorsening


def find_missing_competition(analysis: TimeAnalysis, outcomes: Sequence[Outcome]) -> Iterator[str]:
    """What speaks against an analysis of competing events whose outcome has none."""
    if not isinstance(analysis, CumulativeIncidenceAnalysis | FineGrayAnalysis):
        return
    for outcome in outcomes:
        if outcome.name in analysis.endpoints and isinstance(outcome, Toxicity) and outcome.death == "censors":
            yield (
                f"endpoints.{outcome.name}.death: expected competes, for {analysis.name} is of competing events; with "
                "censors the dead count as if they could still have the event"
            )


def list_names_in_time(
    analysis: TimeAnalysis, *, outcomes: Sequence[Outcome], covariates: Sequence[str], courses: Sequence[str]
) -> Iterator[tuple[str, Sequence[str], Sequence[str]]]:
    """Key, names used and names allowed, for each key of the analysis that names something of the study."""
    names = [outcome.name for outcome in outcomes]
    match analysis:
        case OccupancyAnalysis():
            yield "of", (analysis.of,), courses
            return
        case ResponseByDoseAnalysis():
            responses = [one.name for one in outcomes if isinstance(one, PsaResponse)]
            yield "endpoints", analysis.endpoints, responses
            yield "responders", (analysis.responders,) if analysis.responders else (), analysis.endpoints
            return
        case IntervalCensoredAnalysis():
            yield "endpoints", analysis.endpoints, [one.name for one in outcomes if isinstance(one, TimeToWorsening)]
        case _:
            yield "endpoints", analysis.endpoints, names
    match analysis:
        case LandmarkAnalysis():
            yield "by", (analysis.by,), names
        case TimeVaryingCoxAnalysis():
            yield "terms", analysis.terms, [CYCLES_RECEIVED, *names]
            yield "adjust_for", analysis.adjust_for, covariates
        case _:
            by = getattr(analysis, "by", None)
            yield "by", (by,) if by else (), covariates
            yield "terms", getattr(analysis, "terms", ()), covariates
            yield "adjust_for", getattr(analysis, "adjust_for", ()), covariates
