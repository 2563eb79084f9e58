"""Records in the shapes of mCODE (STU4) and US Core. All synthetic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from lutrace.ehr import RecordBatch

Resource = dict[str, Any]
ReadBundle = Callable[..., RecordBatch]

MCODE = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ICD_CM = "http://hl7.org/fhir/sid/icd-10-cm"


def concept(system: str, code: str, display: str | None = None) -> Resource:
    return {"coding": [{"system": system, "code": code} | ({"display": display} if display else {})]}


@pytest.fixture
def cancer(subject: Resource) -> Resource:
    """The primary cancer by SNOMED and ICD-10-CM."""
    codings = [*concept(SNOMED, "399068003")["coding"], *concept(ICD_CM, "C61")["coding"]]
    return {
        "resourceType": "Condition",
        "id": "cancer",
        "code": {"coding": codings},
        "subject": subject,
        "onsetDateTime": "2019-02",
    }


@pytest.fixture
def staging(subject: Resource) -> Callable[..., Resource]:
    """A category of TNM by SNOMED, its value told by the name of the code."""

    def make(code: str, value: str, name: str | None) -> Resource:
        return {
            "resourceType": "Observation",
            "id": f"stage-{code}",
            "status": "final",
            "code": concept(SNOMED, code),
            "subject": subject,
            "focus": [{"reference": "Condition/cancer"}],
            "effectiveDateTime": "2019-02-20",
            "valueCodeableConcept": concept(SNOMED, value, name),
        }

    return make


def test_tnm_by_snomed_is_read_from_the_name_of_its_value_or_its_code_and_else_refused(
    read_bundle: ReadBundle, patient: Resource, cancer: Resource, staging: Callable[..., Resource]
) -> None:
    batch = read_bundle(
        patient,
        cancer,
        staging("399504009", "synthetic-t", "American Joint Committee on Cancer cT3b (qualifier value)"),
        staging("371494008", "synthetic-n", "American Joint Committee on Cancer pN1 (qualifier value)"),
        staging("399387003", "1229907005", None),
        staging("384625004", "unknown", None),
    )

    (row,) = batch.rows["diagnoses"]
    assert (row["t"], row["n"], row["m"]) == ("cT3b", "pN1", "cM1b")
    assert row["code"] == "399068003" and row["date_precision"] == "month"
    assert [(fault.column, fault.locator) for fault in batch.faults] == [("t", "entry[5]")]


@pytest.mark.parametrize(
    ("code", "name"),
    [("94222008", "metastatic"), ("128462008", "metastatic"), ("427492003", "crpc"), ("254637007", None)],
)
def test_secondary_cancer_of_a_site_is_metastatic(
    read_bundle: ReadBundle, patient: Resource, subject: Resource, code: str, name: str | None
) -> None:
    condition = {"resourceType": "Condition", "id": "c", "code": concept(SNOMED, code), "subject": subject}

    rows = read_bundle(patient, condition | {"onsetDateTime": "2021"}).rows.get("diagnoses", ())

    assert [row["milestone"] for row in rows] == ([name] if name else [])


def course(subject: Resource, modality: str, start: str, end: str, **more: Any) -> Resource:
    pair = [{"url": f"{MCODE}radiotherapy-modality", "valueCodeableConcept": concept(SNOMED, modality)}]
    return {
        "resourceType": "Procedure",
        "id": f"course-{modality}",
        "status": "completed",
        "extension": [
            {"url": f"{MCODE}radiotherapy-modality-and-technique", "extension": pair},
            {"url": f"{MCODE}treatment-termination-reason", "valueCodeableConcept": concept(SNOMED, "182992009")},
        ],
        "code": concept(SNOMED, "1217123003"),
        "subject": subject,
        "performedPeriod": {"start": start, "end": end},
        **more,
    }


def test_a_course_of_external_beams_is_a_treatment_with_its_end(
    read_bundle: ReadBundle, patient: Resource, subject: Resource
) -> None:
    (row,) = read_bundle(patient, course(subject, "1156506007", "2018-08-15", "2018-10-25")).rows["treatments"]

    assert (row["agent"], row["end_date"], row["stop_reason"]) == ("radiotherapy", dt.date(2018, 10, 25), "completed")


def test_a_course_of_a_radiopharmaceutical_with_a_radioligand_is_a_series_and_no_treatment(
    read_bundle: ReadBundle, patient: Resource, subject: Resource
) -> None:
    ligand = [{"text": "Lutetium Lu 177 vipivotide tetraxetan"}]
    batch = read_bundle(patient, course(subject, "440252007", "2023-01-10", "2023-06-01", usedCode=ligand))

    (row,) = batch.rows["cycle_statements"]
    assert (row["scope"], row["agent"], row["kind"]) == ("series", "lu177_psma_617", "procedure")
    assert [row["code_system"] for row in batch.rows["dispositions"]] == ["snomed_termination"]
    assert "treatments" not in batch.rows


@pytest.mark.parametrize(("more", "rows"), [({}, 1), ({"doNotPerform": True}, 0), ({"intent": "plan"}, 0)])
def test_an_order_that_was_stopped_says_why_and_one_that_forbids_is_no_treatment(
    read_bundle: ReadBundle, patient: Resource, subject: Resource, more: Resource, rows: int
) -> None:
    order = {
        "resourceType": "MedicationRequest",
        "id": "order",
        "status": "stopped",
        "statusReason": concept(SNOMED, "407563006"),
        "intent": "order",
        "medicationCodeableConcept": concept(RXNORM, "synthetic", "docetaxel 20 MG/ML Injectable Solution"),
        "subject": subject,
        "authoredOn": "2021-05-15",
        **more,
    }
    found = read_bundle(patient, order).rows.get("treatments", ())

    assert [(row["agent"], row["stop_reason"]) for row in found] == [("docetaxel", "toxicity")] * rows


def test_a_medication_named_beside_a_reference_that_leads_nowhere_is_read_by_its_words(
    read_bundle: ReadBundle, patient: Resource, subject: Resource
) -> None:
    statement = {
        "resourceType": "MedicationStatement",
        "id": "s",
        "status": "active",
        "medicationReference": {"reference": "Medication/elsewhere", "display": "Enzalutamide 40 mg capsule"},
        "subject": subject,
        "effectivePeriod": {"start": "2021"},
    }
    (row,) = read_bundle(patient, statement).rows["treatments"]

    assert (row["agent"], row["begin_date_precision"]) == ("enzalutamide", "year")


def test_an_adverse_event_of_the_american_guide_has_grade_and_last_day(
    read_bundle: ReadBundle, patient: Resource, subject: Resource
) -> None:
    guide = "http://hl7.org/fhir/us/ctcae/"
    grade = concept(f"{guide}CodeSystem/ctcae-grade-code-system", "2")
    event = {
        "resourceType": "AdverseEvent",
        "id": "ae",
        "actuality": "actual",
        "event": concept("http://snomed.info/sct", "87715008", "Dry mouth"),
        "extension": [
            {"url": f"{guide}StructureDefinition/ctcae-grade", "valueCodeableConcept": grade},
            {"url": f"{guide}StructureDefinition/adverse-event-resolved-date", "valueDate": "2023-03-01"},
        ],
        "subject": subject,
        "date": "2023-02-01",
        "suspectEntity": [{"causality": [{"assessment": concept("urn:x", "Probably", "Probably Related")}]}],
    }
    contradicted = event | {"id": "other", "extension": [*event["extension"], {"url": OWN_GRADE, "valueInteger": 3}]}

    batch = read_bundle(patient, event, contradicted)

    (row,) = batch.rows["adverse_events"]
    assert (row["grade"], row["end_date"], row["attribution"]) == (2, dt.date(2023, 3, 1), "probable")
    assert [fault.column for fault in batch.faults] == ["grade"]


@pytest.mark.parametrize(
    "system", ["https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "urn:oid:2.16.840.1.113883.6.285"]
)
@pytest.mark.parametrize(
    ("code", "table", "agent"),
    [
        ("A9607", "cycles", "lu177_psma_617"),
        ("J9043", "treatments", "cabazitaxel"),
        ("J9217", "medications", "leuprorelin"),
        ("J3489", "medications", "zoledronic_acid"),
    ],
)
def test_american_product_codes_are_drugs(
    read_bundle: ReadBundle, patient: Resource, subject: Resource, system: str, code: str, table: str, agent: str
) -> None:
    given = {
        "resourceType": "MedicationAdministration",
        "id": "given",
        "status": "completed",
        "medicationCodeableConcept": concept(system, code),
        "subject": subject,
        "effectiveDateTime": "2023-03-01",
    }
    assert [row["agent"] for row in read_bundle(patient, given).rows[table]] == [agent]


@pytest.mark.parametrize("code", ["89247-1", "29463-7", "97509-4"])
def test_a_measure_said_to_be_missing_is_counted_and_no_fault(
    read_bundle: ReadBundle, patient: Resource, lab: Callable[..., Resource], code: str
) -> None:
    batch = read_bundle(patient, lab(code, dataAbsentReason=concept("http://terminology.hl7.org/x", "unknown")))

    assert batch.faults == () and batch.unread == {"Observation (no value, with a reason)": 1}


OWN_GRADE = "urn:lutrace:StructureDefinition:ctcae-grade"
