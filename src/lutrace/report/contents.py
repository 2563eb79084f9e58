"""What a report is made of: the rows, what says where they come from, and which of them are shown in which order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lutrace.core import Row
from lutrace.report.figure_contents import CourseFigure, PatientSheets, RiskFigure


@dataclass(frozen=True)
class ReportMeta:
    """Where the numbers come from. `versions` names the programs beside lutrace that computed (name to version)."""

    snapshot_digest: str
    protocol_digest: str
    protocol_yaml: str
    data_cut: dt.date | None
    lutrace_version: str
    synthetic: bool
    centre: str
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ReleasePolicy:
    """What may leave: counts below `min_cell` are hidden (None: none is); `patient_level` allows rows of one person.

    Where small counts are hidden no row of one person leaves, whatever `patient_level` says: it would tell them.
    Without such rows there is no evidence, no waterfall, no scatter and no picture.
    """

    min_cell: int | None = None
    patient_level: bool = True

    @property
    def shows_persons(self) -> bool:
        """Whether rows of one person may leave."""
        return self.patient_level and self.min_cell is None


@dataclass(frozen=True)
class EvidenceRow:
    """One fact behind a number: a value of one patient, the row it came from and the rule that took it.

    `population` and `endpoint` tie it to the numbers: an estimate leads to the rows of its population whose endpoint is
    its endpoint, its term, or one of `adjusted_for` (split at commas). The members of a population have the endpoint
    `cohort`; those that step 3 of an attrition left out have `attrition:3`. `patient_id` is the registry's pseudonym;
    the report shows a study number (S001) in its place. `source` is the digest of the file that the fact came from,
    `source_place` the place in it. Never a calendar date.
    """

    patient_id: str
    population: str
    endpoint: str
    days: float | None = None
    value: float | None = None
    unit: str | None = None
    event: bool | None = None
    category: str | None = None
    source_table: str | None = None
    source_row: str | None = None
    source: str | None = None
    source_place: str | None = None
    rule: str = ""
    reason: str | None = None


@dataclass(frozen=True)
class ReportPicture:
    """One picture as PNG bytes; pictures of one `panel` stand side by side, each under its `label` (C1, C2, C3).

    `patient_id` is whose it is, where a page of a patient shows it.
    """

    png: bytes
    caption: str
    panel: str = ""
    label: str = ""
    patient_id: str = ""


BLOCKING = "blocking"


@dataclass(frozen=True)
class Notice:
    """A warning of the run: which analysis it touches, and what it says. `severity` is note, warning or blocking.

    A blocking notice means that numbers must not be published; it stands at the top of the report.
    """

    where: str
    text: str
    severity: str = "warning"


@dataclass(frozen=True)
class SummaryTable:
    """Rows of SUMMARIES: Table 1, components of an endpoint, counts. `table` is their name; groups stand in columns.

    `population` ties its counts to evidence (empty: no links); `by` is the endpoint whose classes the groups are
    (empty: groups are populations, or classes of whatever has them). `percent_of`: shares are of those with a `known`
    value, or of `all`. `remarks` are footnotes to variables.
    """

    name: str
    caption: str
    table: str
    population: str = ""
    by: str = ""
    percent_of: str = "known"
    remarks: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class AttritionTable:
    """Rows of ATTRITION, one block per population (empty: all)."""

    name: str
    caption: str
    populations: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class EstimateTable:
    """Rows of ESTIMATES, a line each, of the `analyses`, `populations`, `endpoints`, `measures` named (empty: all)."""

    name: str
    caption: str
    analyses: tuple[str, ...] = ()
    populations: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


REGRESSION_MEASURES = {
    "hazard_ratio": "HR",
    "odds_ratio": "OR",
    "mean_difference": "Difference",
    "slope": "Slope",
    "subdistribution_hazard_ratio": "sHR",
    "cause_specific_hazard_ratio": "csHR",
    "time_ratio": "TR",
}
"""What a table of regression models shows, and what heads its column."""


@dataclass(frozen=True)
class RegressionTable:
    """Estimates of models by term, with n, events, p and q, under headings of outcome and population.

    `beside` is what differs from column to column: adjustment, population, endpoint or analysis. Rows of ESTIMATES are
    taken whose measure is one of `measures`, of the names given (empty: all), in the order of the names.
    """

    name: str
    caption: str
    analyses: tuple[str, ...]
    terms: tuple[str, ...] = ()
    populations: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    beside: str = "adjustment"
    measures: tuple[str, ...] = tuple(REGRESSION_MEASURES)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SurvivalTable:
    """Times to an outcome of ESTIMATES, a line per group: median, shares without the event, restricted means."""

    name: str
    caption: str
    analyses: tuple[str, ...]
    populations: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class AgreementTable:
    """Rows of AGREEMENTS of one `analysis` as confusion matrices, with its proportion and kappa of ESTIMATES below.

    The matching ESTIMATES have the same analysis and population, and the definition as their term. `rows` and
    `columns` name the two methods. `endpoints` are the two of the evidence whose category is the class; left out, they
    are `<analysis>.<definition>.row` and `<analysis>.<definition>.column`.
    """

    name: str
    caption: str
    analysis: str
    rows: str
    columns: str
    definitions: tuple[str, ...] = ()
    endpoints: tuple[str, str] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckTable:
    """What was checked of each Cox model: a line per hazard ratio of `analyses`, from its column `checks`."""

    name: str
    caption: str
    analyses: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class BalanceTable:
    """Rows of BALANCES of one comparison `analysis`; `populations` are its two cohorts, in their order."""

    name: str
    caption: str
    analysis: str
    populations: tuple[str, str]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChecklistLine:
    """One item of a reporting checklist: its number, the part of a paper, what it asks for, the places that tell it."""

    number: str
    part: str
    asks: str
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChecklistTable:
    """The items of a reporting checklist with where each stands in this report, `not told` where nowhere."""

    name: str
    caption: str
    lines: tuple[ChecklistLine, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class NoticeTable:
    """All notices of the run, those that say the same of several places in one line; blocking ones first."""

    name: str = "warnings"
    caption: str = "Warnings raised by the run"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class FlowFigure:
    """A flow diagram of ATTRITION, a box per step, the populations below each other.

    Each hangs on the end of the one before; set `chained` to false when they were selected side by side.
    """

    name: str
    caption: str
    populations: tuple[str, ...] = ()
    chained: bool = True
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SurvivalFigure:
    """Kaplan-Meier curves of CURVES with a risk table. Medians are rows of ESTIMATES whose term is the group.

    Hazard ratios and tests of `estimates` (names of analyses) for the same population and endpoint are written in.
    """

    name: str
    caption: str
    analysis: str
    population: str
    endpoint: str
    groups: tuple[str, ...] = ()
    estimates: tuple[str, ...] = ()
    time_unit: str = "weeks"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ForestFigure:
    """Hazard ratios of ESTIMATES on a log axis, one line each, grouped by endpoint and population."""

    name: str
    caption: str
    analyses: tuple[str, ...]
    populations: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    adjusted: bool | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SpecificationFigure:
    """The rows of ESTIMATES of measure specification of one `analysis`, with the options that `checks` name of each.

    The labels `analysis.choice` and `analysis.choice.option` say them in words.
    """

    name: str
    caption: str
    analysis: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class WaterfallFigure:
    """One bar per patient for a percentage in ENDPOINT_VALUES, worst left; `lines` are the percentages drawn across.

    Bars above `cap_pct` are cut there, with their value written. Colour is the row's category.
    """

    name: str
    caption: str
    population: str
    endpoint: str
    lines: tuple[float, ...] = (-50.0, 25.0)
    cap_pct: float = 100.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScatterFigure:
    """Two covariates of ENDPOINT_VALUES against each other. `analysis` names the correlation rows of ESTIMATES shown.

    Axes are percentages by default; values above `cap` are drawn at the edge as open triangles.
    """

    name: str
    caption: str
    population: str
    x_endpoint: str
    y_endpoint: str
    analysis: str = ""
    x_lines: tuple[float, ...] = (0.0,)
    y_lines: tuple[float, ...] = (0.0,)
    cap: float | None = 200.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PictureFigure:
    """The pictures of one panel, side by side in their order."""

    name: str
    caption: str
    panel: str = ""
    notes: tuple[str, ...] = ()


OneTable = (
    SummaryTable
    | AttritionTable
    | EstimateTable
    | RegressionTable
    | SurvivalTable
    | AgreementTable
    | CheckTable
    | BalanceTable
    | NoticeTable
)


@dataclass(frozen=True)
class MergedTable:
    """Tables side by side: lines of one name under one heading meet; captions of the parts stand in their headers."""

    name: str
    caption: str
    parts: tuple[OneTable, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class StackedTable:
    """Tables below each other, each under its caption; columns of one name are one."""

    name: str
    caption: str
    parts: tuple[OneTable, ...]
    notes: tuple[str, ...] = ()


TableSpec = OneTable | ChecklistTable | MergedTable | StackedTable
FigureSpec = (
    FlowFigure
    | SurvivalFigure
    | ForestFigure
    | SpecificationFigure
    | WaterfallFigure
    | ScatterFigure
    | PictureFigure
    | CourseFigure
    | RiskFigure
)


@dataclass(frozen=True)
class KeyNumber:
    """A number at the top: a short label, the number, and small below it what it is of (unit, n, interval).

    `population` and `endpoints` name its evidence, as in EvidenceRow; empty: it leads nowhere.
    """

    label: str
    value: str
    detail: str = ""
    population: str = ""
    endpoints: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """A heading, its paragraphs, and the tables and figures under it in their order."""

    title: str
    text: tuple[str, ...] = ()
    items: tuple[TableSpec | FigureSpec | PatientSheets, ...] = ()


@dataclass(frozen=True)
class ReportSpec:
    """What is shown, in which order, in which words.

    `methods` are paragraphs in the protocol's own wording; `key_numbers` are the few numbers at the top; `abstract` are
    its parts as (heading, text);
    `labels` turns the names of analyses, populations, endpoints, terms, groups and classes into a reader's words.
    `values_of` says which endpoints of the evidence stand behind a name that is none itself: a covariate (ttv) of its
    value (ttv_ml), a variable of a summary, a definition of classes.
    """

    sections: tuple[Section, ...]
    methods: tuple[str, ...] = ()
    key_numbers: tuple[KeyNumber, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    values_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    abstract: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class RowTable:
    """Rows of the declared result table `table`, one file of the folder `tables` under `name`.

    Rows of patients leave only where rows of persons may, others only where no small count is hidden.
    """

    name: str
    table: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class ReportInput:
    """All that a report is made of. `tables` holds rows of RESULT_TABLES by name; a table may be left out.

    Columns declared as dates or free text never leave: they are withheld, and said to be. In `row_tables` dates become
    days from `day_zero` of the patient. `theme` is how all figures look.
    """

    title: str
    subtitle: str
    meta: ReportMeta
    tables: Mapping[str, Sequence[Row]]
    spec: ReportSpec
    pictures: Sequence[ReportPicture] = ()
    evidence: Sequence[EvidenceRow] = ()
    notices: Sequence[Notice] = ()
    policy: ReleasePolicy = ReleasePolicy()
    row_tables: Sequence[RowTable] = ()
    day_zero: Mapping[str, dt.date] = field(default_factory=dict)
    theme: str = "default"


def blocking_texts(report_input: ReportInput) -> list[str]:
    """What stands at the top of a report because numbers below must not be published; equal texts once."""
    places: dict[str, list[str]] = {}
    for notice in report_input.notices:
        if notice.severity == BLOCKING:
            places.setdefault(notice.text, []).append(notice.where)
    return [f"{'; '.join(dict.fromkeys(where))}: {text}" for text, where in places.items()]


@dataclass(frozen=True)
class ReportFiles:
    """The files that a report wrote."""

    html: Path
    docx: Path
    evidence: Path | None
    tables: tuple[Path, ...]
    figures: tuple[Path, ...]
    abstract: Path | None = None

    def moved(self, old: Path, new: Path) -> ReportFiles:
        """The same files, after the folder `old` that they were written to has become `new`."""

        def place(path: Path) -> Path:
            return new / path.relative_to(old)

        evidence, abstract = (None if path is None else place(path) for path in (self.evidence, self.abstract))
        tables, figures = (tuple(place(path) for path in paths) for paths in (self.tables, self.figures))
        return ReportFiles(place(self.html), place(self.docx), evidence, tables, figures, abstract)


@dataclass(frozen=True)
class IndexEntry:
    """One thing that was made: its title, its file (linked relative to the index), what it says, a picture of it."""

    title: str
    path: Path
    summary: tuple[str, ...] = ()
    png: bytes | None = None
    alt: str = ""


@dataclass(frozen=True)
class IndexMeta:
    """Head of the index page: what was made, the numbers that sum it up as (label, text), and pictures of it."""

    title: str
    intro: str
    centre: str
    lutrace_version: str
    synthetic: bool
    snapshot_digest: str = ""
    key_numbers: tuple[tuple[str, str], ...] = ()
    pictures: tuple[ReportPicture, ...] = ()
