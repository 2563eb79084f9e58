from pathlib import Path

import numpy as np
import pydicom
import pytest
from tests.dicom.outputs import FACTOR, SLICES, scan

from lutrace.core import ContradictionError
from lutrace.dicom import write_rwvm


def suv_of(files: tuple[Path, ...], mapping: Path) -> dict[tuple[str, int], np.ndarray]:
    """SUVbw of each plane by the mapping alone: slope x stored value + intercept, as any other program does it."""
    items = pydicom.dcmread(mapping).ReferencedImageRealWorldValueMappingSequence
    by_image = {item.ReferencedImageSequence[0].ReferencedSOPInstanceUID: item for item in items}
    found = {}
    for file in files:
        image = pydicom.dcmread(file)
        real = by_image[image.SOPInstanceUID].RealWorldValueMappingSequence[0]
        assert real.MeasurementUnitsCodeSequence[0].CodeValue == "{SUVbw}g/ml"
        planes = image.pixel_array.reshape(-1, image.Rows, image.Columns)
        for number, plane in enumerate(planes):
            found[image.SOPInstanceUID, number] = plane * real.RealWorldValueSlope + real.RealWorldValueIntercept
    return found


def test_the_mapping_alone_gives_the_suv_of_every_voxel_of_a_pet_with_a_slope_per_slice(tmp_path: Path) -> None:
    one = scan(tmp_path / "pet", slopes=[1.0 + 0.1 * n for n in range(SLICES)])
    write_rwvm(
        tmp_path / "m.dcm", source_files=one.files, geometry=one.geometry, factors=[FACTOR], description="synthetic"
    )
    found = suv_of(one.files, tmp_path / "m.dcm")
    order = sorted(one.files, key=lambda file: float(pydicom.dcmread(file).ImagePositionPatient[2]))
    planes = np.stack([found[pydicom.dcmread(file).SOPInstanceUID, 0] for file in order])
    assert planes == pytest.approx(one.suv.array, rel=1e-6)


def test_the_mapping_of_a_multi_frame_spect_starts_from_its_own_activity_mapping(tmp_path: Path) -> None:
    one = scan(tmp_path / "nm", "nm", mapping=(0.5, "Bq/ml"))
    write_rwvm(
        tmp_path / "m.dcm", source_files=one.files, geometry=one.geometry, factors=[FACTOR], description="synthetic"
    )
    planes = np.stack([plane for _, plane in sorted(suv_of(one.files, tmp_path / "m.dcm").items())])
    assert planes == pytest.approx(one.suv.array, rel=1e-6)


def test_each_slice_may_have_a_factor_of_its_own(tmp_path: Path) -> None:
    one = scan(tmp_path / "pet")
    factors = [FACTOR * (n + 1) for n in range(SLICES)]
    write_rwvm(
        tmp_path / "m.dcm", source_files=one.files, geometry=one.geometry, factors=factors, description="synthetic"
    )
    items = pydicom.dcmread(tmp_path / "m.dcm").ReferencedImageRealWorldValueMappingSequence
    slopes = [item.RealWorldValueMappingSequence[0].RealWorldValueSlope for item in items]
    assert slopes == pytest.approx([2.5 * factor for factor in factors])


def test_frames_of_one_object_with_factors_of_their_own_are_named_by_number(tmp_path: Path) -> None:
    one = scan(tmp_path / "nm", "nm")
    factors = [FACTOR * (n + 1) for n in range(SLICES)]
    write_rwvm(
        tmp_path / "m.dcm", source_files=one.files, geometry=one.geometry, factors=factors, description="synthetic"
    )
    items = pydicom.dcmread(tmp_path / "m.dcm").ReferencedImageRealWorldValueMappingSequence
    assert [int(item.ReferencedImageSequence[0].ReferencedFrameNumber) for item in items] == [1, 2, 3, 4, 5, 6, 7]


def test_too_few_factors_are_refused(tmp_path: Path) -> None:
    one = scan(tmp_path / "pet")
    with pytest.raises(ContradictionError, match="expected a factor for each of 7 slices, got 2"):
        write_rwvm(
            tmp_path / "m.dcm", source_files=one.files, geometry=one.geometry, factors=[1.0, 2.0], description="x"
        )
