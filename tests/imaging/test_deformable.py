import numpy as np
import pytest
from tests.imaging.make import centres_mm, grid, volume

from lutrace.core import UnusableInputError
from lutrace.imaging import (
    DisplacementField,
    Geometry,
    Registration,
    Volume,
    bend_prepared,
    compute_residual_mm,
    identity_registration,
    join_over_fixed,
    prepare_scan,
    register_deformable,
    resample_labels_by,
)

GRID = grid((40, 30, 50), (8.0, 8.0, 8.0), (-160.0, -120.0, 0.0))
SPINE = np.array(
    [(0.0, 30.0, z) for z in range(30, 370, 30)] + [(x, -20.0, z) for x in (-80, 80) for z in (90, 200, 310)]
)


def sway(points: np.ndarray) -> np.ndarray:
    """A body that leans: up to 12 mm to the left and 6 mm forward over its length."""
    phase = np.pi * points[..., 2] / 400.0
    zero = np.zeros_like(phase)
    return np.stack([12.0 * np.sin(phase), 6.0 * np.sin(2 * phase), zero], axis=-1)


def body(geometry: Geometry, *, moved: bool) -> Volume:
    """A trunk with vertebrae and organs; when moved, each place shows what swayed to it."""
    place = centres_mm(geometry)
    if moved:
        for _ in range(6):
            place = centres_mm(geometry) - sway(place)
    array = 1.0 * ((place[..., 0] / 120) ** 2 + (place[..., 1] / 85) ** 2 < 1)
    for centre in SPINE:
        array += 4.0 * np.exp(-((place - centre) ** 2).sum(axis=-1) / (2 * 9.0**2))
    return volume(array, geometry)


def test_a_bend_is_found_and_its_residual_is_told() -> None:
    fixed, moving = body(GRID, moved=False), body(GRID, moved=True)
    found = register_deformable(fixed, moving, identity_registration(), window=(0.0, 5.0))
    missed = np.linalg.norm(found.to_moving(SPINE) - (SPINE + sway(SPINE)), axis=1)
    unbent = np.linalg.norm(sway(SPINE), axis=1)
    assert np.sqrt((missed**2).mean()) < 0.35 * np.sqrt((unbent**2).mean())
    assert found.error_mm is not None
    assert found.error_mm < 5.0
    assert compute_residual_mm(found, fixed, floor=0.5) == pytest.approx(np.sqrt((unbent**2).mean()), rel=0.35)


def test_bending_twice_gives_the_same_field() -> None:
    fixed, moving = body(GRID, moved=False), body(GRID, moved=True)
    one, two = (register_deformable(fixed, moving, identity_registration(), window=(0.0, 5.0)) for _ in range(2))
    assert one.field is not None
    assert two.field is not None
    assert (one.field.array == two.field.array).all()


def test_an_image_laid_on_itself_moves_by_less_than_a_tenth_of_a_millimetre() -> None:
    fixed = body(GRID, moved=False)
    found = register_deformable(fixed, fixed, identity_registration(), window=(0.0, 5.0))
    assert np.linalg.norm(found.to_moving(SPINE) - SPINE, axis=1).max() < 0.1


def leaning() -> Registration:
    """A field of `sway` with a shift of 30 mm along the table after it."""
    matrix = np.eye(4)
    matrix[2, 3] = 30.0
    return Registration(matrix, None, "by hand", field=DisplacementField(sway(centres_mm(GRID)), GRID))


def test_points_go_through_the_field_and_come_back() -> None:
    there = leaning()
    moved = there.to_moving(SPINE)
    assert moved == pytest.approx(SPINE + sway(SPINE) + (0, 0, 30), abs=0.1)  # linear between nodes 8 mm apart
    assert there.inverse.to_moving(moved) == pytest.approx(SPINE, abs=0.01)
    assert there.inverse.inverse.to_moving(SPINE) == pytest.approx(moved)


def test_labels_follow_the_field_as_points_do() -> None:
    there = leaning()
    wide = grid((40, 30, 60), (8.0, 8.0, 8.0), (-160.0, -120.0, 0.0))
    labels = np.zeros(wide.shape_zyx, np.int32)
    for number, place in enumerate(there.to_moving(SPINE), start=1):
        labels[np.linalg.norm(centres_mm(wide) - place, axis=-1) <= 13] = number
    back = resample_labels_by(there, labels, wide, GRID)
    for number, place in enumerate(SPINE, start=1):
        assert GRID.to_mm(np.argwhere(back == number)).mean(axis=0) == pytest.approx(place, abs=6.0)  # voxels of 8 mm
    with pytest.raises(UnusableInputError, match="not back"):
        resample_labels_by(there.inverse, labels, wide, GRID)


def test_a_second_deformation_is_not_laid_on_the_first() -> None:
    fixed = body(GRID, moved=False)
    with pytest.raises(UnusableInputError, match="rigid motion to start from"):
        register_deformable(fixed, fixed, leaning(), window=(0.0, 5.0))


def test_a_field_of_another_shape_is_refused() -> None:
    with pytest.raises(UnusableInputError, match="finite vectors"):
        DisplacementField(np.zeros((2, 2, 2, 3)), GRID)


def test_scans_prepared_once_are_bent_alike() -> None:
    fixed, moving = body(GRID, moved=False), body(GRID, moved=True)
    whole = register_deformable(fixed, moving, identity_registration(), window=(0.0, 5.0))
    looks = [prepare_scan(one, (0.0, 5.0), 8.0) for one in (fixed, moving)]
    prepared = bend_prepared(*looks, identity_registration())
    assert prepared.error_mm == whole.error_mm
    assert (prepared.to_moving(SPINE) == whole.to_moving(SPINE)).all()


def tilted(degrees: float, *, shift: float, error_mm: float | None = None, bent: bool = True) -> Registration:
    """A turn around the long axis and a shift along it, with a sway before."""
    angle = np.radians(degrees)
    matrix = np.eye(4)
    matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    matrix[2, 3] = shift
    field = DisplacementField(sway(centres_mm(GRID)), GRID) if bent else None
    return Registration(matrix, None, "by hand", error_mm, field)


def test_two_motions_from_one_scan_join_to_the_one_between_the_others() -> None:
    one, other = tilted(3.0, shift=30.0, error_mm=3.0), tilted(-2.0, shift=-20.0, error_mm=4.0, bent=False)
    joined = join_over_fixed(one, other, method="over the first")
    assert joined.to_moving(one.to_moving(SPINE)) == pytest.approx(other.to_moving(SPINE), abs=0.3)  # nodes of 8 mm
    assert joined.error_mm == pytest.approx(5.0)
    assert joined.method == "over the first"
    back = join_over_fixed(other, one, method="back")
    assert back.to_moving(other.to_moving(SPINE)) == pytest.approx(one.to_moving(SPINE), abs=0.3)


def test_rigid_motions_join_without_a_field() -> None:
    one, other = tilted(3.0, shift=30.0, bent=False), tilted(-2.0, shift=-20.0, bent=False)
    joined = join_over_fixed(one, other, method="over the first")
    assert joined.field is None
    assert joined.error_mm is None
    assert joined.to_moving(one.to_moving(SPINE)) == pytest.approx(other.to_moving(SPINE), abs=1e-9)
