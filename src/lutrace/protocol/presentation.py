"""What is shown: sections with their tables and figures, bound to populations, endpoints and analyses by name."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from lutrace.core import Field, FrozenModel
from lutrace.protocol.presentation_checklist import ShowChecklist
from lutrace.protocol.presentation_figures import FigureItem

SummaryName = Literal["characteristics", "components", "new_lesions", "response", "ttv_provenance"]
SUMMARY_TABLES: tuple[str, ...] = get_args(SummaryName)
"""The tables of counts that every study has."""


class _Item(FrozenModel):
    name: str
    caption: str


class ShowSummary(_Item):
    """A table of characteristics, components or counts: `table` names what the run counts."""

    show: Literal["summary"]
    table: SummaryName
    population: str = ""
    notes: tuple[str, ...] = ()


class ShowDerived(_Item):
    """How many patients are in each class of the derived table named in `of`."""

    show: Literal["derived"]
    of: str
    notes: tuple[str, ...] = ()


class ShowGroupTable(_Item):
    """The table by group that `tables` declares under the name `of`.

    percent_of: shares are of patients with a `known` value, or of `all` (those without are then a class of their own).
    """

    show: Literal["group_table"]
    of: str
    percent_of: Literal["known", "all"] = "known"
    notes: tuple[str, ...] = ()


class ShowAttrition(_Item):
    """Who was left at each step."""

    show: Literal["attrition"]
    populations: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class ShowEstimates(_Item):
    """Estimates, one line each."""

    show: Literal["estimates"]
    analyses: tuple[str, ...] = ()
    populations: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class ShowCoxGrid(_Item):
    """Hazard ratios by term, population and outcome, unadjusted beside adjusted."""

    show: Literal["cox_grid"]
    analyses: tuple[str, ...]
    terms: tuple[str, ...]
    populations: tuple[str, ...]
    endpoints: tuple[str, ...]
    notes: tuple[str, ...] = ()


class ShowRegression(_Item):
    """Models side by side, a line per term: n, events, estimate with interval, p, and q where tests are adjusted.

    beside: what differs from column to column. Ratios and differences of Cox, logistic, linear, mixed and Fine-Gray
    models are shown alike; each is named by its measure.
    """

    show: Literal["regression"]
    analyses: tuple[str, ...] = Field(min_length=1)
    populations: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    beside: Literal["adjustment", "population", "endpoint", "analysis"] = "adjustment"
    notes: tuple[str, ...] = ()


class ShowSurvivalTable(_Item):
    """Times to an outcome, a line per group: n, events, median, shares without the event, restricted means."""

    show: Literal["survival_table"]
    analyses: tuple[str, ...] = Field(min_length=1)
    populations: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class ShowAgreement(_Item):
    """Confusion matrices with agreement and kappa."""

    show: Literal["agreement"]
    analysis: str
    rows: str
    columns: str
    notes: tuple[str, ...] = ()


class ShowChecks(_Item):
    """What was checked of each Cox model: events per term, proportional hazards, influence, Firth's answer."""

    show: Literal["checks"]
    analyses: tuple[str, ...]
    notes: tuple[str, ...] = ()


class ShowWarnings(_Item):
    """What the run warns of."""

    show: Literal["warnings"]
    notes: tuple[str, ...] = ()


class ShowFlow(_Item):
    """Flow diagram."""

    show: Literal["flow"]
    populations: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class ShowSurvival(_Item):
    """Kaplan-Meier curves with numbers at risk."""

    show: Literal["survival"]
    analysis: str
    population: str
    endpoint: str
    estimates: tuple[str, ...] = ()
    time_unit: Literal["weeks", "months", "days"] = "weeks"
    notes: tuple[str, ...] = ()


class ShowForest(_Item):
    """Hazard ratios on a log axis."""

    show: Literal["forest"]
    analyses: tuple[str, ...]
    populations: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    adjusted: bool | None = None
    notes: tuple[str, ...] = ()


class ShowSpecifications(_Item):
    """The specification curve of that name: every estimate in order, and below it which options gave it."""

    show: Literal["specifications"]
    analysis: str
    notes: tuple[str, ...] = ()


class ShowBalance(_Item):
    """Covariates of both cohorts of a comparison beside each other, with standardised differences."""

    show: Literal["balance"]
    analysis: str
    notes: tuple[str, ...] = ()


class ShowWaterfall(_Item):
    """One bar per patient."""

    show: Literal["waterfall"]
    population: str
    endpoint: str
    lines: tuple[float, ...] = (-50.0, 25.0)
    cap_pct: float = 100.0
    notes: tuple[str, ...] = ()


class ShowScatter(_Item):
    """Two values of each patient against each other."""

    show: Literal["scatter"]
    population: str
    x_endpoint: str
    y_endpoint: str
    analysis: str = ""
    x_lines: tuple[float, ...] = (0.0,)
    y_lines: tuple[float, ...] = (0.0,)
    cap: float | None = 200.0
    notes: tuple[str, ...] = ()


class ShowPictures(_Item):
    """Example scans of one patient with lesion outlines, cycle by cycle."""

    show: Literal["pictures"]
    patients: int = 1
    notes: tuple[str, ...] = ()


TableItem = (
    ShowSummary
    | ShowDerived
    | ShowGroupTable
    | ShowAttrition
    | ShowEstimates
    | ShowRegression
    | ShowSurvivalTable
    | ShowCoxGrid
    | ShowAgreement
    | ShowChecks
    | ShowWarnings
)
"""What is shown as one table."""


class ShowMerge(_Item):
    """Tables side by side: lines of the same name meet; the caption of each stands in the headers of its columns."""

    show: Literal["merge"]
    parts: tuple[Annotated[TableItem, Field(discriminator="show")], ...] = Field(min_length=2)
    notes: tuple[str, ...] = ()


class ShowStack(_Item):
    """Tables below each other, each under its caption; columns of the same name are one."""

    show: Literal["stack"]
    parts: tuple[Annotated[TableItem, Field(discriminator="show")], ...] = Field(min_length=2)
    notes: tuple[str, ...] = ()


Item = (
    TableItem
    | ShowMerge
    | ShowStack
    | ShowChecklist
    | ShowFlow
    | ShowSurvival
    | ShowForest
    | ShowSpecifications
    | ShowBalance
    | ShowWaterfall
    | ShowScatter
    | ShowPictures
    | FigureItem
)


class ReportSection(FrozenModel):
    """A heading, its paragraphs, and what stands under it."""

    title: str
    text: tuple[str, ...] = ()
    items: tuple[Annotated[Item, Field(discriminator="show")], ...] = ()


class AbstractPart(FrozenModel):
    """One part of the abstract under its heading (Background, Methods, Results, Conclusions)."""

    heading: str
    text: str


class Presentation(FrozenModel):
    """The report: abstract, methods in words, sections, and a reader's words for names.

    Texts name numbers of results.json in braces, `{km/C2/os/all/unadjusted}`, and no number is typed by hand.
    """

    abstract: tuple[AbstractPart, ...] = Field(default=(), exclude_if=lambda parts: not parts)
    methods: tuple[str, ...] = ()
    sections: tuple[ReportSection, ...]
    labels: dict[str, str] = Field(default_factory=dict)
    theme: Literal["default", "jnm", "jco", "lancet", "greyscale"] = Field(
        default="default", exclude_if=lambda theme: theme == "default"
    )

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """All texts that may name numbers, each with its place."""
        found = [(f"abstract.{part.heading}", part.text) for part in self.abstract]
        found += [("methods", text) for text in self.methods]
        found += [(section.title, text) for section in self.sections for text in section.text]
        found += [(item.name, text) for item in self.items for text in (item.caption, *item.notes)]
        return tuple(found)

    @property
    def items(self) -> tuple[Item, ...]:
        """All tables and figures in their order, and after each what it is put together from."""
        shown = (item for section in self.sections for item in section.items)
        return tuple(one for item in shown for one in (item, *getattr(item, "parts", ())))
