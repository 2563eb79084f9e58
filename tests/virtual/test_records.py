"""What the virtual centre writes as FHIR and letters, checked by fhir.resources and by the reader of records."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from lutrace.ehr import RecordBatch, read_fhir
from lutrace.virtual import CohortParameters
from lutrace.virtual.chart import Chart
from lutrace.virtual.lesions import Lesion
from lutrace.virtual.letters import Stated, make_letters
from lutrace.virtual.people import make_lesions, make_people
from lutrace.virtual.records import make_bundle
from lutrace.virtual.timeline import Patient

N = 12


@functools.cache
def people() -> tuple[tuple[Patient, tuple[tuple[Lesion, ...], ...]], ...]:
    return tuple((chart.patient, make_lesions(chart.patient, seed=4)[1]) for chart in charts())


@functools.cache
def charts() -> tuple[Chart, ...]:
    return make_people(N, seed=4, parameters=CohortParameters())


def bundles() -> list[dict[str, Any]]:
    return [make_bundle(chart, lesions) for chart, (_, lesions) in zip(charts(), people(), strict=True)]


@pytest.fixture
def batches(tmp_path: Path) -> list[RecordBatch]:
    for number, bundle in enumerate(bundles()):
        (tmp_path / f"{number:02d}.json").write_text(json.dumps(bundle), encoding="utf-8")
    return list(read_fhir(tmp_path))


def test_every_bundle_is_valid_fhir_r4b_by_a_validator_that_is_not_ours() -> None:
    for bundle in bundles():
        assert len(Bundle.model_validate_json(json.dumps(bundle)).entry) > 50


def test_every_bundle_and_patient_is_marked_as_test_data() -> None:
    for bundle in bundles():
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
    dead = {chart.patient.identifier: chart.death for chart in charts() if chart.death is not None}
    assert {row["patient_id"]: row["date"] for row in rows} == {one: death.first_day() for one, death in dead.items()}
    assert {row["patient_id"]: row["date_precision"] for row in rows} == {
        one: day.precision for one, day in dead.items()
    }
    assert {day.precision for day in dead.values()} == {"day", "month"}


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
    letters = make_letters(charts(), seed=4)
    assert {letter.language for letter in letters} == {"en", "de"}
    assert {letter.kind for letter in letters} == {"board", "referral", "therapy", "final", "death"}
    assert all(letter.text.startswith(("SYNTHETIC LETTER", "SYNTHETISCHER BRIEF")) for letter in letters)
    assert len({letter.note_id for letter in letters}) == len(letters)
    assert letters == make_letters(charts(), seed=4)


def test_a_letter_states_the_facts_of_its_patient_in_varied_words() -> None:
    letters = make_letters(charts(), seed=4)
    for chart in charts():
        mine = [letter for letter in letters if letter.patient_id == chart.patient.identifier]
        referral = next(letter for letter in mine if letter.kind == "referral")
        primary, secondary = chart.patient.gleason
        assert Stated("gleason", f"{primary}+{secondary}") in referral.facts
        assert f"{primary}+{secondary}={primary + secondary}" in referral.text
        present = {one.value for one in referral.facts if one.fact == "metastasis_site" and not one.negated}
        assert present == set(chart.sites)
        cycles = [letter for letter in mine if letter.kind == "therapy"]
        assert len(cycles) == len(chart.patient.administrations)
    stagings = {line for letter in letters for line in letter.text.splitlines() if "cT" in line}
    assert len({line.split("cT")[0] for line in stagings}) >= 5
