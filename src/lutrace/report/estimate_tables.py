"""Tables of what models say: estimates, hazard ratios side by side, agreement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lutrace.core import Row
from lutrace.report.contents import AgreementTable, EstimateTable
from lutrace.report.material import Material, group_rows
from lutrace.report.text_table import Cell, TextTable, mark_notes
from lutrace.report.wording import format_estimate, format_p, format_value, in_words, with_unit

MEASURES = {
    "hazard_ratio": "hazard ratio",
    "correlation": "correlation",
    "proportion": "proportion",
    "kappa": "kappa",
    "median": "median",
    "count": "count",
    "difference": "difference",
    "specification": "hazard ratio",
    "share_of_specifications": "share of specifications",
    "cumulative_incidence": "cumulative incidence",
    "subdistribution_hazard_ratio": "subdistribution hazard ratio",
    "cause_specific_hazard_ratio": "cause-specific hazard ratio",
    "occupancy": "share in the state",
    "survival": "share without the event",
    "survival_difference": "difference of shares without the event",
    "rmst": "restricted mean time",
    "rmst_difference": "difference of restricted mean times",
    "lower_quartile": "lower quartile",
    "upper_quartile": "upper quartile",
    "time_ratio": "time ratio",
    "odds_ratio": "odds ratio",
    "mean_difference": "difference of means",
    "slope": "slope",
    "standard_deviation": "standard deviation",
    "icc": "intraclass correlation",
    "auc": "area under the ROC curve",
    "e_value": "E-value",
    "concordance_increase": "gain in concordance",
    "effective_n": "effective sample size",
    "concordance": "concordance",
    "brier": "Brier score",
    "integrated_brier": "integrated Brier score",
    "calibration_slope": "calibration slope",
    "calibration_intercept": "calibration intercept",
    "observed_expected": "observed over expected",
    "nonlinearity": "test of a curved effect",
    "limit_of_agreement": "limit of agreement",
    "repeatability": "repeatability coefficient",
}
"""What each measure of ESTIMATES is called."""
_WITH_UNIT = (
    *("median", "difference", "mean_difference", "slope", "standard_deviation"),
    *("limit_of_agreement", "repeatability"),
)


def compose_estimates(spec: EstimateTable, material: Material) -> TextTable:
    """Estimates, one line each, under headings of population and endpoint."""
    rows = material.rows(
        "estimates",
        analysis=spec.analyses,
        population=spec.populations,
        endpoint=spec.endpoints,
        measure=spec.measures,
    )
    marks, told = method_notes(material, rows)
    columns = _EstimateColumns.of(rows)
    lines: list[tuple[Cell, ...]] = []
    for head, own in group_rows(rows, lambda row: describe_heading(material, row)).items():
        lines.append((Cell(head, strong=True),))
        lines += [_estimate_line(material, row, marks, columns) for row in own]
    return TextTable(spec.name, spec.caption, columns.headers, tuple(lines), told + spec.notes)


@dataclass(frozen=True)
class _EstimateColumns:
    """Which columns a table of estimates needs; a measure and unit that all rows share stand in its header."""

    measure: str | None
    unit: str | None
    has_events: bool
    tests: tuple[str, ...]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> _EstimateColumns:
        """The columns that these rows need."""
        measures, units = {row["measure"] for row in rows}, {row["unit"] for row in rows}
        return cls(
            measures.pop() if len(measures) == 1 else None,
            units.pop() if len(units) == 1 else None,
            any(row.get("events") is not None for row in rows),
            tuple(name for name in ("p", "q") if any(row.get(name) is not None for row in rows)),
        )

    @property
    def headers(self) -> tuple[str, ...]:
        """The header, in order."""
        name = "Estimate" if self.measure is None else MEASURES[self.measure].capitalize()
        if self.measure in _WITH_UNIT:
            name = with_unit(name, self.unit)
        interval = "" if self.measure == "count" else " (95% CI)"
        events = ("n with" if self.measure == "proportion" else "Events",) if self.has_events else ()
        return ("Term", "n", *events, f"{name}{interval}", *self.tests)


def describe_heading(material: Material, row: Row) -> str:
    """Population and outcome; of a correlation what is correlated, of a share nothing, for its term says it."""
    if row["measure"] == "correlation" and row["analysis"] in material.labels:
        subject: str | None = row["analysis"]
    else:
        subject = row["endpoint"] if row["endpoint"] != row["term"] else None
    return " · ".join(part for part in (material.word(row["population"]), material.word(subject)) if part)


def _estimate_line(material: Material, row: Row, marks: dict[str, str], columns: _EstimateColumns) -> tuple[Cell, ...]:
    title = f"{describe_heading(material, row)} · {material.word(row['term'])}"
    link = material.link(row, title)
    name = f"{describe_term(material, row)}{describe_adjustment(material, row)}"
    if columns.measure is None:
        name = f"{name}, {MEASURES[row['measure']]}"
    text = format_estimate(row)
    if row["measure"] in _WITH_UNIT and not (columns.measure and columns.unit) and row["unit"] not in ("1", ""):
        text = f"{text} {row['unit']}"
    return (
        Cell(f"{name}{marks.get(row['method'], '')}", indent=1),
        Cell(format_value(row["n"]), link),
        *((Cell(format_value(row.get("events")), link),) if columns.has_events else ()),
        Cell(text, link),
        *(Cell(format_p(row.get(name)), link if row.get(name) is not None else None) for name in columns.tests),
    )


def describe_term(material: Material, row: Row) -> str:
    """The covariate with the unit that one step of it means; a hazard ratio is never shown without."""
    unit = row["covariate_unit"]
    return (
        f"{material.word(row['term'])} ({unit})" if unit and unit not in ("1", "none") else material.word(row["term"])
    )


def describe_adjustment(material: Material, row: Row) -> str:
    """`, adjusted for ...`, or nothing."""
    if not row["adjusted"]:
        return ""
    others = ", ".join(material.word(name.strip()) for name in row["adjusted_for"].split(","))
    return f", adjusted for {others}"


def method_notes(material: Material, rows: Iterable[Row]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Marks of the methods, and a footnote for each, in the words of the code that computed."""
    marks, notes = mark_notes([row["method"] for row in rows], "Method")
    return marks, tuple(in_words(material.labels, note) for note in notes)


def compose_agreement(spec: AgreementTable, material: Material) -> TextTable:
    """Confusion matrices under headings of population and definition, each with its agreement below."""
    rows = material.rows("agreements", analysis=spec.analysis, definition=spec.definitions)
    estimates = material.rows("estimates", analysis=spec.analysis)
    matrices = dict.fromkeys((row["population"], row["definition"]) for row in rows)
    classes = {key: _column_classes(rows, key) for key in matrices}
    width = max((len(names) for names in classes.values()), default=0)
    shared = set(classes.values()).pop() if len(set(classes.values())) == 1 else None
    lines: list[tuple[Cell, ...]] = []
    for population, definition in matrices:
        title = f"{material.word(population)} · {material.word(definition)}"
        names = classes[population, definition]
        blank = [Cell("")] * (width - len(names))
        heads = [] if shared else [*(Cell(material.word(name), strong=True) for name in names), *blank]
        lines.append((Cell(title, strong=True), *heads))
        counts = {
            (row["row_class"], row["column_class"]): row["n"]
            for row in rows
            if (row["population"], row["definition"]) == (population, definition)
        }
        for row_class in dict.fromkeys(pair[0] for pair in counts):
            pairs = [(row_class, name) for name in names]
            cells = [_matrix_cell(spec, material, (population, definition), pair, counts.get(pair)) for pair in pairs]
            lines.append((Cell(material.word(row_class), indent=1), *cells, *blank))
        lines += _agreement_estimates(spec, material, estimates, (population, definition))
    names = tuple(material.word(name) for name in shared or ()) or tuple(f"class {n + 1}" for n in range(width))
    headers = (f"{spec.rows} \\ {spec.columns}", *names)
    shown = [row for row in estimates if row["term"] in {row["definition"] for row in rows}]
    method_notes = tuple(
        f"{MEASURES[measure].capitalize()}: {method}."
        for measure, method in dict.fromkeys((row["measure"], row["method"]) for row in shown)
    )
    notes = (f"Rows: {spec.rows}. Columns: {spec.columns}.", *method_notes, *spec.notes)
    return TextTable(spec.name, spec.caption, headers, tuple(lines), notes)


def _column_classes(rows: Sequence[Row], key: tuple[str, str]) -> tuple[str, ...]:
    """The classes of the columns of one matrix, in their order."""
    own = (row["column_class"] for row in rows if (row["population"], row["definition"]) == key)
    return tuple(dict.fromkeys(own))


def _matrix_cell(
    spec: AgreementTable, material: Material, key: tuple[str, str], classes: tuple[str, str], n: object
) -> Cell:
    """A count of patients with both classes, leading to the values that put them there."""
    if n is None:
        return Cell("")
    pair = f"{spec.rows}: {material.word(classes[0])}, {spec.columns}: {material.word(classes[1])}"
    title = f"{material.word(key[0])} · {material.word(key[1])} · {pair}"
    endpoints = _class_endpoints(spec, key[1])
    link = material.evidence.link(title, key[0], endpoints, list(zip(endpoints, classes, strict=True)))
    return Cell(format_value(n), link)


def _class_endpoints(spec: AgreementTable, definition: str) -> tuple[str, str]:
    """The endpoints of the evidence whose categories are the classes of rows and columns."""
    if spec.endpoints:
        return spec.endpoints
    return f"{spec.analysis}.{definition}.row", f"{spec.analysis}.{definition}.column"


def _agreement_estimates(
    spec: AgreementTable, material: Material, estimates: Sequence[Row], key: tuple[str, str]
) -> list[tuple[Cell, ...]]:
    return [
        (
            Cell(
                _agreement_text(row),
                material.evidence.link(
                    f"{material.word(key[0])} · {material.word(key[1])}", key[0], _class_endpoints(spec, key[1])
                ),
                indent=1,
            ),
        )
        for row in estimates
        if (row["population"], row["term"]) == key
    ]


def _agreement_text(row: Row) -> str:
    if row["measure"] == "proportion" and row.get("events") is not None:
        return f"Concordance: {format_value(row['events'])} of {format_value(row['n'])}, {format_estimate(row)}"
    name = "Concordance" if row["measure"] == "proportion" else MEASURES[row["measure"]].capitalize()
    return f"{name}: {format_estimate(row)}, n = {format_value(row['n'])}"
