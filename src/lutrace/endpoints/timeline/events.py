"""Dated events of each patient on the clock of the first cycle, each with its row and what made it an event."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis
from lutrace.endpoints.history.chain import History
from lutrace.endpoints.psa.progression import describe_rule
from lutrace.endpoints.psa.series import on_clock, psa_values
from lutrace.endpoints.psa.summary import summarise_psa
from lutrace.endpoints.survival.activity import last_activity
from lutrace.endpoints.survival.deaths import derive_death_dates
from lutrace.endpoints.timeline.trajectories import doses_of, first_cycles_of
from lutrace.protocol import PsaPfs, PsaProgression
from lutrace.tables import (
    ADVERSE_EVENTS,
    CYCLES,
    DISEASE_EVENTS,
    LABS,
    LINES,
    QUESTIONNAIRES,
    SCANS,
    SUPPORT,
    TIMELINE_EVENTS,
)

_EMPTY = {
    "number": "int64",
    "detail": "string",
    "end_date": "date",
    "value": "float64",
    "unit": "string",
}
_OF_EVENT = ("patient_id", "track", "kind", "date", "source_table", "source_row", "rule")
_PSA_DATES = ("psa50", "psa90", "psa_progression")


def derive_timeline_events(basis: Basis, history: History) -> ir.Table:
    """Rows of TIMELINE_EVENTS: doses, scans, PSA50, PSA90 and PSA progression, recorded progression, lines that are no
    radioligand therapy of the study, support, events that clinicians graded, sheets, death and the last sign of life.

    PSA progression is by the rule of the study's first outcome of PSA progression, else by PCWG3's literal text.
    """
    first = first_cycles_of(basis)
    parts = [
        *(_doses(basis), _scans(basis), _psa(basis, first), _recorded(basis), _lines(basis, history)),
        *(_support(basis), _graded(basis), _sheets(basis), *_status(basis)),
    ]
    filled = [part.mutate(**{k: ibis.null(v) for k, v in _EMPTY.items() if k not in part.columns}) for part in parts]
    names = [name for name in TIMELINE_EVENTS.by_name if name not in ("day", "end_day")]
    rows = ibis.union(*[part.select(*names) for part in filled]).inner_join(first, "patient_id")
    days: dict[str, Any] = {
        "day": rows.date.delta(rows.c1_date, unit="day").cast("float64"),
        "end_day": rows.end_date.delta(rows.c1_date, unit="day").cast("float64"),
    }
    return rows.select(**{name: days[name] if name in days else rows[name] for name in TIMELINE_EVENTS.by_name})


def _event(table: ir.Table, track: str, kind: Any, date: str, *, source: str, row: Any, rule: Any) -> ir.Table:
    """The rows with the columns that every event has."""
    return table.mutate(
        track=ibis.literal(track),
        kind=kind,
        date=table[date],
        source_table=ibis.literal(source),
        source_row=row,
        rule=ibis.literal(rule) if isinstance(rule, str) else rule,
    )


def _doses(basis: Basis) -> ir.Table:
    doses = doses_of(basis)
    doses = doses.select(
        "patient_id", "administered_date", "row_id", "administered_mbq", number="cycle", detail="agent"
    )
    doses = doses.mutate(value=doses.administered_mbq / 1000, unit=ibis.literal("GBq"))
    return _event(
        doses,
        "dose",
        ibis.literal("dose"),
        "administered_date",
        source=CYCLES.name,
        row=doses.row_id,
        rule="cycle given",
    )


def _scans(basis: Basis) -> ir.Table:
    scans = basis.known(basis.facts.table(SCANS), "date")
    scans = scans.filter(scans.purpose.isin(["psma_pet", "rlt_spect"]))
    scans = scans.select("patient_id", "date", "row_id", "purpose", number="cycle", detail="tracer")
    return _event(scans, "scan", scans.purpose, "date", source=SCANS.name, row=scans.row_id, rule="scan made")


def _psa(basis: Basis, first: ir.Table) -> ir.Table:
    """The first PSA50, the first PSA90 and PSA progression."""
    outcomes = [one for one in basis.protocol.endpoints if isinstance(one, PsaPfs)]
    rule = outcomes[0].progression if outcomes else PsaProgression()
    labs = basis.known(basis.facts.table(LABS), "date")
    clocked = on_clock(psa_values(labs, basis.protocol.psa.values), first)
    course = summarise_psa(clocked, basis.protocol.psa, rule)
    words = {
        "psa50": "first PSA at least 50 % below baseline",
        "psa90": "first PSA at least 90 % below baseline",
        "psa_progression": describe_rule(rule),
    }
    row_of = {"psa50": "psa50_row", "psa90": "psa90_row", "psa_progression": "progression_row"}
    parts = []
    for kind in _PSA_DATES:
        found = course.select("patient_id", psa_row=row_of[kind])
        found = found.filter(found.psa_row.notnull()).inner_join(
            clocked.select("psa_row", "psa_date", "psa"), "psa_row"
        )
        found = found.mutate(value=found.psa, unit=ibis.literal("ng/mL"))
        event = _event(
            found, "psa", ibis.literal(kind), "psa_date", source=LABS.name, row=found.psa_row, rule=words[kind]
        )
        parts.append(event.select(*_OF_EVENT, "value", "unit"))
    return ibis.union(*parts)


def _recorded(basis: Basis) -> ir.Table:
    events = basis.known(basis.facts.table(DISEASE_EVENTS), "date")
    track = ibis.cases((events.kind == "hospice", "status"), else_="progression")
    return _event(
        events, "progression", events.kind, "date", source=DISEASE_EVENTS.name, row=events.row_id, rule="as recorded"
    ).mutate(track=track)


def _lines(basis: Basis, history: History) -> ir.Table:
    """Lines of therapy but those of the study's radioligands, which are doses."""
    lines = history.lines.filter(lambda t: t.begin_date.notnull())
    for agent in basis.protocol.population.agents:
        lines = lines.filter(lines.agents != agent)
    lines = lines.select("patient_id", "begin_date", "end_date", "evidence", number="line_number", detail="agents")
    row = lines.evidence.split(" ")[0]
    events = _event(
        lines, "line", ibis.literal("line"), "begin_date", source=LINES.name, row=row, rule="line of systemic therapy"
    )
    return events.mutate(source_table=row.split(":")[0])


def _support(basis: Basis) -> ir.Table:
    given = basis.known(basis.facts.table(SUPPORT), "date")
    return _event(given, "support", given.kind, "date", source=SUPPORT.name, row=given.row_id, rule="support given")


def _graded(basis: Basis) -> ir.Table:
    """Events that clinicians graded."""
    events = basis.known(basis.facts.table(ADVERSE_EVENTS), "begin_date")
    events = events.filter(events.grade.notnull() & events.begin_date.notnull() & (events.reporter != "laboratory"))
    events = events.select("patient_id", "begin_date", "end_date", "row_id", "grade", detail="term")
    events = events.mutate(value=events.grade.cast("float64"), unit=ibis.literal("grade"))
    return _event(
        events, "toxicity", ibis.literal("adverse_event"), "begin_date", source=ADVERSE_EVENTS.name, row=events.row_id,
        rule="graded by a clinician",
    )  # fmt: skip


def _sheets(basis: Basis) -> ir.Table:
    """One event per instrument and day, by its lowest row."""
    answers = basis.known(basis.facts.table(QUESTIONNAIRES), "date")
    sheets = answers.group_by(["patient_id", "date", "instrument"]).aggregate(row=answers.row_id.min())
    return _event(
        sheets,
        "questionnaire",
        sheets.instrument,
        "date",
        source=QUESTIONNAIRES.name,
        row=sheets["row"],
        rule="sheet answered",
    )


def _status(basis: Basis) -> tuple[ir.Table, ir.Table]:
    """Death, and for the living the last sign of life."""
    deaths = derive_death_dates(basis.facts, None, basis.data_cut)
    deaths = deaths.select("patient_id", "death_date", "source_table", "source_row", "rule")
    died = deaths.mutate(track=ibis.literal("status"), kind=ibis.literal("death"), date=deaths.death_date)
    alive = last_activity(basis.facts, basis.data_cut).anti_join(deaths, "patient_id")
    seen = alive.mutate(
        track=ibis.literal("status"),
        kind=ibis.literal("last_contact"),
        date=alive.alive_date,
        source_table=alive.alive_table,
        source_row=alive.alive_row,
        rule=ibis.literal("last sign of life in the records"),
    )
    return died, seen
