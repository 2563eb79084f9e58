"""Records in the shapes of the German core data set: module Onkologie and what is made from oBDS. All synthetic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from lutrace.ehr import RecordBatch

Resource = dict[str, Any]
ReadBundle = Callable[..., RecordBatch]

ONKO = "https://www.medizininformatik-initiative.de/fhir/ext/modul-onko/"
ICD = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
OPS = "http://fhir.de/CodeSystem/bfarm/ops"
SNOMED = "http://snomed.info/sct"
UICC = "https://www.uicc.org/resources/tnm"


def concept(system: str, code: str, **more: str) -> Resource:
    return {"coding": [{"system": system, "code": code, **more}]}


def letters(name: str, code: str) -> Resource:
    return concept(f"{ONKO}CodeSystem/mii-cs-onko-{name}", code)


def said(name: str, value: Resource) -> Resource:
    return {"url": f"{ONKO}StructureDefinition/mii-ex-onko-{name}", "valueCodeableConcept": value}


@pytest.fixture
def tumour(subject: Resource) -> Resource:
    """The primary tumour, diagnosed in March 2020 and recorded years later."""
    return {
        "resourceType": "Condition",
        "id": "tumour",
        "meta": {"profile": [f"{ONKO}StructureDefinition/mii-pr-onko-diagnose-primaertumor"]},
        "extension": [
            {"url": "http://hl7.org/fhir/StructureDefinition/condition-assertedDate", "valueDateTime": "2020-03-07"}
        ],
        "verificationStatus": {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": "confirmed"},
                {"system": f"{ONKO}CodeSystem/mii-cs-onko-primaertumor-diagnosesicherung", "code": "7"},
            ]
        },
        "code": concept(ICD, "C61", version="2020"),
        "subject": subject,
        "recordedDate": "2024-01-02",
    }


@pytest.fixture
def observation(subject: Resource) -> Callable[..., Resource]:
    """An Observation of the module."""

    def make(name: str, code: Resource, value: Resource | None, when: str = "2020-03-20", **more: Any) -> Resource:
        resource = {
            "resourceType": "Observation",
            "id": name,
            "status": "final",
            "code": code,
            "subject": subject,
            "focus": [{"reference": "Condition/tumour"}],
            "effectiveDateTime": when,
            **more,
        }
        return resource | ({"valueCodeableConcept": value} if value is not None else {})

    return make


@pytest.fixture
def category(observation: Callable[..., Resource]) -> Callable[..., Resource]:
    """A category of TNM, with the letters before it in extensions."""

    def make(value: str, snomed: str, *, by: str = "c", when: str = "2020-03-20", before: str = "") -> Resource:
        code = {**concept(SNOMED, snomed), "extension": [said("tnm-cp-praefix", concept(UICC, by))]}
        modifiers = [said(f"tnm-{letter}-praefix", concept(UICC, letter)) for letter in before]
        return observation(
            f"tnm-{before}{by}{value}-{when}", code, concept(UICC, value), when, modifierExtension=modifiers
        )

    return make


@pytest.fixture
def irradiation(subject: Resource) -> Callable[..., Resource]:
    """A nuclear medicine therapy of PSMA, as one Procedure for the whole series."""

    def make(start: str = "2023-07-04", end: str = "2024-01-14", **more: Any) -> Resource:
        dose = {"url": f"{ONKO}StructureDefinition/mii-ex-onko-strahlentherapie-bestrahlung-gesamtdosis"}
        application = {"url": "http://hl7.org/fhir/StructureDefinition/procedure-method"}
        return {
            "resourceType": "Procedure",
            "id": "irradiation",
            "extension": [
                dose | {"valueQuantity": {"value": 30, "unit": "GBq"}},
                application | {"valueCodeableConcept": letters("strahlentherapie-applikationsart", "MPSMA")},
            ],
            "status": "completed",
            "category": concept(SNOMED, "399315003"),
            "code": concept(OPS, "8-530.d0", version="2023"),
            "subject": subject,
            "performedPeriod": {"start": start, "end": end},
            "usedCode": [letters("strahlentherapie-strahlenart", "Lu-177")],
            **more,
        }

    return make


def test_a_series_of_psma_therapy_is_one_statement_with_its_total_and_no_cycle(
    read_bundle: ReadBundle, patient: Resource, irradiation: Callable[..., Resource]
) -> None:
    batch = read_bundle(patient, irradiation())

    (row,) = batch.rows["cycle_statements"]
    assert (row["kind"], row["scope"], row["activity_mbq"]) == ("radiotherapy", "series", 30000.0)
    assert (row["begin_date"], row["end_date"]) == (dt.date(2023, 7, 4), dt.date(2024, 1, 14))
    assert (row["agent"], row["code"], row["doubt"]) == ("lu177_psma_other", "8-530.d0", None)
    assert "cycles" not in batch.rows and batch.faults == ()


@pytest.mark.parametrize(("nuclide", "agent"), [("Lu-177", "lu177_psma_other"), ("Ac-225", "ac225_psma")])
def test_the_application_and_the_nuclide_tell_the_therapy_when_the_code_is_of_the_chapter_only(
    read_bundle: ReadBundle, patient: Resource, irradiation: Callable[..., Resource], nuclide: str, agent: str
) -> None:
    used = [letters("strahlentherapie-strahlenart", nuclide)]
    batch = read_bundle(patient, irradiation("2023", "2024-01", code=concept(OPS, "8-53"), usedCode=used))

    (row,) = batch.rows["cycle_statements"]
    assert (row["agent"], row["begin_precision"]) == (agent, "year")


def test_a_procedure_of_one_cycle_has_its_activity_and_without_a_nuclide_it_is_refused(
    read_bundle: ReadBundle, patient: Resource, irradiation: Callable[..., Resource]
) -> None:
    dose = irradiation()["extension"][0] | {"valueQuantity": {"value": 7.4, "unit": "GBq", "code": "GBq"}}
    application = irradiation()["extension"][1]
    one = irradiation("2023-07-04", "2023-07-05", extension=[dose, application])
    nameless = one | {"id": "nameless", "code": concept(OPS, "8-53"), "usedCode": []}
    nameless["performedPeriod"] = {"start": "2023-09-04", "end": "2023-09-04"}

    batch = read_bundle(patient, one, nameless)

    assert [row["administered_mbq"] for row in batch.rows["cycles"]] == [7400.0]
    assert [fault.rule for fault in batch.faults] == ["agent: a PSMA therapy without its nuclide"]


def test_an_irradiation_in_the_shape_of_2024_is_read_too_and_two_totals_are_refused(
    read_bundle: ReadBundle, patient: Resource, irradiation: Callable[..., Resource]
) -> None:
    def nested(name: str, gbq: float) -> Resource:
        parts = [
            {"url": "Applikationsart", "valueCodeableConcept": letters("strahlentherapie-applikationsart", "MPSMA")},
            {"url": "Strahlenart", "valueCodeableConcept": letters("strahlentherapie-strahlenart", "Lu-177")},
            {"url": "Gesamtdosis", "valueQuantity": {"value": gbq, "unit": "GBq", "code": "GBq"}},
        ]
        return {
            "id": name,
            "url": f"{ONKO}StructureDefinition/mii-ex-onko-strahlentherapie-bestrahlung",
            "extension": parts,
        }

    older = irradiation(code=concept(OPS, "8-53"), usedCode=[], extension=[nested("a", 30)])
    twice = older | {"id": "twice", "extension": [nested("a", 30), nested("b", 15)]}
    batch = read_bundle(patient, older, twice)

    (row,) = batch.rows["cycle_statements"]
    assert (row["agent"], row["activity_mbq"]) == ("lu177_psma_other", 30000.0)
    assert ("cycle_statements", "activity_mbq") in {(fault.table, fault.column) for fault in batch.faults}


def test_radioiodine_in_the_same_profile_is_no_cycle(
    read_bundle: ReadBundle, patient: Resource, irradiation: Callable[..., Resource]
) -> None:
    application = irradiation()["extension"][1] | {
        "valueCodeableConcept": letters("strahlentherapie-applikationsart", "MRJT")
    }
    used = [letters("strahlentherapie-strahlenart", "J-131")]
    iodine = irradiation(code=concept(OPS, "8-531"), extension=[application], usedCode=used)

    batch = read_bundle(patient, iodine)

    assert set(batch.rows) == {"patients"} and batch.unread == {"Procedure (code not read: OPS 8-531)": 1}


def test_the_reason_for_the_end_of_a_series_may_stand_in_the_procedure_that_it_is_part_of(
    read_bundle: ReadBundle, patient: Resource, subject: Resource, irradiation: Callable[..., Resource]
) -> None:
    bracket = {
        "resourceType": "Procedure",
        "id": "bracket",
        "status": "completed",
        "category": concept(SNOMED, "399315003"),
        "code": concept(OPS, "8-53"),
        "subject": subject,
        "performedPeriod": {"start": "2023-07-04", "end": "2024-01-14"},
        "outcome": letters("therapie-ende-grund", "P"),
    }
    batch = read_bundle(patient, bracket, irradiation(partOf=[{"reference": "Procedure/bracket"}]))

    (row,) = batch.rows["dispositions"]
    assert (row["code_system"], row["code"], row["date"]) == ("obds_therapy_end", "P", dt.date(2024, 1, 14))


def test_external_radiotherapy_is_one_row_though_it_stands_in_two_procedures(
    read_bundle: ReadBundle, patient: Resource, subject: Resource
) -> None:
    def procedure(name: str, category: str, ops: str, **more: Any) -> Resource:
        common = {"resourceType": "Procedure", "id": name, "status": "completed", "subject": subject, **more}
        period = {"start": "2022-02-01", "end": "2022-03-15"}
        return common | {"category": concept(SNOMED, category), "code": concept(OPS, ops), "performedPeriod": period}

    whole = procedure("whole", "108290001", "8-522", outcome=letters("therapie-ende-grund", "E"))
    part = procedure("part", "1287742003", "8-522.6", partOf=[{"reference": "Procedure/whole"}])
    batch = read_bundle(patient, part, whole)

    (row,) = batch.rows["treatments"]
    assert (row["agent"], row["stop_reason"], row["end_date"]) == ("radiotherapy", "completed", dt.date(2022, 3, 15))
    assert batch.unread == {"Procedure (part of a procedure that is read itself)": 1}


def test_drugs_of_a_systemic_therapy_end_for_the_reason_of_the_procedure_that_frames_them(
    read_bundle: ReadBundle, patient: Resource, subject: Resource
) -> None:
    frame = {
        "resourceType": "Procedure",
        "id": "therapy",
        "status": "completed",
        "category": concept(SNOMED, "18629005"),
        "code": {"coding": [*letters("therapie-typ", "CH")["coding"], *concept(OPS, "8-54")["coding"]]},
        "subject": subject,
        "performedPeriod": {"start": "2021-07-05", "end": "2021-09-05"},
        "outcome": letters("therapie-ende-grund", "A"),
        "usedCode": [{"text": "Docetaxel q3w"}],
    }
    drug = {
        "resourceType": "MedicationStatement",
        "id": "drug",
        "status": "completed",
        "partOf": [{"reference": "Procedure/therapy"}],
        "medicationCodeableConcept": concept("http://fhir.de/CodeSystem/bfarm/atc", "L01CD02"),
        "subject": subject,
        "effectivePeriod": {"start": "2021-07-05", "end": "2021-09"},
    }
    batch = read_bundle(patient, frame, drug)

    (row,) = batch.rows["treatments"]
    assert (row["agent"], row["stop_reason"], row["end_date_precision"]) == ("docetaxel", "toxicity", "month")
    (alone,) = read_bundle(patient, frame).rows["treatments"]
    assert (alone["agent"], alone["stop_reason"]) == ("docetaxel", "toxicity")


def test_the_first_tnm_is_of_the_diagnosis_with_its_letters_and_a_later_m1_is_a_metastatic_diagnosis(
    read_bundle: ReadBundle, patient: Resource, tumour: Resource, category: Callable[..., Resource]
) -> None:
    batch = read_bundle(
        patient,
        tumour,
        category("T2", "399504009"),
        category("T3b", "384625004", by="p", when="2020-05-11"),
        category("N0", "399534004"),
        category("M0", "399387003"),
        category("M1b", "399387003", when="2022-08-01", before="r"),
        category("T2", "399504009", when="2020-02", before="y"),
    )

    first, later = batch.rows["diagnoses"]
    assert (first["t"], first["n"], first["m"], first["date"]) == ("cT2", "cN0", "cM0", dt.date(2020, 3, 7))
    assert (later["milestone"], later["m"], later["date"]) == ("metastatic", "rcM1b", dt.date(2022, 8, 1))
    assert batch.unread == {"Observation (Gleason or TNM of a later time than the first diagnosis)": 2}
    assert batch.faults == ()


def test_sites_of_metastases_are_rows_by_the_letters_of_the_registry(
    read_bundle: ReadBundle, patient: Resource, tumour: Resource, observation: Callable[..., Resource]
) -> None:
    where = concept(SNOMED, "385421009")
    sites = [observation(code, where, letters("fernmetastasen", code), "2021-11-03") for code in ("OSS", "LYM")]
    unknown = observation("unknown", where, letters("fernmetastasen", "XYZ"))
    absent = observation("absent", where, None, dataAbsentReason={"text": "unbekannt"})

    batch = read_bundle(patient, tumour, *sites, unknown, absent)

    found = [(row["code"], row["method"]) for row in batch.rows["diagnoses"] if row["milestone"] == "metastatic"]
    assert found == [("OSS", "registry"), ("LYM", "registry")]
    assert [fault.table for fault in batch.faults] == ["diagnoses"]
    assert batch.unread == {"Observation (no value, with a reason)": 1}


@pytest.mark.parametrize(
    ("code", "kinds", "unread"),
    [
        ("P", ["clinical_progression"], {}),
        ("K", [], {"Observation (disease status: stable)": 1}),
        ("Y", [], {"Observation (disease status: recurrence)": 1}),
        ("?", [], {"Observation (disease status: no code that is read)": 1}),
    ],
)
def test_only_progression_of_the_overall_assessment_is_an_event(
    read_bundle: ReadBundle,
    patient: Resource,
    observation: Callable[..., Resource],
    code: str,
    kinds: list[str],
    unread: dict[str, int],
) -> None:
    course = observation("course", concept(SNOMED, "396432002"), letters("verlauf-gesamtbeurteilung", code), "2023-02")

    batch = read_bundle(patient, course)

    rows = batch.rows.get("disease_events", ())
    assert [row["kind"] for row in rows] == kinds and batch.unread == unread
    assert {row["date_precision"] for row in rows} <= {"month"}


def death(observation: Callable[..., Resource], name: str, icd: str, by_tumour: str | None = "J") -> Resource:
    interpretation = [letters("tod", by_tumour)] if by_tumour is not None else []
    return observation(
        name, concept(SNOMED, "184305005"), concept(ICD, icd), "2024-05-15", interpretation=interpretation
    )


def test_a_death_is_one_row_with_the_cause_that_several_observations_give(
    read_bundle: ReadBundle, patient: Resource, observation: Callable[..., Resource]
) -> None:
    causes = [death(observation, "d1", "C79.5"), death(observation, "d2", "C61")]
    dead = patient | {"deceasedDateTime": "2024-05-15T04:00:00+02:00"}

    for resources in ([dead, *causes], [patient, *causes]):
        (row,) = read_bundle(*resources).rows["follow_up"]
        assert (row["status"], row["date"], row["cause"]) == ("dead", dt.date(2024, 5, 15), "prostate_cancer")


@pytest.mark.parametrize(
    ("icd", "by_tumour", "cause"),
    [("C78.7", "J", None), ("I21.9", "N", "other"), ("I21.9", None, "other"), ("C61", "N", None), ("R99", None, None)],
)
def test_a_cause_that_leaves_it_open_is_left_open(
    read_bundle: ReadBundle,
    patient: Resource,
    observation: Callable[..., Resource],
    icd: str,
    by_tumour: str | None,
    cause: str | None,
) -> None:
    (row,) = read_bundle(patient, death(observation, "d", icd, by_tumour)).rows["follow_up"]

    assert row["cause"] == cause


@pytest.mark.parametrize(("known", "cause"), [("2024-05", "prostate_cancer"), ("2024-05-14", None)])
def test_two_dates_of_death_are_two_rows_and_the_cause_goes_with_a_day_that_may_be_the_same(
    read_bundle: ReadBundle, patient: Resource, observation: Callable[..., Resource], known: str, cause: str | None
) -> None:
    batch = read_bundle(patient | {"deceasedDateTime": known}, death(observation, "d", "C61"))

    first, second = batch.rows["follow_up"]
    assert (first["cause"], second["date"], second["cause"]) == (cause, dt.date(2024, 5, 15), "prostate_cancer")


def test_a_death_diagnosis_is_no_tumour_diagnosis_and_gives_its_cause(
    read_bundle: ReadBundle, patient: Resource, subject: Resource
) -> None:
    diagnosis = {
        "resourceType": "Condition",
        "id": "cause",
        "category": [
            {"coding": [*concept(SNOMED, "16100001")["coding"], *concept("http://loinc.org", "79378-6")["coding"]]}
        ],
        "code": concept("http://hl7.org/fhir/sid/icd-10", "C61", version="2019"),
        "subject": subject,
    }
    batch = read_bundle(patient | {"deceasedDateTime": "2024-05-15"}, diagnosis)

    assert "diagnoses" not in batch.rows
    assert [row["cause"] for row in batch.rows["follow_up"]] == ["prostate_cancer"]


def test_a_patient_known_alive_is_followed_up_and_other_vital_states_are_counted(
    read_bundle: ReadBundle, patient: Resource, observation: Callable[..., Resource]
) -> None:
    system = "https://www.medizininformatik-initiative.de/fhir/core/modul-person/CodeSystem/Vitalstatus"
    states = [
        observation(code, concept("http://loinc.org", "67162-8"), concept(system, code), "2024-03-10")
        for code in ("L", "X")
    ]
    batch = read_bundle(patient, *states)

    (row,) = batch.rows["follow_up"]
    assert (row["status"], row["date"]) == ("alive", dt.date(2024, 3, 10))
    assert batch.unread == {"Observation (vital status other than alive)": 1}


@pytest.mark.parametrize(("code", "value"), [("1", [1.0]), ("U", [])])
def test_ecog_by_the_letters_of_the_registry(
    read_bundle: ReadBundle, patient: Resource, observation: Callable[..., Resource], code: str, value: list[float]
) -> None:
    coded = {"coding": [*concept(SNOMED, "423740007")["coding"], *concept("http://loinc.org", "89262-0")["coding"]]}
    status = observation("ecog", coded, letters("allgemeiner-leistungszustand-ecog", code))

    batch = read_bundle(patient, status)

    assert [row["value"] for row in batch.rows.get("vitals", ())] == value and batch.faults == ()


@pytest.mark.parametrize(("certainty", "rows"), [("G", 1), ("Z", 1), ("V", 0), ("A", 0)])
def test_a_suspected_or_excluded_diagnosis_of_an_outpatient_gives_no_row(
    read_bundle: ReadBundle, patient: Resource, subject: Resource, certainty: str, rows: int
) -> None:
    coding = concept(ICD, "C79.5")["coding"][0]
    coding["extension"] = [
        {
            "url": "http://fhir.de/StructureDefinition/icd-10-gm-diagnosesicherheit",
            "valueCoding": {
                "system": "https://fhir.kbv.de/CodeSystem/KBV_CS_SFHIR_ICD_DIAGNOSESICHERHEIT",
                "code": certainty,
            },
        }
    ]
    condition = {"resourceType": "Condition", "id": "c", "code": {"coding": [coding]}, "subject": subject}

    batch = read_bundle(patient, condition | {"onsetDateTime": "2022"})

    assert len(batch.rows.get("diagnoses", ())) == rows and sum(batch.unread.values()) == 1 - rows


def test_an_adverse_event_has_the_german_grade_and_version(
    read_bundle: ReadBundle, patient: Resource, subject: Resource
) -> None:
    event = {
        "resourceType": "AdverseEvent",
        "id": "ae",
        "actuality": "actual",
        "event": concept("https://www.meddra.org", "10002272", display="Anämie"),
        "extension": [said("nebenwirkung-ctcae-version", letters("nebenwirkung-ctcae-version", "4.03"))],
        "seriousness": letters("nebenwirkung-ctcae-grad", "3"),
        "subject": subject,
        "date": "2023-08",
    }
    (row,) = read_bundle(patient, event).rows["adverse_events"]

    assert (row["term"], row["grade"], row["criteria"], row["begin_date_precision"]) == (
        "Anämie",
        3,
        "ctcae-4.0",
        "month",
    )


def test_a_gleason_without_a_result_and_a_later_one_leave_the_first_as_it_is(
    read_bundle: ReadBundle, patient: Resource, tumour: Resource, observation: Callable[..., Resource]
) -> None:
    grade = concept(SNOMED, "1812491000004107")
    biopsy = observation("biopsy", grade, concept(SNOMED, "1279714001"))
    specimen = observation("specimen", concept(SNOMED, "372278000"), concept(SNOMED, "24514009"), "2020-06-30")
    none = observation("none", grade, None, dataAbsentReason={"text": "unknown"})

    batch = read_bundle(patient, tumour, specimen, biopsy, none)

    (row,) = batch.rows["diagnoses"]
    assert (row["gleason_primary"], row["gleason_secondary"], row["gleason_sum"]) == (3, 4, 7)
    assert batch.faults == () and sum(batch.unread.values()) == 2


def test_staging_and_course_of_another_tumour_are_counted_and_no_row(
    read_bundle: ReadBundle,
    patient: Resource,
    tumour: Resource,
    category: Callable[..., Resource],
    observation: Callable[..., Resource],
) -> None:
    rectum = tumour | {"id": "rectum", "code": concept(ICD, "C20")}
    of_rectum = {"focus": [{"reference": "Condition/rectum"}]}
    metastasis = observation("met", concept(SNOMED, "385421009"), letters("fernmetastasen", "HEP"), **of_rectum)
    course = observation("v", concept(SNOMED, "396432002"), letters("verlauf-gesamtbeurteilung", "P"), **of_rectum)
    stage = category("M1a", "399387003", before="r") | of_rectum

    batch = read_bundle(patient, tumour, rectum, metastasis, course, stage)

    assert [row["code"] for row in batch.rows["diagnoses"]] == ["C61"] and "disease_events" not in batch.rows
    assert batch.unread == {
        "Condition (code not read: ICD-10 C20)": 1,
        "Observation (course of another disease)": 2,
        "Observation (Gleason or TNM of another disease)": 1,
    }
    assert batch.faults == ()


def test_tnm_of_a_patient_without_a_tumour_of_the_prostate_is_counted_but_a_gleason_is_a_fault(
    read_bundle: ReadBundle, patient: Resource, category: Callable[..., Resource], observation: Callable[..., Resource]
) -> None:
    grade = observation("grade", concept(SNOMED, "1812491000004107"), concept(SNOMED, "1279714001"))

    batch = read_bundle(patient, category("T2", "399504009"), grade)

    assert batch.unread == {"Observation (Gleason or TNM of another disease)": 1}
    assert [fault.locator for fault in batch.faults] == ["entry[2]"]


def test_a_category_that_is_said_not_to_apply_is_counted(
    read_bundle: ReadBundle, patient: Resource, tumour: Resource, observation: Callable[..., Resource]
) -> None:
    absent = concept("http://terminology.hl7.org/CodeSystem/data-absent-reason", "not-applicable")

    batch = read_bundle(patient, tumour, observation("m", concept(SNOMED, "371497001"), absent))

    assert batch.faults == () and batch.unread == {"Observation (no value, with a reason)": 1}


def test_a_mixed_infusion_is_read_by_its_ingredients(
    read_bundle: ReadBundle, patient: Resource, subject: Resource
) -> None:
    atc = "http://fhir.de/CodeSystem/bfarm/atc"
    infusion = {
        "resourceType": "Medication",
        "id": "infusion",
        "ingredient": [
            {"itemCodeableConcept": concept(atc, "L01CD04", version="2023"), "isActive": True},
            {"itemCodeableConcept": {"text": "Natriumchlorid 0,9 %"}},
        ],
    }
    given = {
        "resourceType": "MedicationAdministration",
        "id": "given",
        "status": "completed",
        "medicationReference": {"reference": "#infusion"},
        "contained": [infusion],
        "subject": subject,
        "effectivePeriod": {"start": "2023-02-01T09:00:00+01:00", "end": "2023-02-01T10:00:00+01:00"},
    }
    (row,) = read_bundle(patient, given).rows["treatments"]

    assert (row["agent"], row["begin_date"]) == ("cabazitaxel", dt.date(2023, 2, 1))


@pytest.mark.parametrize(
    ("shown", "code"), [("Tsd/µl", "10*3/uL"), ("G/l", "10*9/L"), ("/nl", None), ("Gpt/l", None), ("Mrd/l", None)]
)
def test_platelets_are_one_number_in_every_german_way_of_writing_their_unit(
    read_bundle: ReadBundle, patient: Resource, lab: Callable[..., Resource], shown: str, code: str | None
) -> None:
    quantity = {"value": 143, "unit": shown} | ({"code": code} if code is not None else {})

    (row,) = read_bundle(patient, lab("26515-7", valueQuantity=quantity)).rows["labs"]

    assert (row["value"], row["canonical_unit"]) == (143.0, "10^9/L")


@pytest.mark.parametrize("house", ["bfarm", "dimdi"])
def test_german_systems_are_known_by_their_older_names_too(
    read_bundle: ReadBundle, patient: Resource, subject: Resource, house: str
) -> None:
    systems = f"http://fhir.de/CodeSystem/{house}/"
    common = {"status": "completed", "subject": subject}
    tumour = {"resourceType": "Condition", "id": "c", "code": concept(f"{systems}icd-10-gm", "C61"), "subject": subject}
    operation = {"resourceType": "Procedure", "id": "o", "code": concept(f"{systems}ops", "5-604.02"), **common}
    drug = {"resourceType": "MedicationStatement", "id": "m", **common}
    drug |= {"medicationCodeableConcept": concept(f"{systems}atc", "L02BB04"), "effectiveDateTime": "2019-05"}

    batch = read_bundle(patient, tumour, operation | {"performedDateTime": "2018"}, drug)

    assert [row["milestone"] for row in batch.rows["diagnoses"]] == ["initial"]
    assert [row["agent"] for row in batch.rows["treatments"]] == ["prostatectomy", "enzalutamide"]
