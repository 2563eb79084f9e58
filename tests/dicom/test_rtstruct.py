import os
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from tests.dicom.regions import FRAME, rtstruct, save, squares
from tests.imaging.make import DIRECTIONS, ball, grid

from lutrace.core import ContradictionError, UnusableInputError
from lutrace.dicom import index_folder, read_masks, read_own_masks, read_series
from lutrace.imaging import measure_region, read_nifti_masks

REFERENCE = replace(grid(), frame_of_reference=FRAME)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_region_comes_back_voxel_for_voxel_in_every_orientation(tmp_path: Path, direction: tuple[float, ...]) -> None:
    geometry = grid(direction=direction)
    truth = ball(geometry, 12.0)
    path = save(rtstruct([("lesion 1", squares(truth, geometry))]), tmp_path / "rs.dcm")
    (mask,) = read_masks(path, geometry)
    assert mask.name == "lesion 1"
    assert (mask.array == truth).all()
    assert mask.source.locator == "rtstruct roi 1"


def test_several_regions_come_in_the_order_of_the_object(tmp_path: Path) -> None:
    one, two = ball(REFERENCE, 12.0), ball(REFERENCE, 6.0)
    path = save(rtstruct([("b", squares(one, REFERENCE)), ("a", squares(two, REFERENCE))]), tmp_path / "rs.dcm")
    masks = read_masks(path, REFERENCE)
    assert [(mask.name, int(mask.array.sum())) for mask in masks] == [("b", one.sum()), ("a", two.sum())]


def test_contours_of_another_frame_of_reference_are_refused(tmp_path: Path) -> None:
    path = save(rtstruct([("x", squares(ball(REFERENCE, 6.0), REFERENCE))], frame="1.2.3"), tmp_path / "rs.dcm")
    with pytest.raises(ContradictionError, match="another frame of reference"):
        read_masks(path, REFERENCE)


def test_a_structure_set_that_names_this_very_series_is_taken_and_says_so(tmp_path: Path) -> None:
    truth = ball(REFERENCE, 6.0)
    dataset = rtstruct([("x", squares(truth, REFERENCE))], frame="1.2.3")
    series, study, frame = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID = "1.2.3.4"
    study.RTReferencedSeriesSequence = [series]
    frame.RTReferencedStudySequence = [study]
    dataset.ReferencedFrameOfReferenceSequence = [frame]
    path = save(dataset, tmp_path / "rs.dcm")
    (mask,) = read_masks(path, REFERENCE, series_uid="1.2.3.4")
    assert (mask.array == truth).all()
    assert "names this very series" in mask.notes[0]
    with pytest.raises(ContradictionError):
        read_masks(path, REFERENCE, series_uid="1.2.3.5")


def test_one_region_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    truth = ball(REFERENCE, 6.0)
    dataset = rtstruct([("good", squares(truth, REFERENCE)), ("bad", squares(truth, REFERENCE))])
    dataset.ROIContourSequence[1].ContourSequence[0].ContourData = [0.0, 0.0, 0.0, 1.0]
    good, bad = read_masks(save(dataset, tmp_path / "rs.dcm"), REFERENCE)
    assert (good.array == truth).all()
    assert not bad.array.any()
    assert bad.notes[0].startswith("not read: region bad: contour data hold 4 numbers")


def test_points_enclose_nothing_and_are_noted(tmp_path: Path) -> None:
    point = REFERENCE.to_mm(np.array([[1.0, 2.0, 3.0]]))
    path = save(rtstruct([("isocentre", [point])], kind="POINT"), tmp_path / "rs.dcm")
    (mask,) = read_masks(path, REFERENCE)
    assert not mask.array.any()
    assert mask.notes == ("1 contours of type POINT enclose nothing",)


def test_a_region_named_after_the_patient_loses_that_name_but_words_of_regions_stay(tmp_path: Path) -> None:
    contours = squares(ball(REFERENCE, 6.0), REFERENCE)
    path = save(rtstruct([("SYN-1 liver", contours), ("liver", contours), ("GTV Phantom", contours)]), tmp_path / "rs")
    assert [mask.name for mask in read_masks(path, REFERENCE)] == ["region_1", "liver", "GTV Phantom"]


def test_two_regions_of_one_name_stay_two(tmp_path: Path) -> None:
    contours = squares(ball(REFERENCE, 6.0), REFERENCE)
    path = save(rtstruct([("bone", contours), ("bone", contours)]), tmp_path / "rs.dcm")
    assert [mask.name for mask in read_masks(path, REFERENCE)] == ["bone", "bone_2"]


def test_half_a_point_is_refused(tmp_path: Path) -> None:
    dataset = rtstruct([("x", squares(ball(REFERENCE, 6.0), REFERENCE))])
    dataset.ROIContourSequence[0].ContourSequence[0].ContourData = ["1", "2", "3", "4"]
    with pytest.raises(UnusableInputError, match="multiple of 3"):
        read_masks(save(dataset, tmp_path / "rs.dcm"), REFERENCE)


def test_a_folder_without_masks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing", encoding="utf-8")
    with pytest.raises(UnusableInputError, match="no RTSTRUCT, SEG or NIfTI"):
        read_masks(tmp_path, REFERENCE)
    with pytest.raises(UnusableInputError, match="no such file or folder"):
        read_masks(tmp_path / "absent", REFERENCE)


def real(*parts: str) -> Path:
    root = os.environ.get("LUTRACE_REAL_DATA")
    if not root:
        pytest.skip("not run: no real data")
    return Path(root).joinpath(*parts)


@pytest.mark.real_data
@pytest.mark.parametrize("case", [f"STS_{n:03d}" for n in range(1, 11)])
def test_each_published_contour_set_equals_its_nifti_twin_voxel_for_voxel(case: str) -> None:
    folder = real("pet_sts", case)
    image = read_series(index_folder([folder / "image"]).series[0]).volume
    (mask,) = read_masks(folder / "mask", image.geometry)
    (twin,) = read_nifti_masks(folder / "PET_mask.nii.gz")
    assert twin.geometry.same_grid(image.geometry)
    assert np.count_nonzero(mask.array != twin.array) == 0


@pytest.mark.real_data
def test_the_liver_lesions_of_the_lutetium_spect_have_their_known_volumes() -> None:
    folder = real("spect_lu177_xspect", "SCAN_001")
    image = read_series(index_folder([folder / "image"]).series[0]).volume
    found = [measure_region(image, mask) for mask in read_masks(folder / "mask", image.geometry)]
    # another program's even-odd fill: 107.0 mL and 2.86 mL; mean 14.73 and 19.02 at factor 1.28961874e-5
    assert [m.volume_ml for m in found] == pytest.approx([107.02, 2.861], rel=1e-3)
    assert [m.mean * 1.28961874e-5 for m in found] == pytest.approx([14.73, 19.02], abs=0.006)


@pytest.mark.parametrize("implicit", [False, True], ids=["explicit", "implicit"])
@pytest.mark.parametrize("undefined", [False, True], ids=["stated lengths", "no lengths"])
def test_a_structure_set_that_a_broken_copy_has_cut_is_refused(tmp_path: Path, implicit: bool, undefined: bool) -> None:
    truth = ball(REFERENCE, 12.0)
    dataset = rtstruct([("a", squares(truth, REFERENCE)), ("b", squares(truth, REFERENCE))])
    for sequence in ("ROIContourSequence", "StructureSetROISequence"):
        dataset[sequence].is_undefined_length = undefined
    if implicit:
        dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2"
    whole = save(dataset, tmp_path / "whole.dcm").read_bytes()
    path = tmp_path / "rs.dcm"
    begin = whole.index(struct.pack("<HH", 0x3006, 0x0039))
    for end in [len(whole) - 1, *np.linspace(begin, len(whole), 40, dtype=int)[1:-1]]:
        path.write_bytes(whole[:end])
        with pytest.raises(UnusableInputError, match=r"rs\.dcm: damaged or truncated"):
            read_masks(path, REFERENCE)
        with pytest.raises(UnusableInputError, match=r"rs\.dcm: damaged or truncated"):
            read_own_masks(path)
    path.write_bytes(whole + bytes(6))  # some programs fill up the last block
    assert [mask.name for mask in read_masks(path, REFERENCE)] == ["a", "b"]


def test_contours_that_name_no_region_are_refused(tmp_path: Path) -> None:
    dataset = rtstruct([("a", squares(ball(REFERENCE, 6.0), REFERENCE))])
    del dataset.ROIContourSequence[0].ReferencedROINumber
    with pytest.raises(UnusableInputError, match="an item names no region"):
        read_masks(save(dataset, tmp_path / "rs.dcm"), REFERENCE)
