import numpy as np
import pytest
from tests.imaging.make import centres_mm, grid, volume

from lutrace.core import UnusableInputError
from lutrace.imaging import (
    Geometry,
    Registration,
    Volume,
    identity_registration,
    prepare_scan,
    register_rigid,
    registration,
)
from lutrace.imaging.itk import from_itk

SPOTS = [((-60, -10, 60), 14, 9.0), ((55, 15, 70), 18, 6.0), ((-40, 20, 160), 12, 8.0), ((10, -25, 200), 20, 4.0)]


def scene(geometry: Geometry, shift: tuple[float, float, float], turn_deg: float = 0.0) -> Volume:
    """A synthetic body with four hot spots, moved by a turn about z and a shift."""
    a = np.deg2rad(turn_deg)
    turn = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    place = (centres_mm(geometry) - np.asarray(shift)) @ turn
    body = ((place[..., 0] / 150) ** 2 + (place[..., 1] / 90) ** 2 < 1) & (place[..., 2] > 10) & (place[..., 2] < 260)
    array = body * 1.0
    for centre, radius, height in SPOTS:
        array += height * np.exp(-(np.linalg.norm(place - centre, axis=-1) ** 2) / radius**2)
    return volume(array, geometry)


FIXED = grid((64, 48, 56), (6.0, 6.0, 5.0), (-190.0, -140.0, 0.0))


@pytest.mark.parametrize("metric", ["correlation", "mutual_information"])
@pytest.mark.parametrize("shift", [(0.0, 0.0, 0.0), (2.0, 3.0, 34.0), (-12.0, 6.0, -30.0)])
def test_a_table_shift_of_thirty_millimetres_is_found_to_three_even_with_the_body_cut_off(
    metric: str, shift: tuple[float, float, float]
) -> None:
    moving = scene(FIXED, shift)
    found = register_rigid(scene(FIXED, (0, 0, 0)), moving, metric=metric, window=(0.0, 10.0))  # type: ignore[arg-type]
    points = np.array([spot[0] for spot in SPOTS], float)
    assert np.linalg.norm(found.to_moving(points) - points - shift, axis=1).max() < 3.0


def test_a_turned_patient_is_turned_back() -> None:
    found = register_rigid(
        scene(FIXED, (0, 0, 0)), scene(FIXED, (5.0, -4.0, 20.0), 6.0), metric="correlation", window=(0.0, 10.0)
    )
    turn = np.degrees(np.arctan2(found.matrix[1, 0], found.matrix[0, 0]))
    assert turn == pytest.approx(6.0, abs=0.5)
    assert found.method.startswith("rigid")


def test_another_grid_and_origin_of_the_later_scan_do_not_matter() -> None:
    other = grid((50, 50, 70), (7.0, 7.0, 4.5), (-170.0, -180.0, 500.0))
    moving = scene(other, (4.0, 2.0, 520.0))
    found = register_rigid(scene(FIXED, (0, 0, 0)), moving, metric="correlation", window=(0.0, 10.0))
    assert found.matrix[:3, 3] == pytest.approx([4.0, 2.0, 520.0], abs=3.0)


def test_registering_twice_gives_the_same_matrix() -> None:
    one, two = (
        register_rigid(scene(FIXED, (0, 0, 0)), scene(FIXED, (2, 3, 34)), metric="correlation", window=(0.0, 10.0))
        for _ in range(2)
    )
    assert (one.matrix == two.matrix).all()


def test_there_and_back_is_where_one_was() -> None:
    matrix = np.eye(4)
    matrix[:3, :3] = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
    matrix[:3, 3] = (1.0, 2.0, 3.0)
    registration = Registration(matrix, None, "by hand")
    points = np.array([[10.0, 20.0, 30.0]])
    assert registration.inverse.to_moving(registration.to_moving(points)) == pytest.approx(points)
    assert registration.to_moving(points).tolist() == [[-19.0, 12.0, 33.0]]


def test_a_shared_frame_of_reference_moves_nothing() -> None:
    assert identity_registration(error_mm=2.0).to_moving(np.ones((1, 3))).tolist() == [[1.0, 1.0, 1.0]]


def test_a_matrix_that_is_no_map_of_space_is_refused() -> None:
    with pytest.raises(UnusableInputError, match="4 x 4"):
        Registration(np.eye(3), None, "by hand")


def test_a_scan_binned_some_slices_at_a_time_is_the_scan_binned_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    fine = volume(np.random.default_rng(6).random((23, 30, 34)), grid((34, 30, 23), (2.0, 2.0, 2.0)))
    whole = prepare_scan(fine, (0.2, 0.8), 9.0)
    monkeypatch.setattr(registration, "_PART_VOXELS", 4000)  # three slices: one bin of two at a time
    parts = prepare_scan(fine, (0.2, 0.8), 9.0)
    assert parts.floor == whole.floor == 0.2
    assert parts.image.GetSize() == whole.image.GetSize()
    assert parts.image.GetOrigin() == pytest.approx(whole.image.GetOrigin())
    assert from_itk(parts.image) == pytest.approx(from_itk(whole.image), abs=1e-6)
