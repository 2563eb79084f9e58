"""The last sign of life of each patient in the records."""

from __future__ import annotations

import datetime as dt

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import ranked_first
from lutrace.tables import CONTACTS, CYCLES, FOLLOW_UP, LABS, QUESTIONNAIRES, SCANS, SUPPORT, TREATMENTS, Facts

BILLING = "billing"
"""A contact that only a bill speaks of: nobody saw the patient."""


def last_activity(facts: Facts, until: dt.date | None = None) -> ir.Table:
    """`patient_id alive_date alive_table alive_row`: the latest row that shows the patient alive, up to `until`.

    Signs of life: a follow-up that does not say dead, a contact that is not a bill alone, a laboratory value, a dose
    (cycle, begin of another treatment known to the day, transfusion or growth factor), a scan, an answer to a
    questionnaire.
    """
    said, seen, begun = facts.table(FOLLOW_UP), facts.table(CONTACTS), facts.table(TREATMENTS)
    signs = [
        _latest(said.filter(said.status != "dead"), "date", FOLLOW_UP.name, until),
        _latest(seen.filter(seen.kind.fill_null("other") != BILLING), "date", CONTACTS.name, until),
        _latest(facts.table(LABS), "date", LABS.name, until),
        _latest(facts.table(CYCLES), "administered_date", CYCLES.name, until),
        _latest(facts.table(SCANS), "date", SCANS.name, until),
        _latest(facts.table(QUESTIONNAIRES), "date", QUESTIONNAIRES.name, until),
        _latest(facts.table(SUPPORT), "date", SUPPORT.name, until),
        _latest(
            begun.filter(begun.begin_date_precision.fill_null("day") == "day"), "begin_date", TREATMENTS.name, until
        ),
    ]
    every = ibis.union(*signs)
    return ranked_first(every, ["patient_id"], [ibis.desc("alive_date"), "alive_table", "alive_row"])


def _latest(table: ir.Table, date: str, name: str, until: dt.date | None) -> ir.Table:
    """The last row of each patient: two aggregations and a join by key, no window over the whole table."""
    rows = table.filter(table[date].notnull()).select("patient_id", "row_id", alive_date=date)
    if until is not None:
        rows = rows.filter(rows.alive_date <= ibis.date(until))
    last = rows.group_by("patient_id").aggregate(alive_date=rows.alive_date.max())
    found = rows.inner_join(last, ["patient_id", "alive_date"])
    found = found.group_by(["patient_id", "alive_date"]).aggregate(alive_row=found.row_id.min())
    return found.select("patient_id", "alive_date", "alive_row", alive_table=ibis.literal(name))
