from dataclasses import replace
from pathlib import Path

import pytest
from tests.dicom.regions import FRAME, rtstruct, save, squares
from tests.imaging.make import ball, grid

from lutrace.core import UnusableInputError
from lutrace.dicom import begin_masks, read_masks
from lutrace.imaging import write_nifti

REFERENCE = replace(grid(), frame_of_reference=FRAME)


def test_masks_begun_before_their_image_is_known_are_those_read_after_it(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a" / "liver.nii.gz", ball(REFERENCE, 12.0), REFERENCE)
    write_nifti(tmp_path / "liver.nii", ball(REFERENCE, 6.0), REFERENCE)
    save(rtstruct([("bone", squares(ball(REFERENCE, 6.0), REFERENCE))]), tmp_path / "rs.dcm")
    (tmp_path / "notes.txt").write_text("no mask")
    with begin_masks(tmp_path) as read:
        begun = read(REFERENCE)
    plain = read_masks(tmp_path, REFERENCE)
    assert [mask.name for mask in begun] == [mask.name for mask in plain] == ["liver", "liver_2", "bone"]
    assert all((one.array == other.array).all() for one, other in zip(begun, plain, strict=True))


def test_a_fault_of_masks_begun_is_told_when_they_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "liver.nii.gz"
    path.write_bytes(b"no NIfTI")
    with begin_masks(path) as read, pytest.raises(UnusableInputError, match="cannot be read as NIfTI"):
        read(REFERENCE)
    with begin_masks(tmp_path / "absent") as read, pytest.raises(UnusableInputError, match="no such file or folder"):
        read(REFERENCE)
