"""Blurred spheres: values against the closed form, volumes against a profile without voxels."""

import numpy as np
import pytest
from tests.segment.spheres import highest, radius_of, scan_of, volume_above

from lutrace.segment import find_lesions, find_lesions_by_plans, load_plan

PLANS = [load_plan(name) for name in ("suv3", "percent41", "percent50", "adaptive")]
POSITIONS = np.random.default_rng(5).uniform(-1, 1, (10, 3))


@pytest.mark.parametrize(("fwhm_mm", "volume_ml", "modality"), [(6.0, 1.15, "PET"), (12.0, 8.0, "SPECT")])
def test_suv_max_of_a_blurred_sphere_is_the_closed_form(fwhm_mm: float, volume_ml: float, modality: str) -> None:
    radius = radius_of(volume_ml)
    found = find_lesions(scan_of([((0, 0, 0), radius, 12.0)], fwhm_mm, 2.0, 64), [], PLANS[0], modality=modality)
    assert found.burden.with_uncertain.suv_max == pytest.approx(highest(radius, 12.0, fwhm_mm), rel=1e-5)


@pytest.mark.parametrize(
    ("fwhm_mm", "volume_ml", "suv", "modality"),
    [(6.0, 1.15, 12.0, "PET"), (6.0, 4.2, 6.0, "PET"), (12.0, 4.2, 12.0, "SPECT"), (12.0, 8.0, 6.0, "SPECT")],
)
def test_volumes_over_ten_places_between_voxels_are_those_of_the_profile(
    fwhm_mm: float, volume_ml: float, suv: float, modality: str
) -> None:
    radius = radius_of(volume_ml)
    shares: dict[str, list[float]] = {plan.name: [] for plan in PLANS}
    for place in POSITIONS:
        scan = scan_of([(tuple(place), radius, suv)], fwhm_mm, 2.0, int(2 * radius + 4 * fwhm_mm + 24))
        for name, found in find_lesions_by_plans(scan, [], PLANS, modality=modality).items():
            shares[name].append(sum(one.measures.volume_ml for one in found.lesions) / volume_ml)
    top = highest(radius, suv, fwhm_mm)
    levels = {"suv3": 3.0, "percent41": 0.41 * top, "percent50": 0.5 * top}
    for name, level in levels.items():
        expected = volume_above(level, radius, suv, fwhm_mm) / volume_ml
        assert np.mean(shares[name]) == pytest.approx(expected, abs=0.05), name
    # the size-adaptive plan is made to give the volume itself, whatever the uptake
    assert np.mean(shares["adaptive"]) == pytest.approx(1.0, abs=0.05)


def test_a_lesion_that_only_cools_seems_to_shrink_at_suv_3_and_not_under_the_adaptive_plan() -> None:
    radius = radius_of(8.0)
    volumes = {}
    for suv in (12.0, 6.0):
        scan = scan_of([((0.3, 0.6, 0.2), radius, suv)], 12.0, 2.0, 100)
        for name, found in find_lesions_by_plans(scan, [], PLANS, modality="SPECT").items():
            volumes[name, suv] = found.lesions[0].measures.volume_ml
    assert volumes["suv3", 6.0] < 0.5 * volumes["suv3", 12.0]
    assert volumes["adaptive", 6.0] == pytest.approx(volumes["adaptive", 12.0], rel=0.05)


def test_a_contour_below_the_seed_that_would_leak_keeps_the_seed() -> None:
    scan = scan_of([((0, 0, 0), radius_of(8.0), 6.0)], 12.0, 2.0, 100)
    scan.array[:] = np.maximum(scan.array, 2.4)  # 41 % of about 5.4 lies below the surroundings
    (lesion,) = find_lesions(scan, [], load_plan("percent41"), modality="SPECT").lesions
    (seed,) = find_lesions(scan, [], PLANS[0], modality="SPECT").lesions
    assert lesion.measures.voxels == seed.measures.voxels


def test_below_resolution_and_least_volume_follow_the_modality() -> None:
    scan = scan_of([((0, 0, 0), radius_of(0.25), 30.0)], 4.0, 2.0, 60)
    pet, spect = (find_lesions(scan, [], PLANS[0], modality=one) for one in ("PT", "NM"))
    assert [one.below_resolution for one in pet.lesions] == [False]
    assert [one.below_resolution for one in spect.lesions] == [True]
