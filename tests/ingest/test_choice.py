"""A mixed folder tree into the registry: the attenuation-corrected PET and its CT are used, and each scan says why."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import FileDataset
from tests.dicom.build import ct_slices, pet_slices, write

from lutrace.cli.app import run
from lutrace.core import Row
from lutrace.ingest import run_add_dicom, run_init
from lutrace.registry import Registry
from lutrace.tables import QUARANTINE, SCANS

CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
DOSE_REPORT = "1.2.840.10008.5.1.4.1.1.88.67"
NAC = ["DECY", "SCAT", "NORM"]


def tracer(dataset: FileDataset, _number: int) -> None:
    dataset.RadiopharmaceuticalInformationSequence[0].Radiopharmaceutical = "PSMA-1007"


def pet(n: int = 6, **facts: Any) -> list[FileDataset]:
    return pet_slices(n, edit=tracer, **facts)


def ct(kernel: str, number: int, n: int = 12, **facts: Any) -> list[FileDataset]:
    """Slices of 2 mm from 20 mm on, so that 12 of them cover the PET's 30 to 45 mm."""

    def edit(dataset: FileDataset, index: int) -> None:
        dataset.ConvolutionKernel, dataset.SeriesNumber = kernel, number
        dataset.ImagePositionPatient = [-40.0, -40.0, 28.0 + 2.0 * index]
        for name, value in facts.items():
            setattr(dataset, name, value)

    return ct_slices(n, edit=edit)


def write_tree(folder: Path) -> Path:
    """What a hospital's export holds: two PET reconstructions, a projection, CTs, captures, copies, text, damage."""
    write(folder / "a" / "ac", pet(SeriesDescription="WB", SeriesNumber=3))
    write(folder / "a" / "nac", pet(CorrectedImage=NAC, SeriesDescription="WB", SeriesNumber=2))
    write(folder / "a" / "mip", pet(2, ImageType=["DERIVED", "SECONDARY", "MIP"]))
    write(folder / "b" / "soft", ct("B30f", 4))
    write(folder / "b" / "lung", ct("B70f", 5))
    write(folder / "b" / "scout", ct("B30f", 1, n=1, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]))
    for name, sop_class, modality in (("sc", CAPTURE, "OT"), ("dose", DOSE_REPORT, "SR")):
        other = pet_slices(1, Modality=modality)
        for dataset in other:
            dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = sop_class
        write(folder / name, other)
    shutil.copytree(folder / "a" / "ac", folder / "copy of ac")
    directory = pet_slices(1)[0]
    directory.SOPClassUID = directory.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    directory.save_as(folder / "DICOMDIR", enforce_file_format=True)
    (folder / "readme.txt").write_text("synthetic", encoding="utf-8")
    damaged = write(folder / "damaged", pet_slices(1)).iterdir()
    path = next(damaged)
    path.write_bytes(path.read_bytes()[:400])
    return folder


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    run_init(tmp_path / "registry")
    return tmp_path / "registry"


def scans_of(folder: Path) -> dict[str, Row]:
    with Registry.open(folder, write=False) as opened:
        return {row["scan_id"]: row for row in opened.rows(SCANS)}


def reasons_of(folder: Path) -> list[tuple[str, str, str]]:
    """Modality, purpose and the first note without the pseudonyms of scans."""
    rows = scans_of(folder).values()
    told = [(row["modality"], row["purpose"], json.loads(row["notes"])[0]) for row in rows]
    return sorted((one, two, " ".join(w for w in note.split() if not w.startswith("S-"))) for one, two, note in told)


def test_of_a_mixed_tree_the_corrected_pet_and_its_soft_ct_are_used_and_the_others_say_why(
    registry: Path, tmp_path: Path
) -> None:
    result = run_add_dicom(registry, [write_tree(tmp_path / "tree")], jobs=1)
    assert reasons_of(registry) == [
        (
            "CT",
            "ct",
            "chosen: CT of same frame of reference, covers 100 % of its length, soft kernel B30f; "
            "of 2 CT series by: soft kernel",
        ),
        ("CT", "other", "not chosen: is preferred by: soft kernel"),
        ("PT", "other", "not chosen: is preferred by: attenuation corrected"),
        (
            "PT",
            "psma_pet",
            "chosen: attenuation corrected: Corrected Image (0028,0051) holds ATTN; "
            "of 2 series of this acquisition by: attenuation corrected",
        ),
    ]
    assert result.quarantined == 0
    assert [(row["modality"], row["used"]) for row in result.choices] == [
        ("CT", True),
        ("CT", False),
        ("CT", False),
        ("PT", True),
        ("PT", False),
        ("PT", False),
    ]
    told = " ".join(result.warnings)
    for words in ("maximum intensity projection", "localizer", "1 files are damaged", "1 of ", "series of OT"):
        assert words in told


def test_adding_again_reads_no_pixels_and_changes_nothing(
    registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = write_tree(tmp_path / "tree")
    run_add_dicom(registry, [tree], jobs=1)
    before = scans_of(registry)

    def refuse(_task: object) -> None:
        raise AssertionError("a series was read again")

    monkeypatch.setattr("lutrace.ingest.scans_step.read_and_store", refuse)
    again = run_add_dicom(registry, [tree], jobs=1)
    assert (again.added, again.updated, again.unchanged, again.quarantined) == (0, 0, 4, 0)
    assert scans_of(registry) == before


def test_the_choice_is_the_same_whichever_part_of_a_study_came_first(registry: Path, tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "tree")
    run_add_dicom(registry, [tree / "a" / "nac"], jobs=1)
    assert [purpose for _, purpose, _ in reasons_of(registry)] == ["psma_pet"]
    assert "no series of this acquisition is" in reasons_of(registry)[0][2]
    run_add_dicom(registry, [tree / "b"], jobs=1)
    later = run_add_dicom(registry, [tree / "a" / "ac"], jobs=1)
    assert later.updated >= 1
    run_init(tmp_path / "whole")
    run_add_dicom(tmp_path / "whole", [tree], jobs=1)
    assert reasons_of(registry) == reasons_of(tmp_path / "whole")


def test_when_the_preferred_series_cannot_be_read_the_next_one_is_used(registry: Path, tmp_path: Path) -> None:
    long = write(tmp_path / "tree" / "long", pet(9))
    write(tmp_path / "tree" / "short", pet(6))
    lost = sorted(long.iterdir())[4]
    kept = lost.read_bytes()
    lost.write_bytes(kept[:-20])
    result = run_add_dicom(registry, [tmp_path / "tree"], jobs=1)
    assert (result.added, result.quarantined) == (1, 1)
    assert [(row["slices"], row["purpose"]) for row in scans_of(registry).values()] == [(6, "psma_pet")]
    lost.write_bytes(kept)
    run_add_dicom(registry, [tmp_path / "tree"], jobs=1)
    found = sorted((row["slices"], row["purpose"]) for row in scans_of(registry).values())
    assert found == [(6, "other"), (9, "psma_pet")]
    with Registry.open(registry, write=False) as opened:
        assert opened.rows(QUARANTINE) == []


def test_the_site_prefers_one_of_two_equally_long_reconstructions(registry: Path, tmp_path: Path) -> None:
    write(tmp_path / "tree" / "one", pet(SeriesDescription="WB PSF+TOF", SeriesNumber=1))
    write(tmp_path / "tree" / "two", pet(SeriesDescription="WB EARL1", SeriesNumber=2))
    run_add_dicom(registry, [tmp_path / "tree"], jobs=1)
    first = {row["scan_id"]: row["purpose"] for row in scans_of(registry).values()}
    profile = registry / "site.yaml"
    profile.write_text(profile.read_text(encoding="utf-8") + 'preferred_series: ["*earl*"]\n', encoding="utf-8")
    run_add_dicom(registry, [tmp_path / "tree"], jobs=1)
    second = {row["scan_id"]: row["purpose"] for row in scans_of(registry).values()}
    assert sorted(first.values()) == sorted(second.values()) == ["other", "psma_pet"]
    assert first != second


def test_the_command_shows_the_choice_without_any_identifier(
    registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = write_tree(tmp_path / "tree")
    assert run(["add", "dicom", str(tree), "--registry", str(registry), "--jobs", "1", "--json"]) == 0
    out = capsys.readouterr().out
    choices = json.loads(out)["choices"]
    assert sum(row["used"] for row in choices) == 2
    assert all(row["reason"] for row in choices)
    assert "SYN-1" not in out
    assert "1.2.826.0.1" not in out
    record = (registry / "series_read.jsonl").read_text(encoding="utf-8")
    assert "SYN-1" not in record
    assert "1.2.826.0.1" not in record
