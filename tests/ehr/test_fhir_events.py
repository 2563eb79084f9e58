"""Contacts, adverse events and answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from lutrace.ehr import RecordBatch, fhir_profile

Resource = dict[str, Any]
ReadBundle = Callable[..., RecordBatch]


@pytest.fixture
def encounter(subject: Resource) -> Callable[..., Resource]:
    """An Encounter of one class and period."""

    def make(code: str, start: str, end: str | None = None, discharge: str | None = None) -> Resource:
        found: Resource = {
            "resourceType": "Encounter",
            "id": f"e-{start}",
            "status": "finished",
            "class": {"code": code},
            "subject": subject,
            "period": {"start": start} | ({"end": end} if end is not None else {}),
        }
        if discharge is not None:
            found["hospitalization"] = {"dischargeDisposition": {"coding": [{"code": discharge}]}}
        return found

    return make


@pytest.fixture
def response(subject: Resource) -> Callable[..., Resource]:
    """A QuestionnaireResponse of items with integer answers."""

    def make(questionnaire: str | None = None, **answers: int) -> Resource:
        items = [{"linkId": link, "answer": [{"valueInteger": value}]} for link, value in answers.items()]
        named = {} if questionnaire is None else {"questionnaire": questionnaire}
        return {
            "resourceType": "QuestionnaireResponse",
            "status": "completed",
            "subject": subject,
            "authored": "2023-06-01T09:00:00+02:00",
            "item": [{"linkId": "page", "item": items}],
            **named,
        }

    return make


@pytest.fixture
def event(subject: Resource) -> Callable[..., Resource]:
    """An AdverseEvent."""

    def make(**more: Any) -> Resource:
        return {
            "resourceType": "AdverseEvent",
            "actuality": "actual",
            "subject": subject,
            "event": {"text": "Dry mouth"},
            "date": "2023-07-01",
            **more,
        }

    return make


def test_an_admission_is_a_contact_on_its_first_and_last_day(
    read_bundle: ReadBundle, patient: Resource, encounter: Callable[..., Resource]
) -> None:
    rows = read_bundle(patient, encounter("IMP", "2023-06-01", "2023-06-03")).rows["contacts"]

    assert [(row["date"].day, row["kind"]) for row in rows] == [(1, "admission"), (3, "admission")]


@pytest.mark.parametrize(("code", "kind"), [("AMB", "visit"), ("VR", "telephone"), ("XYZ", "other")])
def test_the_class_of_an_encounter_is_the_kind_of_contact(
    read_bundle: ReadBundle, patient: Resource, encounter: Callable[..., Resource], code: str, kind: str
) -> None:
    (row,) = read_bundle(patient, encounter(code, "2023-06-01T09:00:00Z", "2023-06-01T10:00:00Z")).rows["contacts"]

    assert row["kind"] == kind


def test_a_stay_that_ends_by_death_is_no_contact_on_its_last_day(
    read_bundle: ReadBundle, patient: Resource, encounter: Callable[..., Resource]
) -> None:
    stay = encounter("IMP", "2023-06-01", "2023-06-03", "exp")

    unknown = read_bundle(patient, stay)
    known = read_bundle(patient | {"deceasedDateTime": "2023-06-03"}, stay)

    assert [row["date"].day for row in unknown.rows["contacts"]] == [1]
    assert unknown.rows["follow_up"][0]["date"] == dt.date(2023, 6, 3)
    assert len(known.rows["follow_up"]) == 1


HL7_DISCHARGE = "http://terminology.hl7.org/CodeSystem/discharge-disposition"
GERMAN = "http://fhir.de/CodeSystem/dkgev/Entlassungsgrund"


def german(code: str) -> Resource:
    """A discharge by the German key: first two digits and third, in a nested extension."""
    parts = (("ErsteUndZweiteStelle", code[:2]), ("DritteStelle", code[2:]))
    nested = [{"url": name, "valueCoding": {"system": f"{GERMAN}{name}", "code": digits}} for name, digits in parts]
    return {"extension": [{"url": "http://fhir.de/StructureDefinition/Entlassungsgrund", "extension": nested}]}


@pytest.mark.parametrize(
    ("disposition", "system", "code"),
    [
        ({"coding": [{"code": "hosp"}]}, "fhir_discharge", "hosp"),
        ({"coding": [{"system": HL7_DISCHARGE, "code": "exp"}]}, "fhir_discharge", "exp"),
        (german("119"), "drg_discharge", "11"),
        (german("079"), "drg_discharge", "07"),
        ({"coding": [{"system": "https://www.nubc.org/CodeSystem/PatDischargeStatus", "code": "50"}]}, "ub04", "50"),
    ],
)
def test_a_discharge_by_death_or_to_a_hospice_is_a_row_of_dispositions(
    read_bundle: ReadBundle,
    patient: Resource,
    encounter: Callable[..., Resource],
    disposition: Resource,
    system: str,
    code: str,
) -> None:
    stay = encounter("IMP", "2023-06-01", "2023-06-03") | {"hospitalization": {"dischargeDisposition": disposition}}

    (row,) = read_bundle(patient, stay).rows["dispositions"]

    assert (row["code_system"], row["code"]) == (system, code)
    assert (row["date"], row["date_precision"]) == (dt.date(2023, 6, 3), "day")


@pytest.mark.parametrize(
    ("disposition", "unread"),
    [
        ({"coding": [{"system": HL7_DISCHARGE, "code": "home"}]}, "discharge neither to a hospice nor by death"),
        (german("011"), "discharge neither to a hospice nor by death"),
        ({"coding": [{"system": "urn:ward", "code": "hosp"}]}, "discharge by a system that is not in the vocabulary"),
    ],
)
def test_another_discharge_is_counted_and_never_taken_for_one_of_them(
    read_bundle: ReadBundle, patient: Resource, encounter: Callable[..., Resource], disposition: Resource, unread: str
) -> None:
    stay = encounter("IMP", "2023-06-01", "2023-06-03") | {"hospitalization": {"dischargeDisposition": disposition}}

    batch = read_bundle(patient, stay)

    assert "dispositions" not in batch.rows and "follow_up" not in batch.rows
    assert batch.unread == {f"Encounter ({unread})": 1}


def test_an_adverse_event_has_grade_criteria_and_attribution(
    read_bundle: ReadBundle, patient: Resource, event: Callable[..., Resource]
) -> None:
    recorded = event(
        extension=[
            {"url": fhir_profile.CTCAE_GRADE, "valueInteger": 2},
            {"url": fhir_profile.CTCAE_VERSION, "valueString": "5.0"},
            {"url": fhir_profile.END_DATE, "valueDateTime": "2023-07-20"},
        ],
        suspectEntity=[{"causality": [{"assessment": {"coding": [{"code": "Probably-Likely"}]}}]}],
    )

    (row,) = read_bundle(patient, recorded).rows["adverse_events"]

    assert (row["term"], row["grade"], row["criteria"], row["attribution"]) == (
        "Dry mouth",
        2,
        "ctcae-5.0",
        "probable",
    )
    assert (row["begin_date"], row["end_date"]) == (dt.date(2023, 7, 1), dt.date(2023, 7, 20))


def test_a_grade_of_seven_is_refused_and_a_potential_event_is_counted(
    read_bundle: ReadBundle, patient: Resource, event: Callable[..., Resource]
) -> None:
    wrong = event(extension=[{"url": fhir_profile.CTCAE_GRADE, "valueInteger": 7}])

    batch = read_bundle(patient, wrong, event(actuality="potential"))

    assert batch.faults[0].column == "grade"
    assert batch.unread == {"AdverseEvent (potential)": 1}


def test_answers_are_rows_of_raw_values_by_item(
    read_bundle: ReadBundle, patient: Resource, response: Callable[..., Resource]
) -> None:
    rows = read_bundle(patient, response(GP1=3, BL5=0)).rows["questionnaires"]

    assert [(row["instrument"], row["item"], row["answer"]) for row in rows] == [
        ("fact-p", "GP1", 3.0),
        ("fact-p", "BL5", 0.0),
    ]
    assert rows[0]["date"] == dt.date(2023, 6, 1)


def test_items_of_two_instruments_need_the_name_of_theirs(
    read_bundle: ReadBundle, patient: Resource, response: Callable[..., Resource]
) -> None:
    unclear = read_bundle(patient, response(XI1=3))
    clear = read_bundle(patient, response("http://example.org/Questionnaire/xi-3|1.0", XI1=3))

    assert "the items fit more than one (xi, xi-3)" in unclear.faults[0].rule
    assert clear.rows["questionnaires"][0]["instrument"] == "xi-3"


def test_an_answer_may_be_a_coding_and_an_answer_of_words_is_refused(
    read_bundle: ReadBundle, patient: Resource, response: Callable[..., Resource]
) -> None:
    answered = response(Q3=0, Q4=0)
    answered["item"][0]["item"][0]["answer"] = [{"valueCoding": {"code": "7"}}]
    answered["item"][0]["item"][1]["answer"] = [{"valueString": "strong"}]

    batch = read_bundle(patient, answered)

    assert [row["answer"] for row in batch.rows["questionnaires"]] == [7.0]
    assert batch.faults[0].row == {"instrument": "bpi-sf", "item": "Q4"}


def test_an_unknown_questionnaire_is_counted(
    read_bundle: ReadBundle, patient: Resource, response: Callable[..., Resource]
) -> None:
    assert read_bundle(patient, response(PHQ1=1)).unread == {
        "QuestionnaireResponse (instrument not in the vocabulary)": 1
    }


def test_the_version_of_ctcae_may_stand_in_the_coding_of_the_event(
    read_bundle: ReadBundle, patient: Resource, event: Callable[..., Resource]
) -> None:
    coding = {"system": "http://example.org/ctcae", "version": "4.0", "code": "10013781", "display": "Dry mouth"}

    (row,) = read_bundle(patient, event(event={"coding": [coding]})).rows["adverse_events"]

    assert (row["term"], row["grade"], row["criteria"]) == ("Dry mouth", None, "ctcae-4.0")


def test_an_event_without_a_term_is_refused(
    read_bundle: ReadBundle, patient: Resource, event: Callable[..., Resource]
) -> None:
    assert read_bundle(patient, event(event={})).faults[0].column == "term"


def test_items_outside_a_named_instrument_are_counted_and_two_answers_refused(
    read_bundle: ReadBundle, patient: Resource, response: Callable[..., Resource]
) -> None:
    answered = response("http://example.org/fact-p", GP1=1, EXTRA=2)
    answered["item"][0]["item"][0]["answer"].append({"valueInteger": 2})

    batch = read_bundle(patient, answered)

    assert batch.unread == {"QuestionnaireResponse (item outside fact-p)": 1}
    assert batch.faults[0].rule == "answer: expected one answer to the item"
