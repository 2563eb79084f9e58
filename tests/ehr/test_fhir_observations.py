"""Laboratory results with their units, vitals, and what readers found."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lutrace.ehr import RecordBatch, fhir_profile, read_fhir

Resource = dict[str, Any]
ReadBundle = Callable[..., RecordBatch]
Lab = Callable[..., Resource]


def quantity(value: float, code: str, **more: Any) -> Resource:
    return {"valueQuantity": {"value": value, "code": code, **more}}


@pytest.fixture
def finding(subject: Resource) -> Callable[..., Resource]:
    """An Observation of a reader's finding."""

    def make(code: str, date: str = "2023-07-01", **more: Any) -> Resource:
        coding = [{"system": fhir_profile.FINDING_SYSTEM, "code": code}]
        return {
            "resourceType": "Observation",
            "status": "final",
            "code": {"coding": coding},
            "subject": subject,
            "effectiveDateTime": date,
            **more,
        }

    return make


def test_a_lab_is_kept_as_reported_and_in_the_canonical_unit(
    read_bundle: ReadBundle, patient: Resource, lab: Lab
) -> None:
    observation = lab(
        "59260-0",
        "2023-05-17T08:30:00+02:00",
        **quantity(8.0, "mmol/L"),
        referenceRange=[{"low": {"value": 8.7, "code": "mmol/L"}, "high": {"value": 11.2}}],
    )

    (row,) = read_bundle(patient, observation).rows["labs"]

    assert (row["analyte"], row["loinc"], row["value_text"], row["unit"]) == ("haemoglobin", "59260-0", "8.0", "mmol/L")
    assert (row["date"], row["time"]) == (dt.date(2023, 5, 17), "08:30")
    assert row["value"] == pytest.approx(12.8912)
    assert row["canonical_unit"] == "g/dL"
    assert (row["lln"], row["uln"]) == (pytest.approx(14.01918), pytest.approx(18.04768))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (quantity(0.02, "ug/L", comparator="<"), ("<", 0.02, "<0.02")),
        ({"valueString": "<0,02 ng/ml"}, ("<", 0.02, "<0,02")),
        ({"valueString": "> 5 000 ng/mL"}, (">", 5000.0, ">5 000")),
        ({"valueString": "46,79 µg/l"}, (None, 46.79, "46,79")),
    ],
)
def test_a_censored_or_german_psa_is_understood(
    read_bundle: ReadBundle, patient: Resource, lab: Lab, value: Resource, expected: tuple[str | None, float, str]
) -> None:
    (row,) = read_bundle(patient, lab(**value)).rows["labs"]

    assert (row["comparator"], row["value"], row["value_text"]) == expected


@pytest.mark.parametrize(
    ("loinc", "value", "rule"),
    [
        ("2857-1", quantity(5, "mg/dL"), "psa: unknown unit 'mg/dL'"),
        ("718-7", quantity(12, "g/dL", unit="g/L"), "unit 'g/L' and its code 'g/dL' are different units"),
        ("2857-1", {"valueQuantity": {"value": 5}}, "psa: the unit is missing"),
        ("2857-1", {"valueString": "5.2"}, "psa: the unit is missing"),
        ("718-7", quantity(120, "g/dL"), "haemoglobin: 120 g/dL is outside 2 to 25; is the unit right"),
        ("777-3", quantity(250000, "10*9/L"), "platelets: 250000 10^9/L is outside"),
        ("2857-1", {"valueString": "hemolysed"}, "value: expected a number"),
        ("2857-1", {"valueString": "5,000 ng/mL"}, "a comma before three digits"),
    ],
)
def test_a_wrong_unit_or_value_is_refused_by_name(
    read_bundle: ReadBundle, patient: Resource, lab: Lab, loinc: str, value: Resource, rule: str
) -> None:
    batch = read_bundle(patient, lab(loinc, **value))

    (fault,) = batch.faults
    assert rule in fault.rule
    assert (fault.table, fault.locator) == ("labs", "entry[1]")
    assert "labs" not in batch.rows


def test_a_lab_known_to_the_month_only_is_refused(read_bundle: ReadBundle, patient: Resource, lab: Lab) -> None:
    (fault,) = read_bundle(patient, lab(date="2023-05")).faults

    assert fault.rule == "date must be known to the day, got the month"


def test_each_component_of_a_panel_is_a_row_of_its_own(read_bundle: ReadBundle, patient: Resource, lab: Lab) -> None:
    def part(loinc: str, value: float, unit: str) -> Resource:
        return {"code": {"coding": [{"system": "http://loinc.org", "code": loinc}]}, **quantity(value, unit)}

    panel = lab("58410-2", component=[part("718-7", 12.1, "g/dL"), part("777-3", 210, "furlong"), part("1-8", 1, "1")])

    batch = read_bundle(patient, panel)

    assert [row["source_locator"] for row in batch.rows["labs"]] == ["entry[1].component[0]"]
    assert [fault.locator for fault in batch.faults] == ["entry[1].component[1]"]


def test_limits_of_normal_are_left_out_when_two_ranges_compete(
    read_bundle: ReadBundle, patient: Resource, lab: Lab
) -> None:
    ranges = [{"high": {"value": 4, "code": "ng/mL"}}, {"high": {"value": 6.5, "code": "ng/mL"}}]

    (row,) = read_bundle(patient, lab(**quantity(5, "ng/mL"), referenceRange=ranges)).rows["labs"]

    assert (row["lln"], row["uln"]) == (None, None)


def test_limits_written_as_text_are_read(read_bundle: ReadBundle, patient: Resource, lab: Lab) -> None:
    value = quantity(12, "g/dL")

    (row,) = read_bundle(patient, lab("718-7", **value, referenceRange=[{"text": "13,5 - 17,5 g/dl"}])).rows["labs"]

    assert (row["lln"], row["uln"]) == (13.5, 17.5)


def test_a_lab_without_a_value_is_a_fault_unless_it_says_why(
    read_bundle: ReadBundle, patient: Resource, lab: Lab
) -> None:
    silent = lab(note=[])
    said = lab(dataAbsentReason={"text": "clotted"})

    batch = read_bundle(patient, silent, said)

    assert [fault.locator for fault in batch.faults] == ["entry[1]"]
    assert batch.unread == {"Observation (no value, with a reason)": 1}


@pytest.mark.parametrize(
    ("loinc", "value", "measure", "expected"),
    [
        ("8302-2", quantity(1.78, "m"), "height_cm", 178.0),
        ("29463-7", quantity(180, "[lb_av]"), "weight_kg", 81.6466266),
        ("39156-5", quantity(27.1, "kg/m2"), "bmi_kg_m2", 27.1),
        ("89247-1", {"valueInteger": 1}, "ecog", 1.0),
        ("89247-1", {"valueCodeableConcept": {"coding": [{"code": "LA9624-3"}]}}, "ecog", 2.0),
    ],
)
def test_vitals_are_in_the_unit_of_their_measure(
    read_bundle: ReadBundle,
    patient: Resource,
    lab: Lab,
    loinc: str,
    value: Resource,
    measure: str,
    expected: float,
) -> None:
    (row,) = read_bundle(patient, lab(loinc, **value)).rows["vitals"]

    assert (row["measure"], row["value"]) == (measure, pytest.approx(expected))


def test_a_weight_in_an_unknown_unit_is_refused(read_bundle: ReadBundle, patient: Resource, lab: Lab) -> None:
    (fault,) = read_bundle(patient, lab("29463-7", **quantity(80, "stone"))).faults

    assert fault.rule == "weight_kg must be in one of kg, g, [lb_av], lb, lbs, got a text like 'aaaaa'"


def test_an_ecog_outside_zero_to_five_is_refused(read_bundle: ReadBundle, patient: Resource, lab: Lab) -> None:
    (fault,) = read_bundle(patient, lab("89247-1", valueInteger=80)).faults

    assert "from 0 to 5" in fault.rule


def test_a_lesion_on_ct_alone_keeps_cycle_site_and_size(
    read_bundle: ReadBundle, patient: Resource, finding: Callable[..., Resource]
) -> None:
    def size(code: str, value: float, unit: str) -> Resource:
        coding = [{"system": fhir_profile.FINDING_SYSTEM, "code": code}]
        return {"code": {"coding": coding}, **quantity(value, unit)}

    lesion = finding(
        "ct_only_lesion",
        extension=[{"url": fhir_profile.CYCLE_NUMBER, "valuePositiveInt": 2}],
        bodySite={"text": "liver"},
        component=[size("long_axis", 1.4, "cm"), size("short_axis", 9, "mm")],
        method={"text": "CT"},
    )

    (row,) = read_bundle(patient, finding("ct_read"), lesion).rows["reader_findings"][1:]

    assert (row["kind"], row["cycle"], row["site"], row["basis"]) == ("ct_only_lesion", 2, "liver", "CT")
    assert (row["long_axis_mm"], row["short_axis_mm"]) == (14.0, 9.0)


def test_a_finding_said_not_to_be_gives_no_row(
    read_bundle: ReadBundle, patient: Resource, finding: Callable[..., Resource]
) -> None:
    batch = read_bundle(patient, finding("ct_only_lesion", valueBoolean=False))

    assert "reader_findings" not in batch.rows
    assert batch.unread == {"Observation (ct_only_lesion: said not to be)": 1}


def test_a_report_may_conclude_a_finding(read_bundle: ReadBundle, patient: Resource, subject: Resource) -> None:
    report = {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "subject": subject,
        "effectiveDateTime": "2023-07-01",
        "conclusionCode": [{"coding": [{"system": fhir_profile.FINDING_SYSTEM, "code": "radiological_progression"}]}],
    }

    (row,) = read_bundle(patient, report).rows["reader_findings"]

    assert (row["kind"], row["source_locator"]) == ("radiological_progression", "entry[1].conclusionCode[0]")


def test_an_event_of_the_disease_may_be_known_to_the_month(
    read_bundle: ReadBundle, patient: Resource, finding: Callable[..., Resource]
) -> None:
    (row,) = read_bundle(patient, finding("fracture", "2023-09")).rows["disease_events"]

    assert (row["kind"], row["date"], row["date_precision"]) == ("fracture", dt.date(2023, 9, 1), "month")


def test_a_disease_status_of_worse_by_imaging_is_radiological_progression(
    read_bundle: ReadBundle, patient: Resource, lab: Lab
) -> None:
    def status(code: str) -> Resource:
        evidence = {"coding": [{"system": "http://snomed.info/sct", "code": "363679005", "display": "Imaging"}]}
        return lab(
            "97509-4",
            valueCodeableConcept={"coding": [{"system": "http://snomed.info/sct", "code": code}]},
            extension=[{"url": fhir_profile.EVIDENCE_TYPE, "valueCodeableConcept": evidence}],
        )

    batch = read_bundle(patient, status("271299001"), status("268910001"))

    (row,) = batch.rows["disease_events"]
    assert (row["kind"], row["basis"]) == ("radiological_progression", "Imaging")
    assert batch.unread == {"Observation (disease status: improved)": 1}


def report_of(subject: Resource, name: str, when: Resource, *results: str, **more: Any) -> Resource:
    """A report of these Observations."""
    named = [{"reference": f"Observation/{one}"} for one in results]
    code = {"text": "panel"}
    kept = {"resourceType": "DiagnosticReport", "id": name, "status": "final", "code": code, "subject": subject}
    return {**kept, **when, "result": named, **more}


MAY_17 = {"effectiveDateTime": "2023-05-17T08:30:00+02:00"}


@pytest.mark.parametrize(
    ("when", "day"), [(MAY_17, 17), ({"effectivePeriod": {"start": "2023-05-16", "end": "2023-05-18"}}, 16)]
)
@pytest.mark.parametrize("ending", ["bundle", "lines"])
def test_results_without_a_date_take_that_of_the_report_that_names_them(
    write_bundle: Callable[..., Path],
    patient: Resource,
    subject: Resource,
    lab: Callable[..., Resource],
    when: Resource,
    day: int,
    ending: str,
) -> None:
    undated, weight, dated = (lab(), lab("29463-7", valueQuantity={"value": 80, "code": "kg"}), lab(date="2023-01-02"))
    for one in (undated, weight):
        del one["effectiveDateTime"]
    report = report_of(subject, "r", when, undated["id"], weight["id"], dated["id"], issued="2024-01-01T00:00:00Z")
    given = {
        "resourceType": "MedicationAdministration",
        "id": "cycle",
        "status": "completed",
        "subject": subject,
        "medicationCodeableConcept": {"text": "177Lu-PSMA-617"},
        "effectiveDateTime": f"2023-05-{day}",
    }
    resources = [patient, undated, weight, dated, given, report]
    path = write_bundle(*resources)
    if ending == "lines":
        path = path.with_name("all.ndjson")
        path.write_text("\n".join(json.dumps(dict(reversed(one.items()))) for one in resources), encoding="utf-8")

    (batch,) = read_fhir(path)

    assert sorted(row["date"].isoformat() for row in batch.rows["labs"]) == ["2023-01-02", f"2023-05-{day}"]
    assert [row["weight_kg"] for row in batch.rows["cycles"]] == [80]
    assert "results without a date of their own: that of the report that names them (2)" in batch.notes
    assert not batch.faults


@pytest.mark.parametrize("why", ["other day", "issued only", "other patient", "entered-in-error", "no report"])
def test_a_result_that_no_report_dates_for_certain_stays_refused(
    read_bundle: ReadBundle, patient: Resource, subject: Resource, lab: Callable[..., Resource], why: str
) -> None:
    undated = lab()
    del undated["effectiveDateTime"]
    other = {**patient, "id": "p2", "identifier": [{**patient["identifier"][1], "value": "SYN-0002"}]}
    reports = {
        "other day": [
            report_of(subject, "r", MAY_17, undated["id"]),
            report_of(subject, "s", {"effectiveDateTime": "2023-05-18"}, undated["id"]),
        ],
        "issued only": [report_of(subject, "r", {"issued": "2023-05-17T08:00:00Z"}, undated["id"])],
        "other patient": [report_of({"reference": "Patient/p2"}, "r", MAY_17, undated["id"])],
        "entered-in-error": [report_of(subject, "r", MAY_17, undated["id"], status="entered-in-error")],
        "no report": [],
    }

    batch = read_bundle(patient, other, undated, *reports[why])

    assert "labs" not in batch.rows
    assert [(fault.table, fault.column) for fault in batch.faults] == [("labs", "date")]
    assert not batch.notes


def test_two_reports_of_one_day_date_a_result(
    read_bundle: ReadBundle, patient: Resource, subject: Resource, lab: Callable[..., Resource]
) -> None:
    undated = lab()
    del undated["effectiveDateTime"]
    reports = [report_of(subject, name, MAY_17, undated["id"]) for name in "rs"]

    (row,) = read_bundle(patient, undated, *reports).rows["labs"]

    assert (row["date"].isoformat(), row["time"]) == ("2023-05-17", "08:30")
