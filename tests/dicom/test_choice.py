"""The choice among series of a study: each rule by itself, and what headers tell for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import FileDataset
from tests.dicom.build import compressed, ct_slices, nm_recon, pet_slices, write

from lutrace.core import ContradictionError
from lutrace.dicom import Candidate, candidate_of, choose_series, index_folder, read_series

PET = Candidate(
    key="pet",
    study="E",
    frame="F",
    modality="PT",
    not_a_volume=None,
    corrected=True,
    told_by="header",
    begin_s=0.0,
    end_s=1200.0,
    low_mm=0.0,
    high_mm=1000.0,
    width_mm=600.0,
    n_images=300,
    is_original=True,
    kernel=None,
    is_soft=None,
    has_contrast=False,
    exposure_mas=None,
    preference=None,
    number=1,
)
CT = replace(PET, key="ct", modality="CT", corrected=None, kernel="B30f", is_soft=True, width_mm=700.0)


def used(*candidates: Candidate, unreadable: tuple[str, ...] = ()) -> list[str]:
    choices = choose_series(candidates, unreadable)
    return sorted(key for key, choice in choices.items() if choice.chosen)


@pytest.mark.parametrize(
    "worse",
    [
        {"corrected": False},
        {"corrected": None},
        {"high_mm": 900.0},
        {"preference": 1},
        {"is_original": False},
        {"n_images": 250},
        {"number": 2},
        {"modality": "NM"},
    ],
)
def test_each_rule_alone_tells_two_reconstructions_apart(worse: dict[str, Any]) -> None:
    best = replace(PET, preference=0)
    other = replace(best, key="a first name", **worse)
    assert used(best, other) == used(other, best) == ["pet"]


def test_an_earlier_rule_outweighs_all_later_ones() -> None:
    plain = replace(PET, is_original=False, number=9, n_images=10)
    fine = replace(PET, key="fine", corrected=False, high_mm=2000.0, preference=0)
    assert used(plain, fine) == ["pet"]
    longer = replace(PET, key="long", high_mm=1100.0, number=9)
    assert used(replace(PET, preference=0), longer) == ["long"]
    nearly = replace(PET, key="near", high_mm=1040.0, number=9)
    assert used(replace(PET, preference=0), nearly) == ["pet"]


def test_a_later_acquisition_of_the_same_study_is_used_beside_the_first() -> None:
    late = replace(PET, key="late", begin_s=5000.0, end_s=5300.0, high_mm=300.0)
    assert used(PET, late) == ["late", "pet"]
    assert used(PET, replace(late, begin_s=1100.0)) == ["pet"]
    assert used(PET, replace(PET, key="other", study="E2")) == ["other", "pet"]
    assert used(replace(PET, begin_s=None, end_s=None), replace(late, corrected=False)) == ["pet"]


def test_an_unreadable_or_projected_series_is_never_used() -> None:
    second = replace(PET, key="second", corrected=False)
    assert used(PET, second, unreadable=("pet",)) == ["second"]
    assert used(PET, replace(PET, key="a", not_a_volume="maximum intensity projection")) == ["pet"]


@pytest.mark.parametrize(
    "worse",
    [
        {"high_mm": 500.0},
        {"is_soft": False, "kernel": "B70f"},
        {"is_soft": None, "kernel": "X"},
        {"width_mm": 400.0},
        {"has_contrast": True},
        {"exposure_mas": 200.0},
        {"is_original": False},
        {"n_images": 200},
        {"number": 2},
    ],
)
def test_each_rule_alone_tells_two_cts_apart(worse: dict[str, Any]) -> None:
    best = replace(CT, exposure_mas=20.0)
    other = replace(best, key="a first name", **worse)
    assert used(PET, best, other) == ["ct", "pet"]


def test_a_ct_elsewhere_is_not_taken_for_the_ct_of_the_pet() -> None:
    elsewhere = replace(CT, frame="G")
    choices = choose_series([PET, elsewhere])
    assert choices["ct"].chosen is None
    assert "nothing to choose" in choices["ct"].reason
    assert used(PET, replace(elsewhere, high_mm=2000.0), replace(CT, key="own", high_mm=500.0)) == ["own", "pet"]


def test_a_study_without_correction_says_so() -> None:
    (choice,) = choose_series([replace(PET, corrected=False, told_by="X lacks ATTN")]).values()
    assert choice.chosen
    assert choice.reason == "chosen: not attenuation corrected: X lacks ATTN; no series of this acquisition is"


def told(folder: Path, datasets: list[FileDataset], preferred: tuple[str, ...] = ()) -> Candidate:
    (series,) = index_folder([write(folder, datasets)]).series
    return candidate_of(series, key="k", study="e", frame="f", preferred=preferred)


@pytest.mark.parametrize(
    ("facts", "corrected", "by"),
    [
        ({}, True, "Corrected Image (0028,0051) holds ATTN"),
        ({"CorrectedImage": ["DECY"]}, False, "Corrected Image (0028,0051) lacks ATTN"),
        ({"CorrectedImage": ["DECY"], "SeriesDescription": "WB AC"}, False, "Corrected Image (0028,0051) lacks ATTN"),
        (
            {"CorrectedImage": None, "AttenuationCorrectionMethod": "CT-derived"},
            True,
            "Attenuation Correction Method (0054,1101)",
        ),
        (
            {"CorrectedImage": None, "AttenuationCorrectionMethod": "NONE"},
            False,
            "Attenuation Correction Method (0054,1101)",
        ),
        ({"CorrectedImage": None, "SeriesDescription": "PET WB_NAC"}, False, "Series Description (0008,103E)"),
        ({"CorrectedImage": None, "SeriesDescription": "PET WB uncorrected"}, False, "Series Description (0008,103E)"),
        ({"CorrectedImage": None, "SeriesDescription": "PET_CTAC 3mm"}, True, "Series Description (0008,103E)"),
        ({"CorrectedImage": None, "SeriesDescription": "back WB"}, None, "no element"),
    ],
)
def test_attenuation_correction_is_told_by_the_header_and_by_the_description_last(
    tmp_path: Path, facts: dict[str, Any], corrected: bool | None, by: str
) -> None:
    found = told(tmp_path, pet_slices(3, **facts))
    assert found.corrected is corrected
    assert found.told_by.startswith(by)


def test_place_time_and_preference_come_from_the_series(tmp_path: Path) -> None:
    found = told(tmp_path / "pt", pet_slices(5, SeriesDescription="WB EARL2"), preferred=("*psf*", "*earl*"))
    assert (found.low_mm, found.high_mm, found.width_mm, found.n_images, found.preference) == (30.0, 42.0, 12.0, 5, 1)
    assert found.begin_s is not None
    assert found.end_s is not None
    assert found.end_s - found.begin_s == 120.0
    nm = told(tmp_path / "nm", [nm_recon(spacing_z_mm=-4.8)])
    assert (nm.low_mm, nm.high_mm) == (pytest.approx(50.0 - 3 * 4.8), 50.0)


@pytest.mark.parametrize(
    ("kernel", "soft"),
    {
        "B30f": True,
        "Br38f": True,
        "B70f": False,
        "STANDARD": True,
        "BONEPLUS": False,
        "FC51": False,
        "FC08": True,
        "YA": False,
        "UNHEARD OF": None,
    }.items(),
)
def test_a_kernel_is_soft_or_sharp_by_its_vendors_names(tmp_path: Path, kernel: str, soft: bool | None) -> None:
    def edit(dataset: FileDataset, _number: int) -> None:
        dataset.ConvolutionKernel = kernel

    assert told(tmp_path, ct_slices(3, edit=edit)).is_soft is soft


# What is put up with inside one series, and what is not.


def test_a_projection_among_the_slices_is_left_out_and_noted(tmp_path: Path) -> None:
    slices = pet_slices(5)
    projection = pet_slices(1, ImageType=["DERIVED", "SECONDARY", "MIP"])[0]
    projection.SeriesInstanceUID = slices[0].SeriesInstanceUID
    (series,) = index_folder([write(tmp_path, [*slices, projection])]).series
    image = read_series(series)
    assert image.volume.array.shape[0] == 5
    assert "1 images of the series are no slices (maximum intensity projection): left out" in image.audit.tolerated


def test_a_damaged_file_whose_image_is_there_undamaged_is_passed_over(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole", pet_slices(4))
    (tmp_path / "again").mkdir()
    victim = sorted(whole.iterdir())[1]
    (tmp_path / "again" / "im").write_bytes(victim.read_bytes()[:-10])
    (series,) = index_folder([tmp_path]).series
    image = read_series(series)
    assert image.volume.array.shape[0] == 4
    assert image.audit.tolerated == ("1 damaged files were passed over: their images are there undamaged",)


@pytest.mark.parametrize("part", [0.75, 0.99])
def test_a_damaged_slice_that_is_nowhere_else_refuses_the_series_even_at_its_end(tmp_path: Path, part: float) -> None:
    slices = ct_slices(4)
    slices[3].save_as(tmp_path / "end", enforce_file_format=True)
    write(tmp_path / "rest", slices[:3])
    content = (tmp_path / "end").read_bytes()
    at = content.index(b"\xe0\x7f\x10\x00") if part < 0.9 else int(len(content) * part)
    (tmp_path / "end").write_bytes(content[:at])
    (series,) = index_folder([tmp_path]).series
    with pytest.raises(ContradictionError, match=r"1 of 4 files of the series are damaged \(truncated"):
        read_series(series)


def test_one_image_in_two_encodings_counts_once_and_a_changed_one_is_refused(tmp_path: Path) -> None:
    slices = ct_slices(3)
    write(tmp_path / "plain", slices)
    write(tmp_path / "rle", compressed(slices, "1.2.840.10008.1.2.5"))
    (series,) = index_folder([tmp_path]).series
    image = read_series(series)
    np.testing.assert_array_equal(image.volume.array[:, 0, 0], [40.0, 41.0, 42.0])
    assert image.audit.tolerated == (
        "3 images are there twice in another encoding, voxel by voxel alike, and counted once",
    )
    other = ct_slices(3)
    for number, dataset in enumerate(other):
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = slices[number].SOPInstanceUID
        dataset.SeriesInstanceUID = slices[number].SeriesInstanceUID
        dataset.RescaleIntercept = -1000
    write(tmp_path / "other", other)
    (series,) = index_folder([tmp_path]).series
    with pytest.raises(ContradictionError, match="two files carry the same one with different content"):
        read_series(series)
