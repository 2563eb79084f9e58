"""Where each item of a reporting checklist stands in the report of a study."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from lutrace.protocol import Protocol, ShowChecklist
from lutrace.report import ChecklistLine, ChecklistTable
from lutrace.terms import checklist

_BY_SHOW = {
    "flow": ("flow", "attrition"),
    "attrition": ("attrition",),
    "group_table": ("characteristics",),
    "cox_grid": ("models",),
    "regression": ("models",),
    "forest": ("models",),
    "specifications": ("sensitivity",),
    "checks": ("checks",),
    "survival": ("absolute",),
    "survival_table": ("absolute",),
    "incidence": ("absolute",),
}
_BY_TABLE = {"characteristics": "characteristics", "components": "components", "ttv_provenance": "imaging"}


def compose_checklist(item: ShowChecklist, protocol: Protocol, *, without: Collection[str]) -> ChecklistTable:
    """The lines of a checklist with their places; items of the report named in `without` are no place."""
    asked = checklist(item.of)
    places = list(_places(protocol, without))
    lines = []
    for one in asked.items:
        found = [place for told, place in places if told in one.told_by]
        found += [title for number, title in item.stands_in.items() if number == one.number]
        lines.append(ChecklistLine(one.number, one.part, one.asks, tuple(dict.fromkeys(found))))
    notes = [
        f"{asked.label} {asked.version}: {asked.source}. In short words; {asked.checked}.",
        "A place is where an item can be read; whether it suffices is for the authors.",
    ]
    if asked.unread:
        notes.append(f"Left out, as their text was not read: items {', '.join(asked.unread)}.")
    return ChecklistTable(item.name, item.caption, tuple(lines), (*notes, *item.notes))


def _places(protocol: Protocol, without: Collection[str]) -> Iterator[tuple[str, str]]:
    """What is told, and where: the texts of the report, then its tables and figures."""
    if protocol.report.abstract:
        yield "abstract", "Abstract"
    if protocol.question:
        yield "question", "Methods"
    if protocol.population.in_words:
        yield "population", "Methods"
    if protocol.report.methods:
        yield "methods", "Methods"
    yield "study_file", "Provenance: Protocol"
    for section in protocol.report.sections:
        for item in section.items:
            if item.name not in without:
                for part in (item, *getattr(item, "parts", ())):
                    yield from ((told, f"{section.title}: {item.caption}") for told in _told_by(part, protocol))


def _told_by(item: Any, protocol: Protocol) -> Iterator[str]:
    yield from _BY_SHOW.get(item.show, ())
    if item.show == "summary" and item.table in _BY_TABLE:
        yield _BY_TABLE[item.table]
    if item.show == "estimates":
        kinds = {one.kind for one in protocol.analyses if one.name in item.analyses}
        yield from (told for kind, told in (("follow_up", "follow_up"), ("cox", "models")) if kind in kinds)
        if {one.name for one in protocol.specifications} & set(item.analyses):
            yield "sensitivity"
