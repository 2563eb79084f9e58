"""What the figures of courses, competing events, balance and single patients show: one frozen spec each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SwimmerFigure:
    """A lane per patient from the first dose on: rows of COURSE_STATES of the derived table `course`.

    Doses and `marks` (kinds of TIMELINE_EVENTS) are those of the derived table `timeline` (empty: none).
    """

    name: str
    caption: str
    course: str
    timeline: str = ""
    marks: tuple[str, ...] = ("psa50", "psa90", "psa_progression", "radiological_progression", "clinical_progression")
    time_unit: str = "months"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SpiderFigure:
    """A line per patient: change from baseline of one series of TRAJECTORIES, over days or `by` dose.

    Patients with an event of the kind `reached` in TIMELINE_EVENTS are drawn in colour. `lines` are percentages across;
    changes above `cap_pct` are drawn at the edge.
    """

    name: str
    caption: str
    timeline: str
    series: str = "psa"
    by: str = "day"
    reached: str = "psa50"
    lines: tuple[float, ...] = (-90.0, -50.0, 25.0)
    cap_pct: float = 100.0
    time_unit: str = "months"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrajectoryFigure:
    """A panel per series of TRAJECTORIES: a thin line per patient, the middle course of TRENDS, bands of GRADE_BANDS.

    `by` dose the middle is median and quartiles, by day a smooth line. `series` empty: all of the derived table.
    """

    name: str
    caption: str
    timeline: str
    series: tuple[str, ...] = ()
    by: str = "day"
    time_unit: str = "months"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class IncidenceFigure:
    """Cumulative incidences of INCIDENCES by cause and group, with the numbers at risk below.

    Tests and shares of ESTIMATES of the same analysis, population and endpoint are not repeated in it.
    """

    name: str
    caption: str
    analysis: str
    population: str
    endpoint: str
    groups: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    time_unit: str = "months"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class OccupancyFigure:
    """The share of patients in each state over time, stacked to 1: rows of OCCUPANCIES."""

    name: str
    caption: str
    analysis: str
    population: str
    time_unit: str = "months"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class AlluvialFigure:
    """How therapy ended, what followed, and the state on the data cut, as ribbons: rows of COURSE_FLOWS of `course`."""

    name: str
    caption: str
    course: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LoveFigure:
    """Standardised mean differences of each covariate before and after weighting: rows of BALANCES of `analysis`."""

    name: str
    caption: str
    analysis: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class EffectFigure:
    """The hazard ratio over the values of a covariate against its median: rows of EFFECTS of a spline."""

    name: str
    caption: str
    analysis: str
    population: str
    endpoint: str
    term: str
    x_label: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ValidationFigure:
    """Calibration and decision curves of a prognostic model: rows of VALIDATIONS of `analysis`."""

    name: str
    caption: str
    analysis: str
    population: str
    endpoint: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PatientSheets:
    """A page for each patient in the folder `patients`: the timeline, pictures, and values with row and rule.

    `first`: of that many patients only, in the order of their study numbers (None: of all). Pictures are those of the
    panel `name` and the patient.
    """

    name: str
    caption: str
    timeline: str
    course: str = ""
    first: int | None = None
    notes: tuple[str, ...] = ()


CourseFigure = SwimmerFigure | SpiderFigure | TrajectoryFigure | AlluvialFigure
RiskFigure = IncidenceFigure | OccupancyFigure | LoveFigure | ValidationFigure | EffectFigure
