"""Analyses of when things happen: competing events, states, responses dose by dose, means and shares by a time."""

from __future__ import annotations

from typing import Literal

from lutrace.core import DAYS_PER_MONTH, Days, Field, field_validator, model_validator
from lutrace.protocol.analysis_base import Adjusted, OnPopulations

TimeUnit = Literal["days", "weeks", "months"]
Split = Literal["present", "median"]
Followed = Literal["next_line", "hospice", "break", "no_therapy", "dead", "lost"]
CYCLES_RECEIVED = "cycles_received"
"""What changes with time beside responses and outcomes: how many doses a patient has had so far."""

DOSE = "dose_"
"""With its number, the value that is dated at the day of a dose."""


def _months(*numbers: int) -> tuple[float, ...]:
    return tuple(number * DAYS_PER_MONTH for number in numbers)


def _in_order(times: tuple[float, ...]) -> tuple[float, ...]:
    if list(times) != sorted(set(times)) or times[0] <= 0:
        raise ValueError("expected times above 0, each once, in ascending order")
    return times


class _AtTimes(OnPopulations):
    @field_validator("times", "horizons", check_fields=False)
    @classmethod
    def _are_in_order(cls, times: tuple[float, ...]) -> tuple[float, ...]:
        return _in_order(times)


class CumulativeIncidenceAnalysis(_AtTimes):
    """The share of patients with each event by a time, while others make it impossible (Aalen-Johansen).

    What ends an outcome without being its event (death before worsening, the end of treatment before a response)
    competes; where death is one of its events, it is a cause of its own. components: the other events of the outcome
    `joined` under its name, or `separate`. by, split: groups as in Kaplan-Meier curves, compared by Gray's test.
    """

    kind: Literal["cumulative_incidence"]
    endpoints: tuple[str, ...] = Field(min_length=1)
    components: Literal["joined", "separate"] = "joined"
    by: str | None = None
    split: Split = "median"
    times: tuple[Days, ...] = Field(default=_months(3, 6, 9, 12), min_length=1)


class FineGrayAnalysis(Adjusted):
    """Covariates and one cause of an outcome with competing events, by both models beside each other.

    The subdistribution hazard ratio (Fine and Gray: what the incidence depends on) and the cause-specific one (Cox:
    the rate among those still at risk). cause: `event` for the outcome's own, or a competing one (`death`).
    """

    kind: Literal["fine_gray"]
    endpoints: tuple[str, ...] = Field(min_length=1)
    cause: str = "event"


class OccupancyAnalysis(_AtTimes):
    """The share of patients in each state of their course over time, from the first dose (Aalen-Johansen).

    of: a derived table of kind `course`, whose transitions are taken. first_of: beside them the cumulative incidence of
    these states, which competes for being entered first (next line, hospice, death).
    """

    kind: Literal["occupancy"]
    of: str
    times: tuple[Days, ...] = Field(default=_months(3, 6, 9, 12), min_length=1)
    first_of: tuple[Followed, ...] = ("next_line", "hospice", "dead")


class ResponseByDoseAnalysis(OnPopulations):
    """By which dose PSA responses (outcomes of kind `psa_response`) were reached, under every denominator.

    Counted: of the responders (of each outcome, or of the one named in `responders`: PSA90 among who reached PSA50), of
    those evaluable, of all treated. Estimated beside them: the incidence by dose, with patients on treatment censored
    after the last dose that a PSA followed, and death or the end of treatment competing. Needs the data cut.
    """

    kind: Literal["response_by_dose"]
    endpoints: tuple[str, ...] = Field(min_length=1)
    responders: str | None = None
    doses: int = Field(default=6, ge=1, le=30)


class RestrictedMeanAnalysis(_AtTimes):
    """The mean time up to each of `horizons` (the area under Kaplan-Meier), and what groups differ by."""

    kind: Literal["restricted_mean"]
    endpoints: tuple[str, ...] = Field(min_length=1)
    by: str | None = None
    split: Split = "median"
    horizons: tuple[Days, ...] = Field(default=_months(12), min_length=1)
    time_unit: TimeUnit = "months"


class MilestonesAnalysis(_AtTimes):
    """The share without the event at each of `times` (Kaplan-Meier), and what groups differ by."""

    kind: Literal["milestones"]
    endpoints: tuple[str, ...] = Field(min_length=1)
    by: str | None = None
    split: Split = "median"
    times: tuple[Days, ...] = Field(default=_months(6, 12, 18, 24), min_length=1)


class IntervalCensoredAnalysis(_AtTimes, Adjusted):
    """Worsening that came between two visits (outcomes of kind `time_to_worsening`), as a sensitivity.

    Turnbull's curve at `times`, the Kaplan-Meier median with the middle of each interval, and, with `terms`, a Weibull
    model of accelerated failure times per term, alone and with `adjust_for`.
    """

    kind: Literal["interval_censored"]
    endpoints: tuple[str, ...] = Field(min_length=1)
    times: tuple[Days, ...] = Field(default=_months(3, 6), min_length=1)
    terms: tuple[str, ...] = ()


class LandmarkAnalysis(OnPopulations):
    """Outcomes after a landmark, by what had been reached on it: who had the event or was lost by then is left out.

    by: an outcome (a PSA response, a toxicity), whose event counts when it came on or before the landmark. at: the
    landmark as days from time zero, or dose: the day of that dose of each patient; who never had it is left out.
    """

    kind: Literal["landmark"]
    endpoints: tuple[str, ...] = Field(min_length=1)
    by: str
    at: Days | None = Field(default=None, gt=0)
    dose: int | None = Field(default=None, ge=2, le=30)

    @model_validator(mode="after")
    def _has_one_landmark(self) -> LandmarkAnalysis:
        if (self.at is None) == (self.dose is None):
            raise ValueError("expected the landmark as at (84 days) or as dose (3), one of the two")
        return self


class TimeVaryingCoxAnalysis(Adjusted):
    """A Cox model per outcome and term that changes during follow-up, alone and with `adjust_for`.

    terms: `cycles_received` (doses given so far), or outcomes of the study: 0 until their event, 1 from it on. Each
    patient passes from one value to the next on its day, so that no time to live is given away. adjust_for: covariates
    known at time zero.
    """

    kind: Literal["time_varying_cox"]
    endpoints: tuple[str, ...] = Field(min_length=1)


TimeAnalysis = (
    CumulativeIncidenceAnalysis
    | FineGrayAnalysis
    | OccupancyAnalysis
    | ResponseByDoseAnalysis
    | RestrictedMeanAnalysis
    | MilestonesAnalysis
    | IntervalCensoredAnalysis
    | LandmarkAnalysis
    | TimeVaryingCoxAnalysis
)
"""One analysis of when things happen, by its kind."""
