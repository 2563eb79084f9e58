"""Patients of the specification of the course: doses and events by day in, rows of the registry out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.conftest import HandFacts, day

from lutrace.core import Row

Event = tuple[Any, ...]
"""(what, day, more): `say` a code of a system, `line` a drug, `hospice`, `dead`, `lost`, `seen`, `letter`, `series`."""
CUT = 500
"""Day of the data cut, counted from the first dose."""


def rows_of(name: str, doses: Sequence[int], events: Sequence[Event]) -> dict[str, list[Row]]:
    """Fact rows of one patient. Row ids end with the day, so that a case can name its evidence."""
    tables: dict[str, list[Row]] = {
        "patients": [{"patient_id": name, "synthetic": True}],
        "cycles": [
            {
                "patient_id": name,
                "cycle": number,
                "administered_date": day(when),
                "agent": "lu177_psma_617",
                "row_id": f"cycles:{name}:{when}",
            }
            for number, when in enumerate(doses, start=1)
        ],
    }
    for what, when, *more in events:
        table, row = _ROWS[what](day(when) if when is not None else None, *more)
        stem = {"patient_id": name, "row_id": f"{table}:{name}:{when}:{len(tables.get(table, ()))}"}
        tables.setdefault(table, []).append(stem | row)
    return tables


def merged(patients: Sequence[dict[str, list[Row]]]) -> dict[str, list[Row]]:
    """The rows of several patients, table by table."""
    tables: dict[str, list[Row]] = {}
    for one in patients:
        for table, rows in one.items():
            tables.setdefault(table, []).extend(rows)
    return tables


def facts_of(patients: Sequence[dict[str, list[Row]]]) -> HandFacts:
    """The facts of several patients."""
    return HandFacts(merged(patients))


def _say(when: Any, system: str, code: str, precision: str = "day") -> tuple[str, Row]:
    row = {"date": when, "date_precision": precision if when else None, "code_system": system, "code": code}
    return "dispositions", row | {"record_key": "k"}


def _line(when: Any, agent: str, agent_class: str, end: int | None = None) -> tuple[str, Row]:
    row = {"agent": agent, "agent_class": agent_class, "begin_date": when, "begin_date_precision": "day"}
    if end is not None:
        row |= {"end_date": day(end), "end_date_precision": "day"}
    return "treatments", row | {"record_key": "k"}


def _series(when: Any, reason: str) -> tuple[str, Row]:
    row = {"agent": "lu177_psma_617", "agent_class": "rlt", "begin_date": day(0), "stop_reason": reason}
    return "treatments", row | {"end_date": when, "end_date_precision": "day", "record_key": "k"}


def _letter(when: Any, reason: str, **more: Any) -> tuple[str, Row]:
    row = {"note_id": "n", "note_date": when, "fact": "stop_reason", "value": reason, "begin": 1, "end": 2}
    flags = {"negated": False, "uncertain": False, "historical": False, "reviewed": True}
    return "text_findings", row | flags | more


def _event(when: Any, kind: str = "hospice") -> tuple[str, Row]:
    return "disease_events", {"kind": kind, "date": when, "date_precision": "day", "record_key": "k"}


def _status(status: str) -> Any:
    def row(when: Any, precision: str = "day") -> tuple[str, Row]:
        return "follow_up", {"status": status, "date": when, "date_precision": precision, "basis": "record"}

    return row


def _seen(when: Any, kind: str = "visit") -> tuple[str, Row]:
    return "contacts", {"date": when, "kind": kind, "record_key": "k"}


def _support(when: Any, kind: str) -> tuple[str, Row]:
    return "support", {"date": when, "kind": kind, "record_key": "k"}


_ROWS: dict[str, Any] = {
    "say": _say,
    "line": _line,
    "series": _series,
    "letter": _letter,
    "hospice": _event,
    "event": _event,
    "dead": _status("dead"),
    "lost": _status("lost"),
    "alive": _status("alive"),
    "seen": _seen,
    "support": _support,
}
