"""Truth on a grid and the score of a segmentation against it: counted by hand on spheres and boxes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from lutrace.imaging import Geometry
from lutrace.virtual import PaintedTruth, TrueLesion, compute_scan_score, paint_truth, size_of
from lutrace.virtual.anatomy import Shape, surface_distance_mm

GRID = Geometry((40, 40, 40), (4.8, 4.8, 4.8), (-93.6, -93.6, -93.6))


def lesion(identity: str, centre: list[float], radius: float, **more: Any) -> dict[str, Any]:
    volume = 4 / 3 * math.pi * radius**3 / 1000
    row = {"identity": identity, "site": "bone", "volume_ml": volume, "centre_mm": centre, "half_mm": [radius] * 3}
    return row | {"suv_pet": 8.0, "suv_spect": 12.0, "avid": True, "new": False} | more


def scan(*lesions: dict[str, Any], **more: Any) -> dict[str, Any]:
    kidney = {"name": "kidney_left", "identity": "kidney", "kind": "ellipsoid", "suv": 9.0}
    kidney |= {"centre_mm": [50.0, 0.0, 0.0], "half_mm": [20.0, 20.0, 30.0]}
    return {"lesions": list(lesions), "physiological": [kidney]} | more


def test_painted_volume_and_labels_are_those_of_the_truth() -> None:
    truth = paint_truth(
        scan(lesion("L01", [-30.0, 0.0, 0.0], 16.0), lesion("L02", [0.0, 60.0, 0.0], 10.0)), GRID, "SPECT"
    )
    assert truth.part.sum() * GRID.voxel_volume_ml == pytest.approx(17.16 + 4.19, rel=0.02)
    assert (truth.labels == 1).sum() * GRID.voxel_volume_ml == pytest.approx(17.16, rel=0.06)
    assert [one.suv for one in truth.lesions] == [12.0, 12.0]


def test_a_lesion_smaller_than_a_voxel_owns_the_voxel_of_its_centre() -> None:
    truth = paint_truth(scan(lesion("L01", [-30.0, 2.0, 0.0], 1.5)), GRID, "PET")
    assert (truth.labels == 1).sum() == 1


def test_signal_of_tumour_and_of_normal_uptake_is_told_apart() -> None:
    truth = paint_truth(scan(lesion("L01", [-30.0, 0.0, 0.0], 20.0)), GRID, "SPECT")
    places = np.rint(GRID.to_index(np.array([[-30.0, 0.0, 0.0], [50.0, 0.0, 0.0]]))).astype(int)
    (a, b) = (tuple(place) for place in places)
    assert truth.tumour_suv[a] == pytest.approx(12.0, rel=0.05)
    assert truth.normal_suv[b] == pytest.approx(9.0, rel=0.05)
    assert max(truth.tumour_suv[b], truth.normal_suv[a]) < 0.05


def test_a_lesion_without_uptake_is_not_painted() -> None:
    assert paint_truth(scan(lesion("L01", [0.0, 0.0, 0.0], 20.0, avid=False)), GRID, "SPECT").lesions == ()


def test_the_nearest_surface_names_normal_uptake() -> None:
    truth = paint_truth(scan(lesion("L01", [-30.0, 0.0, 0.0], 16.0)), GRID, "SPECT")
    place = np.rint(GRID.to_index(np.array([[75.0, 0.0, 0.0]]))).astype(np.int64)
    assert truth.name_normal(place) == ["kidney"]


def test_distance_to_a_sphere_is_exact_and_negative_inside() -> None:
    sphere = Shape("lesion", (1.0, 2.0, 3.0), (10.0, 10.0, 10.0))
    points = np.array([[1.0, 2.0, 18.0], [5.0, 2.0, 3.0]])
    assert surface_distance_mm(sphere, points) == pytest.approx([5.0, -6.0], abs=1e-3)


def boxes() -> PaintedTruth:
    """Four lesions of 8 voxels of 1 mL in a row of cubes, and normal uptake in the last slices."""
    grid = Geometry((20, 20, 20), (10.0, 10.0, 10.0), (0.0, 0.0, 0.0))
    labels = np.zeros((20, 20, 20), np.int32)
    for number in range(1, 5):
        labels[4 * number - 2 : 4 * number, 4:6, 4:6] = number
    part = (labels > 0).astype(np.float32)
    normal = np.zeros_like(part)
    normal[:, 12:, :] = 5.0
    kidney = Shape("truth", (95.0, 160.0, 95.0), (90.0, 40.0, 90.0), identity="kidney", suv=5.0)
    lesions = tuple(TrueLesion(n, f"L{n:02d}", "bone", 8.0, 10.0, True, n == 4) for n in range(1, 5))
    return PaintedTruth(grid, lesions, labels, part, part * 10, normal, (kidney,))


def test_fates_components_and_volumes_are_counted_by_hand() -> None:
    truth = boxes()
    labels = np.zeros_like(truth.labels)
    labels[2:4, 4:6, 4:6] = 1  # the first lesion, exactly
    labels[6:8, 4:6, 4:6] = 2  # the second, taken for uncertain
    labels[2:4, 14:16, 4:6] = 3  # kidney, taken for tumour
    labels[14:16, 4:6, 4:8] = 4  # the fourth with as much again beside it
    above = truth.labels > 0
    score = compute_scan_score(truth, labels, {1: "tumour", 2: "uncertain", 3: "tumour", 4: "tumour"}, above=above)
    assert [one.fate for one in score.lesions] == ["tumour", "uncertain", "removed", "tumour"]
    assert [one.dice for one in score.lesions] == [1.0, None, None, pytest.approx(2 / 3)]
    assert [(one.lesion, one.new) for one in score.components] == [("L01", False), (None, False), ("L04", True)]
    volumes = (score.painted_ml, score.tumour_ml, score.removed_ml, score.uncertain_ml, score.kept_normal_ml)
    assert volumes == (32.0, 32.0, 8.0, 8.0, 8.0)
    assert score.spill_ml == 8.0
    assert score.kept_by == {"kidney": 8.0}
    assert score.dice == pytest.approx(0.5)


def test_a_component_over_two_lesions_finds_both_but_belongs_to_one() -> None:
    truth = boxes()
    labels = np.zeros_like(truth.labels)
    labels[2:7, 4:6, 4:6] = 1
    score = compute_scan_score(truth, labels, {1: "tumour"}, above=truth.labels > 0)
    assert [one.fate for one in score.lesions][:2] == ["tumour", "tumour"]
    assert [one.apart for one in score.lesions][:2] == [True, False]


def test_a_lesion_below_the_threshold_is_not_counted_as_removed() -> None:
    truth = boxes()
    nothing = np.zeros_like(truth.labels)
    score = compute_scan_score(truth, nothing, {}, above=nothing > 0)
    assert {one.fate for one in score.lesions} == {"below"}
    assert (score.removed_ml, score.below_ml, score.dice) == (0.0, 32.0, 0.0)


def test_what_a_second_level_cuts_off_a_candidate_is_not_counted_as_removed() -> None:
    truth = boxes()
    labels = np.zeros_like(truth.labels)
    labels[2, 4:6, 4:6] = 1  # half of the first lesion is left, nothing of the second
    above = (truth.labels > 0) & (truth.labels < 4)
    candidates = (truth.labels > 0) & (truth.labels < 3)
    score = compute_scan_score(truth, labels, {1: "tumour"}, above=above, candidates=candidates)
    assert [one.fate for one in score.lesions] == ["tumour", "level", "removed", "below"]
    assert score.removed_ml == 8.0


def test_a_limit_of_size_belongs_to_the_class_above_it() -> None:
    volumes = (0.3, 1.0, 3.99, 4.0, 20.0, 400.0)
    assert [size_of(volume) for volume in volumes] == ["< 1", "1-4", "1-4", "4-20", "> 20", "> 20"]
