"""Patient and Condition: synthetic marking, deaths of any precision, milestones, Gleason and TNM."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from lutrace.ehr import RecordBatch

Resource = dict[str, Any]
ReadBundle = Callable[..., RecordBatch]


@pytest.fixture
def condition(subject: Resource) -> Callable[..., Resource]:
    """A Condition of one code."""

    def make(system: str, code: str, **more: Any) -> Resource:
        coding = [{"system": system, "code": code}]
        return {"resourceType": "Condition", "id": f"c-{code}", "code": {"coding": coding}, "subject": subject, **more}

    return make


@pytest.fixture
def gleason(subject: Resource) -> Callable[..., Resource]:
    """A Gleason Observation of one LOINC code."""

    def make(loinc: str = "35266-6", date: str = "2015-03-01", **value: Any) -> Resource:
        coding = [{"system": "http://loinc.org", "code": loinc}]
        return {
            "resourceType": "Observation",
            "id": f"g-{loinc}",
            "status": "final",
            "code": {"coding": coding},
            "subject": subject,
            "effectiveDateTime": date,
            **value,
        }

    return make


ICD_GM = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
SNOMED = "http://snomed.info/sct"


def test_a_patient_of_test_data_is_synthetic_and_any_other_is_not(read_bundle: ReadBundle, patient: Resource) -> None:
    assert read_bundle(patient).rows["patients"][0] == {
        "patient_id": "SYN-0001",
        "birth_year": 1951,
        "sex": "male",
        "synthetic": True,
        "source_locator": "entry[0]",
    }
    del patient["meta"]
    assert read_bundle(patient).rows["patients"][0]["synthetic"] is False


@pytest.mark.parametrize(
    ("recorded", "day", "precision"),
    [
        ("2024-02-11", dt.date(2024, 2, 11), "day"),
        ("2024-02", dt.date(2024, 2, 1), "month"),
        ("2024", dt.date(2024, 1, 1), "year"),
        ("2024-02-11T03:10:00+01:00", dt.date(2024, 2, 11), "day"),
    ],
)
def test_a_death_keeps_the_precision_it_was_recorded_with(
    read_bundle: ReadBundle, patient: Resource, recorded: str, day: dt.date, precision: str
) -> None:
    (row,) = read_bundle(patient | {"deceasedDateTime": recorded}).rows["follow_up"]

    assert (row["status"], row["date"], row["date_precision"], row["basis"]) == ("dead", day, precision, "record")


def test_a_death_without_a_date_is_a_fault_and_the_patient_stays(read_bundle: ReadBundle, patient: Resource) -> None:
    batch = read_bundle(patient | {"deceasedBoolean": True})

    assert batch.faults[0].rule == "date: the patient is recorded as deceased without a date"
    assert "follow_up" not in batch.rows
    assert len(batch.rows["patients"]) == 1


@pytest.mark.parametrize(
    ("system", "code", "milestone", "method"),
    [
        (ICD_GM, "C61", "initial", "code"),
        (SNOMED, "399068003", "initial", "code"),
        (ICD_GM, "C79.5", "metastatic", "code"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "Z19.2", "crpc", "code"),
        (SNOMED, "427492003", "crpc", "code"),
        ("urn:lutrace:CodeSystem:milestone", "mcrpc", "mcrpc", "physician"),
    ],
)
def test_a_code_gives_its_milestone(
    read_bundle: ReadBundle,
    patient: Resource,
    condition: Callable[..., Resource],
    system: str,
    code: str,
    milestone: str,
    method: str,
) -> None:
    (row,) = read_bundle(patient, condition(system, code, onsetDateTime="2015-03")).rows["diagnoses"]

    assert (row["milestone"], row["method"], row["code"]) == (milestone, method, code)
    assert (row["date"], row["date_precision"]) == (dt.date(2015, 3, 1), "month")


def test_the_date_of_recording_is_never_taken_for_the_date_of_the_diagnosis(
    read_bundle: ReadBundle, patient: Resource, condition: Callable[..., Resource]
) -> None:
    (row,) = read_bundle(patient, condition(ICD_GM, "C61", recordedDate="2023-01-01")).rows["diagnoses"]

    assert row["date"] is None
    assert row["date_precision"] is None


def test_a_refuted_diagnosis_gives_no_row(
    read_bundle: ReadBundle, patient: Resource, condition: Callable[..., Resource]
) -> None:
    refuted = condition(ICD_GM, "C61", verificationStatus={"coding": [{"code": "refuted"}]})

    batch = read_bundle(patient, refuted)

    assert "diagnoses" not in batch.rows
    assert batch.unread == {"Condition (refuted)": 1}


def test_tnm_of_a_stage_stands_in_its_columns(
    read_bundle: ReadBundle, patient: Resource, condition: Callable[..., Resource]
) -> None:
    stage = [{"summary": {"text": "cT3a N1"}}, {"summary": {"coding": [{"code": "M1b"}]}}]

    (row,) = read_bundle(patient, condition(ICD_GM, "C61", stage=stage)).rows["diagnoses"]

    assert (row["t"], row["n"], row["m"]) == ("cT3a", "N1", "M1b")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"valueInteger": 9}, (None, None, 9)),
        ({"valueString": "4+5=9"}, (4, 5, 9)),
        ({"valueString": "Gleason 3 + 4"}, (3, 4, 7)),
        ({"valueCodeableConcept": {"coding": [{"system": SNOMED, "code": "1279716004"}]}}, (4, 3, 7)),
        ({"valueCodeableConcept": {"coding": [{"system": SNOMED, "code": "33013007"}]}}, (None, None, 8)),
    ],
)
def test_gleason_is_joined_to_the_initial_diagnosis(
    read_bundle: ReadBundle,
    patient: Resource,
    condition: Callable[..., Resource],
    gleason: Callable[..., Resource],
    value: Resource,
    expected: tuple[int | None, int | None, int],
) -> None:
    batch = read_bundle(gleason(**value), patient, condition(ICD_GM, "C61", onsetDateTime="2015-03-01"))

    (row,) = batch.rows["diagnoses"]
    assert (row.get("gleason_primary"), row.get("gleason_secondary"), row["gleason_sum"]) == expected


def test_gleason_patterns_of_two_observations_are_one_score(
    read_bundle: ReadBundle, patient: Resource, condition: Callable[..., Resource], gleason: Callable[..., Resource]
) -> None:
    first = gleason("44641-9", valueInteger=4)
    second = gleason("44642-7", valueCodeableConcept={"coding": [{"system": SNOMED, "code": "369772003"}]})

    (row,) = read_bundle(patient, condition(ICD_GM, "C61"), first, second).rows["diagnoses"]

    assert (row["gleason_primary"], row["gleason_secondary"], row["gleason_sum"]) == (4, 3, 7)


def test_a_gleason_sum_that_is_not_the_sum_of_its_patterns_is_refused(
    read_bundle: ReadBundle, patient: Resource, condition: Callable[..., Resource], gleason: Callable[..., Resource]
) -> None:
    batch = read_bundle(patient, condition(ICD_GM, "C61"), gleason(valueString="3+3=4"))

    assert batch.faults[0].rule == "gleason_sum is not the sum of its patterns"
    assert "gleason_sum" not in batch.rows["diagnoses"][0]


def test_gleason_of_one_of_two_diagnoses_is_refused_unless_it_says_which(
    read_bundle: ReadBundle, patient: Resource, condition: Callable[..., Resource], gleason: Callable[..., Resource]
) -> None:
    first = condition(ICD_GM, "C61", onsetDateTime="2015")
    second = condition(SNOMED, "399068003", onsetDateTime="2016")

    unclear = read_bundle(patient, first, second, gleason(valueInteger=8))
    clear = read_bundle(patient, first, second, gleason(valueInteger=8, focus=[{"reference": "Condition/c-C61"}]))

    assert unclear.faults[0].column == "milestone"
    assert [row.get("gleason_sum") for row in clear.rows["diagnoses"]] == [8, None]


def test_two_gleason_scores_of_one_diagnosis_that_differ_are_refused(
    read_bundle: ReadBundle, patient: Resource, condition: Callable[..., Resource], gleason: Callable[..., Resource]
) -> None:
    batch = read_bundle(patient, condition(ICD_GM, "C61"), gleason(valueInteger=8), gleason(valueInteger=9))

    assert batch.faults[0].rule == "gleason_sum contradicts another Observation of the same diagnosis"


def test_each_site_of_metastases_of_one_day_is_a_row_and_a_second_code_of_the_first_diagnosis_is_not(
    read_bundle: ReadBundle, patient: Resource, condition: Callable[..., Resource]
) -> None:
    nodes = condition(ICD_GM, "C77.5", onsetDateTime="2018-02-01")
    bone = condition(ICD_GM, "C79.5", onsetDateTime="2018-02-01")
    first = condition(ICD_GM, "C61", onsetDateTime="2015-02-01")
    again = condition("http://snomed.info/sct", "399068003", onsetDateTime="2015-02-01")

    batch = read_bundle(patient, nodes, bone, first, again)

    assert [row["code"] for row in batch.rows["diagnoses"]] == ["C77.5", "C79.5", "C61"]
    assert batch.unread == {"Condition (the milestone and day of another Condition)": 1}


def test_tnm_observations_are_joined_and_a_category_that_is_none_is_refused(
    read_bundle: ReadBundle, patient: Resource, condition: Callable[..., Resource], gleason: Callable[..., Resource]
) -> None:
    t_stage = gleason("21905-5", valueCodeableConcept={"coding": [{"code": "cT3b"}]})
    wrong = gleason("21907-1", valueString="metastatic")

    batch = read_bundle(patient, condition(ICD_GM, "C61"), t_stage, wrong)

    assert batch.rows["diagnoses"][0]["t"] == "cT3b"
    assert batch.faults[0].rule == "m: expected a category such as cT3a, N1 or M1b"


def test_a_stage_that_contradicts_an_observation_is_refused(
    read_bundle: ReadBundle, patient: Resource, condition: Callable[..., Resource], gleason: Callable[..., Resource]
) -> None:
    staged = condition(ICD_GM, "C61", stage=[{"summary": {"text": "M0"}}])

    batch = read_bundle(patient, staged, gleason("21907-1", valueString="M1b"))

    assert batch.faults[0].rule == "m of the stage contradicts an Observation"


@pytest.mark.parametrize(
    ("loinc", "value", "rule"),
    [
        ("35266-6", {"valueInteger": 11}, "a Gleason score is 2 to 10"),
        ("35266-6", {"valueQuantity": {"value": 7.5}}, "a Gleason score is 2 to 10"),
        ("35266-6", {"valueString": "high"}, "a Gleason score is 2 to 10"),
        ("44641-9", {"valueInteger": 6}, "a Gleason pattern is a whole number"),
        ("44642-7", {}, "a Gleason pattern is a whole number"),
    ],
)
def test_a_gleason_value_outside_its_scale_is_refused(
    read_bundle: ReadBundle,
    patient: Resource,
    condition: Callable[..., Resource],
    gleason: Callable[..., Resource],
    loinc: str,
    value: Resource,
    rule: str,
) -> None:
    batch = read_bundle(patient, condition(ICD_GM, "C61"), gleason(loinc, **value))

    assert rule in batch.faults[0].rule
    assert batch.faults[0].table == "diagnoses"


def test_gleason_patterns_may_be_components_of_the_score(
    read_bundle: ReadBundle, patient: Resource, condition: Callable[..., Resource], gleason: Callable[..., Resource]
) -> None:
    def part(loinc: str, value: str) -> Resource:
        return {"code": {"coding": [{"system": "http://loinc.org", "code": loinc}]}, "valueString": value}

    observed = gleason(component=[part("44641-9", "4"), part("44642-7", "pattern 3")])

    (row,) = read_bundle(patient, condition(ICD_GM, "C61"), observed).rows["diagnoses"]

    assert (row["gleason_primary"], row["gleason_secondary"], row["gleason_sum"]) == (4, 3, 7)


def identifier(kind: str | None, value: str, **more: str) -> Resource:
    systems = {"PSEUDED": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"}
    german = {"GKV": "http://fhir.de/CodeSystem/identifier-type-de-basis"}
    system = (systems | german).get(kind or "", "http://terminology.hl7.org/CodeSystem/v2-0203")
    typed = {"type": {"coding": [{"system": system, "code": kind}]}} if kind is not None else {}
    return {"system": f"urn:{value[0]}", "value": value, **typed, **more}


@pytest.mark.parametrize(
    ("identifiers", "chosen"),
    [
        ([identifier("GKV", "A123"), identifier("MR", "M1")], "M1"),
        ([identifier("MR", "M1", use="old"), identifier("MR", "M2")], "M2"),
        ([identifier("GKV", "A123"), identifier("PSEUDED", "P1")], "P1"),
        ([identifier("PSEUDED", "P1"), identifier("MR", "M1")], "M1"),
        ([], "Patient/p1"),
    ],
)
def test_the_record_number_then_the_pseudonym_then_the_id_names_a_patient(
    read_bundle: ReadBundle, patient: Resource, identifiers: list[Resource], chosen: str
) -> None:
    batch = read_bundle(patient | {"identifier": identifiers})

    assert batch.rows["patients"][0]["patient_id"] == chosen
    assert [note.partition(" are named")[0] for note in batch.notes] == (
        [] if identifiers else ["patients without an identifier"]
    )


def test_identifiers_without_a_type_are_not_chosen_from(read_bundle: ReadBundle, patient: Resource) -> None:
    batch = read_bundle(patient | {"identifier": [identifier(None, "X1"), identifier("GKV", "A123")]})

    assert [fault.column for fault in batch.faults] == ["patient_id"] and "patients" not in batch.rows


def test_a_record_number_in_the_subject_names_a_patient_who_is_not_in_the_export(
    read_bundle: ReadBundle, lab: Callable[..., Resource]
) -> None:
    by_number = lab() | {"subject": {"identifier": identifier("MR", "M7")}}
    by_insurance = lab("35741-8") | {"subject": {"identifier": identifier("GKV", "A123")}}

    batch = read_bundle(by_number, by_insurance)

    assert [row["patient_id"] for row in batch.rows["labs"]] == ["M7"]
    assert [fault.column for fault in batch.faults] == ["patient_id"]


def test_a_death_said_to_be_without_a_date_is_a_fault(read_bundle: ReadBundle, patient: Resource) -> None:
    absent = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
    batch = read_bundle(patient | {"_deceasedDateTime": {"extension": [absent]}, "_birthDate": {"extension": [absent]}})

    assert [(fault.table, fault.column) for fault in batch.faults] == [("follow_up", "date")]
    assert batch.rows["patients"][0]["birth_year"] == 1951
