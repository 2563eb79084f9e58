"""Long and faulty exports: parts, broken lines, the same resource twice, a process killed in the middle."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lutrace.ehr import read_fhir
from lutrace.ingest import AddResult, run_add_fhir
from lutrace.registry import Registry
from lutrace.tables import LABS, QUARANTINE, SOURCES

Resource = dict[str, Any]
MakeLab = Callable[..., Resource]
KILLED = """
import os, sys
from pathlib import Path
import lutrace.ehr.fhir, lutrace.registry.store
from lutrace.ingest import run_add_fhir

lutrace.ehr.fhir.RESOURCES_PER_BATCH = 10
enter, parts = lutrace.registry.store.enter_source, []

def die_in_the_third(*arguments, **named):
    parts.append(1)
    if len(parts) == 3:
        os.kill(os.getpid(), 9)
    return enter(*arguments, **named)

lutrace.registry.store.enter_source = die_in_the_third
run_add_fhir(Path(sys.argv[1]), [Path(sys.argv[2])])
"""


@pytest.fixture(autouse=True)
def short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part is ten resources here, 50,000 otherwise."""
    monkeypatch.setattr("lutrace.ehr.fhir.RESOURCES_PER_BATCH", 10)


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    Registry.create(tmp_path / "registry", profile_text="centre: Synthetic centre\n")
    return tmp_path / "registry"


@pytest.fixture
def labs(patient: Resource, lab: MakeLab) -> list[Resource]:
    """A patient and 34 results: with parts of ten resources, four parts."""
    return [patient, *(lab(date=f"2023-0{1 + n // 20}-{1 + n % 20:02d}") for n in range(34))]


def write(path: Path, resources: list[Resource | str]) -> Path:
    lines = [one if isinstance(one, str) else json.dumps(one) for one in resources]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def changed(resource: Resource, value: float, **meta: str) -> Resource:
    return {**resource, "meta": meta, "valueQuantity": {"value": value, "unit": "ng/mL", "code": "ng/mL"}}


def stored(registry: Path) -> tuple[list[Any], list[Any], list[Any]]:
    """The rows of laboratory results, quarantine and sources."""
    with Registry.open(registry, write=False) as opened:
        return opened.rows(LABS), opened.rows(QUARANTINE), opened.rows(SOURCES)


def counts(result: AddResult) -> tuple[int, int, int, int]:
    return result.added, result.updated, result.unchanged, result.quarantined


def test_a_long_file_is_stored_in_parts_and_its_source_counts_all_rows(
    registry: Path, tmp_path: Path, labs: list[Resource]
) -> None:
    file = write(tmp_path / "export.ndjson", [*labs])

    assert [len(one.rows.get("labs", ())) for one in read_fhir(file)] == [9, 10, 10, 5]
    assert counts(run_add_fhir(registry, [file])) == (35, 0, 0, 0)
    first = stored(registry)
    assert counts(run_add_fhir(registry, [file])) == (0, 0, 35, 0)
    assert stored(registry) == first
    assert [row["rows"] for row in first[2]] == [35]


def test_a_broken_line_in_a_later_part_is_one_fault_with_its_line_and_the_good_rows_are_in(
    registry: Path, tmp_path: Path, labs: list[Resource]
) -> None:
    file = write(tmp_path / "export.ndjson", [*labs[:25], json.dumps(labs[25])[:-30], *labs[26:]])

    assert counts(run_add_fhir(registry, [file])) == (34, 0, 0, 1)
    rows, quarantine, sources = stored(registry)
    assert len(rows) == 33
    assert [(one["source_locator"], one["rule"]) for one in quarantine] == [
        ("line 26", "the line is not valid JSON in UTF-8")
    ]
    assert [row["rows"] for row in sources] == [35]
    assert counts(run_add_fhir(registry, [file])) == (0, 0, 34, 1)
    assert stored(registry)[1] == quarantine

    write(file, [*labs])
    assert counts(run_add_fhir(registry, [file])) == (1, 0, 34, 0)
    assert len(stored(registry)[0]) == 34
    assert stored(registry)[1] == []


def test_a_process_killed_in_the_middle_leaves_whole_parts_and_the_next_one_adds_the_rest(
    registry: Path, tmp_path: Path, labs: list[Resource]
) -> None:
    file = write(tmp_path / "export.ndjson", [*labs])

    killed = subprocess.run([sys.executable, "-c", KILLED, str(registry), str(file)], check=False)

    assert killed.returncode == -9
    rows, _, sources = stored(registry)
    assert len(rows) == 19  # two parts: the patient and nine, then ten
    assert [row["rows"] for row in sources] == [20]
    assert counts(run_add_fhir(registry, [file])) == (15, 0, 20, 0)
    assert [row["rows"] for row in stored(registry)[2]] == [35]


def test_a_file_that_is_no_json_leaves_the_others_in_and_is_told(
    registry: Path, tmp_path: Path, labs: list[Resource], write_bundle: Callable[..., Path]
) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    write(folder / "a.ndjson", [*labs])
    (folder / "b.json").write_text('{"resourceType": "Bundle", "entry": [', encoding="utf-8")
    (folder / "c.ndjson").write_bytes(b"\xff\xfe\n")

    assert counts(run_add_fhir(registry, [folder])) == (35, 0, 0, 2)
    assert sorted(row["source_locator"] for row in stored(registry)[1]) == ["file", "line 1"]


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ({"lastUpdated": "2024-01-02T10:00:00+02:00"}, {"lastUpdated": "2024-01-02T09:00:00Z"}),
        ({"versionId": "9"}, {"versionId": "10"}),
        (
            {"versionId": "9", "lastUpdated": "2024-01-02T09:00:00Z"},
            {"versionId": "1", "lastUpdated": "2025-01-01T00:00:00Z"},
        ),
    ],
)
@pytest.mark.parametrize("newer_first", [True, False])
@pytest.mark.parametrize("one_file", [True, False])
def test_of_a_resource_that_stands_twice_the_newer_version_counts(
    tmp_path: Path, patient: Resource, lab: MakeLab, older: Any, newer: Any, newer_first: bool, one_file: bool
) -> None:
    both = [changed(lab(date="2023-05-17"), 1.5, **older), changed(lab(date="2023-05-18"), 2.5, **newer)]
    both = [{**one, "id": "same"} for one in both]
    both = both[::-1] if newer_first else both
    if one_file:
        write(tmp_path / "a.ndjson", [patient, *both])
    else:
        write(tmp_path / "a.ndjson", [patient, both[0]])
        write(tmp_path / "b.ndjson", [both[1]])

    batches = list(read_fhir(tmp_path))

    rows = [row for one in batches for row in one.rows.get("labs", ())]
    assert [(str(row["date"]), row["value"]) for row in rows] == [("2023-05-18", 2.5)]
    unread = [name for one in batches for name in one.unread]
    assert unread == ["Observation (stands more than once, and another is read)"]


def test_a_bundle_that_is_there_twice_and_a_resource_in_two_files_are_read_once(
    registry: Path, tmp_path: Path, labs: list[Resource]
) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    write(folder / "a.ndjson", [*labs])
    write(folder / "a copy.ndjson", [*labs])
    write(folder / "b.ndjson", [*labs[3:7]])

    assert counts(run_add_fhir(registry, [folder])) == (35, 0, 0, 0)
    assert len(stored(registry)[0]) == 34


def test_one_version_that_says_two_things_is_refused_at_both_places(
    tmp_path: Path, patient: Resource, lab: MakeLab
) -> None:
    once = changed(lab(), 1.5, lastUpdated="2024-01-02T09:00:00Z")

    (batch,) = read_fhir(write(tmp_path / "a.ndjson", [patient, once, changed(once, 9.5, **once["meta"])]))

    assert "labs" not in batch.rows
    assert [fault.locator for fault in batch.faults] == ["line 2", "line 3"]
    assert "stands at line 2, line 3" in batch.faults[0].rule


@pytest.mark.parametrize("withdrawn", [False, True])
def test_a_later_export_corrects_or_withdraws_a_record_and_an_older_one_does_not_bring_it_back(
    registry: Path, tmp_path: Path, patient: Resource, lab: MakeLab, withdrawn: bool
) -> None:
    kept = {**changed(lab(date="2023-01-02"), 3.5, versionId="1"), "id": "kept"}
    first = {**changed(lab(date="2023-05-17"), 1.5, versionId="1"), "id": "same"}
    second = {**changed(lab(date="2023-05-18"), 2.5, versionId="2"), "id": "same"}
    second |= {"status": "entered-in-error"} if withdrawn else {}
    old = write(tmp_path / "old.ndjson", [patient, kept, first])
    new = write(tmp_path / "new.ndjson", [patient, second])

    run_add_fhir(registry, [old])
    told = run_add_fhir(registry, [new]).warnings
    run_add_fhir(registry, [old])

    rows = stored(registry)[0]
    assert "removed 1 rows that their source states no longer" in told
    assert sorted(row["value"] for row in rows) == ([3.5] if withdrawn else [2.5, 3.5])


def test_records_without_a_version_correct_nothing_in_other_files(
    registry: Path, tmp_path: Path, patient: Resource, lab: MakeLab
) -> None:
    visits = [{**lab(date=f"2023-05-1{day}"), "id": "result"} for day in (7, 8)]

    for name, visit in zip("ab", visits, strict=True):
        run_add_fhir(registry, [write(tmp_path / f"{name}.ndjson", [patient, visit])])

    assert len(stored(registry)[0]) == 2


def test_one_id_for_two_peoples_results_is_no_repetition(tmp_path: Path, patient: Resource, lab: MakeLab) -> None:
    other = {**patient, "identifier": [{**patient["identifier"][1], "value": "SYN-0002"}]}
    for name, who, value in (("a", patient, 1.5), ("b", other, 2.5)):
        entries = [{"resource": who}, {"resource": changed(lab(), value, versionId="1")}]
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
        (tmp_path / f"{name}.json").write_text(json.dumps(bundle), encoding="utf-8")

    rows = [row for batch in read_fhir(tmp_path) for row in batch.rows["labs"]]

    assert [(row["patient_id"], row["value"]) for row in rows] == [("SYN-0001", 1.5), ("SYN-0002", 2.5)]


def test_files_given_one_by_one_are_one_export(registry: Path, tmp_path: Path, labs: list[Resource]) -> None:
    people, results = write(tmp_path / "p.ndjson", [labs[0]]), write(tmp_path / "r.ndjson", [*labs[1:]])

    assert counts(run_add_fhir(registry, [results, people])) == (35, 0, 0, 0)


def test_unknown_codes_are_counted_and_wrong_units_refused_by_place(
    registry: Path, tmp_path: Path, patient: Resource, lab: MakeLab
) -> None:
    strange = lab(loinc="99999-9")
    wrong = {**lab(valueQuantity={"value": 12.5, "unit": "kg", "code": "kg"}), "id": "wrong"}

    result = run_add_fhir(registry, [write(tmp_path / "a.ndjson", [patient, lab(), strange, wrong])])

    assert counts(result) == (2, 0, 0, 1)
    assert any("code not read: LOINC 99999-9" in one for one in result.warnings)
    (refused,) = stored(registry)[1]
    assert refused["source_locator"] == "line 4"
    assert "kg" in refused["rule"]


def test_two_deaths_of_one_patient_are_both_in_and_told_by_the_check(
    registry: Path, tmp_path: Path, patient: Resource
) -> None:
    dead = {**patient, "deceasedDateTime": "2024-02-01"}
    again = {**dead, "id": "p1-again", "deceasedDateTime": "2024-03-09"}

    result = run_add_fhir(registry, [write(tmp_path / "a.ndjson", [dead, again])])

    assert counts(result) == (3, 0, 0, 0)
    with Registry.open(registry, write=False) as opened:
        told = [one for one in opened.check() if one.check == "contradicting_deaths"]
    assert [(one.severity, one.found) for one in told] == [("error", "2 days of death, 37 d apart")]
