"""Touching lesions, lesions beside organs, seeds, packed scans: what becomes a lesion and what it is taken for."""

import time

import numpy as np
import pytest
from tests.imaging.make import ball, centres_mm, grid, mask, volume
from tests.segment.make import GRID, KIDNEY, at, organs, patient
from tests.segment.spheres import scan_of

from lutrace.imaging import Mask
from lutrace.segment import find_lesions, find_lesions_by_plans, load_plan

SUV3 = load_plan("suv3")
ALL = organs("kidney_left", "liver", "skeleton")


def elsewhere(scan_geometry: object) -> list[Mask]:
    """All organs that the plan asks for, in the corner of the field of view: masks decide and not the labeller."""
    shape = scan_geometry.shape_zyx  # type: ignore[attr-defined]
    corner = np.zeros(shape, bool)
    corner[0, 0, 0] = True
    wanted = [one.region for one in SUV3.physiological if not one.seldom_drawn]
    return [mask(corner, scan_geometry, name) for name in [*wanted, "skeleton"]]  # type: ignore[arg-type]


def test_two_touching_lesions_are_two_rows_of_one_component_and_lose_no_volume() -> None:
    scan = scan_of(
        [((-12.0, 1.0, 2.0), 12.0, 10.0), ((12.0, 1.0, 2.0), 12.0, 10.0), ((0, 40, 0), 8.0, 9.0)], 6.0, 2.0, 120
    )
    found = find_lesions(scan, elsewhere(scan.geometry), SUV3, modality="PET")
    assert [row["component"] for row in found.rows] == [1, 1, None]
    assert [row["category"] for row in found.rows] == ["tumour"] * 3
    assert found.burden.tumour_auto_ml == pytest.approx(found.burden.above_threshold_ml)
    assert found.burden.lesions == 3


def test_a_plan_without_splitting_keeps_them_together() -> None:
    scan = scan_of([((-12.0, 1.0, 2.0), 12.0, 10.0), ((12.0, 1.0, 2.0), 12.0, 10.0)], 6.0, 2.0, 100)
    plan = SUV3.model_copy(update={"splitting": None})
    found = find_lesions(scan, elsewhere(scan.geometry), plan, modality="PET")
    assert [row["component"] for row in found.rows] == [None]


def test_a_lesion_beside_a_kidney_keeps_its_voxels_within_the_organ_margin() -> None:
    scan = scan_of([((0, 0, 0), 24.0, 30.0), ((38.0, 0, 0), 10.0, 15.0)], 8.0, 2.0, 150)
    kidney = mask(ball(scan.geometry, 24.0, np.zeros(3)), scan.geometry, "kidney_left")
    masks = [kidney, *(one for one in elsewhere(scan.geometry) if one.name != "kidney_left")]
    found = find_lesions(scan, masks, SUV3, modality="SPECT")
    assert [one.category for one in found.lesions] == ["tumour"]
    alone = find_lesions(scan_of([((38.0, 0, 0), 10.0, 15.0)], 8.0, 2.0, 150), masks, SUV3, modality="SPECT")
    ours, true = (one.burden.tumour_auto_ml for one in (found, alone))
    assert ours == pytest.approx(true, rel=0.1)


def test_spill_out_of_an_organ_never_becomes_tumour() -> None:
    scan = scan_of([((0, 0, 0), 24.0, 30.0)], 12.0, 2.0, 120)
    kidney = mask(ball(scan.geometry, 22.0, np.zeros(3)), scan.geometry, "kidney_left")  # drawn 2 mm too small
    masks = [kidney, *(one for one in elsewhere(scan.geometry) if one.name != "kidney_left")]
    found = find_lesions(scan, masks, SUV3, modality="SPECT")
    assert "tumour" not in {one.category for one in found.lesions}


def test_a_kidney_that_has_moved_from_its_mask_is_not_tumour() -> None:
    scan = scan_of([((6.0, 0, 8.0), 24.0, 30.0)], 10.0, 2.0, 130)
    kidney = mask(ball(scan.geometry, 24.0, np.zeros(3)), scan.geometry, "kidney_left")  # 10 mm away: breathing
    masks = [kidney, *(one for one in elsewhere(scan.geometry) if one.name != "kidney_left")]
    assert "tumour" not in {one.category for one in find_lesions(scan, masks, SUV3, modality="SPECT").lesions}


@pytest.mark.parametrize("region", ["bladder", "liver", "kidney_left"])
def test_a_tumour_seed_in_an_organ_is_never_removed(region: str) -> None:
    organ = mask(KIDNEY, GRID, region)
    seeds = at(70, 20, 100, 9)
    scan = patient((KIDNEY, 12.0), (seeds, 14.0), liver=0.5)
    rest = [one for one in elsewhere(GRID) if one.name != region]
    without = find_lesions(scan, [organ, *rest], SUV3)
    found = find_lesions(scan, [organ, *rest], SUV3, tumour_seeds=seeds)
    assert without.burden.tumour_auto_ml == 0
    assert found.array_of("tumour")[seeds].all()
    assert found.burden.tumour_auto_ml < KIDNEY.sum() * GRID.voxel_volume_ml  # the organ itself stays out
    assert find_lesions(scan, [], SUV3, tumour_seeds=seeds).array_of("tumour")[seeds].all()


def test_a_seed_smaller_than_the_least_volume_stays() -> None:
    seeds = np.zeros(GRID.shape_zyx, bool)
    seeds[30, 34, 31:33] = True
    found = find_lesions(patient((seeds, 9.0)), ALL, SUV3, tumour_seeds=seeds)
    assert [one.measures.voxels for one in found.lesions if one.category == "tumour"] == [2]


def test_with_most_organs_missing_the_labeller_only_makes_doubtful_what_it_takes_for_them() -> None:
    found = find_lesions(patient((at(0, 40, 120, 10), 9.0)), organs("liver", "skeleton"), SUV3)
    named = [one for one in found.lesions if one.identity is not None]
    assert {one.category for one in named} <= {"uncertain"}
    assert found.burden_row["organ_source"] == "given"


def test_many_plans_in_one_pass_give_what_each_gives_alone() -> None:
    scan = patient((at(0, 40, 120, 12), 9.0), (at(0, -40, 200, 10), 6.0))
    plans = [load_plan(name) for name in ("suv3", "suv4", "percent41", "percent50", "adaptive")]
    together = find_lesions_by_plans(scan, ALL, plans, modality="SPECT")
    for plan in plans:
        alone = find_lesions(scan, ALL, plan, modality="SPECT")
        assert together[plan.name].rows == alone.rows
        assert together[plan.name].burden_row == alone.burden_row


def test_the_mask_of_a_network_is_measured_as_it_is() -> None:
    spot = at(0, 40, 120, 10)
    model = mask(spot, GRID, "lesions")
    found = find_lesions(patient((spot, 2.0)), [], load_plan("nnunet"), model_mask=model)
    assert [one.category for one in found.lesions] == ["tumour"]
    assert found.burden.tumour_auto_ml == pytest.approx(spot.sum() * GRID.voxel_volume_ml)
    assert (found.burden_row["organ_source"], found.burden_row["organs_given"]) == ("model", True)
    assert any("nothing here has tested it" in note for note in found.notes)


def packed(n: int, gap_mm: float, seed: int) -> tuple[object, np.ndarray]:
    """n x n x n spheres of 5 to 7 mm on a jittered lattice, blurred by 6 mm; the centres."""
    rng = np.random.default_rng(seed)
    size = int(n * gap_mm + 40)
    steps = (np.arange(n) - (n - 1) / 2) * gap_mm
    centres = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3)
    centres += rng.uniform(-1, 1, centres.shape)
    spheres = [(tuple(c), float(rng.uniform(5, 7)), float(rng.uniform(10, 20))) for c in centres]
    return scan_of(spheres, 6.0, 2.0, size), centres  # type: ignore[arg-type]


def test_a_hundred_and_twenty_five_closely_packed_lesions_are_told_apart() -> None:
    scan, centres = packed(5, 16.0, 2)
    found = find_lesions(scan, elsewhere(scan.geometry), SUV3, modality="PET")  # type: ignore
    here = np.asarray([one.measures.centroid_mm for one in found.lesions])
    distance = np.linalg.norm(here[:, None] - centres[None], axis=-1)
    assert len(here) == len(centres) == 125
    assert sorted(distance.argmin(axis=1)) == list(range(125))  # each its own sphere
    assert distance.min(axis=1).max() < 4.0
    assert found.burden.tumour_auto_ml == pytest.approx(found.burden.above_threshold_ml)


def test_a_scan_of_four_hundred_components_stays_fast() -> None:
    geometry = grid((120, 120, 120), (2.0, 2.0, 2.0), (0.0, 0.0, 0.0))
    array = np.full(geometry.shape_zyx, 0.5)
    place = centres_mm(geometry)[0, 0, :, 0]
    centres = list(range(7, 115, 14))
    for z in centres:
        for y in centres:
            for x in centres[:7]:
                array[z - 2 : z + 3, y - 2 : y + 3, x - 2 : x + 3] = 8.0
    assert place[1] == 2.0
    scan, masks = volume(array, geometry), elsewhere(geometry)
    plans = [load_plan(name) for name in ("suv3", "percent41", "adaptive")]
    started = time.process_time()
    found = find_lesions_by_plans(scan, masks, plans, modality="PET")
    assert time.process_time() - started < 20.0
    assert {len(one.lesions) for one in found.values()} == {len(centres) ** 2 * 7}
    assert len(centres) ** 2 * 7 >= 400
