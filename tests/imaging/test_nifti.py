import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from tests.imaging.make import DIRECTIONS, ball, grid

from lutrace.core import UnusableInputError
from lutrace.imaging import read_nifti_masks, read_nifti_volume, write_nifti


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_what_is_written_comes_back_on_the_same_grid(tmp_path: Path, direction: tuple[float, ...]) -> None:
    geometry = grid(direction=direction)
    array = np.random.default_rng(1).normal(size=geometry.shape_zyx).astype(np.float32)
    write_nifti(tmp_path / "a.nii.gz", array, geometry)
    back = read_nifti_volume(tmp_path / "a.nii.gz", unit="g/mL")
    assert (back.array == array).all()
    assert back.geometry.same_grid(geometry)


def test_the_file_stores_x_first_and_an_affine_in_ras(tmp_path: Path) -> None:
    array = np.zeros(grid().shape_zyx, np.uint8)
    array[0, 0, 1] = 7
    write_nifti(tmp_path / "a.nii.gz", array, grid())
    raw = gzip.decompress((tmp_path / "a.nii.gz").read_bytes())
    assert struct.unpack_from("<8h", raw, 40)[1:4] == (20, 16, 12)
    assert struct.unpack_from("<4f4f4f", raw, 280) == pytest.approx((-2, 0, 0, 17, 0, -3, 0, -5, 0, 0, 4, 40))
    assert raw[352 + 1] == 7  # the second voxel along x is the second byte


def test_each_label_becomes_a_mask(tmp_path: Path) -> None:
    labels = np.zeros(grid().shape_zyx, np.int16)
    labels[1], labels[2] = 4, 9
    write_nifti(tmp_path / "organs.nii.gz", labels, grid())
    masks = read_nifti_masks(tmp_path / "organs.nii.gz")
    assert [mask.name for mask in masks] == ["organs_4", "organs_9"]
    assert [int(mask.array.sum()) for mask in masks] == [320, 320]
    assert masks[0].source.locator == "nifti label 4"


def test_a_single_label_is_named_after_its_file(tmp_path: Path) -> None:
    write_nifti(tmp_path / "liver.nii", ball(grid(), 8.0), grid())
    assert [mask.name for mask in read_nifti_masks(tmp_path / "liver.nii")] == ["liver"]


def test_a_probability_map_is_refused(tmp_path: Path) -> None:
    write_nifti(tmp_path / "p.nii.gz", np.full(grid().shape_zyx, 0.4, np.float32), grid())
    with pytest.raises(UnusableInputError, match="expected whole labels"):
        read_nifti_masks(tmp_path / "p.nii.gz")


def test_a_text_file_called_nifti_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.nii.gz").write_text("no image", encoding="utf-8")
    with pytest.raises(UnusableInputError, match="cannot be read as NIfTI"):
        read_nifti_masks(tmp_path / "x.nii.gz")


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableInputError, match=r"ends in \.nii"):
        write_nifti(tmp_path / "x.mha", np.zeros(grid().shape_zyx, np.uint8), grid())


def test_the_regions_of_a_label_file_know_the_box_that_holds_them(tmp_path: Path) -> None:
    labels = np.zeros(grid().shape_zyx, np.uint8)
    labels[2:5, 3:4, 6:9] = 3
    labels[1, 2, 19] = 1
    labels[3, 11, 0] = 1
    write_nifti(tmp_path / "a.nii.gz", labels, grid())
    one, three = read_nifti_masks(tmp_path / "a.nii.gz")
    assert one.box == (slice(1, 4), slice(2, 12), slice(0, 20))
    assert three.box == (slice(2, 5), slice(3, 4), slice(6, 9))
    assert (one.array == (labels == 1)).all()
    assert (three.array == (labels == 3)).all()


@pytest.mark.parametrize("name", ["liver.nii.gz", "liver.nii"])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_a_file_that_ends_before_its_voxels_do_is_refused(tmp_path: Path, name: str, share: float) -> None:
    noise = np.random.default_rng(1).integers(0, 2, grid().shape_zyx).astype(np.uint8)
    write_nifti(tmp_path / name, noise, grid())
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: int(len(content) * share)])
    with pytest.raises(UnusableInputError, match=f"{name}: .*copy it again"):
        read_nifti_masks(tmp_path / name)
    with pytest.raises(UnusableInputError, match=f"{name}: .*copy it again"):
        read_nifti_volume(tmp_path / name, unit="HU")


def test_a_file_packed_in_several_pieces_is_whole(tmp_path: Path) -> None:
    write_nifti(tmp_path / "liver.nii", ball(grid(), 8.0), grid())
    content = (tmp_path / "liver.nii").read_bytes()
    (tmp_path / "pieces.nii.gz").write_bytes(gzip.compress(content[:1000]) + gzip.compress(content[1000:]))
    (mask,) = read_nifti_masks(tmp_path / "pieces.nii.gz")
    assert (mask.array == ball(grid(), 8.0)).all()
