"""Transforms and fields as other programs write them, against what SimpleITK itself makes of a point."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK

from lutrace.core import UnusableInputError
from lutrace.imaging import read_transform

sitk: Any = SimpleITK
POINTS = np.random.default_rng(4).uniform((-60, -50, 20), (60, 50, 170), (40, 3))


def rigid() -> Any:
    transform = sitk.Euler3DTransform()
    transform.SetCenter((10.0, -5.0, 90.0))
    transform.SetRotation(0.08, -0.05, 0.3)
    transform.SetTranslation((4.0, -7.0, 31.0))
    return transform


def field_image(oblique: bool = False) -> Any:
    """A gentle bend of up to 9 mm on a grid of 8 mm; a linear one would hide an error of the grid."""
    image = sitk.Image([24, 22, 30], sitk.sitkVectorFloat64)
    image.SetSpacing((8.0, 8.0, 8.0))
    image.SetOrigin((-95.0, -88.0, -20.0))
    if oblique:
        turn = sitk.Euler3DTransform()
        turn.SetRotation(0.1, 0.0, 0.2)
        image.SetDirection(turn.GetMatrix())
        image.SetOrigin((-90.0, -110.0, -30.0))
    z, y, x = np.indices((30, 22, 24))
    vectors = np.stack([6 * np.sin(x / 5), 5 * np.cos(y / 6 + z / 9), 9 * np.sin(z / 8)], axis=-1)
    filled = sitk.GetImageFromArray(vectors, isVector=True)
    filled.CopyInformation(image)
    return filled


def spline() -> Any:
    transform = sitk.BSplineTransform(3, 3)
    transform.SetTransformDomainOrigin((-100.0, -100.0, -20.0))
    transform.SetTransformDomainPhysicalDimensions((200.0, 200.0, 240.0))
    transform.SetTransformDomainMeshSize((6, 6, 8))
    n = len(transform.GetParameters())
    transform.SetParameters(np.random.default_rng(1).normal(0, 9, n).tolist())
    return transform


def moved_by_itk(transform: Any, points: np.ndarray) -> np.ndarray:
    return np.asarray([transform.TransformPoint([float(v) for v in point]) for point in points])


def off_mm(path: Path, transform: Any) -> float:
    return float(np.abs(read_transform(path).to_moving(POINTS) - moved_by_itk(transform, POINTS)).max())


@pytest.mark.parametrize("ending", [".tfm", ".txt", ".mat", ".h5"])
def test_an_affine_transform_maps_points_as_itk_does(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"rigid{ending}"
    sitk.WriteTransform(rigid(), str(path))
    assert off_mm(path, rigid()) < 1e-9
    assert read_transform(path).field is None


@pytest.mark.parametrize("oblique", [False, True])
@pytest.mark.parametrize("ending", [".nii.gz", ".nii", ".mha", ".nrrd"])
def test_an_image_of_displacements_maps_points_as_itk_does(tmp_path: Path, ending: str, oblique: bool) -> None:
    path = tmp_path / f"field{ending}"
    sitk.WriteImage(field_image(oblique), str(path))
    assert off_mm(path, sitk.DisplacementFieldTransform(field_image(oblique))) < 1e-4


def test_a_field_then_an_affine_is_taken_exactly(tmp_path: Path) -> None:
    whole = sitk.CompositeTransform([rigid(), sitk.DisplacementFieldTransform(field_image())])
    sitk.WriteTransform(whole, str(tmp_path / "both.h5"))
    assert off_mm(tmp_path / "both.h5", whole) < 1e-6


def test_what_bends_more_than_once_is_sampled_to_half_a_millimetre(tmp_path: Path) -> None:
    bends = [spline(), sitk.DisplacementFieldTransform(field_image()), rigid()]
    for name, whole in (("spline", spline()), ("three", sitk.CompositeTransform(bends))):
        sitk.WriteTransform(whole, str(tmp_path / f"{name}.tfm"))
        beyond = moved_by_itk(whole, POINTS) - (POINTS if name == "spline" else moved_by_itk(rigid(), POINTS))
        assert np.abs(beyond).max() > 5.0
        assert off_mm(tmp_path / f"{name}.tfm", whole) < 0.5


def test_what_is_empty_flat_or_no_transform_is_refused_by_name(tmp_path: Path) -> None:
    still = sitk.Image([5, 5, 5], sitk.sitkVectorFloat64)
    sitk.WriteImage(still, str(tmp_path / "zero.mha"))
    sitk.WriteTransform(sitk.DisplacementFieldTransform(sitk.Image(still)), str(tmp_path / "zero.h5"))
    sitk.WriteImage(sitk.Image([5, 5, 5], sitk.sitkFloat32), str(tmp_path / "scalar.nii.gz"))
    sitk.WriteTransform(sitk.Euler2DTransform(), str(tmp_path / "flat.tfm"))
    (tmp_path / "words.tfm").write_text("no transform\n", encoding="utf-8")
    (tmp_path / "none.mha").write_bytes(b"")
    for name, words in (
        ("zero.mha", "zero everywhere: it is empty"),
        ("zero.h5", "zero everywhere: it is empty"),
        ("scalar.nii.gz", "found 3 dimensions and 1 numbers"),
        ("flat.tfm", "expected a transform of three dimensions, found 2"),
        ("words.tfm", "cannot be read"),
        ("none.mha", "cannot be read"),
        ("absent.h5", "no such file"),
    ):
        with pytest.raises(UnusableInputError, match=f"{name}.*{words}"):
            read_transform(tmp_path / name)


@pytest.mark.parametrize("name", ["warp.nii.gz", "warp.nii", "warp.mha", "warp.nrrd"])
def test_a_field_that_a_broken_copy_has_cut_is_refused(tmp_path: Path, name: str) -> None:
    sitk.WriteImage(field_image(), str(tmp_path / name))
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(UnusableInputError, match=name):
        read_transform(tmp_path / name)
