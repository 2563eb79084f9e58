"""What the numbers of analyses of time rest on, in the evidence of a run."""

from __future__ import annotations

from lutrace.core import Row
from lutrace.protocol import (
    CYCLES_RECEIVED,
    DOSE,
    CumulativeIncidenceAnalysis,
    IntervalCensoredAnalysis,
    LandmarkAnalysis,
    MilestonesAnalysis,
    OccupancyAnalysis,
    Protocol,
    PsaResponse,
    ResponseByDoseAnalysis,
    RestrictedMeanAnalysis,
    TimeToWorsening,
    TimeVaryingCoxAnalysis,
)

_MOST_DOSES = 30


def evidence_of_time(row: Row, protocol: Protocol) -> tuple[str, ...] | None:
    """The endpoints of the evidence behind a row of ESTIMATES of such an analysis; None for another analysis.

    Terms there are groups, causes, states and times in words, and no names of values.
    """
    analysis = next((one for one in protocol.analyses if one.name == row["analysis"]), None)
    endpoint: str = row["endpoint"]
    match analysis:
        case CumulativeIncidenceAnalysis() | RestrictedMeanAnalysis() | MilestonesAnalysis():
            return (endpoint,)
        case OccupancyAnalysis():
            return (f"{analysis.of}.state_at_cut",)
        case ResponseByDoseAnalysis():
            outcome = protocol.outcome(endpoint)
            assert isinstance(outcome, PsaResponse)  # checked when the protocol was read
            return (outcome.by_dose, endpoint)
        case IntervalCensoredAnalysis() if row["measure"] != "time_ratio":
            worsening = protocol.outcome(endpoint)
            assert isinstance(worsening, TimeToWorsening)  # checked when the protocol was read
            return (endpoint, worsening.last_free)
        case LandmarkAnalysis():
            return (endpoint, analysis.by, *((f"{DOSE}{analysis.dose}",) if analysis.dose is not None else ()))
        case TimeVaryingCoxAnalysis() if row["term"] == CYCLES_RECEIVED:
            return (endpoint, *(f"{DOSE}{number}" for number in range(1, _MOST_DOSES + 1)))
    return None
