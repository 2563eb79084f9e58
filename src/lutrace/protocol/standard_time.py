"""What the standard report shows of an analysis of when things happen."""

from __future__ import annotations

from lutrace.protocol.analyses import KaplanMeierAnalysis
from lutrace.protocol.analyses_time import (
    CumulativeIncidenceAnalysis,
    LandmarkAnalysis,
    OccupancyAnalysis,
    ResponseByDoseAnalysis,
    TimeAnalysis,
)
from lutrace.protocol.presentation import Item, ShowSurvival
from lutrace.protocol.presentation_figures import ShowIncidence, ShowOccupancy


def figures_of_time(analysis: TimeAnalysis) -> tuple[Item, ...]:
    """The curves of an analysis, by population and outcome; none where it gives numbers only."""
    match analysis:
        case CumulativeIncidenceAnalysis() | ResponseByDoseAnalysis():
            return tuple(
                ShowIncidence(
                    show="incidence",
                    name=f"{analysis.name}_{population}_{endpoint}",
                    caption=f"{analysis.label}: {endpoint} from {population}",
                    analysis=analysis.name,
                    population=population,
                    endpoint=endpoint,
                )
                for population in analysis.populations
                for endpoint in analysis.endpoints
            )
        case OccupancyAnalysis():
            return tuple(item for population in analysis.populations for item in _of_states(analysis, population))
        case LandmarkAnalysis():
            notes = ("Time runs from the landmark, at which the groups are formed.",)
            return survival_curves(analysis, start="the landmark", notes=notes)
    return ()


def survival_curves(
    analysis: KaplanMeierAnalysis | LandmarkAnalysis, *, start: str = "", notes: tuple[str, ...] = ()
) -> tuple[ShowSurvival, ...]:
    """Curves of each population and outcome; `start` says what time runs from where it is not the population's own."""
    return tuple(
        ShowSurvival(
            show="survival",
            name=f"{analysis.name}_{population}_{endpoint}",
            caption=f"{analysis.label}: {endpoint} from {start or population}",
            analysis=analysis.name,
            population=population,
            endpoint=endpoint,
            notes=notes,
        )
        for population in analysis.populations
        for endpoint in analysis.endpoints
    )


def _of_states(analysis: OccupancyAnalysis, population: str) -> tuple[Item, ...]:
    """The stacked states, and the incidence of what was entered first."""
    stacked = ShowOccupancy(
        show="occupancy",
        name=f"{analysis.name}_{population}",
        caption=f"{analysis.label}: {population}",
        analysis=analysis.name,
        population=population,
    )
    first = ShowIncidence(
        show="incidence",
        name=f"{analysis.name}_{population}_first",
        caption=f"{analysis.label}: which came first, {population}",
        analysis=analysis.name,
        population=population,
        endpoint=analysis.of,
    )
    return (stacked, first) if analysis.first_of else (stacked,)
