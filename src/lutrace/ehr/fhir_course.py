"""How the disease goes in FHIR: overall assessments, sites of metastases, vital status, by code."""

from __future__ import annotations

from collections.abc import Callable

from lutrace.core import Row
from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_elements import (
    EFFECTIVE,
    Moment,
    RecordError,
    Resource,
    child,
    children,
    codes,
    concept_text,
    extension,
    is_absent,
    moment_of,
    required,
)
from lutrace.ehr.fhir_output import Output
from lutrace.terms import disease_status_of, site_of_obds

_DISEASE_STATUS, _VITAL_STATUS, _METASTASIS_SITE = "97509-4", "67162-8", "385421009"
_IMAGING = "363679005"


def course_reader(
    observation: Resource, coded: frozenset[str]
) -> tuple[Callable[[Resource, Output], None], str] | None:
    """What reads an Observation of the course of the disease, and the table it fills; None for any other.

    `coded` are its codes of LOINC and SNOMED; the letters of German registries are known by their value.
    """
    value = _value(observation)
    if _DISEASE_STATUS in coded or codes(value, profile.OBDS_ASSESSMENT):
        return read_disease_status, "disease_events"
    if _VITAL_STATUS in coded:
        return read_vital_status, "follow_up"
    if _METASTASIS_SITE in coded or codes(value, *profile.OBDS_METASTASES):
        return read_metastasis, "diagnoses"
    return None


def read_disease_status(observation: Resource, out: Output) -> None:
    """A disease_events row when the disease is said to progress; by imaging it is radiological, else clinical."""
    value = _value(observation)
    said = [("snomed", code) for code in codes(value, profile.SNOMED)]
    said += [("obds", code) for code in codes(value, profile.OBDS_ASSESSMENT)]
    statuses = [status for system, code in said if (status := disease_status_of(system, code)) is not None]  # type: ignore[arg-type]
    if "progression" not in statuses:
        out.unread(f"disease status: {statuses[0] if statuses else 'no code that is read'}")
        return
    when = effective(observation)
    evidence = child(extension(observation, profile.EVIDENCE_TYPE), "valueCodeableConcept")
    imaging = _IMAGING in codes(evidence, profile.SNOMED)
    overall = "overall assessment of the registry" if codes(value, profile.OBDS_ASSESSMENT) else "disease status"
    out.row(
        "disease_events",
        {
            "kind": "radiological_progression" if imaging else "clinical_progression",
            "date": when.first_day(),
            "date_precision": when.precision,
            "basis": concept_text(evidence) or overall,
        },
    )


def read_metastasis(observation: Resource, out: Output) -> None:
    """A diagnoses row of metastases at the site that the registry's letters name."""
    letters = codes(_value(observation), *profile.OBDS_METASTASES)
    if not letters and is_absent(observation):
        out.unread("no value, with a reason")
        return
    if not letters or site_of_obds(letters[0]) is None:
        rule = "code: the site of the metastases is not one of the registry's letters"
        raise RecordError("code", rule, "record the site by a code of mii-cs-onko-fernmetastasen, as OSS or LYM")
    out.row("diagnoses", metastatic_row(observation, {"method": "registry", "code": letters[0]}))


def read_vital_status(observation: Resource, out: Output) -> None:
    """A follow_up row of a patient seen alive; that someone is dead is told with a day elsewhere, and counted here."""
    if codes(_value(observation), profile.GERMAN_VITAL_STATUS)[:1] != ["L"]:
        out.unread("vital status other than alive")
        return
    when = effective(observation)
    row: Row = {"status": "alive", "date": when.first_day(), "date_precision": when.precision, "basis": "record"}
    out.row("follow_up", row)


def metastatic_row(observation: Resource, columns: Row) -> Row:
    """`columns` with milestone, day and system of a metastatic diagnosis that an Observation states."""
    when = moment_of(observation, "date", *EFFECTIVE)
    coding = next(iter(children(_value(observation), "coding")), {})
    return {
        "milestone": "metastatic",
        "date": when.first_day() if when is not None else None,
        "date_precision": when.precision if when is not None else None,
        "code_system": coding.get("system"),
        **columns,
    }


def effective(resource: Resource) -> Moment:
    """When an Observation or report was made; refused when it does not say."""
    return required(moment_of(resource, "date", *EFFECTIVE), "date", ", ".join(EFFECTIVE))


def _value(observation: Resource) -> Resource:
    return child(observation, "valueCodeableConcept")
