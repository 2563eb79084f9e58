"""The days that time can run from: of the first dose, a cycle, a SPECT, mCRPC, a line, a documented stop."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import attach, ranked_first
from lutrace.endpoints.course.basis import CourseBasis
from lutrace.endpoints.course.begun_lines import numbered_lines
from lutrace.endpoints.course.doses import CYCLE_TABLE, first_doses, number_doses
from lutrace.endpoints.course.states import build_course, derive_course_states
from lutrace.endpoints.survival.activity import BILLING
from lutrace.protocol import IndexRule
from lutrace.tables import CONTACTS, CYCLES, SCANS

INDEX_COLUMNS = ("patient_id", "ordinal", "base_date", "index_date", "index_table", "index_row", "entry_date")


def derive_index_dates(basis: CourseBasis, index: IndexRule) -> ir.Table:
    """INDEX_COLUMNS: one row per patient and index date up to the data cut, `ordinal` from 1 by day.

    `base_date` is the day of the event, `index_date` that day and the landmark's days; `entry_date` the day from which
    the patient is at risk, empty when the entry event is missing.
    """
    found = _dated(basis, index.event, index.number, index)
    found = basis.known(found, "base_date")
    order = ibis.window(group_by="patient_id", order_by=["base_date", "index_table", "index_row"])
    rows = found.mutate(ordinal=(ibis.row_number().over(order) + 1).cast("int64"))
    if index.event == "eligible_lines" and index.take == "first":
        rows = rows.filter(rows.ordinal == 1)
    days = int(index.landmark)
    rows = rows.mutate(index_date=(rows.base_date + ibis.interval(days=days)).cast("date") if days else rows.base_date)
    return _with_entry(basis, rows, index).select(*INDEX_COLUMNS)


def _with_entry(basis: CourseBasis, rows: ir.Table, index: IndexRule) -> ir.Table:
    if index.entry == "index":
        return rows.mutate(entry_date=rows.index_date)
    entry = _dated(basis, index.entry, index.entry_number, index)
    first = ranked_first(entry, ["patient_id"], ["base_date", "index_row"])
    rows = attach(rows, first.select("patient_id", entered="base_date"), ["patient_id"])
    late = ibis.cases((rows.entered.notnull(), ibis.greatest(rows.entered, rows.index_date)))
    return rows.mutate(entry_date=late)


def _dated(basis: CourseBasis, event: str, number: int, index: IndexRule) -> ir.Table:
    """`patient_id base_date index_table index_row` of an event."""
    match event:
        case "first_cycle":
            first = first_doses(number_doses(basis.facts.table(CYCLES), basis.rules))
            return _rows(first, first.c1_date, CYCLE_TABLE, first.c1_row)
        case "cycle":
            cycles = basis.facts.table(CYCLES)
            return _first(cycles.filter(cycles.cycle == number), "administered_date", CYCLES.name)
        case "spect":
            scans = basis.facts.table(SCANS)
            return _first(scans.filter((scans.purpose == "rlt_spect") & (scans.cycle == number)), "date", SCANS.name)
        case "mcrpc":
            return _mcrpc(basis)
        case "second_contact":
            return _second_contact(basis)
        case "line" | "eligible_lines":
            return _lines(basis, index) if event == "eligible_lines" else _numbered(basis, number)
        case _:
            return _of_course(basis, index, event, number)


def _rows(table: ir.Table, date: Any, name: Any, row: Any) -> ir.Table:
    label = ibis.literal(name) if isinstance(name, str) else name
    return table.select("patient_id", base_date=date, index_table=label, index_row=row)


def _first(table: ir.Table, date: str, name: str) -> ir.Table:
    first = ranked_first(table.filter(table[date].notnull()), ["patient_id"], [date, "row_id"])
    return _rows(first, first[date], name, first.row_id)


def _mcrpc(basis: CourseBasis) -> ir.Table:
    """The preferred date of mCRPC, by the rules of the history, with the record that it rests on."""
    chosen = basis.mcrpc_choices
    chosen = chosen.filter(chosen.mcrpc_date.notnull())
    return _rows(chosen, chosen.mcrpc_date, chosen.source_table, chosen.source_row)


def _second_contact(basis: CourseBasis) -> ir.Table:
    seen = basis.facts.table(CONTACTS)
    seen = seen.filter(seen.kind != BILLING)
    days = seen.group_by(["patient_id", "date"]).aggregate(row=seen.row_id.min())
    order = ibis.window(group_by="patient_id", order_by="date")
    days = days.mutate(turn=ibis.row_number().over(order))
    second = days.filter(days.turn == 1)
    return _rows(second, second.date, CONTACTS.name, second.row)


def _numbered(basis: CourseBasis, number: int) -> ir.Table:
    lines = numbered_lines(basis.line_agents)
    lines = lines.filter(lines.line_number == number)
    return _rows(lines, lines.line_date, lines.line_table, lines.line_row)


def _lines(basis: CourseBasis, index: IndexRule) -> ir.Table:
    """Every line begun after at least one line of each of the classes asked for."""
    lines = numbered_lines(basis.line_agents)
    earlier = ibis.window(group_by="patient_id", order_by="line_number", preceding=(None, 1))
    held = {f"had_{name}": ibis.ifelse(lines.classes.contains(name), 1, 0).max().over(earlier) for name in index.after}
    lines = lines.mutate(**held)
    for name in held:
        lines = lines.filter((lines[name] == 1).fill_null(False))
    return _rows(lines, lines.line_date, lines.line_table, lines.line_row)


def _of_course(basis: CourseBasis, index: IndexRule, event: str, number: int) -> ir.Table:
    """The begin of a next line, or the stop of those whose reason for stopping is on record."""
    course = build_course(basis)
    if event == "next_line":
        states = derive_course_states(course)
        begun = states.filter(states.line == number)
        return _rows(begun, begun.entry_date, begun.source_table, begun.source_row)
    leaves = course.leaves.filter(course.leaves.documented & course.leaves.ended.isin(list(index.reasons)))
    return _rows(leaves, leaves.leave_date, leaves.end_table, leaves.end_row)
