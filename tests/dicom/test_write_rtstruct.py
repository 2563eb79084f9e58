import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from tests.dicom.build import pet_slices, write
from tests.dicom.outputs import ALGORITHM, SLICES, Scan, scan
from tests.imaging.make import DIRECTIONS

from lutrace.core import ContradictionError, MissingFactError, UnsupportedError
from lutrace.dicom import DrawnRegion, index_folder, read_masks, read_series, write_rtstruct
from lutrace.imaging import COLOURS, fill_polygon

RIGHT_HANDED = [d for d in DIRECTIONS if np.linalg.det(np.asarray(d).reshape(3, 3)) > 0]


def written(one: Scan, path: Path) -> pydicom.Dataset:
    write_rtstruct(path, one.regions, source_files=one.files, description="synthetic", algorithm=ALGORITHM)
    return pydicom.dcmread(path)


def turned(direction: tuple[float, ...]) -> dict[str, list[float]]:
    matrix = np.asarray(direction).reshape(3, 3)
    return {"orientation": [*matrix[:, 0], *matrix[:, 1]]}


@pytest.mark.parametrize("direction", RIGHT_HANDED)
def test_regions_come_back_voxel_for_voxel_in_every_orientation(tmp_path: Path, direction: tuple[float, ...]) -> None:
    one = scan(tmp_path / "pet", **turned(direction))
    written(one, tmp_path / "rs.dcm")
    back = read_masks(tmp_path / "rs.dcm", one.geometry)
    assert [mask.name for mask in back] == ["lesion 1 tumour", "lesion 2 uncertain"]
    for region, mask in zip(one.regions, back, strict=True):
        assert (region.mask.array == mask.array).all()
        assert mask.notes == ()


@pytest.mark.parametrize("spacing_mm", [4.8, -4.8])
def test_regions_of_a_multi_frame_spect_come_back_whichever_way_its_frames_are_stacked(
    tmp_path: Path, spacing_mm: float
) -> None:
    one = scan(tmp_path / "nm", "nm", spacing_z_mm=spacing_mm)
    dataset = written(one, tmp_path / "rs.dcm")
    back = read_masks(tmp_path / "rs.dcm", one.geometry)
    assert all((region.mask.array == mask.array).all() for region, mask in zip(one.regions, back, strict=True))
    first = dataset.ROIContourSequence[0].ContourSequence[0]
    frame = int(first.ContourImageSequence[0].ReferencedFrameNumber)
    z_mm = 50.0 + (frame - 1) * spacing_mm
    assert float(first.ContourData[2]) == pytest.approx(z_mm)


def test_each_contour_names_the_image_whose_plane_it_lies_in(tmp_path: Path) -> None:
    one = scan(tmp_path / "pet")
    place = {}
    for file in one.files:
        image = pydicom.dcmread(file)
        place[image.SOPInstanceUID] = float(image.ImagePositionPatient[2])
    dataset = written(one, tmp_path / "rs.dcm")
    contours = [c for item in dataset.ROIContourSequence for c in item.ContourSequence]
    assert len(contours) == 4 + 4
    for contour in contours:
        uid = contour.ContourImageSequence[0].ReferencedSOPInstanceUID
        assert {float(z) for z in contour.ContourData[2::3]} == {place[uid]}
    series = dataset.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0].RTReferencedSeriesSequence[0]
    assert {item.ReferencedSOPInstanceUID for item in series.ContourImageSequence} == set(place)
    assert len(place) == SLICES


def test_another_programs_filling_by_pixel_centres_gives_the_same_voxels(tmp_path: Path) -> None:
    """Filled here by winding number over the raw millimetres, united: no code of the reader but the point test."""
    one = scan(tmp_path / "pet")
    dataset = written(one, tmp_path / "rs.dcm")
    z, y, x = np.indices(one.geometry.shape_zyx)
    centres = one.geometry.to_mm(np.column_stack([z.ravel(), y.ravel(), x.ravel()]).astype(float))
    for region, item in zip(one.regions, dataset.ROIContourSequence, strict=True):
        inside = np.zeros(len(centres), bool)
        for contour in item.ContourSequence:
            points = np.asarray(contour.ContourData, float).reshape(-1, 3)
            in_plane = np.abs(centres[:, 2] - points[0, 2]) < 0.5
            inside[in_plane] |= _winding(centres[in_plane, :2], points[:, :2]) != 0
        assert (inside.reshape(one.geometry.shape_zyx) == region.mask.array).all()


def _winding(points: np.ndarray, ring: np.ndarray) -> np.ndarray:
    start, end = ring - points[:, None], np.roll(ring, -1, axis=0) - points[:, None]
    cross = start[..., 0] * end[..., 1] - start[..., 1] * end[..., 0]
    angle = np.arctan2(cross, (start * end).sum(axis=-1)).sum(axis=1)
    return np.rint(angle / (2 * np.pi)).astype(int)


def test_the_hole_is_a_keyhole_in_one_contour(tmp_path: Path) -> None:
    one = scan(tmp_path / "pet")
    dataset = written(one, tmp_path / "rs.dcm")
    contours = dataset.ROIContourSequence[0].ContourSequence
    assert {contour.ContourGeometricType for contour in contours} == {"CLOSED_PLANAR"}
    points = np.asarray(contours[1].ContourData, float).reshape(-1, 3)
    filled = fill_polygon(one.geometry.to_index(points)[:, 1:], one.geometry.shape_zyx[1:])
    assert (filled == one.regions[0].mask.array[2]).all()


def test_the_object_says_who_drew_it_what_it_is_and_who_it_is_over_time(tmp_path: Path) -> None:
    one = scan(tmp_path / "pet")
    dataset = written(one, tmp_path / "rs.dcm")
    image = pydicom.dcmread(one.files[0])
    assert (dataset.PatientID, dataset.StudyInstanceUID) == (image.PatientID, image.StudyInstanceUID)
    assert dataset.ApprovalStatus == "UNAPPROVED"
    roi, contours = dataset.StructureSetROISequence[0], dataset.ROIContourSequence[0]
    assert roi.ReferencedFrameOfReferenceUID == image.FrameOfReferenceUID
    assert (roi.ROIGenerationAlgorithm, roi.ROIGenerationDescription) == ("AUTOMATIC", "lutrace suv3 2")
    tracking = one.regions[0].tracking
    assert tracking is not None
    assert roi.ROIDescription == f"Tracking ID {tracking.identifier}; Tracking UID {tracking.uid}"
    assert float(roi.ROIVolume) == pytest.approx(136 * 4 * 2 * 3 / 1000)
    assert list(contours.ROIDisplayColor) == list(COLOURS["tumour"])
    observation = dataset.RTROIObservationsSequence[0]
    assert observation.RTROIIdentificationCodeSequence[0].CodeMeaning == "Lesion"
    assert observation.ROIObservationDescription == "tumour, bone"


def test_an_oblique_plane_of_many_corners_exceeds_64_kilobytes_and_still_comes_back(tmp_path: Path) -> None:
    one = scan(tmp_path / "pet", **turned(DIRECTIONS[9]))
    rows, columns = 80, 120
    stored = np.zeros((SLICES, rows, columns), np.int16)
    write(tmp_path / "large", pet_slices(SLICES, stored=stored, **turned(DIRECTIONS[9])))
    series = index_folder([tmp_path / "large"]).series[0]
    geometry = read_series(series).volume.geometry
    sieve = np.zeros(geometry.shape_zyx, bool)
    sieve[3, :, :] = True
    sieve[3, 1:-1:2, 1:-1:2] = False
    mask = replace(one.regions[0].mask, array=sieve, geometry=geometry)
    write_rtstruct(tmp_path / "rs.dcm", [mask], source_files=series.paths, description="synthetic")
    longest = max(
        len("\\".join(map(str, contour.ContourData)))
        for contour in pydicom.dcmread(tmp_path / "rs.dcm").ROIContourSequence[0].ContourSequence
    )
    assert longest > 65536
    (back,) = read_masks(tmp_path / "rs.dcm", geometry)
    assert (back.array == sieve).all()


def test_a_region_without_voxels_has_no_contour(tmp_path: Path) -> None:
    one = scan(tmp_path / "pet")
    empty = DrawnRegion(replace(one.regions[0].mask, array=np.zeros(one.geometry.shape_zyx, bool)))
    write_rtstruct(tmp_path / "rs.dcm", [empty, one.regions[1]], source_files=one.files, description="synthetic")
    assert "ContourSequence" not in pydicom.dcmread(tmp_path / "rs.dcm").ROIContourSequence[0]


def test_files_that_are_not_the_grids_series_are_refused(tmp_path: Path) -> None:
    one, other = scan(tmp_path / "pet"), scan(tmp_path / "other", spacing_z_mm=3.7)
    kind = {"description": "synthetic"}
    with pytest.raises(ContradictionError, match="3 of 7 slices of the regions' grid have no image"):
        write_rtstruct(tmp_path / "rs.dcm", one.regions, source_files=one.files[:4], **kind)
    with pytest.raises(ContradictionError, match="expected a slice of its own"):
        write_rtstruct(tmp_path / "rs.dcm", one.regions, source_files=other.files, **kind)
    with pytest.raises(MissingFactError, match="structure set: expected at least one mask"):
        write_rtstruct(tmp_path / "rs.dcm", [], source_files=one.files, **kind)
    with pytest.raises(MissingFactError, match=re.escape("Frame of Reference UID (0020,0052)")):
        write_rtstruct(tmp_path / "rs.dcm", one.regions, source_files=[], **kind)


def test_a_region_in_every_third_slice_is_refused_with_the_remedy(tmp_path: Path) -> None:
    one = scan(tmp_path / "pet")
    apart = np.zeros(one.geometry.shape_zyx, bool)
    apart[::3, 2:4, 2:4] = True
    mask = replace(one.regions[0].mask, array=apart)
    with pytest.raises(UnsupportedError, match="write it as a segmentation"):
        write_rtstruct(tmp_path / "rs.dcm", [mask], source_files=one.files, description="synthetic")
