"""Radioligand therapy in FHIR beyond the cycles themselves: doubles of a cycle and totals of a whole series."""

from __future__ import annotations

from lutrace.core import Row
from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_cycles import ACTIVITY_MBQ, Draft
from lutrace.ehr.fhir_elements import (
    Resource,
    child,
    children,
    codes,
    drugs_of,
    extension,
    measured,
    moment_of,
)
from lutrace.terms import cycle_agent_of

_TOTAL = (
    "https://www.medizininformatik-initiative.de/fhir/ext/modul-onko/StructureDefinition/"
    "mii-ex-onko-strahlentherapie-bestrahlung-gesamtdosis"
)


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
    """The row of cycle_statements of a Procedure that stands for a series, with its total; None when it is not one.

    The total is the extension of the German oncology module for the whole radiation dose; without it, none is stated.
    """
    begin = moment_of(procedure, "begin_date", "performedPeriod.start")
    end = moment_of(procedure, "end_date", "performedPeriod.end")
    if begin is None or end is None:
        return None
    total = child(extension(procedure, _TOTAL), "valueQuantity")
    row: Row = {
        "kind": "radiotherapy" if total else "procedure",
        "scope": "series",
        "begin_date": begin.first_day(),
        "begin_precision": begin.precision,
        "end_date": end.date.last_day(),
        "activity_mbq": measured(total, "activity_mbq", ACTIVITY_MBQ) if total else None,
    }
    named = [child(procedure, "code"), *children(procedure, "usedCode")]
    agent = next((drug.name for concept in named for drug in drugs_of(concept) if drug.purpose == "rlt"), None)
    coded = _coded(procedure, row["begin_date"].year)
    return row | coded | {"agent": agent or coded.get("agent")}


def _coded(resource: Resource, year: int) -> Row:
    """The OPS code with what it means in that year, and why it is doubted."""
    found = codes(child(resource, "code"), profile.OPS)
    if not found:
        return {}
    agent, doubt = cycle_agent_of("ops", found[0], year)
    row: Row = {"code_system": "ops", "code": found[0], "doubt": doubt}
    return row | ({"agent": agent} if agent is not None else {})
