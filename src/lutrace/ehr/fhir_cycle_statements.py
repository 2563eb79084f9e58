"""Radioligand therapy in FHIR beyond the cycles themselves: doubles of a cycle and totals of a whole series."""

from __future__ import annotations

from lutrace.core import Row
from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_cycles import SAME_CYCLE_DAYS, Draft, radioligand_of
from lutrace.ehr.fhir_elements import (
    Resource,
    child,
    codes,
    moment_of,
)
from lutrace.ehr.fhir_irradiation import total_activity_mbq
from lutrace.terms import cycle_agent_of


def statement_of_draft(draft: Draft) -> Row:
    """The row of cycle_statements of a record that is not itself a cycle: a double, or one that was refused."""
    row: Row = {
        "kind": "administration" if draft.is_administration else "procedure",
        "scope": "cycle",
        "begin_date": draft.day,
        "begin_precision": "day",
        "agent": draft.row.get("agent"),
        "activity_mbq": draft.row.get("administered_mbq"),
        "stated_cycle": draft.stated_cycle,
    }
    return row | _coded(draft.located.resource, draft.day.year)


def statement_of_series(procedure: Resource) -> Row | None:
    """The row of cycle_statements of a Procedure longer than one cycle, with its total; None when it is not a series.

    The total is the extension of the German oncology module for the whole radiation dose; without it, none is stated.
    """
    begin = moment_of(procedure, "begin_date", "performedPeriod.start")
    end = moment_of(procedure, "end_date", "performedPeriod.end")
    if begin is None or end is None or (end.date.last_day() - begin.first_day()).days <= SAME_CYCLE_DAYS:
        return None
    total = total_activity_mbq(procedure)
    row: Row = {
        "kind": "radiotherapy" if total is not None else "procedure",
        "scope": "series",
        "begin_date": begin.first_day(),
        "begin_precision": begin.precision,
        "end_date": end.date.last_day(),
        "activity_mbq": total,
    }
    coded = _coded(procedure, row["begin_date"].year)
    return row | coded | {"agent": radioligand_of(procedure) or coded.get("agent")}


def _coded(resource: Resource, year: int) -> Row:
    """The OPS code with what it means in that year, and why it is doubted."""
    found = codes(child(resource, "code"), profile.OPS)
    if not found:
        return {}
    agent, doubt = cycle_agent_of("ops", found[0], year)
    row: Row = {"code_system": "ops", "code": found[0], "doubt": doubt}
    return row | ({"agent": agent} if agent is not None else {})
