"""Cycles of radioligand therapy in FHIR: the records of one patient brought together and numbered."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lutrace.core import Row
from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_elements import (
    RecordError,
    Resource,
    child,
    children,
    codes,
    drugs_of,
    extension,
    extension_count,
    measured,
    moment,
    moment_of,
    required,
    text,
)
from lutrace.ehr.fhir_files import Located
from lutrace.ehr.fhir_irradiation import (
    ACTIVITY_MBQ,
    is_psma_therapy,
    modalities_of,
    psma_ligand_of,
    total_activity_mbq,
)
from lutrace.terms import Drug

SAME_CYCLE_DAYS = 3
"""A procedure and an administration at most this many days apart are one cycle."""

_RLT_PROCEDURES = ("399315003", "440252007")


@dataclass
class Draft:
    """One record of a cycle before it is brought together with the others of its patient."""

    patient: str
    located: Located
    is_administration: bool
    day: dt.date
    row: Row
    stated_cycle: int | None
    part_of: frozenset[str] = frozenset()
    fault: RecordError | None = None
    absorbed: bool = False
    notes: list[str] = field(default_factory=list)


def is_rlt_procedure(procedure: Resource) -> bool:
    """Whether a Procedure says radioligand therapy by its code, category or application, or by a radioligand in it."""
    if _has_rlt_code(procedure) or is_psma_therapy(procedure):
        return True
    said = [child(procedure, "code"), child(procedure, "category"), *modalities_of(procedure)]
    if any(drug.purpose == "rlt" for drug in drugs_of(said[0])):
        return True
    radionuclide = {code for concept in said for code in codes(concept, profile.SNOMED)} & set(_RLT_PROCEDURES)
    return bool(radionuclide) and radioligand_of(procedure) is not None


def draft_of_administration(located: Located, patient: str, drug: Drug) -> Draft:
    """The draft of an administered radioligand; activity in the syringe in MBq."""
    resource = located.resource
    when = required(
        moment_of(resource, "administered_date", "effectiveDateTime", "effectivePeriod.start"),
        "administered_date",
        "effectiveDateTime, effectivePeriod.start",
    )
    dose = child(child(resource, "dosage"), "dose")
    residual = child(extension(resource, profile.RESIDUAL_ACTIVITY), "valueQuantity")
    assay = moment(text(extension(resource, profile.ASSAY_DATETIME), "valueDateTime"), "assay_datetime")
    residual_time = moment(text(extension(resource, profile.RESIDUAL_DATETIME), "valueDateTime"), "residual_datetime")
    row: Row = {
        "administered_date": when.day("administered_date"),
        "agent": drug.name,
        "administered_mbq": measured(dose, "administered_mbq", ACTIVITY_MBQ),
        "injection_datetime": when.datetime(),
        "assay_datetime": assay.datetime() if assay is not None else None,
        "residual_mbq": measured(residual, "residual_mbq", ACTIVITY_MBQ),
        "residual_datetime": residual_time.datetime() if residual_time is not None else None,
    }
    references = frozenset(ref for item in children(resource, "partOf") if (ref := text(item, "reference")) is not None)
    day: dt.date = row["administered_date"]
    return Draft(patient, located, True, day, row, extension_count(resource, profile.CYCLE_NUMBER), references)


def draft_of_procedure(located: Located, patient: str) -> Draft:
    """The draft of a procedure of radioligand therapy: a day and an agent, without activity."""
    resource = located.resource
    start = required(
        moment_of(resource, "administered_date", "performedDateTime", "performedPeriod.start"),
        "administered_date",
        "performedDateTime, performedPeriod.start",
    )
    day = start.day("administered_date")
    end = moment_of(resource, "administered_date", "performedPeriod.end")
    if end is not None and (end.date.last_day() - day).days > SAME_CYCLE_DAYS:
        rule = f"a cycle lasts at most {SAME_CYCLE_DAYS} days, the procedure is longer: it is a series of cycles"
        raise RecordError("administered_date", rule, "record each administration of the series")
    agent = radioligand_of(resource)
    if agent is None and not _has_rlt_code(resource):
        raise RecordError("agent", "agent: a PSMA therapy without its nuclide", "record the nuclide in usedCode")
    row: Row = {
        "administered_date": day,
        "agent": agent or "lu177_psma_other",
        "administered_mbq": total_activity_mbq(resource),
        "injection_datetime": start.datetime(),
    }
    return Draft(patient, located, False, day, row, extension_count(resource, profile.CYCLE_NUMBER))


def number_cycles(
    drafts: Iterable[Draft], weights_kg: Mapping[tuple[str, dt.date], set[float]], same: Mapping[str, set[str]]
) -> None:
    """Bring the drafts of each patient together: absorb doubles, number cycles, add the body weight of the day.

    `same` gives, by the key of an administration, the keys of the procedures it is part of.
    """
    by_patient: dict[str, list[Draft]] = defaultdict(list)
    for draft in drafts:
        by_patient[draft.patient].append(draft)
    for patient, found in by_patient.items():
        found.sort(key=lambda draft: (draft.day, not draft.is_administration, draft.located.key))
        _refuse_double_administrations(found)
        _absorb_procedures(found, same)
        cycles = [draft for draft in found if not draft.absorbed and draft.fault is None]
        _number(cycles)
        for draft in cycles:
            weights = weights_kg.get((patient, draft.day), set())
            draft.row["weight_kg"] = next(iter(weights)) if len(weights) == 1 else None


def radioligand_of(procedure: Resource) -> str | None:
    """The radioligand that a Procedure names by code, words or, of a PSMA therapy, its nuclide; None without."""
    for concept in (child(procedure, "code"), *children(procedure, "usedCode")):
        named = next((drug.name for drug in drugs_of(concept) if drug.purpose == "rlt"), None)
        if named is not None:
            return named
    return psma_ligand_of(procedure)


def _has_rlt_code(procedure: Resource) -> bool:
    return any(value.startswith("8-530.d") for value in codes(child(procedure, "code"), profile.OPS))


def _refuse_double_administrations(found: list[Draft]) -> None:
    previous: Draft | None = None
    for draft in found:
        if not draft.is_administration:
            continue
        if previous is not None and (draft.day - previous.day).days <= SAME_CYCLE_DAYS:
            rule = f"two administrations within {SAME_CYCLE_DAYS} days; a cycle is given once"
            draft.fault = RecordError("administered_date", rule, "remove the double or correct its date")
            continue
        previous = draft


def _absorb_procedures(found: list[Draft], same: Mapping[str, set[str]]) -> None:
    administrations = [draft for draft in found if draft.is_administration and draft.fault is None]
    kept: list[Draft] = []
    for draft in found:
        if draft.is_administration:
            continue
        linked = [other for other in administrations if draft.located.key in same.get(other.located.key, set())]
        near = [other for other in (*administrations, *kept) if abs((other.day - draft.day).days) <= SAME_CYCLE_DAYS]
        spoken_for = (linked or near)[:1]
        if not spoken_for:
            kept.append(draft)
            continue
        draft.absorbed = True
        if spoken_for[0].stated_cycle is None:
            spoken_for[0].stated_cycle = draft.stated_cycle


def _number(cycles: list[Draft]) -> None:
    """By the stated numbers when all are stated; else by date, which stated ones must agree with."""
    stated = [draft.stated_cycle for draft in cycles if draft.stated_cycle is not None]
    if len(stated) == len(cycles):
        if stated != sorted(set(stated)):
            _refuse_numbers(cycles, "the stated cycle numbers do not rise with the dates")
            return
        for draft in cycles:
            draft.row["cycle"] = draft.stated_cycle
        return
    for order, draft in enumerate(cycles, start=1):
        if draft.stated_cycle not in (None, order):
            _refuse_numbers(cycles, "some cycles state a number that is not their order by date")
            return
    for order, draft in enumerate(cycles, start=1):
        draft.row["cycle"] = order
        if draft.stated_cycle is None:
            draft.notes.append("cycles numbered by date: no number stated")


def _refuse_numbers(cycles: list[Draft], rule: str) -> None:
    for draft in cycles:
        draft.fault = RecordError("cycle", rule, "state the number of each cycle at the source")
