"""The two 177Lu SPECT of one patient: 32 mm along the table and two frames of reference apart."""

from pathlib import Path

import numpy as np
import pytest

from lutrace.dicom import index_folder, read_masks, read_suv
from lutrace.imaging import Mask, Registration, Volume, measure_region, register_rigid
from lutrace.physics import compute_suv_factor
from lutrace.segment import LesionPoint, LesionSet, Tracking, find_lesions, load_plan, track, track_points

SCANS = ("SCAN_001", "SCAN_002")


def read(folder: Path) -> tuple[Volume, list[Mask]]:
    """The scan in SUVbw and its drawn lesions."""
    series = next(one for one in index_folder([folder / "image"]).series if one.modality in ("PT", "NM"))
    image, _ = read_suv(series, compute_suv_factor)
    return image.volume, read_masks(folder / "mask", image.volume.geometry)


@pytest.fixture(scope="module")
def pair(real_data: Path) -> list[tuple[Volume, list[Mask]]]:
    return [read(real_data / "spect_lu177_xspect" / scan) for scan in SCANS]


@pytest.fixture(scope="module")
def motion(pair: list[tuple[Volume, list[Mask]]]) -> Registration:
    (fixed, _), (moving, _) = pair
    assert fixed.geometry.frame_of_reference != moving.geometry.frame_of_reference
    return register_rigid(fixed, moving, metric="correlation", window=(0.0, 10.0), grid_mm=9.0)


def drawn(scan: tuple[Volume, list[Mask]]) -> list[LesionPoint]:
    volume, masks = scan
    named = sorted(masks, key=lambda mask: mask.name)
    found = [measure_region(volume, mask) for mask in named]
    return [LesionPoint(number, one.centroid_mm, one.volume_ml) for number, one in enumerate(found, start=1)]


def outcome(tracking: Tracking) -> list[tuple[int | None, int | None, str]]:
    return [(link.baseline_lesion, link.followup_lesion, link.status) for link in tracking.links]


@pytest.mark.real_data
def test_both_drawn_lesions_are_tracked_by_their_places_alone(pair: list[tuple[Volume, list[Mask]]]) -> None:
    found = track_points(drawn(pair[0]), drawn(pair[1]))
    assert outcome(found) == [(1, 1, "matched"), (2, 2, "matched")]
    assert np.linalg.norm(found.shift_mm) == pytest.approx(32.0, abs=3.0)


@pytest.mark.real_data
def test_both_drawn_lesions_are_tracked_by_registration(
    pair: list[tuple[Volume, list[Mask]]], motion: Registration
) -> None:
    found = track_points(drawn(pair[0]), drawn(pair[1]), registration=motion)
    assert outcome(found) == [(1, 1, "matched"), (2, 2, "matched")]
    assert np.linalg.norm(motion.matrix[:3, 3]) > 20.0
    assert np.linalg.norm(found.shift_mm) < 8.0


def holding(lesions: LesionSet, mask: Mask) -> int:
    """The lesion that holds most of the drawn one."""
    return int(np.bincount(lesions.labels[mask.array])[1:].argmax()) + 1


@pytest.mark.real_data
@pytest.mark.parametrize("plan", ["suv3", "suv4", "percent41"])
def test_the_components_that_hold_the_drawn_lesions_are_linked(
    plan: str, pair: list[tuple[Volume, list[Mask]]], motion: Registration
) -> None:
    before, after = (find_lesions(volume, [], load_plan(plan), modality="NM") for volume, _ in pair)
    found = track(before, after, registration=motion, earlier=pair[0][0])
    linked = {(link.baseline_lesion, link.followup_lesion) for link in found.links}
    for one, other in zip(*(sorted(masks, key=lambda mask: mask.name) for _, masks in pair), strict=True):
        assert (holding(before, one), holding(after, other)) in linked
