import os
from pathlib import Path

import numpy as np
import pytest
from tests.dicom.build import ct_slices, pet_slices, write
from tests.dicom.regions import rtstruct, save, squares

from lutrace.core import UnusableInputError
from lutrace.dicom import index_folder, read_series
from lutrace.imaging import read_nifti_masks, read_nifti_volume, write_nifti
from lutrace.ingest import run_roi
from lutrace.ingest.file_names import safe_file_names

COLUMNS = ["roi", "voxels", "volume_ml", "suv_mean", "suv_sd", "suv_min", "suv_max", "suv_peak", "tlp_ml"]


def scan(folder: Path, **attributes: object) -> tuple[Path, np.ndarray]:
    """A synthetic PET of 9 slices and the RTSTRUCT of a block in it; gives the mask folder and the block."""
    stored = np.random.default_rng(2).integers(100, 900, (9, 8, 10)).astype(np.int16)
    write(folder / "image", pet_slices(9, stored=stored, **attributes))  # type: ignore[arg-type]
    geometry = read_series(index_folder([folder / "image"]).series[0]).volume.geometry
    block = np.zeros(geometry.shape_zyx, bool)
    block[3:6, 2:6, 3:8] = True
    save(rtstruct([("lesion 1/a", squares(block, geometry))]), folder / "mask" / "rs.dcm")
    return folder, block


def test_a_region_gives_the_columns_of_the_contract(tmp_path: Path) -> None:
    folder, block = scan(tmp_path)
    result = run_roi(folder / "image", folder / "mask")
    assert result.unit == "g/mL"
    assert list(result.regions[0]) == COLUMNS
    row = result.regions[0]
    assert row["voxels"] == block.sum() == 60
    assert row["volume_ml"] == pytest.approx(60 * 4 * 2 * 3 / 1000)
    assert row["tlp_ml"] == pytest.approx(row["suv_mean"] * row["volume_ml"])


def test_without_a_weight_the_image_is_measured_in_its_own_unit_and_says_why(tmp_path: Path) -> None:
    folder, _ = scan(tmp_path, PatientWeight=None)
    result = run_roi(folder / "image", folder / "mask")
    assert result.unit == "Bq/mL"
    assert "bq_ml_mean" in result.regions[0]
    assert "suv_mean" not in result.regions[0]
    assert any("weight" in warning.lower() for warning in result.warnings)


def test_more_activity_in_view_than_was_given_is_measured_in_the_images_own_unit(tmp_path: Path) -> None:
    folder, _ = scan(tmp_path, RescaleSlope=1e8)
    result = run_roi(folder / "image", folder / "mask")
    assert result.unit == "Bq/mL"
    assert any("activity budget" in warning for warning in result.warnings)


def test_a_backslash_in_a_regions_name_is_kept_and_its_file_is_legal(tmp_path: Path) -> None:
    folder, block = scan(tmp_path)
    geometry = read_series(index_folder([folder / "image"]).series[0]).volume.geometry
    save(rtstruct([("a\\b", squares(block, geometry))]), folder / "mask" / "rs.dcm")
    result = run_roi(folder / "image", folder / "mask", write_masks=folder / "out")
    assert result.regions[0]["roi"] == "a\\b"
    assert result.written[0].name == "a_b.nii.gz"


def test_ct_is_measured_in_hounsfield_units(tmp_path: Path) -> None:
    write(tmp_path / "ct", ct_slices(4))
    geometry = read_series(index_folder([tmp_path / "ct"]).series[0]).volume.geometry
    write_nifti(tmp_path / "all.nii.gz", np.ones(geometry.shape_zyx, np.uint8), geometry)
    result = run_roi(tmp_path / "ct", tmp_path / "all.nii.gz")
    assert (result.unit, result.regions[0]["roi"]) == ("HU", "all")
    assert "hu_mean" in result.regions[0]


def test_written_masks_are_uint8_on_the_image_grid_under_safe_names(tmp_path: Path) -> None:
    folder, block = scan(tmp_path)
    result = run_roi(folder / "image", folder / "mask", write_masks=tmp_path / "out")
    assert [path.name for path in result.written] == ["lesion 1_a.nii.gz"]
    (back,) = read_nifti_masks(result.written[0])
    assert (back.array == block).all()
    assert set(np.unique(read_nifti_volume(result.written[0], unit="1").array)) == {0.0, 1.0}


def test_an_empty_region_gives_a_row_of_no_voxels_and_hides_no_other(tmp_path: Path) -> None:
    folder, block = scan(tmp_path)
    geometry = read_series(index_folder([folder / "image"]).series[0]).volume.geometry
    empty = geometry.to_mm(np.array([(-9.0, 1.0, 1.0), (-9.0, 1.0, 4.0), (-9.0, 4.0, 4.0)]))
    save(rtstruct([("outside", [empty]), ("inside", squares(block, geometry))]), folder / "two" / "rs.dcm")
    result = run_roi(folder / "image", folder / "two")
    assert [(row["roi"], row["voxels"]) for row in result.regions] == [("outside", 0), ("inside", 60)]
    assert result.regions[0]["suv_mean"] is None
    assert "outside: holds no voxel of the image" in result.warnings


def test_two_images_in_one_folder_are_refused(tmp_path: Path) -> None:
    folder, _ = scan(tmp_path)
    write(folder / "image" / "second", pet_slices(3))
    with pytest.raises(UnusableInputError, match=r"found 2 \(PT, PT\)"):
        run_roi(folder / "image", folder / "mask")


def test_no_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableInputError, match="found none in 0 files"):
        run_roi(tmp_path, tmp_path)


def test_file_names_are_distinct_and_open_on_windows() -> None:
    names = ["a:b", "a?b", "CON", "nul.txt", " x. ", "", "Läsion", "läsion", "a" * 300]
    assert safe_file_names(names) == [
        "a_b", "a_b_2", "_CON", "_nul.txt", "x", "region", "Läsion", "läsion_2", "a" * 100,
    ]  # fmt: skip


@pytest.mark.real_data
@pytest.mark.parametrize("case", [f"STS_{n:03d}" for n in range(1, 11)])
def test_each_real_case_measures_as_its_nifti_twin(case: str, tmp_path: Path) -> None:
    root = os.environ.get("LUTRACE_REAL_DATA")
    if not root:
        pytest.skip("not run: no real data")
    folder = Path(root) / "pet_sts" / case
    row = run_roi(folder / "image", folder / "mask", write_masks=tmp_path).regions[0]
    (twin,) = read_nifti_masks(folder / "PET_mask.nii.gz")
    values = read_nifti_volume(folder / "PET_image.nii.gz", unit="g/mL").array[twin.array].astype(np.float64)
    assert row["voxels"] == values.size
    assert row["suv_max"] == pytest.approx(values.max(), rel=1e-5)
    assert row["suv_mean"] == pytest.approx(values.mean(), rel=1e-5)
    (written,) = read_nifti_masks(tmp_path / "GTV_Mass_PET.nii.gz")
    assert (written.array == twin.array).all()
    if case == "STS_001":
        assert (row["voxels"], row["suv_max"], row["suv_mean"]) == (
            5095,
            pytest.approx(7.910674, abs=1e-5),
            pytest.approx(2.555134, abs=1e-5),
        )


@pytest.mark.real_data
def test_the_lutetium_pair_measures_as_known(tmp_path: Path) -> None:
    root = os.environ.get("LUTRACE_REAL_DATA")
    if not root:
        pytest.skip("not run: no real data")
    expected = {"SCAN_001": [(107.0, 14.73), (2.86, 19.02)], "SCAN_002": [(107.9, 18.66), (2.91, 27.84)]}
    for scan_name, values in expected.items():
        folder = Path(root) / "spect_lu177_xspect" / scan_name
        rows = run_roi(folder / "image", folder / "mask").regions
        assert [(row["volume_ml"], row["suv_mean"]) for row in rows] == [
            (pytest.approx(volume, abs=0.05), pytest.approx(mean, abs=0.006)) for volume, mean in values
        ]
