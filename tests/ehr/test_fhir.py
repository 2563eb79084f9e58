"""The reader as a whole: files, references, faults, and what it must never let through."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lutrace.core import UnusableInputError
from lutrace.ehr import RecordBatch, read_fhir
from lutrace.tables import FACT_TABLES

Resource = dict[str, Any]
ReadBundle = Callable[..., RecordBatch]


def test_every_row_names_its_entry_and_carries_the_medical_record_number(
    read_bundle: ReadBundle, patient: Resource, lab: Callable[..., Resource]
) -> None:
    batch = read_bundle(patient, lab())

    (row,) = batch.rows["labs"]
    assert row["patient_id"] == "SYN-0001"
    assert row["source_locator"] == "entry[1]"
    assert batch.source.kind == "fhir"


def test_the_identity_holds_all_identifiers_with_the_one_of_the_rows_first(
    read_bundle: ReadBundle, patient: Resource
) -> None:
    (identity,) = read_bundle(patient).identities

    assert identity.identifiers == (("urn:hospital", "SYN-0001"), ("urn:insurance", "A-77"))
    assert (identity.family, identity.given, identity.birth_date) == ("Synthetic", "Test Person", "1951-03-04")


def test_names_and_birth_dates_stand_in_no_row_and_in_no_fault(
    read_bundle: ReadBundle, patient: Resource, lab: Callable[..., Resource]
) -> None:
    broken = lab(valueString="Synthetic, Test: 12.5 ng/mL")
    batch = read_bundle(patient, lab(), broken)

    said = repr(batch.faults) + repr([row for rows in batch.rows.values() for row in rows])
    assert "Synthetic" not in said
    assert "1951-03-04" not in said
    assert all("SYN-0001" not in repr(fault) for fault in batch.faults)


def test_rows_hold_only_declared_columns(
    read_bundle: ReadBundle, patient: Resource, lab: Callable[..., Resource]
) -> None:
    batch = read_bundle(patient | {"deceasedDateTime": "2024-02"}, lab())

    for table, rows in batch.rows.items():
        for row in rows:
            assert row.keys() <= FACT_TABLES[table].by_name.keys()


def test_a_patient_found_by_another_system_is_the_one_asked_for(
    write_bundle: Callable[..., Path], patient: Resource, lab: Callable[..., Resource]
) -> None:
    (batch,) = read_fhir(write_bundle(patient, lab()), identifier_system="urn:insurance")

    assert batch.rows["labs"][0]["patient_id"] == "A-77"


def test_two_record_numbers_without_a_named_system_are_refused_and_their_labs_too(
    read_bundle: ReadBundle, patient: Resource, lab: Callable[..., Resource]
) -> None:
    second = {"type": patient["identifier"][1]["type"], "system": "urn:other", "value": "X-9"}
    patient["identifier"].append(second)

    batch = read_bundle(patient, lab())

    assert [fault.column for fault in batch.faults] == ["patient_id", "patient_id"]
    assert "site profile" in batch.faults[0].remedy
    assert "labs" not in batch.rows


def test_a_subject_that_is_not_in_the_export_is_a_fault_not_a_guess(
    read_bundle: ReadBundle, patient: Resource, lab: Callable[..., Resource]
) -> None:
    stranger = lab() | {"subject": {"reference": "Patient/p2"}}

    (fault,) = read_bundle(patient, stranger).faults

    assert fault.locator == "entry[1]"
    assert fault.table == "labs"


def test_two_bundles_may_use_the_same_id_for_different_patients(
    tmp_path: Path, write_bundle: Callable[..., Path], patient: Resource, lab: Callable[..., Resource]
) -> None:
    other = json.loads(json.dumps(patient))
    other["identifier"][1]["value"] = "SYN-0002"
    write_bundle(patient, lab(), name="a.json")
    write_bundle(other, lab(), name="b.json")

    first, second = read_fhir(tmp_path)

    assert first.rows["labs"][0]["patient_id"] == "SYN-0001"
    assert second.rows["labs"][0]["patient_id"] == "SYN-0002"


def test_patients_of_a_bulk_export_are_found_in_a_file_that_sorts_later(
    tmp_path: Path, patient: Resource, lab: Callable[..., Resource]
) -> None:
    (tmp_path / "Observation.ndjson").write_text(json.dumps(lab()) + "\n", encoding="utf-8")
    (tmp_path / "Patient.ndjson").write_text(json.dumps(patient) + "\n", encoding="utf-8")

    observations, patients = read_fhir(tmp_path)

    assert observations.rows["labs"][0]["patient_id"] == "SYN-0001"
    assert observations.rows["labs"][0]["source_locator"] == "line 1"
    assert patients.rows["patients"][0]["birth_year"] == 1951


def test_a_malformed_line_in_the_middle_stops_nothing_after_it(
    tmp_path: Path, patient: Resource, lab: Callable[..., Resource]
) -> None:
    lines = [json.dumps(patient), '{"resourceType": "Observation", "id":', json.dumps(lab())]
    path = tmp_path / "all.ndjson"
    path.write_text("\n".join(lines), encoding="utf-8")

    (batch,) = read_fhir(path)

    assert [(fault.locator, fault.rule) for fault in batch.faults] == [
        ("line 2", "the line is not valid JSON in UTF-8")
    ]
    assert batch.rows["labs"][0]["source_locator"] == "line 3"


def test_a_long_export_comes_in_several_batches_of_one_source(
    tmp_path: Path, patient: Resource, lab: Callable[..., Resource], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lutrace.ehr.fhir.RESOURCES_PER_BATCH", 2)
    path = tmp_path / "all.ndjson"
    path.write_text("\n".join(json.dumps(item) for item in (patient, lab(), lab("718-7"))), encoding="utf-8")

    batches = list(read_fhir(path))

    assert len(batches) == 2
    assert batches[0].source == batches[1].source


def test_a_file_that_is_not_json_is_unusable_alone_and_a_fault_in_a_folder(
    tmp_path: Path, write_bundle: Callable[..., Path], patient: Resource
) -> None:
    broken = tmp_path / "a.json"
    broken.write_text("{", encoding="utf-8")
    write_bundle(patient, name="b.json")

    with pytest.raises(UnusableInputError, match=r"a\.json: the file is not valid JSON"):
        list(read_fhir(broken))
    first, second = read_fhir(tmp_path)
    assert first.faults[0].locator == "file"
    assert second.rows["patients"]


def test_a_folder_without_fhir_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableInputError, match="expected FHIR files"):
        list(read_fhir(tmp_path))


def test_resources_that_are_not_read_are_counted_by_name(
    read_bundle: ReadBundle, patient: Resource, lab: Callable[..., Resource]
) -> None:
    batch = read_bundle(patient, {"resourceType": "Immunization"}, lab("9999-9"), lab() | {"status": "cancelled"})

    assert batch.unread == {
        "Immunization": 1,
        "Observation (cancelled)": 1,
        "Observation (code not read: LOINC 9999-9)": 1,
    }


def test_many_codes_that_are_not_read_are_named_up_to_a_limit_and_words_are_never_shown(
    read_bundle: ReadBundle, patient: Resource, lab: Callable[..., Resource]
) -> None:
    labs = [lab(f"{number}-9") for number in range(202)]
    words = lab("Anna Muster geb. 1950")

    unread = read_bundle(patient, words, *labs).unread

    assert unread["Observation (code not read: LOINC 198-9)"] == 1
    assert unread["Observation (code not read: codes beyond the first 200)"] == 3
    assert unread["Observation (code not read: LOINC a text like 'aaaa aaaaaa aaa. 9999', first at entry[1])"] == 1


def test_a_key_that_stands_twice_in_an_object_is_a_fault_of_its_line_and_no_silent_loss(
    tmp_path: Path, patient: Resource
) -> None:
    doubled = '{"resourceType": "Observation", "status": "final", "code": {"text": "a"}, "code": {"text": "b"}}'
    (tmp_path / "export.ndjson").write_text(f"{json.dumps(patient)}\n{doubled}\n", encoding="utf-8")

    (batch,) = read_fhir(tmp_path)

    (fault,) = batch.faults
    assert (fault.locator, fault.table) == ("line 2", "unknown")
    assert fault.rule == "a key stands twice in one object of the line, and only one of its values could be read"
    assert [row["sex"] for row in batch.rows["patients"]] == [patient["gender"]]


@pytest.mark.parametrize(
    "resource_type",
    [
        "Condition",
        "Observation",
        "DiagnosticReport",
        "MedicationAdministration",
        "MedicationStatement",
        "MedicationRequest",
        "Procedure",
        "AdverseEvent",
        "Encounter",
        "QuestionnaireResponse",
        "Patient",
    ],
)
@pytest.mark.parametrize("junk", ["text", 7, [], [3], None, {"coding": "x"}, {"coding": [{"code": 4}]}])
def test_elements_of_the_wrong_shape_never_stop_the_reader(
    read_bundle: ReadBundle, patient: Resource, resource_type: str, junk: object
) -> None:
    names = (
        "subject",
        "code",
        "medicationCodeableConcept",
        "event",
        "class",
        "item",
        "identifier",
        "effectiveDateTime",
    )
    resource = {"resourceType": resource_type, **dict.fromkeys(names, junk)}

    batch = read_bundle(patient, resource)

    assert len(batch.rows["patients"]) == 1


def test_the_same_bytes_give_the_same_batch(
    write_bundle: Callable[..., Path], patient: Resource, lab: Callable[..., Resource]
) -> None:
    path = write_bundle(patient, lab())

    assert list(read_fhir(path)) == list(read_fhir(path))


def test_a_line_of_ndjson_may_be_a_bundle_with_ids_of_its_own(
    tmp_path: Path, patient: Resource, lab: Callable[..., Resource]
) -> None:
    other = json.loads(json.dumps(patient))
    other["identifier"][1]["value"] = "SYN-0002"
    bundles = [
        {"resourceType": "Bundle", "entry": [{"resource": who}, {"resource": lab()}, "junk"]}
        for who in (patient, other)
    ]
    path = tmp_path / "all.ndjson"
    path.write_text("\n".join(json.dumps(bundle) for bundle in bundles), encoding="utf-8")

    (batch,) = read_fhir(path)

    assert [(row["patient_id"], row["source_locator"]) for row in batch.rows["labs"]] == [
        ("SYN-0001", "line 1 entry[1]"),
        ("SYN-0002", "line 2 entry[1]"),
    ]
    assert [fault.locator for fault in batch.faults] == ["line 1 entry[2]", "line 2 entry[2]"]


def test_a_record_key_follows_the_identifier_then_the_id_then_the_content(
    read_bundle: ReadBundle, patient: Resource, lab: Callable[..., Resource]
) -> None:
    def key(**changes: Any) -> str:
        resource = {name: value for name, value in (lab() | changes).items() if value is not None}
        return str(read_bundle(patient, resource).rows["labs"][0]["record_key"])

    named = [{"system": "urn:lab", "value": "42"}]
    corrected = {"valueQuantity": {"value": 99, "code": "ng/mL"}}

    assert key(identifier=named) == key(identifier=named, id="renamed", **corrected)
    assert key() == key(**corrected) != key(id="other")
    assert key(id=None) == key(id=None) != key(id=None, **corrected)


def test_a_subject_may_be_named_by_identifier(
    read_bundle: ReadBundle, patient: Resource, lab: Callable[..., Resource]
) -> None:
    named = lab() | {"subject": {"identifier": {"system": "urn:insurance", "value": "A-77"}}}

    assert read_bundle(patient, named).rows["labs"][0]["patient_id"] == "SYN-0001"


def test_absolute_and_versioned_references_find_their_patient(
    read_bundle: ReadBundle, patient: Resource, lab: Callable[..., Resource]
) -> None:
    versioned = lab() | {"subject": {"reference": "https://example.org/fhir/Patient/p1/_history/3"}}

    assert read_bundle(patient, versioned).rows["labs"][0]["patient_id"] == "SYN-0001"


def nested(levels: int) -> Resource:
    inner: Resource = {"url": "urn:test", "valueString": "x"}
    for _ in range(levels):
        inner = {"url": "urn:test", "extension": [inner]}
    return inner


@pytest.mark.parametrize("levels", [60, 300])
def test_a_resource_nested_beyond_reading_is_a_fault_and_the_others_are_read(
    read_bundle: ReadBundle, patient: Resource, lab: Callable[..., Resource], levels: int
) -> None:
    batch = read_bundle(patient, lab() | {"extension": [nested(levels)]}, lab(date="2023-07-01"))

    assert [(one.locator, one.rule) for one in batch.faults] == [
        ("entry[1]", "a resource is nested no deeper than 100 levels")
    ]
    assert [row["source_locator"] for row in batch.rows["labs"]] == ["entry[2]"]


def test_a_line_nested_without_end_is_a_fault_and_the_others_are_read(tmp_path: Path, patient: Resource) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text("[" * 100_000 + "]" * 100_000 + "\n" + json.dumps(patient) + "\n", encoding="utf-8")
    (batch,) = read_fhir(path)
    assert [one.locator for one in batch.faults] == ["line 1"]
    assert len(batch.rows["patients"]) == 1


def test_entries_that_are_no_list_are_refused(tmp_path: Path, patient: Resource) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"resourceType": "Bundle", "entry": {"resource": patient}}), encoding="utf-8")
    (batch,) = read_fhir(tmp_path)
    assert [one.rule for one in batch.faults] == ["the entry of a Bundle is a list of objects that hold resources"]


@pytest.mark.parametrize(
    ("element", "value", "table"),
    [
        ("birthDate", 19500304, "patients"),
        ("gender", {"code": "male"}, "patients"),
        ("deceasedBoolean", "true", "follow_up"),
    ],
)
def test_an_element_of_another_type_is_not_lost_without_a_word(
    read_bundle: ReadBundle, patient: Resource, element: str, value: object, table: str
) -> None:
    batch = read_bundle(patient | {element: value})
    assert [(one.table, element in one.rule) for one in batch.faults] == [(table, True)]
