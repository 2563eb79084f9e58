"""Tables of text from result rows: characteristics, selection, notices, and who makes the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence

from lutrace.core import Row
from lutrace.report.balance_table import compose_balance
from lutrace.report.check_table import compose_checks
from lutrace.report.contents import (
    BLOCKING,
    AgreementTable,
    AttritionTable,
    BalanceTable,
    CheckTable,
    CoxGridTable,
    EstimateTable,
    NoticeTable,
    SummaryTable,
    TableSpec,
)
from lutrace.report.estimate_tables import compose_agreement, compose_cox_grid, compose_estimates
from lutrace.report.evidence import COHORT
from lutrace.report.material import Material
from lutrace.report.notices import group_notices
from lutrace.report.text_table import Cell, TextTable
from lutrace.report.wording import (
    EMPTY,
    format_quartiles,
    format_share,
    format_value,
    with_unit,
)


def compose_table(spec: TableSpec, material: Material) -> TextTable:
    """The table that `spec` asks for, as text."""
    match spec:
        case SummaryTable():
            return _compose_summary(spec, material)
        case AttritionTable():
            return _compose_attrition(spec, material)
        case EstimateTable():
            return compose_estimates(spec, material)
        case CoxGridTable():
            return compose_cox_grid(spec, material)
        case AgreementTable():
            return compose_agreement(spec, material)
        case CheckTable():
            return compose_checks(spec, material)
        case BalanceTable():
            return compose_balance(spec, material)
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
        return Cell(material.word(sample.get("level")) or "Unknown", indent=1)
    if headed and sample["statistic"] == "median_iqr":
        return Cell(with_unit("Median (Q1, Q3)", sample["unit"]), indent=1)
    if headed:
        return Cell(material.word(sample.get("level")) or "Any", indent=1)
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
    population = row["group"] if material.evidence.has_population(row["group"]) else spec.population or row["group"]
    endpoint = material.evidence.endpoint_of(population, variable)
    classes: list[tuple[str | None, str]] = []
    if row["group"] not in ("all", population):
        classes.append((None, row["group"]))
    if row["statistic"] == "count" and row.get("level") is not None:
        classes.append((endpoint, row["level"]))
    title = " · ".join(
        part for part in (material.word(population), material.word(variable), material.word(row.get("level"))) if part
    )
    return Cell(text, material.evidence.link(title, population, [endpoint], classes))


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
            lost_later = [f"attrition:{later['step']}" for later in steps if later["step"] > row["step"]]
            members = material.evidence.link(
                f"{material.word(population)} · left after: {row['rule']}",
                population,
                [COHORT, *lost_later],
                n_rows=row["n"],
            )
            left_out = material.evidence.link(
                f"{material.word(population)} · left out: {row.get('reason')}",
                population,
                [f"attrition:{row['step']}"],
                n_rows=row["excluded"],
            )
            lines.append(
                (
                    Cell(row["rule"], indent=1 if len(populations) > 1 else 0),
                    Cell(format_value(row["n"]), members),
                    Cell(format_value(row["excluded"]) if row.get("reason") else "", left_out),
                    Cell(row.get("reason") or ""),
                )
            )
    headers = ("Step", "Patients left", "Excluded", "Reason")
    return TextTable(spec.name, spec.caption, headers, tuple(lines), spec.notes, words=(3,))


def _compose_notices(spec: NoticeTable, material: Material) -> TextTable:
    lines = tuple(
        (Cell(group.severity, strong=group.severity == BLOCKING), Cell(group.text), Cell(group.places))
        for group in group_notices(material.notices, material.labels)
    )
    notes = spec.notes if lines else ("The run raised no warning.", *spec.notes)
    return TextTable(spec.name, spec.caption, ("Severity", "What", "Where"), lines, notes, words=(1, 2))
