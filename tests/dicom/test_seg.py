import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pydicom
import pytest
from tests.dicom.build import nm_recon, pet_slices, write
from tests.imaging.make import DIRECTIONS

from lutrace.core import ContradictionError, MissingFactError, Source, UnusableInputError
from lutrace.dicom import Algorithm, index_folder, read_masks, read_series, write_seg
from lutrace.imaging import Geometry, Mask, read_nifti_masks, write_nifti

SOURCE = Source("virtual", "synthetic")
ROWS, COLUMNS, SLICES = 9, 11, 7
Series = tuple[list[Path], Geometry]


def series(folder: Path, direction: tuple[float, ...] | None = None) -> Series:
    """A synthetic PET with non-square pixels (4 x 2 mm, slices of 3 mm), and its grid as read."""
    stored = np.zeros((SLICES, ROWS, COLUMNS), np.int16)
    extra: dict[str, Any] = {}
    if direction is not None:
        matrix = np.asarray(direction).reshape(3, 3)
        extra["orientation"] = [*matrix[:, 0], *matrix[:, 1]]
    write(folder, pet_slices(SLICES, stored=stored, **extra))
    found = index_folder([folder]).series[0]
    return list(found.paths), read_series(found).volume.geometry


def two_masks(geometry: Geometry) -> list[Mask]:
    rng = np.random.default_rng(5)
    liver, lesion = np.zeros(geometry.shape_zyx, bool), np.zeros(geometry.shape_zyx, bool)
    liver[1:5, 2:8, 3:9] = True
    lesion[4:6, 1:4, 1:4] = rng.random((2, 3, 3)) > 0.3
    return [Mask("liver", liver, geometry, SOURCE), Mask("lesion 1", lesion, geometry, SOURCE)]


RIGHT_HANDED = [d for d in DIRECTIONS if np.linalg.det(np.asarray(d).reshape(3, 3)) > 0]


@pytest.mark.parametrize("direction", RIGHT_HANDED)
def test_masks_written_as_seg_come_back_voxel_for_voxel_in_every_orientation(
    tmp_path: Path, direction: tuple[float, ...]
) -> None:
    files, geometry = series(tmp_path / "pet", direction)
    masks = two_masks(geometry)
    write_seg(tmp_path / "seg.dcm", masks, source_files=files, description="synthetic")
    back = read_masks(tmp_path / "seg.dcm", geometry)
    assert [mask.name for mask in back] == ["liver", "lesion 1"]
    for one, two in zip(masks, back, strict=True):
        assert (one.array == two.array).all()
        assert two.notes == ()


def test_a_label_map_comes_back_voxel_for_voxel_and_takes_no_overlap(tmp_path: Path) -> None:
    files, geometry = series(tmp_path / "pet")
    liver, lesion = two_masks(geometry)
    apart = [replace(liver, array=liver.array & ~lesion.array), lesion]
    write_seg(tmp_path / "seg.dcm", apart, source_files=files, description="synthetic", kind="LABELMAP")
    assert pydicom.dcmread(tmp_path / "seg.dcm").SegmentationType == "LABELMAP"
    back = read_masks(tmp_path / "seg.dcm", geometry)
    assert [mask.name for mask in back] == ["liver", "lesion 1"]
    assert all((one.array == two.array).all() for one, two in zip(apart, back, strict=True))
    theirs = by_highdicom(tmp_path / "seg.dcm", geometry)
    assert all((one.array == two).all() for one, two in zip(apart, theirs, strict=True))
    with pytest.raises(ContradictionError, match="lesion 1: shares voxels"):
        write_seg(tmp_path / "no.dcm", [liver, lesion], source_files=files, description="synthetic", kind="LABELMAP")


def test_the_same_seed_and_moment_give_the_same_bytes(tmp_path: Path) -> None:
    files, geometry = series(tmp_path / "pet")
    for name in ("a.dcm", "b.dcm"):
        write_seg(
            tmp_path / name,
            two_masks(geometry),
            source_files=sorted(files),
            description="synthetic",
            algorithm=Algorithm("threshold"),
            seed="7",
            moment=dt.datetime(2024, 5, 1, 12, 30),
        )
    assert (tmp_path / "a.dcm").read_bytes() == (tmp_path / "b.dcm").read_bytes()


def test_the_object_names_its_images_codes_and_purpose(tmp_path: Path) -> None:
    files, geometry = series(tmp_path / "pet")
    write_seg(tmp_path / "seg.dcm", two_masks(geometry), source_files=files, description="synthetic organs")
    seg = pydicom.dcmread(tmp_path / "seg.dcm")
    assert seg.ContentQualification == "RESEARCH"
    assert seg.SeriesDescription == "synthetic organs"
    types = [item.SegmentedPropertyTypeCodeSequence[0].CodeValue for item in seg.SegmentSequence]
    assert types == ["10200004", "52988006"]  # SNOMED CT: liver, lesion
    assert seg.FrameOfReferenceUID == pydicom.dcmread(files[0]).FrameOfReferenceUID


def complete(file: Path) -> pydicom.Dataset:
    """The image with the empty attributes that highdicom wants to find."""
    image = pydicom.dcmread(file)
    for word in ("AccessionNumber", "PatientBirthDate", "ReferringPhysicianName", "StudyDate", "StudyID", "StudyTime"):
        if word not in image:
            setattr(image, word, "")
    return image


def hd_seg(folder: Path, files: list[Path], array: np.ndarray, geometry: Geometry, kind: str) -> Path:
    """A segmentation by highdicom itself, to read what we do not write."""
    description = hd.seg.SegmentDescription(
        1, "liver", pydicom.sr.codedict.codes.SCT.Organ, pydicom.sr.codedict.codes.SCT.Liver, "MANUAL"
    )
    volume = hd.Volume(
        array, geometry.affine[:, [2, 1, 0, 3]], "PATIENT", frame_of_reference_uid=geometry.frame_of_reference
    )
    seg = hd.seg.Segmentation(
        [complete(file) for file in files], volume, kind, [description],
        hd.UID(), 1, hd.UID(), 1, "SYNTHETIC", "test", "1", "0",
    )  # fmt: skip
    seg.save_as(folder / "seg.dcm")
    return folder / "seg.dcm"


def test_a_fraction_of_one_half_belongs_and_less_does_not(tmp_path: Path) -> None:
    files, geometry = series(tmp_path / "pet")
    fractions = np.zeros(geometry.shape_zyx, np.float32)
    fractions[2, 3, 1:5] = (0.25, 0.49, 0.51, 1.0)
    (mask,) = read_masks(hd_seg(tmp_path, files, fractions, geometry, "FRACTIONAL"), geometry)
    assert np.argwhere(mask.array).tolist() == [[2, 3, 3], [2, 3, 4]]
    assert mask.notes == ("fractional: voxels of at least 0.5 belong",)


def test_a_label_map_is_read(tmp_path: Path) -> None:
    files, geometry = series(tmp_path / "pet")
    truth = two_masks(geometry)[0].array
    (mask,) = read_masks(hd_seg(tmp_path, files, truth.astype(np.uint8), geometry, "LABELMAP"), geometry)
    assert (mask.array == truth).all()


def by_highdicom(path: Path, geometry: Geometry) -> list[np.ndarray]:
    """The same object through highdicom's own reading: each stored voxel put where its millimetres fall."""
    seg = hd.seg.segread(path)
    found = []
    for number in seg.segment_numbers:
        volume = seg.get_volume(segment_numbers=[number], combine_segments=False)
        values = np.asarray(volume.array)[..., 0]
        place = np.argwhere(values >= 0.5 if seg.SegmentationType == "FRACTIONAL" else values > 0)
        points = place @ volume.affine[:3, :3].T + volume.affine[:3, 3]
        array = np.zeros(geometry.shape_zyx, bool)
        array[tuple(np.round(geometry.to_index(points)).astype(int).T)] = True
        found.append(array)
    return found


@pytest.mark.parametrize("direction", RIGHT_HANDED)
@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "LABELMAP"])
def test_our_reading_is_highdicoms_for_every_kind_and_orientation(
    tmp_path: Path, kind: str, direction: tuple[float, ...]
) -> None:
    files, geometry = series(tmp_path / "pet", direction)
    array = np.random.default_rng(3).random(geometry.shape_zyx).astype(np.float32)
    array[[0, 2, 3]] = 0  # planes that the object leaves out
    stored = array if kind == "FRACTIONAL" else (array > 0.7).astype(np.uint8)
    path = hd_seg(tmp_path, files, stored, geometry, kind)
    (theirs,) = by_highdicom(path, geometry)
    (ours,) = read_masks(path, geometry)
    assert theirs.any()
    assert (ours.array == theirs).all()


def test_frames_without_a_place_are_refused(tmp_path: Path) -> None:
    files, geometry = series(tmp_path / "pet")
    write_seg(tmp_path / "seg.dcm", two_masks(geometry), source_files=files, description="synthetic")
    seg = pydicom.dcmread(tmp_path / "seg.dcm")
    del seg.PerFrameFunctionalGroupsSequence[1].PlanePositionSequence
    seg.save_as(tmp_path / "seg.dcm")
    with pytest.raises(UnusableInputError, match=r"no regular grid: \(0020,0032\) is missing in a frame"):
        read_masks(tmp_path / "seg.dcm", geometry)


def test_planes_off_their_place_are_refused(tmp_path: Path) -> None:
    files, geometry = series(tmp_path / "pet")
    write_seg(tmp_path / "seg.dcm", two_masks(geometry), source_files=files, description="synthetic")
    seg = pydicom.dcmread(tmp_path / "seg.dcm")
    place = seg.PerFrameFunctionalGroupsSequence[1].PlanePositionSequence[0]
    x, y, z = place.ImagePositionPatient
    place.ImagePositionPatient = [x, y, z + 1]
    seg.save_as(tmp_path / "up.dcm")
    with pytest.raises(UnusableInputError, match="not evenly spaced"):
        read_masks(tmp_path / "up.dcm", geometry)
    place.ImagePositionPatient = [x + 1, y, z]
    seg.save_as(tmp_path / "aside.dcm")
    with pytest.raises(UnusableInputError, match="shifted against each other"):
        read_masks(tmp_path / "aside.dcm", geometry)


def test_two_frames_of_one_segment_in_one_plane_are_refused(tmp_path: Path) -> None:
    files, geometry = series(tmp_path / "pet")
    write_seg(tmp_path / "seg.dcm", two_masks(geometry), source_files=files, description="synthetic")
    seg = pydicom.dcmread(tmp_path / "seg.dcm")
    first, second = seg.PerFrameFunctionalGroupsSequence[:2]
    second.PlanePositionSequence = first.PlanePositionSequence
    seg.save_as(tmp_path / "seg.dcm")
    with pytest.raises(UnusableInputError, match="same segment in the same plane"):
        read_masks(tmp_path / "seg.dcm", geometry)


def test_pixels_cut_off_are_refused(tmp_path: Path) -> None:
    files, geometry = series(tmp_path / "pet")
    write_seg(tmp_path / "seg.dcm", two_masks(geometry), source_files=files, description="synthetic")
    seg = pydicom.dcmread(tmp_path / "seg.dcm")
    seg.PixelData = seg.PixelData[:20]
    seg.save_as(tmp_path / "seg.dcm")
    with pytest.raises(UnusableInputError, match="while reading its frames"):
        read_masks(tmp_path / "seg.dcm", geometry)


def test_a_segmentation_of_another_grid_is_resampled_and_says_so(tmp_path: Path) -> None:
    files, geometry = series(tmp_path / "pet")
    write_seg(tmp_path / "seg.dcm", two_masks(geometry)[:1], source_files=files, description="synthetic")
    half = replace(
        geometry,
        size_xyz=(COLUMNS * 2, ROWS * 2, SLICES),
        spacing_mm=(geometry.spacing_mm[0] / 2, geometry.spacing_mm[1] / 2, geometry.spacing_mm[2]),
    )
    (mask,) = read_masks(tmp_path / "seg.dcm", half)
    ratio = mask.array.sum() * half.voxel_volume_ml / (two_masks(geometry)[0].array.sum() * geometry.voxel_volume_ml)
    assert ratio == pytest.approx(1.0, abs=0.1)
    assert "resampled by nearest neighbour" in mask.notes[-1]


def test_voxels_outside_the_image_are_lost_with_a_note(tmp_path: Path) -> None:
    files, geometry = series(tmp_path / "pet")
    write_seg(tmp_path / "seg.dcm", two_masks(geometry)[:1], source_files=files, description="synthetic")
    (mask,) = read_masks(tmp_path / "seg.dcm", replace(geometry, size_xyz=(COLUMNS, ROWS, 3)))
    assert mask.array.sum() == 2 * 36
    assert mask.notes == ("72 of 144 voxels lie outside the image and are lost",)


def test_a_segmentation_of_another_patient_position_is_refused(tmp_path: Path) -> None:
    files, geometry = series(tmp_path / "pet")
    write_seg(tmp_path / "seg.dcm", two_masks(geometry), source_files=files, description="synthetic")
    with pytest.raises(ContradictionError, match="another frame of reference"):
        read_masks(tmp_path / "seg.dcm", replace(geometry, frame_of_reference="1.2.3"))


def test_nothing_to_write_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingFactError, match="at least one mask"):
        write_seg(tmp_path / "seg.dcm", [], source_files=[], description="synthetic")


def test_masks_on_two_grids_are_refused(tmp_path: Path) -> None:
    files, geometry = series(tmp_path / "pet")
    masks = two_masks(geometry)
    moved = replace(masks[1], geometry=replace(geometry, origin_mm=(0.0, 0.0, 0.0)))
    with pytest.raises(ContradictionError, match="another grid than liver"):
        write_seg(tmp_path / "seg.dcm", [masks[0], moved], source_files=files, description="synthetic")


def test_nifti_masks_and_seg_of_one_region_agree(tmp_path: Path) -> None:
    files, geometry = series(tmp_path / "pet")
    masks = two_masks(geometry)
    write_seg(tmp_path / "m" / "seg.dcm", masks, source_files=files, description="synthetic")
    write_nifti(tmp_path / "n" / "liver.nii.gz", masks[0].array, geometry)
    assert (read_nifti_masks(tmp_path / "n" / "liver.nii.gz")[0].array == masks[0].array).all()
    both = [read_masks(tmp_path / folder, geometry)[0].array for folder in ("m", "n")]
    assert (both[0] == both[1]).all()


@pytest.mark.parametrize("spacing_mm", [4.8, -4.8])
def test_masks_of_a_multi_frame_spect_come_back_and_refer_to_it_as_nm(tmp_path: Path, spacing_mm: float) -> None:
    write(tmp_path / "nm", [nm_recon(spacing_z_mm=spacing_mm)])
    found = index_folder([tmp_path / "nm"]).series[0]
    geometry = read_series(found).volume.geometry
    region = np.zeros(geometry.shape_zyx, bool)
    region[1:3, 1:3, 2:5] = True
    mask = Mask("liver", region, geometry, SOURCE)
    write_seg(tmp_path / "seg.dcm", [mask], source_files=found.paths, description="synthetic")
    (back,) = read_masks(tmp_path / "seg.dcm", geometry)
    assert (back.array == region).all()
    seg = pydicom.dcmread(tmp_path / "seg.dcm")
    reference = seg.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0]
    assert reference.ReferencedSOPClassUID == "1.2.840.10008.5.1.4.1.1.20"
    assert reference.ReferencedSOPInstanceUID == pydicom.dcmread(found.paths[0]).SOPInstanceUID
