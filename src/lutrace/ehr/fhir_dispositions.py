"""Coded reasons in FHIR for the end of a therapy or of a stay: rows of dispositions, and stop reasons of treatments."""

from __future__ import annotations

import datetime as dt

from lutrace.core import Row
from lutrace.ehr.fhir_elements import Moment, RecordError, Resource, child, children, extension
from lutrace.ehr.fhir_output import Output
from lutrace.ehr.fhir_reasons import codings_of, reasons_of
from lutrace.terms import disposition_of

_GERMAN_DISCHARGE = "http://fhir.de/StructureDefinition/Entlassungsgrund"
_NO_SYSTEM = "fhir_discharge"
"""A discharge disposition that names no system is of the one that FHIR R4 proposes for the element."""


def read_end_of_therapy(resource: Resource, end: Moment | None, out: Output) -> None:
    """Rows of dispositions from the coded reasons of a radioligand's administration or procedure, on its last day.

    A reason of which no coding is in the vocabulary is a fault with its code; one in words alone is counted as unread.
    """
    day: Row = {
        "date": end.first_day() if end is not None else None,
        "date_precision": end.precision if end is not None else None,
    }
    for number, concept in enumerate(reasons_of(resource)):
        codings = list(codings_of(concept))
        known = next(((name, code) for name, code, _ in codings if name and disposition_of(name, code)), None)
        if known is not None:
            place = f".statusReason[{number}]" if number else ""
            out.row("dispositions", {**day, "code_system": known[0], "code": known[1]}, place)
        elif codings:
            with out.refusing("dispositions", {**day, "code": codings[0][1], "url": codings[0][2]}):
                rule = "code: the reason for the end of the therapy is not in the vocabulary"
                raise RecordError("code", rule, "record it by a code of docs/reference/dispositions.md as well")
        else:
            out.unread("reason for the end without a code")


def read_discharge(disposition: Resource, day: dt.date, out: Output) -> None:
    """Rows of dispositions from the discharge of a stay where its code means a hospice or death; others are counted."""
    for number, (system, code, url) in enumerate(_discharges(disposition)):
        if system is None:
            out.unread("discharge by a system that is not in the vocabulary" if url else "discharge without a system")
        elif disposition_of(system, code) is None:
            out.unread("discharge neither to a hospice nor by death")
        else:
            row: Row = {"date": day, "date_precision": "day", "code_system": system, "code": code}
            out.row("dispositions", row, f".discharge[{number}]" if number else "")


def is_discharge_by_death(disposition: Resource) -> bool:
    """Whether a known code of the discharge says that the patient died."""
    return any(disposition_of(system, code) == "death" for system, code, _ in _discharges(disposition) if system)


def _discharges(disposition: Resource) -> list[tuple[str | None, str, str]]:
    german = extension(disposition, _GERMAN_DISCHARGE)
    nested = {"coding": [child(part, "valueCoding") for part in children(german, "extension")]}
    found = []
    for system, code, url in (*codings_of(disposition), *codings_of(nested)):
        if not url.endswith("EntlassungsgrundDritteStelle"):
            found.append((system if url else _NO_SYSTEM, code, url))
    return found
