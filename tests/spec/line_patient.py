"""One patient's treatments in days from day zero, and the lines that they make."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from tests.conftest import DAY_ZERO, HandFacts, day
from tests.spec.course_patients import merged

from lutrace.core import Row, parse_partial_date
from lutrace.endpoints import derive_line_agents, derive_lines
from lutrace.protocol import LineRules
from lutrace.terms import drug_named

Given = tuple[Any, ...]
"""Agent, first day, last day (None: not recorded), and a class where the vocabulary has none."""


def treatment_rows(given: Sequence[Given], patient: str = "p") -> dict[str, list[Row]]:
    """Rows of TREATMENTS, MEDICATIONS and CYCLES, each drug in the table of its purpose."""
    tables: dict[str, list[Row]] = {"treatments": [], "medications": [], "cycles": []}
    for place, (agent, begin, end, *recorded) in enumerate(given):
        drug = drug_named(agent)
        key = f"{patient}{place:03d}"
        if drug is not None and drug.purpose == "rlt":
            row: Row = {"cycle": len(tables["cycles"]) + 1, "administered_date": day(begin), "row_id": f"cycles:{key}"}
            tables["cycles"].append({"patient_id": patient, "agent": agent, **row})
            continue
        row = {
            "patient_id": patient,
            "agent": agent,
            "begin_date": None if begin is None else day(begin),
            "begin_date_precision": "day",
            "end_date": None if end is None else day(end),
            "record_key": key,
        }
        if drug is not None and drug.purpose in ("adt", "steroid", "bone_agent"):
            tables["medications"].append({**row, "kind": drug.purpose, "row_id": f"medications:{key}"})
        else:
            known = drug.agent_class if drug is not None else None
            tables["treatments"].append(
                {**row, "agent_class": recorded[0] if recorded else known, "row_id": f"treatments:{key}"}
            )
    return tables


def milestones(dates: Mapping[str, tuple[int | None, int | None]]) -> ir.Table:
    """The table of dates that lines take their setting from: day of castration resistance and metastasis by patient."""
    days = {name: tuple(None if at is None else day(at).isoformat() for at in pair) for name, pair in dates.items()}
    return dated_milestones(days)


def dated_milestones(dates: Mapping[str, tuple[str | None, str | None]]) -> ir.Table:
    """The same from ISO 8601 dates, which may be known to the month or the year only."""
    columns = {"patient_id": pa.array(list(dates))}
    for place, name in enumerate(("crpc", "metastatic")):
        known = [None if pair[place] is None else parse_partial_date(pair[place]) for pair in dates.values()]
        first = [None if date is None else date.first_day() for date in known]
        columns[f"{name}_date"] = pa.array(first, pa.date32())
        columns[f"{name}_precision"] = pa.array(
            [None if date is None else date.precision for date in known], pa.string()
        )
    return ibis.memtable(pa.table(columns))


def facts_of_each(cases: Mapping[str, Sequence[Given]]) -> HandFacts:
    """The facts of one patient per case, called by its name."""
    return HandFacts(merged([treatment_rows(given, name) for name, given in cases.items()]))


def by_patient(table: ir.Table, cases: Iterable[str], *order: str) -> dict[str, list[Row]]:
    """The rows of each patient in order; a patient without rows has none."""
    found: dict[str, list[Row]] = {name: [] for name in cases}
    for row in table.order_by("patient_id", *order).to_pyarrow().to_pylist():
        found[row["patient_id"]].append(row)
    return found


def agents_of_each(cases: Mapping[str, Sequence[Given]]) -> dict[str, list[Row]]:
    """Rows of LINE_AGENTS of one patient per case, in order, of one query."""
    return by_patient(derive_line_agents(facts_of_each(cases)), cases, "line_number", "agent")


def lines_of_each(
    cases: Mapping[str, Sequence[Given]], rules: LineRules | None = None, mcrpc: ir.Table | None = None
) -> dict[str, list[Row]]:
    """Rows of LINES of one patient per case, in order, of one query."""
    agents = derive_line_agents(facts_of_each(cases), rules)
    return by_patient(derive_lines(agents, mcrpc, rules), cases, "line_number")


def lines_of(given: Sequence[Given], rules: LineRules | None = None, mcrpc: ir.Table | None = None) -> list[Row]:
    """Rows of LINES of one patient `p`, in order."""
    return lines_of_each({"p": given}, rules, mcrpc)["p"]


def number_of(date: dt.date | None) -> int | None:
    """The day number of a date."""
    return None if date is None else (date - DAY_ZERO).days
