"""Medications and procedures in FHIR: treatments, concomitant medication, support, and cycles from the survey."""

from __future__ import annotations

from lutrace.core import Row
from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_cycle_statements import statement_of_draft, statement_of_series
from lutrace.ehr.fhir_cycles import is_rlt_procedure
from lutrace.ehr.fhir_dispositions import read_end_of_therapy
from lutrace.ehr.fhir_elements import (
    Moment,
    RecordError,
    Resource,
    child,
    children,
    codes,
    drugs_of,
    extension_count,
    moment_of,
    required,
    text,
)
from lutrace.ehr.fhir_output import Output
from lutrace.ehr.fhir_reasons import says_end, stop_reason
from lutrace.terms import Drug, depot_days_in_text, product_in_text

_BEGIN = {
    "MedicationStatement": ("effectivePeriod.start", "effectiveDateTime"),
    "MedicationAdministration": ("effectivePeriod.start", "effectiveDateTime"),
    "Procedure": ("performedPeriod.start", "performedDateTime"),
}
_END = {
    "MedicationStatement": ("effectivePeriod.end",),
    "MedicationAdministration": ("effectivePeriod.end", "effectiveDateTime"),
    "Procedure": ("performedPeriod.end", "performedDateTime"),
}
_SERIES = "a procedure of a whole series of radioligand therapy is a statement; its cycles must be recorded one by one"
_SUPPORT = ("red_cells", "platelets", "g_csf", "esa", "tpo_ra")


def read_medication(resource: Resource, out: Output) -> None:
    """Rows of cycles, treatments, medications or support, by the drug; drugs outside the vocabulary are counted."""
    with out.refusing("treatments"):
        found = out.survey.drugs(out.located)
        if not found:
            out.unread_code("drug not in the vocabulary", out.survey.medication(out.located))
        for drug in found:
            _read_drug(resource, drug, out)


def read_procedure(procedure: Resource, out: Output) -> None:
    """Rows of cycles, treatments or support, by the code; other procedures are counted."""
    if is_rlt_procedure(procedure):
        _read_cycle(out, procedure)
        return
    if out.survey.therapies.has_drugs(out.located):
        out.unread("its drugs stand in medication resources")
        return
    code = child(procedure, "code")
    support = next((item for item in codes(code, profile.FINDING_SYSTEM) if item in _SUPPORT), None)
    named = [code, *children(procedure, "usedCode"), child(procedure, "category")] if support is None else []
    found = next((drugs for concept in named if (drugs := drugs_of(concept))), ())
    if support is not None:
        with out.refusing("support"):
            _read_support(procedure, support, out)
    elif not found:
        out.unread_code("code not read", code)
    elif _is_in_frame(found, out):
        out.unread("part of a procedure that is read itself")
        return
    for drug in found if support is None else ():
        _read_drug(procedure, drug, out)


def _is_in_frame(found: tuple[Drug, ...], out: Output) -> bool:
    """Whether the Procedure that this one is part of says the same treatment."""
    frame = out.survey.therapies.frame_of(out.located)
    return frame is not None and {drug.name for drug in found} <= frame.agents


def _read_drug(resource: Resource, drug: Drug, out: Output) -> None:
    if drug.purpose == "rlt":
        if resource["resourceType"] == "MedicationAdministration":
            _read_cycle(out)
        else:
            out.unread("radioligand: only administrations and procedures are cycles")
    elif drug.purpose == "support" and drug.support is not None:
        with out.refusing("support", {"agent": drug.name}):
            _read_support(resource, drug.support, out)
    elif drug.purpose in ("line", "local"):
        with out.refusing("treatments", {"agent": drug.name}):
            reason = stop_reason(_saying_end(resource, out))
            out.row("treatments", _period(resource, drug) | {"agent_class": drug.agent_class, "stop_reason": reason})
    else:
        with out.refusing("medications", {"agent": drug.name}):
            said = _product(resource, drug, out) if drug.purpose == "adt" else {}
            out.row("medications", _period(resource, drug) | {"kind": drug.purpose} | said)


def _product(resource: Resource, drug: Drug, out: Output) -> Row:
    """Brand and days that one dose acts, as the words of the record say them."""
    is_procedure = resource["resourceType"] == "Procedure"
    concept = child(resource, "code") if is_procedure else out.survey.medication(out.located)
    said = [text(concept, "text"), *(text(coding, "display") for coding in children(concept, "coding"))]
    said += [text(one, "text") for name in ("dosage", "dosageInstruction") for one in children(resource, name)]
    words = "; ".join(one for one in said if one is not None)
    return {"product": product_in_text(words, drug), "depot_days": depot_days_in_text(words)}


def _read_cycle(out: Output, procedure: Resource | None = None) -> None:
    """The row of the cycle and why it was the last; what is said again, or of a series, is kept as a statement."""
    with out.refusing("dispositions"):
        resource = out.located.resource
        read_end_of_therapy(_saying_end(resource, out), _end(resource) or _begin(resource), out)
    found = out.survey.cycles.get(out.located.key)
    if isinstance(found, RecordError) and procedure is not None:
        with out.refusing("cycle_statements"):
            series = statement_of_series(procedure)
            if series is not None:
                out.row("cycle_statements", series)
                out.collected.notes[_SERIES] += 1
                return
    with out.refusing("cycles"):
        if isinstance(found, RecordError):
            raise found
        if found is None:
            return
        if found.fault is not None or found.absorbed:
            out.row("cycle_statements", statement_of_draft(found))
        if found.fault is not None:
            raise found.fault
        if found.absorbed:
            out.unread("the same cycle as an administration or procedure")
            return
        out.row("cycles", found.row)
        out.collected.notes.update(found.notes)


def _saying_end(resource: Resource, out: Output) -> Resource:
    """What says why a therapy ended: the resource itself, else the Procedure it is part of, unless that is a cycle."""
    frame = out.survey.therapies.frame_of(out.located)
    return resource if says_end(resource) or frame is None or frame.is_cycle else frame.said


def _read_support(resource: Resource, kind: str, out: Output) -> None:
    begin = required(_begin(resource), "date", "a date of the measure")
    units = extension_count(resource, profile.UNITS)
    out.row("support", {"date": begin.day("date"), "kind": kind, "units": units})


def _period(resource: Resource, drug: Drug) -> Row:
    begin, end = _begin(resource), _end(resource)
    if begin is not None and end is not None and end.date.last_day() < begin.first_day():
        raise RecordError("end_date", "end_date lies before begin_date", "correct the period at the source")
    return {
        "agent": drug.name,
        "begin_date": begin.first_day() if begin is not None else None,
        "begin_date_precision": begin.precision if begin is not None else None,
        "end_date": end.first_day() if end is not None else None,
        "end_date_precision": end.precision if end is not None else None,
    }


def _begin(resource: Resource) -> Moment | None:
    kind = resource["resourceType"]
    if kind != "MedicationRequest":
        return moment_of(resource, "begin_date", *_BEGIN[kind])
    return moment_of(_bounds(resource), "begin_date", "start") or moment_of(resource, "begin_date", "authoredOn")


def _end(resource: Resource) -> Moment | None:
    kind = resource["resourceType"]
    if kind != "MedicationRequest":
        return moment_of(resource, "end_date", *_END[kind])
    return moment_of(_bounds(resource), "end_date", "end")


def _bounds(request: Resource) -> Resource:
    instructions = children(request, "dosageInstruction")
    if not instructions:
        return {}
    return child(child(child(instructions[0], "timing"), "repeat"), "boundsPeriod")
