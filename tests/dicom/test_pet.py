"""PET series to volumes: order, slopes, geometry, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gdcm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from tests.dicom.build import compressed, ct_slices, pet_slices, ramp, write

from lutrace.core import ContradictionError, MissingFactError, UnsupportedError
from lutrace.dicom import SeriesImage, index_folder, read_series


def read(folder: Path) -> SeriesImage:
    (series,) = index_folder([folder]).series
    return read_series(series)


def test_slices_come_in_the_order_of_their_place_and_each_by_its_own_slope(tmp_path: Path) -> None:
    slopes = [0.5, 1.25, 2.0, 7.75, 3.0]
    image = read(write(tmp_path, pet_slices(5, slopes=slopes)))
    expected = ramp(5) * np.array(slopes)[:, None, None]
    np.testing.assert_allclose(image.volume.array, expected, rtol=1e-7)
    assert image.volume.unit == "Bq/mL"


def test_negative_values_survive(tmp_path: Path) -> None:
    image = read(write(tmp_path, pet_slices()))
    assert image.volume.array[0, 0, 0] == -7 * 2.5


def test_non_square_pixels_keep_row_spacing_on_y_and_column_spacing_on_x(tmp_path: Path) -> None:
    geometry = read(write(tmp_path, pet_slices())).volume.geometry
    assert geometry.spacing_mm == pytest.approx((2.0, 4.0, 3.0))
    assert geometry.size_xyz == (6, 4, 5)
    assert geometry.origin_mm == pytest.approx((-10, -20, 30))


@pytest.mark.parametrize(
    "orientation",
    [
        (1, 0, 0, 0, 0, -1),
        (0, 1, 0, 0, 0, -1),
        (0.8, 0.6, 0, -0.6, 0.8, 0),
        (-1, 0, 0, 0, -1, 0),
        (0.8, 0, 0.6, 0, 1, 0),
    ],
)
def test_any_orientation_puts_each_voxel_where_its_header_does(tmp_path: Path, orientation: tuple[float, ...]) -> None:
    slices = pet_slices(4, orientation=orientation)
    geometry = read(write(tmp_path, slices)).volume.geometry
    for index, dataset in enumerate(slices):
        row, column = np.array(orientation[:3]), np.array(orientation[3:])
        expected = np.array(dataset.ImagePositionPatient, float) + 5 * 2.0 * row + 3 * 4.0 * column
        np.testing.assert_allclose(geometry.to_mm(np.array([[index, 3, 5]], float))[0], expected, atol=1e-4)


def test_a_lost_slice_is_refused_and_the_gap_named(tmp_path: Path) -> None:
    slices = pet_slices(6, NumberOfSlices=None)
    del slices[2]
    with pytest.raises(ContradictionError, match=r"gap of 6\.00 mm between slices 2 and 3 of 5 .*: 1 lost"):
        read(write(tmp_path, slices))


def test_a_slice_lost_at_the_end_is_refused_by_the_number_of_slices(tmp_path: Path) -> None:
    with pytest.raises(ContradictionError, match=r"Number of Slices \(0054,0081\) = 6, found 5"):
        read(write(tmp_path, pet_slices(6)[:5]))


def test_a_doubled_slice_with_another_identity_is_refused(tmp_path: Path) -> None:
    slices = pet_slices(6)
    slices[4].ImagePositionPatient = slices[3].ImagePositionPatient
    with pytest.raises(ContradictionError, match="slices 4 and 5 of 6 lie at the same place"):
        read(write(tmp_path, slices))


def test_the_same_file_twice_is_counted_once_and_noted(tmp_path: Path) -> None:
    slices = pet_slices(4)
    write(tmp_path, slices)
    write(tmp_path, slices, prefix="copy")
    image = read(tmp_path)
    assert image.volume.array.shape == (4, 4, 6)
    assert any("there twice" in note for note in image.audit.notes)


def test_one_uid_with_two_contents_is_refused(tmp_path: Path) -> None:
    slices = pet_slices(4)
    write(tmp_path, slices)
    slices[0].PixelData = b"\1" * len(slices[0].PixelData)
    write(tmp_path, slices[:1], prefix="other")
    with pytest.raises(ContradictionError, match=r"\(0008,0018\): two files carry the same one"):
        read(tmp_path)


def test_several_frames_at_each_place_are_a_dynamic_series_and_refused(tmp_path: Path) -> None:
    first, second = pet_slices(4, NumberOfSlices=None), pet_slices(4, NumberOfSlices=None)
    for dataset in second:
        dataset.SeriesInstanceUID = first[0].SeriesInstanceUID
    with pytest.raises(UnsupportedError, match="2 images at each of 4 places: a dynamic or gated series"):
        read(write(tmp_path, [*first, *second]))


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"SeriesType": ["DYNAMIC", "IMAGE"]}, "Series Type .* = DYNAMIC"),
        ({"SeriesType": ["GATED", "IMAGE"]}, "Series Type .* = GATED"),
        ({"SeriesType": ["STATIC", "REPROJECTION"]}, "REPROJECTION"),
        ({"Units": "PROPCPS"}, "Units .* = PROPCPS: expected BQML, CNTS, GML or CM2ML"),
        ({"Units": "CPS"}, "Units .* = CPS"),
    ],
)
def test_series_without_one_static_activity_image_are_refused(
    tmp_path: Path, attributes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(UnsupportedError, match=reason):
        read(write(tmp_path, pet_slices(3, **attributes)))


def test_absent_units_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFactError, match=r"Units \(0054,1001\)"):
        read(write(tmp_path, pet_slices(3, Units=None)))


@pytest.mark.parametrize("slope", [0, "nan", "inf", "1e30"])
def test_a_slope_of_zero_or_no_number_is_refused(tmp_path: Path, slope: Any) -> None:
    def edit(dataset: Dataset, index: int) -> None:
        if index == 1:
            dataset.add_new(0x00281053, "UN", str(slope).encode())

    with pytest.raises(ContradictionError, match=r"Rescale Slope \(0028,1053\)"):
        read(write(tmp_path, pet_slices(3, edit=edit)))


def test_float_pixels_are_read_and_must_be_finite(tmp_path: Path) -> None:
    def edit(dataset: Dataset, index: int) -> None:
        voxels = np.full((4, 6), np.nan if index == broken else 1.5, np.float32)
        del dataset.PixelData, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation
        dataset.BitsAllocated, dataset.FloatPixelData = 32, voxels.tobytes()

    broken = -1
    assert np.unique(read(write(tmp_path / "good", pet_slices(2, edit=edit))).volume.array).tolist() == [1.5 * 2.5]
    broken = 1
    with pytest.raises(ContradictionError, match="expected finite voxels"):
        read(write(tmp_path / "bad", pet_slices(2, edit=edit)))


def test_facts_that_differ_inside_a_series_are_refused(tmp_path: Path) -> None:
    def edit(dataset: Dataset, index: int) -> None:
        dataset.PatientWeight = 75 + index

    with pytest.raises(ContradictionError, match=r"Patient's Weight \(0010,1030\): expected one value"):
        read(write(tmp_path, pet_slices(3, edit=edit)))


def test_a_tilted_stack_is_refused(tmp_path: Path) -> None:
    def edit(dataset: Dataset, index: int) -> None:
        dataset.ImagePositionPatient = [0, 1.0 * index, 3.0 * index]

    with pytest.raises(UnsupportedError, match="aside of their normal"):
        read(write(tmp_path, pet_slices(4, edit=edit)))


@pytest.mark.parametrize(
    "syntax",
    [
        "1.2.840.10008.1.2.5",
        "1.2.840.10008.1.2.4.90",
        "1.2.840.10008.1.2.4.80",
    ],
    ids=["RLE", "JPEG 2000", "JPEG-LS"],
)
def test_lossless_transfer_syntaxes_give_the_voxels_of_the_native_series(tmp_path: Path, syntax: str) -> None:
    stored = np.abs(ramp(3, 64, 64)).astype(np.uint16)
    image = read(write(tmp_path, compressed(pet_slices(3, stored=stored), syntax)))
    np.testing.assert_allclose(image.volume.array, stored * 2.5)


def test_lossless_jpeg_gives_the_voxels_of_the_native_series(tmp_path: Path) -> None:
    stored = np.abs(ramp(3, 64, 64)).astype(np.uint16)
    for path in sorted(write(tmp_path / "native", pet_slices(3, stored=stored)).iterdir()):
        reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
        reader.SetFileName(str(path))
        assert reader.Read()
        change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        (tmp_path / "jpeg").mkdir(exist_ok=True)
        writer.SetFileName(str(tmp_path / "jpeg" / path.name))
        assert writer.Write()
    image = read(tmp_path / "jpeg")
    assert image.audit.transfer_syntax == "1.2.840.10008.1.2.4.70"
    np.testing.assert_allclose(image.volume.array, stored * 2.5)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"])
def test_implicit_deflated_and_big_endian_files_are_read(tmp_path: Path, syntax: str) -> None:
    slices = pet_slices(3)
    for number, dataset in enumerate(slices):
        if syntax.endswith(".2.2"):
            dataset.PixelData = np.frombuffer(dataset.PixelData, "<i2").astype(">i2").tobytes()
        dataset.file_meta.TransferSyntaxUID = syntax
        plain = Dataset(dataset)
        plain.file_meta = dataset.file_meta
        plain.save_as(
            tmp_path / f"{number}",
            implicit_vr=syntax == "1.2.840.10008.1.2",
            little_endian=not syntax.endswith(".2.2"),
            enforce_file_format=True,
        )
    np.testing.assert_allclose(read(tmp_path).volume.array, ramp(3) * 2.5)


def test_bits_above_the_stored_ones_do_not_leak_into_the_value(tmp_path: Path) -> None:
    stored = np.full((2, 4, 6), 0xF00A, np.uint16)

    def edit(dataset: Dataset, index: int) -> None:
        dataset.BitsStored, dataset.HighBit = 12, 11

    image = read(write(tmp_path, pet_slices(2, stored=stored, edit=edit)))
    assert np.unique(image.volume.array).tolist() == [10 * 2.5]


def test_ct_comes_in_hounsfield_units(tmp_path: Path) -> None:
    image = read(write(tmp_path, ct_slices(3)))
    assert (image.volume.unit, image.facts) == ("HU", None)
    np.testing.assert_array_equal(image.volume.array[:, 0, 0], [40, 41, 42])


def test_enhanced_multi_frame_objects_are_refused_by_name(tmp_path: Path) -> None:
    slices = pet_slices(1)
    slices[0].SOPClassUID = slices[0].file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.130"
    with pytest.raises(UnsupportedError, match="Enhanced PET"):
        read(write(tmp_path, slices))


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(6)), offset=st.floats(-900, 900))
def test_the_volume_does_not_depend_on_file_order_or_instance_number(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], offset: float
) -> None:
    slices = pet_slices(6)
    for number, dataset in enumerate(slices):
        dataset.InstanceNumber = order[number] + 1
        dataset.ImagePositionPatient = [0, 0, round(offset + 3.0 * number, 4)]
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    image = read(write(tmp_path_factory.mktemp("pet"), [slices[i] for i in order]))
    np.testing.assert_allclose(image.volume.array, ramp(6) * 2.5)
