"""PERSON, DEATH and VISIT_OCCURRENCE in OMOP: who is in the registry, who has died, and contacts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from lutrace.core import Row
from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_elements import RecordError, codes
from lutrace.ehr.fhir_milestones import milestone_of
from lutrace.ehr.omop_concepts import OWN, Concepts
from lutrace.ehr.omop_output import CdmRow, PersonOutput
from lutrace.ehr.records import Identity
from lutrace.terms import cause_of_death, disposition_of, omop_meanings

SEXES = omop_meanings().sexes
_WRITTEN_SEXES = {"m": "male", "male": "male", "f": "female", "female": "female"}
VISITS = omop_meanings().visits
_VISIT_CODES = {"IP": "admission", "ERIP": "admission", "OP": "visit", "ER": "visit"}
HOSPICE = omop_meanings().hospice
_OWN_CAUSES = ("treatment", "other")
_DISCHARGES = {"UB04 Pt dis status": "ub04"}
KINDS_OF_CONTACT = ("visit", "admission", "telephone", "letter", "billing", "other")


def read_person(row: CdmRow, out: PersonOutput, *, system: str, synthetic: bool) -> int | None:
    """A patients row and the identity; gives the year of birth."""
    birth = row.moment("birth_datetime") or row.day("birth_datetime")
    month, day, year = row.integer("month_of_birth"), row.integer("day_of_birth"), row.integer("year_of_birth")
    if birth is not None and year is not None and birth.year != year:
        raise RecordError("birth_year", "year_of_birth is not that of birth_datetime", "correct the person in the CDM")
    known = birth.strftime("%Y-%m-%d") if birth is not None else None
    if known is None and None not in (year, month, day):
        known = f"{year:04d}-{month:02d}-{day:02d}"
    out.collected.identities.append(Identity(((system, out.patient_id),), birth_date=known))
    sex = SEXES.get(row.concept("gender_concept_id"))
    if sex is None:
        sex = _WRITTEN_SEXES.get((row.text("gender_source_value") or "").casefold())
    out.row("patients", {"birth_year": year, "sex": sex, "synthetic": synthetic}, row)
    return year


def read_death(row: CdmRow, birth_year: int | None, concepts: Concepts, out: PersonOutput) -> None:
    """A follow_up row dead, with its cause where that is known."""
    date = row.required_day("death_date")
    if birth_year is not None and date.year < birth_year:
        raise RecordError("date", "death_date lies before the year of birth", "correct the dates in the CDM")
    cause = row.concept("cause_concept_id"), row.concept("cause_source_concept_id"), row.text("cause_source_value")
    concept = concepts.concept(*cause)
    means = cause_of_death(codes(concept, *profile.ICD10))
    if means is None:
        means = next((one for one in codes(concept, profile.FINDING_SYSTEM) if one in _OWN_CAUSES), None)
    if means is None and milestone_of({"code": concept})[0] == "initial":
        means = "prostate_cancer"
    if means is None and (any(cause[:2]) or cause[2]):
        out.unread(row, "cause of death not told")
    dead: Row = {"status": "dead", "date": date, "date_precision": "day", "basis": "record", "cause": means}
    out.row("follow_up", dead, row)


def read_visit(row: CdmRow, concepts: Concepts, out: PersonOutput, *, died: dt.date | None) -> None:
    """Contacts on the first and last day; a discharge to a hospice or by death."""
    begin, end = row.required_day("visit_start_date"), row.day("visit_end_date")
    if end is not None and end < begin:
        raise RecordError("date", "visit_end_date lies before visit_start_date", "correct the visit in the CDM")
    kind = _kind_of_visit(row, concepts)
    out.row("contacts", {"date": begin, "kind": kind}, row)
    if end is not None and end != begin and end != died:
        out.row("contacts", {"date": end, "kind": kind}, row, " visit_end_date")
    if end is not None:
        _read_discharge(row, end, concepts, out)


def _kind_of_visit(row: CdmRow, concepts: Concepts) -> str:
    number, written = row.concept("visit_concept_id"), row.text("visit_source_value") or ""
    own = written.removeprefix(f"{OWN}:")
    if own != written and own in KINDS_OF_CONTACT:
        return own
    known = VISITS.get(number)
    found = concepts.find(number)
    if known is None and found is not None and found.vocabulary == "Visit":
        known = _VISIT_CODES.get(found.code)
    return known or "other"


def _read_discharge(row: CdmRow, date: dt.date, concepts: Concepts, out: PersonOutput) -> None:
    number = row.concept("discharged_to_concept_id") or row.concept("discharge_to_concept_id")
    written = row.text("discharged_to_source_value") or row.text("discharge_to_source_value")
    found = concepts.find(number)
    system = _DISCHARGES.get(found.vocabulary) if found is not None else None
    if system is not None and found is not None and disposition_of(system, found.code) is not None:
        known: Row = {"date": date, "date_precision": "day", "code_system": system, "code": found.code}
        out.row("dispositions", known, row)
    elif number == HOSPICE:
        out.row("disease_events", {"kind": "hospice", "date": date, "date_precision": "day", "basis": "discharge"}, row)
    elif number or written:
        out.unread(row, "discharge neither to a hospice nor by a code of death")


def day_of_death(rows: Mapping[str, list[CdmRow]]) -> dt.date | None:
    """The day of death of a person; None without one that can be read."""
    for row in rows.get("death", ()):
        value = row.cells.get("death_date")
        if isinstance(value, dt.date):
            return value
    return None
