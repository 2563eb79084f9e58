"""Cycles, treatments, medication and support from medication resources and procedures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from lutrace.ehr import RecordBatch, fhir_profile

Resource = dict[str, Any]
ReadBundle = Callable[..., RecordBatch]

ATC = "http://www.whocc.no/atc"


def coded(system: str, code: str, text: str | None = None) -> Resource:
    concept: Resource = {"coding": [{"system": system, "code": code}]}
    return concept if text is None else concept | {"text": text}


@pytest.fixture
def administration(subject: Resource) -> Callable[..., Resource]:
    """An administered radioligand."""

    def make(when: str, value: float = 7400, unit: str = "MBq", *, cycle: int | None = None, **more: Any) -> Resource:
        return {
            "resourceType": "MedicationAdministration",
            "id": f"ma-{when}",
            "status": "completed",
            "medicationCodeableConcept": coded(ATC, "V10XX05"),
            "subject": subject,
            "effectiveDateTime": when,
            "dosage": {"dose": {"value": value, "code": unit}},
            "extension": [{"url": fhir_profile.CYCLE_NUMBER, "valuePositiveInt": cycle}] if cycle is not None else [],
            **more,
        }

    return make


@pytest.fixture
def procedure(subject: Resource) -> Callable[..., Resource]:
    """A German procedure code of 177Lu-PSMA therapy."""

    def make(**more: Any) -> Resource:
        return {
            "resourceType": "Procedure",
            "id": "proc",
            "status": "completed",
            "code": coded("http://fhir.de/CodeSystem/bfarm/ops", "8-530.d0"),
            "subject": subject,
            **more,
        }

    return make


@pytest.fixture
def statement(subject: Resource) -> Callable[..., Resource]:
    """A MedicationStatement of one concept."""

    def make(concept: Resource, **more: Any) -> Resource:
        return {
            "resourceType": "MedicationStatement",
            "id": "ms",
            "status": "completed",
            "medicationCodeableConcept": concept,
            "subject": subject,
            **more,
        }

    return make


def test_an_administration_is_a_cycle_with_activity_times_residual_and_weight_of_the_day(
    read_bundle: ReadBundle, patient: Resource, lab: Callable[..., Resource], administration: Callable[..., Resource]
) -> None:
    given = administration(
        "2023-06-01T10:15:00+02:00",
        7.41,
        "GBq",
        extension=[
            {"url": fhir_profile.CYCLE_NUMBER, "valuePositiveInt": 3},
            {"url": fhir_profile.ASSAY_DATETIME, "valueDateTime": "2023-06-01T09:50:00+02:00"},
            {"url": fhir_profile.RESIDUAL_ACTIVITY, "valueQuantity": {"value": 42, "code": "MBq"}},
            {"url": fhir_profile.RESIDUAL_DATETIME, "valueDateTime": "2023-06-01T10:40:00+02:00"},
        ],
    )
    weight = lab("29463-7", "2023-06-01", valueQuantity={"value": 81.5, "code": "kg"})

    (row,) = read_bundle(patient, given, weight).rows["cycles"]

    assert row == {
        "patient_id": "SYN-0001",
        "cycle": 3,
        "administered_date": dt.date(2023, 6, 1),
        "agent": "lu177_psma_617",
        "administered_mbq": 7410.0,
        "injection_datetime": dt.datetime(2023, 6, 1, 10, 15),
        "assay_datetime": dt.datetime(2023, 6, 1, 9, 50),
        "residual_mbq": 42.0,
        "residual_datetime": dt.datetime(2023, 6, 1, 10, 40),
        "weight_kg": 81.5,
        "source_locator": "entry[1]",
    }


def test_two_weights_of_one_day_that_differ_leave_the_weight_of_the_cycle_empty(
    read_bundle: ReadBundle, patient: Resource, lab: Callable[..., Resource], administration: Callable[..., Resource]
) -> None:
    weights = [lab("29463-7", "2023-06-01", valueQuantity={"value": kg, "code": "kg"}) for kg in (81, 82)]

    (row,) = read_bundle(patient, administration("2023-06-01"), *weights).rows["cycles"]

    assert row["weight_kg"] is None


def test_cycles_without_a_stated_number_are_numbered_by_date_and_it_is_said(
    read_bundle: ReadBundle, patient: Resource, administration: Callable[..., Resource]
) -> None:
    batch = read_bundle(patient, administration("2023-07-15"), administration("2023-06-01"))

    assert [(row["cycle"], row["administered_date"].month) for row in batch.rows["cycles"]] == [(2, 7), (1, 6)]
    assert batch.notes == ("cycles numbered by date: no number stated (2)",)


def test_stated_cycle_numbers_that_fall_with_the_dates_are_refused(
    read_bundle: ReadBundle, patient: Resource, administration: Callable[..., Resource]
) -> None:
    batch = read_bundle(patient, administration("2023-06-01", cycle=2), administration("2023-07-15", cycle=1))

    assert [fault.rule for fault in batch.faults] == ["the stated cycle numbers do not rise with the dates"] * 2
    assert "cycles" not in batch.rows


def test_a_procedure_of_the_same_therapy_is_not_a_second_cycle(
    read_bundle: ReadBundle,
    patient: Resource,
    administration: Callable[..., Resource],
    procedure: Callable[..., Resource],
) -> None:
    near = procedure(performedDateTime="2023-06-02")
    linked = administration("2023-06-01", partOf=[{"reference": "Procedure/proc"}])

    for given in (administration("2023-06-01"), linked):
        batch = read_bundle(patient, near, given)
        assert [row["administered_mbq"] for row in batch.rows["cycles"]] == [7400.0]
        assert batch.unread == {"Procedure (the same cycle as an administration or procedure)": 1}


def test_a_procedure_alone_is_a_cycle_of_unknown_activity(
    read_bundle: ReadBundle, patient: Resource, procedure: Callable[..., Resource]
) -> None:
    (row,) = read_bundle(patient, procedure(performedDateTime="2023-06-01")).rows["cycles"]

    assert (row["agent"], row["cycle"], row.get("administered_mbq")) == ("lu177_psma_other", 1, None)


def test_a_procedure_of_a_whole_series_is_a_statement_and_no_cycle_and_says_so(
    read_bundle: ReadBundle, patient: Resource, procedure: Callable[..., Resource]
) -> None:
    series = procedure(performedPeriod={"start": "2019-07-04", "end": "2019-09-14"})

    batch = read_bundle(patient, series)

    assert [row["scope"] for row in batch.rows["cycle_statements"]] == ["series"]
    assert "cycles" not in batch.rows and not batch.faults
    assert "its cycles must be recorded one by one (1)" in batch.notes[0]


def test_two_administrations_two_days_apart_are_refused(
    read_bundle: ReadBundle, patient: Resource, administration: Callable[..., Resource]
) -> None:
    batch = read_bundle(patient, administration("2023-06-01"), administration("2023-06-03"))

    assert len(batch.rows["cycles"]) == 1
    assert "two administrations within 3 days" in batch.faults[0].rule


@pytest.mark.parametrize(("unit", "rule"), [("mg", "got 'mg'"), (None, "got none")])
def test_an_activity_without_a_unit_of_activity_is_refused(
    read_bundle: ReadBundle, patient: Resource, administration: Callable[..., Resource], unit: str, rule: str
) -> None:
    (fault,) = read_bundle(patient, administration("2023-06-01", 7400, unit)).faults

    assert fault.column == "administered_mbq"
    assert rule in fault.rule


def test_an_administration_that_was_not_done_is_no_cycle(
    read_bundle: ReadBundle, patient: Resource, administration: Callable[..., Resource]
) -> None:
    batch = read_bundle(patient, administration("2023-06-01", status="not-done"))

    assert "cycles" not in batch.rows
    assert batch.unread == {"MedicationAdministration (not-done)": 1}


def test_a_treatment_has_class_period_and_reason_of_its_end(
    read_bundle: ReadBundle, patient: Resource, statement: Callable[..., Resource]
) -> None:
    reason = coded(fhir_profile.STOP_REASON_SYSTEM, "progression")
    period = {"start": "2021-02", "end": "2021-08-15"}

    (row,) = read_bundle(patient, statement(coded(ATC, "L01CD02"), effectivePeriod=period, statusReason=[reason])).rows[
        "treatments"
    ]

    assert (row["agent"], row["agent_class"], row["stop_reason"]) == ("docetaxel", "taxane", "progression")
    assert (row["begin_date"], row["begin_date_precision"]) == (dt.date(2021, 2, 1), "month")
    assert (row["end_date"], row["end_date_precision"]) == (dt.date(2021, 8, 15), "day")


@pytest.mark.parametrize(
    ("concept", "table", "agent"),
    [
        ({"text": "Xtandi 160 mg tgl."}, "treatments", "enzalutamide"),
        (coded("http://fhir.de/CodeSystem/bfarm/atc", "L02AE02"), "medications", "leuprorelin"),
        ({"text": "Zometa"}, "medications", "zoledronic_acid"),
    ],
)
def test_a_drug_goes_to_the_table_of_its_purpose(
    read_bundle: ReadBundle,
    patient: Resource,
    statement: Callable[..., Resource],
    concept: Resource,
    table: str,
    agent: str,
) -> None:
    (row,) = read_bundle(patient, statement(concept, effectiveDateTime="2021-02-01")).rows[table]

    assert row["agent"] == agent


def test_a_code_and_a_text_that_name_different_drugs_are_refused(
    read_bundle: ReadBundle, patient: Resource, statement: Callable[..., Resource]
) -> None:
    batch = read_bundle(patient, statement(coded(ATC, "L01CD02", "Cabazitaxel"), effectiveDateTime="2021-02-01"))

    assert batch.faults[0].rule == "code and text name different drugs: docetaxel and cabazitaxel"
    assert "treatments" not in batch.rows


def test_a_drug_of_no_interest_is_counted(
    read_bundle: ReadBundle, patient: Resource, statement: Callable[..., Resource]
) -> None:
    assert read_bundle(patient, statement({"text": "Ramipril"})).unread == {
        "MedicationStatement (drug not in the vocabulary)": 1
    }


def test_a_medication_may_be_referred_to_or_contained(
    read_bundle: ReadBundle, patient: Resource, statement: Callable[..., Resource]
) -> None:
    medication = {"resourceType": "Medication", "id": "m1", "code": coded(ATC, "L01CD04")}
    outside = statement({}, medicationReference={"reference": "Medication/m1"}, effectiveDateTime="2022-01-01")
    inside = statement({}, medicationReference={"reference": "#m1"}, contained=[medication], id="ms2")

    batch = read_bundle(patient, outside, inside, medication)

    assert [row["agent"] for row in batch.rows["treatments"]] == ["cabazitaxel", "cabazitaxel"]


def test_a_period_that_ends_before_it_begins_is_refused(
    read_bundle: ReadBundle, patient: Resource, statement: Callable[..., Resource]
) -> None:
    period = {"start": "2021-08-15", "end": "2021-07"}

    (fault,) = read_bundle(patient, statement({"text": "Docetaxel"}, effectivePeriod=period)).faults

    assert (fault.column, fault.row) == ("end_date", {"agent": "docetaxel"})


def test_a_request_begins_when_its_course_begins_not_when_it_was_written(
    read_bundle: ReadBundle, patient: Resource, subject: Resource
) -> None:
    request = {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "subject": subject,
        "medicationCodeableConcept": {"text": "Abiraterone acetate"},
        "authoredOn": "2021-01-01",
        "dosageInstruction": [{"timing": {"repeat": {"boundsPeriod": {"start": "2021-01-10"}}}}],
    }

    (row,) = read_bundle(patient, request).rows["treatments"]

    assert (row["begin_date"], row["end_date"]) == (dt.date(2021, 1, 10), None)


def test_operations_and_radiotherapy_are_treatments_and_other_procedures_are_counted(
    read_bundle: ReadBundle, patient: Resource, procedure: Callable[..., Resource]
) -> None:
    operation = procedure(code=coded("http://fhir.de/CodeSystem/bfarm/ops", "5-604.02"), performedDateTime="2015-04-01")
    radiation = procedure(code={"text": "External beam radiotherapy"}, performedDateTime="2018")
    other = procedure(code={"text": "Colonoscopy"})

    batch = read_bundle(patient, operation, radiation, other)

    assert [(row["agent"], row["agent_class"]) for row in batch.rows["treatments"]] == [
        ("prostatectomy", "other"),
        ("radiotherapy", "other"),
    ]
    assert batch.unread == {"Procedure (code not read)": 1}


def test_transfusions_and_growth_factors_are_support(
    read_bundle: ReadBundle, patient: Resource, procedure: Callable[..., Resource], statement: Callable[..., Resource]
) -> None:
    transfusion = procedure(
        code=coded("http://snomed.info/sct", "116863004"),
        performedDateTime="2023-08-01",
        extension=[{"url": fhir_profile.UNITS, "valuePositiveInt": 2}],
    )
    factor = statement(coded(ATC, "L03AA02"), effectiveDateTime="2023-08-02")
    own = procedure(code=coded(fhir_profile.FINDING_SYSTEM, "platelets"), performedDateTime="2023-08-03", id="own")

    rows = read_bundle(patient, transfusion, factor, own).rows["support"]

    assert [(row["kind"], row["units"]) for row in rows] == [("red_cells", 2), ("g_csf", None), ("platelets", None)]


@pytest.mark.parametrize(
    ("system", "code", "reason"),
    [
        ("http://snomed.info/sct", "182992009", "completed"),
        ("http://snomed.info/sct", "407563006", "toxicity"),
        (
            "https://www.medizininformatik-initiative.de/fhir/ext/modul-onko/CodeSystem/mii-cs-onko-therapie-ende-grund",
            "P",
            "progression",
        ),
        ("urn:other", "P", None),
    ],
)
def test_the_reason_of_an_end_is_read_from_the_systems_that_are_known(
    read_bundle: ReadBundle,
    patient: Resource,
    statement: Callable[..., Resource],
    system: str,
    code: str,
    reason: str | None,
) -> None:
    (row,) = read_bundle(patient, statement({"text": "Docetaxel"}, statusReason=[coded(system, code)])).rows[
        "treatments"
    ]

    assert row["stop_reason"] == reason


OBDS = "https://www.medizininformatik-initiative.de/fhir/ext/modul-onko/CodeSystem/mii-cs-onko-therapie-ende-grund"


@pytest.mark.parametrize(
    ("system", "code", "name"),
    [
        (fhir_profile.STOP_REASON_SYSTEM, "toxicity", "lutrace"),
        (OBDS, "P", "obds_therapy_end"),
        (fhir_profile.SNOMED, "399307001", "snomed_termination"),
    ],
)
def test_the_reason_of_the_last_dose_is_a_row_of_dispositions_on_its_day(
    read_bundle: ReadBundle,
    patient: Resource,
    administration: Callable[..., Resource],
    system: str,
    code: str,
    name: str,
) -> None:
    stopped = administration("2023-06-01", statusReason=[coded(system, code)])

    batch = read_bundle(patient, stopped)

    (row,) = batch.rows["dispositions"]
    assert (row["code_system"], row["code"], row["date"]) == (name, code, dt.date(2023, 6, 1))
    assert len(batch.rows["cycles"]) == 1
    assert not batch.faults


def test_a_reason_outside_the_vocabulary_is_quarantined_with_its_code_and_the_cycle_stays(
    read_bundle: ReadBundle, patient: Resource, administration: Callable[..., Resource]
) -> None:
    batch = read_bundle(patient, administration("2023-06-01", statusReason=[coded("urn:ward", "X7")]))

    (fault,) = batch.faults
    assert (fault.table, fault.column, fault.row["code"]) == ("dispositions", "code", "X7")
    assert "not in the vocabulary" in fault.rule
    assert len(batch.rows["cycles"]) == 1


def test_a_reason_in_words_alone_is_counted(
    read_bundle: ReadBundle, patient: Resource, administration: Callable[..., Resource]
) -> None:
    batch = read_bundle(patient, administration("2023-06-01", statusReason=[{"text": "Progress"}]))

    assert "dispositions" not in batch.rows and not batch.faults
    assert batch.unread == {"MedicationAdministration (reason for the end without a code)": 1}


@pytest.mark.parametrize(
    ("words", "dosage", "product", "depot"),
    [
        ("Trenantone 3-Monatsdepot", None, "trenantone", 84),
        ("Eligard 45 mg", "alle 6 Monate", "eligard", 168),
        ("Leuprorelin", "every 12 weeks", None, 84),
        ("Zoladex 10,8 mg", None, "zoladex", None),
        ("Leuprorelin seit 3 Monaten", None, None, None),
    ],
)
def test_brand_and_depot_of_androgen_deprivation_are_kept(
    read_bundle: ReadBundle,
    patient: Resource,
    statement: Callable[..., Resource],
    words: str,
    dosage: str | None,
    product: str | None,
    depot: int | None,
) -> None:
    said = {"dosage": [{"text": dosage}]} if dosage is not None else {}

    (row,) = read_bundle(patient, statement({"text": words}, effectiveDateTime="2023-01-10", **said)).rows[
        "medications"
    ]

    assert (row["product"], row["depot_days"]) == (product, depot)


def test_a_radioligand_on_a_medication_list_is_no_cycle(
    read_bundle: ReadBundle, patient: Resource, statement: Callable[..., Resource]
) -> None:
    batch = read_bundle(patient, statement({"text": "Pluvicto"}, effectiveDateTime="2023-06-01"))

    assert "cycles" not in batch.rows
    assert list(batch.unread) == ["MedicationStatement (radioligand: only administrations and procedures are cycles)"]


def test_a_number_stated_by_the_procedure_holds_for_its_administration(
    read_bundle: ReadBundle,
    patient: Resource,
    administration: Callable[..., Resource],
    procedure: Callable[..., Resource],
) -> None:
    stated = [{"url": fhir_profile.CYCLE_NUMBER, "valuePositiveInt": 4}]

    batch = read_bundle(
        patient, administration("2023-06-01"), procedure(performedDateTime="2023-06-01", extension=stated)
    )

    assert [row["cycle"] for row in batch.rows["cycles"]] == [4]
    assert batch.notes == ()


def test_some_stated_numbers_that_are_not_the_order_by_date_are_refused(
    read_bundle: ReadBundle, patient: Resource, administration: Callable[..., Resource]
) -> None:
    agreeing = read_bundle(patient, administration("2023-06-01"), administration("2023-07-15", cycle=2))
    differing = read_bundle(patient, administration("2023-06-01"), administration("2023-07-15", cycle=3))

    assert [row["cycle"] for row in agreeing.rows["cycles"]] == [1, 2]
    assert [fault.column for fault in differing.faults] == ["cycle", "cycle"]


def test_a_procedure_of_radionuclide_therapy_needs_its_radioligand_to_be_a_cycle(
    read_bundle: ReadBundle, patient: Resource, procedure: Callable[..., Resource]
) -> None:
    therapy = coded("http://snomed.info/sct", "399315003")
    ligand = procedure(code=therapy, performedDateTime="2023-06-01", usedCode=[{"text": "177Lu-PSMA I&T"}])
    bare = procedure(code=therapy, performedDateTime="2023-08-01", id="bare")

    batch = read_bundle(patient, ligand, bare)

    assert [row["agent"] for row in batch.rows["cycles"]] == ["lu177_psma_it"]
    assert batch.unread == {"Procedure (code not read: SNOMED 399315003)": 1}


TOTAL = (
    "https://www.medizininformatik-initiative.de/fhir/ext/modul-onko/StructureDefinition/"
    "mii-ex-onko-strahlentherapie-bestrahlung-gesamtdosis"
)
KEEP = ("kind", "scope", "begin_date", "end_date", "agent", "activity_mbq", "code", "doubt")


def test_a_procedure_of_the_same_cycle_is_kept_as_a_statement(
    read_bundle: ReadBundle,
    patient: Resource,
    administration: Callable[..., Resource],
    procedure: Callable[..., Resource],
) -> None:
    batch = read_bundle(patient, procedure(performedDateTime="2023-06-02"), administration("2023-06-01"))
    (row,) = batch.rows["cycle_statements"]
    assert (row["kind"], row["scope"], row["begin_date"]) == ("procedure", "cycle", dt.date(2023, 6, 2))
    assert len(batch.rows["cycles"]) == 1


def test_the_total_of_a_series_is_kept_though_the_procedure_is_no_cycle(
    read_bundle: ReadBundle, patient: Resource, procedure: Callable[..., Resource]
) -> None:
    ops = {"system": "http://fhir.de/CodeSystem/bfarm/ops", "version": "2019", "code": "8-530.d0"}
    series = procedure(
        performedPeriod={"start": "2019-07-04", "end": "2019-09-14"},
        code={"coding": [ops]},
        extension=[{"url": TOTAL, "valueQuantity": {"value": 30, "unit": "GBq"}}],
    )
    batch = read_bundle(patient, series)
    (row,) = batch.rows["cycle_statements"]
    assert {key: row.get(key) for key in KEEP} == {
        "kind": "radiotherapy",
        "scope": "series",
        "begin_date": dt.date(2019, 7, 4),
        "end_date": dt.date(2019, 9, 14),
        "agent": "lu177_psma_other",
        "activity_mbq": 30000.0,
        "code": "8-530.d0",
        "doubt": None,
    }
    assert "cycles" not in batch.rows


def test_a_second_administration_of_the_same_days_is_refused_and_kept_as_a_statement(
    read_bundle: ReadBundle, patient: Resource, administration: Callable[..., Resource]
) -> None:
    batch = read_bundle(patient, administration("2023-06-01"), administration("2023-06-03"))
    assert len(batch.faults) == 1
    (row,) = batch.rows["cycle_statements"]
    assert (row["kind"], row["begin_date"], row["activity_mbq"]) == ("administration", dt.date(2023, 6, 3), 7400.0)
