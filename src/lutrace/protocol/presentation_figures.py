"""Figures of courses, competing events, balance and single patients, as a study asks for them."""

from __future__ import annotations

from typing import Literal

from lutrace.core import Field, FrozenModel

TimeUnit = Literal["days", "weeks", "months"]
By = Literal["day", "dose"]
Event = Literal["psa50", "psa90", "psa_progression", "radiological_progression", "clinical_progression"]


class _Figure(FrozenModel):
    name: str
    caption: str
    notes: tuple[str, ...] = ()


class ShowSwimmer(_Figure):
    """A lane per patient: states of the derived table `course` (kind course), doses and `marks` of `timeline`."""

    show: Literal["swimmer"]
    course: str
    timeline: str = ""
    marks: tuple[Event, ...] = (
        "psa50",
        "psa90",
        "psa_progression",
        "radiological_progression",
        "clinical_progression",
    )
    time_unit: TimeUnit = "months"


class ShowSpider(_Figure):
    """A line per patient: change of one series of `timeline` (kind timeline) over days or by dose.

    reached: who had that event is in colour. lines: percentages across. cap_pct: changes above are at the edge.
    """

    show: Literal["spider"]
    timeline: str
    series: str = "psa"
    by: By = "day"
    reached: Literal["psa50", "psa90"] = "psa50"
    lines: tuple[float, ...] = (-90.0, -50.0, 25.0)
    cap_pct: float = Field(default=100.0, gt=0)
    time_unit: TimeUnit = "months"


class ShowTrajectories(_Figure):
    """A panel per series of `timeline`: each patient, the middle course, grades of CTCAE as bands.

    by: `day` with a smooth line, `dose` with median and quartiles.
    """

    show: Literal["trajectories"]
    timeline: str
    series: tuple[str, ...] = ()
    by: By = "day"
    time_unit: TimeUnit = "months"


class ShowAlluvial(_Figure):
    """How therapy ended, what followed, and the state on the data cut, of the derived table `course`."""

    show: Literal["alluvial"]
    course: str


class ShowIncidence(_Figure):
    """Cumulative incidences of an analysis of that kind, with numbers at risk; causes: all, or those named."""

    show: Literal["incidence"]
    analysis: str
    population: str
    endpoint: str
    causes: tuple[str, ...] = ()
    time_unit: TimeUnit = "months"


class ShowOccupancy(_Figure):
    """The share of patients in each state over time, stacked."""

    show: Literal["occupancy"]
    analysis: str
    population: str
    time_unit: TimeUnit = "months"


class ShowLove(_Figure):
    """Balance of covariates between two cohorts before and after weighting, of a comparison of cohorts."""

    show: Literal["love"]
    analysis: str


class ShowEffect(_Figure):
    """A covariate with a spline: the hazard ratio over its values, against its median.

    x_label: the covariate with its unit, as a reader is to see it; else its label.
    """

    show: Literal["effect"]
    analysis: str
    population: str
    endpoint: str
    term: str
    x_label: str = ""


class ShowValidation(_Figure):
    """Calibration and decision curves of a prognostic model, of an analysis of that kind."""

    show: Literal["validation"]
    analysis: str
    population: str
    endpoint: str


class ShowPatientSheets(_Figure):
    """A page per patient in the folder `patients`: timeline, pictures, and values with their rows and rules.

    first: of that many patients only, in the order of their study numbers.
    """

    show: Literal["patient_sheets"]
    timeline: str
    course: str = ""
    first: int | None = Field(default=None, ge=1)


FigureItem = (
    ShowSwimmer
    | ShowSpider
    | ShowTrajectories
    | ShowAlluvial
    | ShowIncidence
    | ShowOccupancy
    | ShowLove
    | ShowValidation
    | ShowEffect
    | ShowPatientSheets
)
"""One of these figures, by its kind."""
