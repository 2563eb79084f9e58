"""Tables of text from result rows: one function per kind of table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence

from lutrace.core import Row
from lutrace.report.contents import (
    AgreementTable,
    AttritionTable,
    CoxGridTable,
    EstimateTable,
    NoticeTable,
    SummaryTable,
    TableSpec,
)
from lutrace.report.evidence import COHORT
from lutrace.report.material import Material
from lutrace.report.text_table import Cell, TextTable
from lutrace.report.wording import (
    EMPTY,
    format_estimate,
    format_p,
    format_quartiles,
    format_share,
    format_value,
    with_unit,
)

_MEASURES = {
    "hazard_ratio": "hazard ratio",
    "correlation": "correlation",
    "proportion": "proportion",
    "kappa": "kappa",
    "median": "median",
    "count": "count",
    "difference": "difference",
}


def compose_table(spec: TableSpec, material: Material) -> TextTable:
    """The table that `spec` asks for, as text."""
    match spec:
        case SummaryTable():
            return _compose_summary(spec, material)
        case AttritionTable():
            return _compose_attrition(spec, material)
        case EstimateTable():
            return _compose_estimates(spec, material)
        case CoxGridTable():
            return _compose_cox_grid(spec, material)
        case AgreementTable():
            return _compose_agreement(spec, material)
        case NoticeTable():
            return _compose_notices(spec, material)


def _compose_summary(spec: SummaryTable, material: Material) -> TextTable:
    rows = sorted(material.rows("summaries", table=spec.table), key=lambda row: row["order"])
    groups = list(dict.fromkeys(row["group"] for row in material.rows("summaries", table=spec.table)))
    totals = {row["group"]: row["total"] for row in rows}
    headers = ("Characteristic", *(_group_header(material, group, totals[group], len(groups)) for group in groups))
    by_variable: dict[str, dict[Hashable, dict[str, Row]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        by_variable[row["variable"]][row["statistic"], row.get("level")][row["group"]] = row
    lines: list[tuple[Cell, ...]] = []
    for variable, levels in by_variable.items():
        lines += _variable_lines(spec, material, variable, groups, list(levels.values()))
    used = {row["statistic"] for row in rows}
    statistics = [text for code, text in (("median_iqr", "median (Q1, Q3)"), ("count", "n (%)")) if code in used]
    notes = (f"Statistics: {'; '.join(statistics)}.",) if statistics else ()
    return TextTable(spec.name, spec.caption, headers, tuple(lines), notes + spec.notes)


def _group_header(material: Material, group: str, total: object, n_groups: int) -> str:
    name = "Overall" if group == "all" and n_groups > 1 else "" if group == "all" else material.word(group)
    return f"{name}, N = {format_value(total)}" if name else f"N = {format_value(total)}"


def _variable_lines(
    spec: SummaryTable, material: Material, variable: str, groups: Sequence[str], levels: Sequence[dict[str, Row]]
) -> list[tuple[Cell, ...]]:
    """A variable as in gtsummary: one line for a number or a yes/no, a head and its levels for a category."""
    lines: list[tuple[Cell, ...]] = []
    samples = [next(iter(level.values())) for level in levels]
    headed = any(sample["statistic"] == "count" and sample.get("level") is not None for sample in samples)
    if headed:
        head = (Cell(material.word(variable), strong=True),)
        lines.append(head + tuple(Cell("") for _ in groups))
    for sample, level in zip(samples, levels, strict=True):
        lines.append(
            (
                _level_name(material, variable, sample, headed),
                *(_summary_cell(spec, material, variable, level.get(group)) for group in groups),
            )
        )
    return lines


def _level_name(material: Material, variable: str, sample: Row, headed: bool) -> Cell:
    if sample["statistic"] == "missing":
        return Cell("Unknown", indent=1)
    if headed:
        return Cell(material.word(sample.get("level")) or "All", indent=1)
    text = material.word(variable)
    return Cell(with_unit(text, sample["unit"]) if sample["statistic"] == "median_iqr" else text, strong=True)


def _summary_cell(spec: SummaryTable, material: Material, variable: str, row: Row | None) -> Cell:
    if row is None:
        return Cell(EMPTY)
    match row["statistic"]:
        case "median_iqr":
            text = format_quartiles(row)
        case "count":
            text = format_share(row.get("value"), row["n"])
        case _:
            text = format_value(None if row.get("value") is None else _whole(row["value"]))
    population = spec.population or row["group"]
    endpoint = material.evidence.endpoint_of(population, variable)
    title = " · ".join(
        part for part in (material.word(population), material.word(variable), material.word(row.get("level"))) if part
    )
    category = row.get("level") if row["statistic"] == "count" else None
    return Cell(text, material.evidence.link(title, population, [endpoint], category))


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) else value


def _compose_attrition(spec: AttritionTable, material: Material) -> TextTable:
    rows = material.rows("attrition", population=spec.populations)
    populations = spec.populations or tuple(dict.fromkeys(row["population"] for row in rows))
    lines: list[tuple[Cell, ...]] = []
    for population in populations:
        steps = sorted((row for row in rows if row["population"] == population), key=lambda row: row["step"])
        if len(populations) > 1:
            lines.append((Cell(material.word(population), strong=True),))
        for row in steps:
            is_last = row is steps[-1]
            members = material.evidence.link(f"{material.word(population)} · members", population, [COHORT])
            left_out = material.evidence.link(
                f"{material.word(population)} · left out: {row['rule']}", population, [f"attrition:{row['step']}"]
            )
            lines.append(
                (
                    Cell(row["rule"], indent=1 if len(populations) > 1 else 0),
                    Cell(format_value(row["n"]), members if is_last else None),
                    Cell(format_value(row["excluded"]) if row.get("reason") else "", left_out),
                    Cell(row.get("reason") or ""),
                )
            )
    headers = ("Step", "Patients left", "Excluded", "Reason")
    return TextTable(spec.name, spec.caption, headers, tuple(lines), spec.notes)


def _compose_estimates(spec: EstimateTable, material: Material) -> TextTable:
    rows = material.rows(
        "estimates",
        analysis=spec.analyses,
        population=spec.populations,
        endpoint=spec.endpoints,
        measure=spec.measures,
    )
    marks, method_notes = _method_notes(rows)
    measures = list(dict.fromkeys(row["measure"] for row in rows))
    lines: list[tuple[Cell, ...]] = []
    head = None
    for row in rows:
        here = _heading(material, row)
        if here != head:
            lines.append((Cell(here, strong=True),))
            head = here
        lines.append(_estimate_line(material, row, marks, several=len(measures) > 1))
    column = _MEASURES[measures[0]].capitalize() if len(measures) == 1 else "Estimate"
    headers = ("Term", "n", "Events", f"{column} (95% CI)", "p")
    return TextTable(spec.name, spec.caption, headers, tuple(lines), method_notes + spec.notes)


def _heading(material: Material, row: Row) -> str:
    parts = (material.word(row["population"]), material.word(row["endpoint"]))
    return " · ".join(part for part in parts if part)


def _estimate_line(material: Material, row: Row, marks: dict[str, str], *, several: bool) -> tuple[Cell, ...]:
    title = f"{_heading(material, row)} · {material.word(row['term'])}"
    link = material.link(row, title)
    name = f"{_term(material, row)}{_adjustment(material, row)}{marks.get(row['method'], '')}"
    text = format_estimate(row)
    if several:
        name = f"{name} – {_MEASURES[row['measure']]}"
        if row["measure"] in ("median", "difference") and row["unit"] not in ("1", ""):
            text = f"{text} {row['unit']}"
    return (
        Cell(name, indent=1),
        Cell(format_value(row["n"]), link),
        Cell(format_value(row.get("events")), link),
        Cell(text, link),
        Cell(format_p(row.get("p"))),
    )


def _term(material: Material, row: Row) -> str:
    """The covariate with the unit that one step of it means; a hazard ratio is never shown without."""
    unit = row["covariate_unit"]
    return (
        f"{material.word(row['term'])} ({unit})" if unit and unit not in ("1", "none") else material.word(row["term"])
    )


def _adjustment(material: Material, row: Row) -> str:
    if not row["adjusted"]:
        return ""
    others = ", ".join(material.word(name.strip()) for name in row["adjusted_for"].split(","))
    return f", adjusted for {others}"


def _method_notes(rows: Iterable[Row]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Marks of the methods, and a footnote for each, in the words of the code that computed; no mark for only one."""
    methods = list(dict.fromkeys(row["method"] for row in rows))
    if len(methods) == 1:
        return {}, (f"Method: {methods[0]}.",)
    marks = {method: f" [{number}]" for number, method in enumerate(methods, start=1)}
    return marks, tuple(f"{marks[method].strip()} {method}." for method in methods)


def _compose_cox_grid(spec: CoxGridTable, material: Material) -> TextTable:
    rows = material.rows(
        "estimates",
        analysis=spec.analyses,
        population=spec.populations,
        endpoint=spec.endpoints,
        term=spec.terms,
        measure="hazard_ratio",
    )
    marks, method_notes = _method_notes(rows)
    lines: list[tuple[Cell, ...]] = []
    for endpoint in spec.endpoints:
        for population in spec.populations:
            here = [row for row in rows if row["endpoint"] == endpoint and row["population"] == population]
            if here:
                lines.append((Cell(f"{material.word(endpoint)} · {material.word(population)}", strong=True),))
            lines += [_grid_line(material, term, here, marks) for term in spec.terms if _of_term(here, term)]
    adjustments = sorted({_adjustment(material, row)[2:] for row in rows if row["adjusted"]})
    headers = (
        "Covariate (unit)",
        "n (events)",
        "HR (95% CI), unadjusted",
        "p, unadjusted",
        "n (events), adjusted model",
        "HR (95% CI), adjusted",
        "p, adjusted",
    )
    notes = ("HR: hazard ratio; CI: confidence interval.", *(f"Adjusted models: {text}." for text in adjustments))
    return TextTable(spec.name, spec.caption, headers, tuple(lines), notes + method_notes + spec.notes)


def _of_term(rows: Sequence[Row], term: str) -> list[Row]:
    return [row for row in rows if row["term"] == term]


def _grid_line(material: Material, term: str, rows: Sequence[Row], marks: dict[str, str]) -> tuple[Cell, ...]:
    of_term = _of_term(rows, term)
    units = list(dict.fromkeys(_term(material, row) for row in of_term))
    cells: list[Cell] = []
    methods: list[str] = []
    for adjusted in (False, True):
        row = next((row for row in of_term if row["adjusted"] is adjusted), None)
        if row is None:
            cells += [Cell(EMPTY), Cell(EMPTY), Cell(EMPTY)]
            continue
        link = material.link(row, f"{_heading(material, row)} · {material.word(term)}")
        methods.append(marks.get(row["method"], ""))
        cells += [
            Cell(f"{format_value(row['n'])} ({format_value(row.get('events'))})", link),
            Cell(format_estimate(row), link),
            Cell(format_p(row.get("p"))),
        ]
    name = "; ".join(units) + "".join(dict.fromkeys(methods))
    return (Cell(name, indent=1), *cells)


def _compose_agreement(spec: AgreementTable, material: Material) -> TextTable:
    rows = material.rows("agreements", analysis=spec.analysis, definition=spec.definitions)
    columns = list(dict.fromkeys(row["column_class"] for row in rows))
    estimates = material.rows("estimates", analysis=spec.analysis)
    lines: list[tuple[Cell, ...]] = []
    for population, definition in dict.fromkeys((row["population"], row["definition"]) for row in rows):
        matrix = [row for row in rows if row["population"] == population and row["definition"] == definition]
        lines.append((Cell(f"{material.word(population)} · {material.word(definition)}", strong=True),))
        for row_class in dict.fromkeys(row["row_class"] for row in matrix):
            counts = {row["column_class"]: row["n"] for row in matrix if row["row_class"] == row_class}
            link = material.evidence.link(
                f"{material.word(population)} · {spec.rows} and {spec.columns}", population, [definition]
            )
            lines.append(
                (
                    Cell(material.word(row_class), indent=1),
                    *(Cell(format_value(counts[name]), link) if name in counts else Cell("") for name in columns),
                )
            )
        lines += _agreement_estimates(material, estimates, population, definition)
    headers = (f"{spec.rows} \\ {spec.columns}", *(material.word(name) for name in columns))
    shown = [row for row in estimates if row["term"] in {row["definition"] for row in rows}]
    method_notes = tuple(
        f"{_MEASURES[measure].capitalize()}: {method}."
        for measure, method in dict.fromkeys((row["measure"], row["method"]) for row in shown)
    )
    notes = (f"Rows: {spec.rows}. Columns: {spec.columns}.", *method_notes, *spec.notes)
    return TextTable(spec.name, spec.caption, headers, tuple(lines), notes)


def _agreement_estimates(
    material: Material, estimates: Sequence[Row], population: str, definition: str
) -> list[tuple[Cell, ...]]:
    return [
        (
            Cell(
                f"{'Concordance' if row['measure'] == 'proportion' else _MEASURES[row['measure']].capitalize()}: "
                f"{format_estimate(row)}, n = {format_value(row['n'])}",
                material.link(row, f"{material.word(population)} · {material.word(definition)}"),
                indent=1,
            ),
        )
        for row in estimates
        if row["population"] == population and row["term"] == definition
    ]


def _compose_notices(spec: NoticeTable, material: Material) -> TextTable:
    lines = tuple((Cell(note.severity), Cell(note.where), Cell(note.text)) for note in material.notices)
    notes = spec.notes if lines else ("The run raised no warning.", *spec.notes)
    return TextTable(spec.name, spec.caption, ("Severity", "Where", "What"), lines, notes, is_prose=True)
