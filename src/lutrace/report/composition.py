"""Tables of text from result rows: who makes which, and those of selection and notices."""

from __future__ import annotations

from lutrace.report.balance_table import compose_balance
from lutrace.report.check_table import compose_checks
from lutrace.report.contents import (
    BLOCKING,
    AgreementTable,
    AttritionTable,
    BalanceTable,
    ChecklistTable,
    CheckTable,
    EstimateTable,
    MergedTable,
    NoticeTable,
    RegressionTable,
    StackedTable,
    SummaryTable,
    SurvivalTable,
    TableSpec,
)
from lutrace.report.estimate_tables import compose_agreement, compose_estimates
from lutrace.report.evidence import COHORT
from lutrace.report.joined_tables import merge_tables, stack_tables
from lutrace.report.material import Material
from lutrace.report.notices import group_notices
from lutrace.report.regression_table import compose_regression
from lutrace.report.summary_table import compose_summary
from lutrace.report.survival_table import compose_survival
from lutrace.report.text_table import Cell, TextTable
from lutrace.report.wording import format_value


def compose_table(spec: TableSpec, material: Material) -> TextTable:
    """The table that `spec` asks for, as text."""
    match spec:
        case SummaryTable():
            return compose_summary(spec, material)
        case AttritionTable():
            return _compose_attrition(spec, material)
        case EstimateTable():
            return compose_estimates(spec, material)
        case RegressionTable():
            return compose_regression(spec, material)
        case SurvivalTable():
            return compose_survival(spec, material)
        case AgreementTable():
            return compose_agreement(spec, material)
        case CheckTable():
            return compose_checks(spec, material)
        case BalanceTable():
            return compose_balance(spec, material)
        case ChecklistTable():
            return _compose_checklist(spec)
        case NoticeTable():
            return _compose_notices(spec, material)
        case MergedTable() | StackedTable():
            join = merge_tables if isinstance(spec, MergedTable) else stack_tables
            return join(spec.name, spec.caption, [compose_table(part, material) for part in spec.parts], spec.notes)


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


def _compose_checklist(spec: ChecklistTable) -> TextTable:
    lines: list[tuple[Cell, ...]] = []
    part = ""
    for line in spec.lines:
        if line.part != part:
            part = line.part
            lines.append((Cell(part, strong=True),))
        lines.append((Cell(line.number, indent=1), Cell(line.asks), Cell("; ".join(line.places) or "not told")))
    headers = ("Item", "Asks for", "Where it stands")
    return TextTable(spec.name, spec.caption, headers, tuple(lines), spec.notes, words=(1, 2))


def _compose_notices(spec: NoticeTable, material: Material) -> TextTable:
    lines = tuple(
        (Cell(group.severity, strong=group.severity == BLOCKING), Cell(group.text), Cell(group.places))
        for group in group_notices(material.notices, material.labels)
    )
    notes = spec.notes if lines else ("The run raised no warning.", *spec.notes)
    return TextTable(spec.name, spec.caption, ("Severity", "What", "Where"), lines, notes, words=(1, 2))
