"""What the virtual centre writes as FHIR and letters, checked by fhir.resources and by the reader of records."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import pytest
from fhir.resources.R4B.bundle import Bundle

from lutrace.ehr import RecordBatch, read_fhir
from lutrace.virtual import simulate_patients
from lutrace.virtual.anatomy import build_body
from lutrace.virtual.lesions import Lesion, draw_lesions
from lutrace.virtual.letters import write_letters
from lutrace.virtual.records import make_bundle
from lutrace.virtual.timeline import Patient, make_patient

N = 12


@functools.cache
def people() -> tuple[tuple[Patient, tuple[tuple[Lesion, ...], ...]], ...]:
    cohort = simulate_patients(N, seed=4)
    made = []
    for index in range(N):
        patient = make_patient(cohort, index, np.random.default_rng(index))
        body = build_body(patient.height_cm, patient.administrations[0].weight_kg)
        made.append((patient, draw_lesions(patient.course, body, np.random.default_rng(index))))
    return tuple(made)


@pytest.fixture
def batches(tmp_path: Path) -> list[RecordBatch]:
    for patient, lesions in people():
        path = tmp_path / f"{patient.identifier}.json"
        path.write_text(json.dumps(make_bundle(patient, lesions)), encoding="utf-8")
    return list(read_fhir(tmp_path))


def test_every_bundle_is_valid_fhir_r4b_by_a_validator_that_is_not_ours() -> None:
    for patient, lesions in people():
        bundle = Bundle.model_validate_json(json.dumps(make_bundle(patient, lesions)))
        assert len(bundle.entry) > 50


def test_every_bundle_and_patient_is_marked_as_test_data() -> None:
    for patient, lesions in people():
        bundle = make_bundle(patient, lesions)
        marked = [bundle, bundle["entry"][0]["resource"]]
        assert all(one["meta"]["security"][0]["code"] == "HTEST" for one in marked)


def test_the_reader_takes_every_resource_without_fault(batches: list[RecordBatch]) -> None:
    assert not [fault for batch in batches for fault in batch.faults]
    assert not [name for batch in batches for name in batch.unread]
    patients = [row for batch in batches for row in batch.rows.get("patients", ())]
    assert len(patients) == N
    assert all(row["synthetic"] for row in patients)


def test_the_reader_gives_back_the_cycles_with_net_activity_and_weight(batches: list[RecordBatch]) -> None:
    rows = [row for batch in batches for row in batch.rows["cycles"]]
    given = [one for patient, _ in people() for one in patient.administrations]
    assert len(rows) == len(given)
    first = next(row for row in rows if row["patient_id"] == "SYN-0001" and row["cycle"] == 1)
    truth = people()[0][0].administrations[0]
    assert first["administered_mbq"] == truth.administered_mbq
    assert first["residual_mbq"] == truth.residual_mbq
    assert first["injection_datetime"] == truth.injection
    assert first["weight_kg"] == truth.weight_kg


def test_haemoglobin_in_mmol_per_litre_is_read_as_grams_per_decilitre(batches: list[RecordBatch]) -> None:
    truth = next(lab for lab in people()[2][0].labs if lab.analyte == "haemoglobin")
    rows = [row for batch in batches for row in batch.rows["labs"] if row["patient_id"] == "SYN-0003"]
    read = next(row for row in rows if row["analyte"] == "haemoglobin" and row["date"] == truth.date)
    assert read["unit"] == "mmol/L"
    assert read["value"] == pytest.approx(truth.value, abs=0.02)


def test_every_spect_was_read_and_new_lesions_without_uptake_are_findings(batches: list[RecordBatch]) -> None:
    rows = [row for batch in batches for row in batch.rows["reader_findings"]]
    reads = [row for row in rows if row["kind"] == "ct_read"]
    assert len(reads) == sum(len(patient.spect_datetimes) for patient, _ in people())
    expected = sum(
        1
        for patient, cycles in people()
        for lesions in cycles[: len(patient.spect_datetimes)]
        for lesion in lesions
        if lesion.is_new and not lesion.avid
    )
    assert len([row for row in rows if row["kind"] == "ct_only_lesion"]) == expected


def test_deaths_are_recorded_for_the_dead_only(batches: list[RecordBatch]) -> None:
    rows = [row for batch in batches for row in batch.rows.get("follow_up", ()) if row["status"] == "dead"]
    dead = {patient.identifier: patient.last_date for patient, _ in people() if patient.dead}
    assert {row["patient_id"]: row["date"] for row in rows} == dead


def test_nothing_is_recorded_after_the_last_day() -> None:
    for patient, _ in people():
        days = [lab.date for lab in patient.labs] + [one.injection.date() for one in patient.administrations]
        assert max(days) <= patient.last_date
        assert patient.initial_date <= patient.metastatic_date
        assert patient.initial_date <= patient.mcrpc_date < patient.administrations[0].injection.date()


def test_net_activity_is_the_syringe_less_the_residual() -> None:
    one = people()[0][0].administrations[0]
    assert one.net_bq / 1e6 == pytest.approx(one.administered_mbq - one.residual_mbq, rel=0.006)
    assert one.net_bq < 1e6 * one.administered_mbq


def test_letters_are_in_two_languages_and_say_that_they_are_synthetic() -> None:
    letters = [letter for patient, _ in people() for letter in write_letters(patient)]
    assert {letter.language for letter in letters} == {"en", "de"}
    assert all(letter.text.startswith(("SYNTHETIC LETTER", "SYNTHETISCHER BRIEF")) for letter in letters)
    assert len({letter.note_id for letter in letters}) == len(letters)


def test_a_letter_tells_sites_and_gleason_of_its_patient() -> None:
    patient = next(patient for patient, _ in people() if not patient.german and not patient.course.has_liver)
    text = write_letters(patient)[0].text
    primary, secondary = patient.gleason
    assert f"Gleason {primary}+{secondary}={primary + secondary}" in text
    assert "No evidence of liver metastases." in text
