from pathlib import Path

import numpy as np
import pytest
from tests.dicom.build import ct_slices, pet_slices, write

from lutrace.core import UnusableInputError, read_rows
from lutrace.dicom import index_folder, read_masks, read_series
from lutrace.imaging import write_nifti
from lutrace.ingest import run_lesions

PLAN = "suv3"


def scan(folder: Path) -> Path:
    """A synthetic PET of 4 x 2 x 3 mm voxels with one hot block of 6 x 6 x 6 voxels (5.184 mL) far above SUV 3."""
    stored = np.full((14, 16, 20), 50, np.int16)
    stored[4:10, 5:11, 6:12] = 30000
    return write(folder / "image", pet_slices(14, stored=stored))


def test_without_organs_the_block_is_candidate_uptake(tmp_path: Path) -> None:
    result = run_lesions(scan(tmp_path), PLAN, out=tmp_path / "out")
    ((number, category),) = [(row["lesion_id"], row["category"]) for row in result.lesions]
    assert (number, category in ("tumour", "uncertain")) == (1, True)  # as the labeller takes a block without a body
    assert result.totals["above_threshold_ml"] == pytest.approx(216 * 24 / 1000)
    assert result.totals["uncertain_ml"] + result.totals["tumour_auto_ml"] == pytest.approx(5.184)
    assert (result.totals["organs_given"], result.totals["tumour_reviewed_ml"]) == (False, None)
    assert "no organ masks: candidate uptake, not tumour volume" in result.warnings


def test_the_files_hold_what_the_rows_say(tmp_path: Path) -> None:
    folder = scan(tmp_path)
    result = run_lesions(folder, PLAN, out=tmp_path / "out")
    assert [path.name for path in result.written] == ["lesions.csv", "mip.png", "lesions.dcm"]
    (row,) = read_rows(tmp_path / "out" / "lesions.csv")
    assert float(row["volume_ml"]) == pytest.approx(5.184)
    (mask,) = read_masks(
        tmp_path / "out" / "lesions.dcm", read_series(index_folder([folder]).series[0]).volume.geometry
    )
    assert mask.name == f"lesion 1 {row['category']}"
    assert mask.array.sum() == 216
    assert (tmp_path / "out" / "mip.png").read_bytes().startswith(b"\x89PNG")


def test_an_organ_mask_elsewhere_makes_the_block_tumour_and_one_on_it_removes_it(tmp_path: Path) -> None:
    folder = scan(tmp_path)
    geometry = read_series(index_folder([folder]).series[0]).volume.geometry
    for name, where in (("far", np.s_[:1, :1, :1]), ("on", np.s_[4:10, 5:11, 6:12])):
        organ = np.zeros(geometry.shape_zyx, bool)
        organ[where] = True
        write_nifti(tmp_path / name / "spleen.nii.gz", organ, geometry)
    far = run_lesions(folder, PLAN, out=tmp_path / "o1", organs=tmp_path / "far")
    assert far.totals["tumour_auto_ml"] == pytest.approx(5.184)
    on = run_lesions(folder, PLAN, out=tmp_path / "o2", organs=tmp_path / "on")
    assert on.totals["tumour_auto_ml"] == 0
    assert on.lesions == ()


def test_a_ct_alone_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "ct", ct_slices(4))
    with pytest.raises(UnusableInputError, match="one PET or SPECT series in the folder, found 0"):
        run_lesions(tmp_path / "ct", PLAN, out=tmp_path / "out")
