"""What docs/reference/fhir.md promises, on one bundle that a validator other than ours accepts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lutrace.ehr import fhir_profile as profile
from lutrace.ehr import read_fhir
from lutrace.tables import FACT_TABLES

Resource = dict[str, Any]

HL7 = "http://terminology.hl7.org/CodeSystem/"


def concept(system: str, code: str, text: str) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": text}], "text": text}


def quantity(value: float, unit: str) -> Resource:
    return {"value": value, "unit": unit, "system": profile.UCUM, "code": unit}


@pytest.fixture
def resources() -> list[Resource]:
    """One resource of each kind that the reader reads, complete in the sense of R4."""
    return all_resources()


def all_resources() -> list[Resource]:
    subject = {"reference": "Patient/p1"}
    patient: Resource = {
        "resourceType": "Patient",
        "id": "p1",
        "meta": {"security": [{"system": profile.TEST_DATA_SYSTEM, "code": "HTEST"}]},
        "identifier": [
            {"type": concept(profile.MR_SYSTEM, "MR", "Record number"), "system": "urn:hospital", "value": "SYN-0001"}
        ],
        "name": [{"family": "Synthetic", "given": ["Test"]}],
        "gender": "male",
        "birthDate": "1951-03-04",
    }

    def observation(name: str, code: Resource, **more: Any) -> Resource:
        common = {"resourceType": "Observation", "id": name, "status": "final", "code": code, "subject": subject}
        return common | {"effectiveDateTime": "2023-06-01T08:30:00+02:00"} | more

    return [
        patient | {"deceasedDateTime": "2024-02"},
        {
            "resourceType": "Condition",
            "id": "c1",
            "code": concept("http://hl7.org/fhir/sid/icd-10", "C61", "Prostate cancer"),
            "subject": subject,
            "onsetDateTime": "2015-03",
            "stage": [{"summary": {"text": "cT3a N1 M0"}}],
        },
        observation(
            "o1",
            concept(profile.LOINC, "35266-6", "Gleason score"),
            valueString="4+5=9",
            focus=[{"reference": "Condition/c1"}],
        ),
        observation(
            "o2",
            concept(profile.LOINC, "2857-1", "PSA"),
            valueQuantity=quantity(46.79, "ng/mL"),
            referenceRange=[{"high": quantity(4, "ng/mL")}],
        ),
        observation("o3", concept(profile.LOINC, "29463-7", "Body weight"), valueQuantity=quantity(81.5, "kg")),
        observation(
            "o4",
            concept(profile.FINDING_SYSTEM, "ct_only_lesion", "Lesion on CT alone"),
            valueBoolean=True,
            bodySite={"text": "liver"},
            extension=[{"url": profile.CYCLE_NUMBER, "valuePositiveInt": 2}],
            component=[
                {
                    "code": concept(profile.FINDING_SYSTEM, "long_axis", "Long axis"),
                    "valueQuantity": quantity(14, "mm"),
                }
            ],
        ),
        {
            "resourceType": "DiagnosticReport",
            "id": "r1",
            "status": "final",
            "code": {"text": "CT of the SPECT/CT"},
            "subject": subject,
            "effectiveDateTime": "2023-06-02",
            "conclusionCode": [concept(profile.FINDING_SYSTEM, "ct_read", "CT read")],
        },
        {
            "resourceType": "Procedure",
            "id": "pr1",
            "status": "completed",
            "code": concept(profile.OPS, "8-530.d0", "Radioliganden-Therapie"),
            "subject": subject,
            "performedDateTime": "2023-06-01",
        },
        {
            "resourceType": "MedicationAdministration",
            "id": "ma1",
            "status": "completed",
            "partOf": [{"reference": "Procedure/pr1"}],
            "extension": [
                {"url": profile.CYCLE_NUMBER, "valuePositiveInt": 1},
                {"url": profile.ASSAY_DATETIME, "valueDateTime": "2023-06-01T09:50:00+02:00"},
                {"url": profile.RESIDUAL_ACTIVITY, "valueQuantity": quantity(42, "MBq")},
                {"url": profile.RESIDUAL_DATETIME, "valueDateTime": "2023-06-01T10:40:00+02:00"},
            ],
            "medicationCodeableConcept": concept(profile.ATC, "V10XX05", "Pluvicto"),
            "subject": subject,
            "effectiveDateTime": "2023-06-01T10:15:00+02:00",
            "dosage": {"dose": quantity(7410, "MBq")},
        },
        {
            "resourceType": "MedicationStatement",
            "id": "ms1",
            "status": "completed",
            "medicationCodeableConcept": concept(profile.ATC, "L01CD02", "Docetaxel"),
            "subject": subject,
            "effectivePeriod": {"start": "2021-02", "end": "2021-08-15"},
            "statusReason": [concept(profile.STOP_REASON_SYSTEM, "progression", "Progression")],
        },
        {
            "resourceType": "MedicationRequest",
            "id": "mr1",
            "status": "active",
            "intent": "order",
            "medicationCodeableConcept": concept(profile.ATC, "L02AE02", "Leuprorelin"),
            "subject": subject,
            "authoredOn": "2016-01-01",
        },
        {
            "resourceType": "Procedure",
            "id": "pr2",
            "status": "completed",
            "code": concept(profile.SNOMED, "116863004", "Transfusion of red blood cells"),
            "subject": subject,
            "performedDateTime": "2023-08-01",
            "extension": [{"url": profile.UNITS, "valuePositiveInt": 2}],
        },
        {
            "resourceType": "AdverseEvent",
            "id": "ae1",
            "actuality": "actual",
            "subject": subject,
            "event": {"text": "Dry mouth"},
            "date": "2023-07-01",
            "extension": [
                {"url": profile.CTCAE_GRADE, "valueInteger": 2},
                {"url": profile.CTCAE_VERSION, "valueString": "5.0"},
            ],
        },
        {
            "resourceType": "Encounter",
            "id": "e1",
            "status": "finished",
            "class": {"system": f"{HL7}v3-ActCode", "code": "IMP"},
            "subject": subject,
            "period": {"start": "2023-06-01", "end": "2023-06-03"},
            "hospitalization": {"dischargeDisposition": concept(f"{HL7}discharge-disposition", "hosp", "Hospice")},
        },
        {
            "resourceType": "QuestionnaireResponse",
            "id": "q1",
            "status": "completed",
            "questionnaire": "http://example.org/Questionnaire/fact-p",
            "subject": subject,
            "authored": "2023-06-01T09:00:00+02:00",
            "item": [{"linkId": "GP1", "answer": [{"valueInteger": 3}]}],
        },
    ]


def test_the_bundle_is_valid_r4_by_a_validator_that_is_not_ours(
    write_bundle: Callable[..., Path], resources: list[Resource]
) -> None:
    bundle = Bundle.model_validate_json(write_bundle(*resources).read_bytes())

    assert len(bundle.entry) == len(resources)


def test_every_kind_of_resource_gives_its_rows_without_a_fault(
    write_bundle: Callable[..., Path], resources: list[Resource]
) -> None:
    (batch,) = read_fhir(write_bundle(*resources))

    assert batch.faults == ()
    assert {table: len(rows) for table, rows in batch.rows.items()} == {
        "patients": 1,
        "follow_up": 1,
        "diagnoses": 1,
        "labs": 1,
        "vitals": 1,
        "reader_findings": 2,
        "cycle_statements": 1,
        "cycles": 1,
        "treatments": 1,
        "medications": 1,
        "support": 1,
        "adverse_events": 1,
        "contacts": 2,
        "dispositions": 1,
        "questionnaires": 1,
    }
    (diagnosis,) = batch.rows["diagnoses"]
    assert (diagnosis["gleason_sum"], diagnosis["t"], diagnosis["date"]) == (9, "cT3a", dt.date(2015, 3, 1))
    (cycle,) = batch.rows["cycles"]
    assert (cycle["cycle"], cycle["administered_mbq"], cycle["residual_mbq"], cycle["weight_kg"]) == (1, 7410, 42, 81.5)


def _places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield (*path, key)
        yield from _places(value, (*path, key))


_PLACES = sorted(_places(all_resources()), key=repr)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(_PLACES), st.sampled_from([None, "", "x", -1, 1e308, True, [], {}, ["x"], {"x": 1}, "2023-13-45"])
)
def test_one_broken_element_anywhere_gives_declared_rows_or_faults_and_never_an_exception(
    write_bundle: Callable[..., Path], place: tuple[Any, ...], junk: Any
) -> None:
    broken: Any = all_resources()
    node = broken
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = junk

    for batch in read_fhir(write_bundle(*broken)):
        for table, rows in batch.rows.items():
            assert all(row.keys() <= FACT_TABLES[table].by_name.keys() for row in rows)
        said = repr([(fault.rule, fault.row, fault.locator) for fault in batch.faults])
        assert not any(secret in said for secret in ("SYN-0001", "Synthetic", "1951-03-04"))
