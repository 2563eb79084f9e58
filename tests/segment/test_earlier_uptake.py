import numpy as np
import pytest
from tests.imaging.make import centres_mm, grid, volume
from tests.segment.make import at, organs, patient

from lutrace.core import ContradictionError
from lutrace.imaging import Volume, identity_registration
from lutrace.segment import find_lesions, link_rows, load_plan, sub_threshold_uptake, track

GRID = grid((40, 40, 40), (4.0, 4.0, 4.0), (-80.0, -80.0, -80.0))
PLACE = np.array([2.0, 1.0, 0.0])


def blobs(*spots: tuple[tuple[float, float, float], float], background: float = 0.4) -> Volume:
    """Background and Gaussian spots of 6 mm (standard deviation) with their height, SUVbw."""
    array = np.full(GRID.shape_zyx, background)
    for centre, height in spots:
        array += height * np.exp(-((centres_mm(GRID) - np.asarray(centre)) ** 2).sum(axis=-1) / (2 * 6.0**2))
    return volume(array, GRID)


def test_a_weak_focus_at_the_place_is_found_with_its_values() -> None:
    found = sub_threshold_uptake(blobs(((0, 0, 0), 1.6)), PLACE, 8.0)
    assert found is not None
    assert found.suv_max == pytest.approx(2.0, abs=0.01)
    assert found.surroundings == pytest.approx(0.45, abs=0.1)
    assert found.is_focal(3.0)
    assert not found.is_focal(4.2)  # 2.0 is less than half of it


def test_even_uptake_is_no_focus_however_high() -> None:
    found = sub_threshold_uptake(blobs(background=2.9), PLACE, 8.0)
    assert found is not None
    assert not found.is_focal(3.0)


def test_the_flank_of_a_hot_neighbour_is_no_focus() -> None:
    found = sub_threshold_uptake(blobs(((18, 0, 0), 12.0)), PLACE, 8.0)
    assert found is not None
    assert found.suv_max > 1.5
    assert not found.is_focal(3.0)


def test_the_peak_of_another_lesion_is_not_taken_for_this_one() -> None:
    scan = blobs(((6, 0, 0), 9.0))
    taken = scan.array >= 3.0
    assert sub_threshold_uptake(scan, PLACE, 10.0) is not None
    found = sub_threshold_uptake(scan, PLACE, 10.0, taken=taken)
    assert found is None or not found.is_focal(3.0)


def test_a_place_at_the_edge_of_the_scan_says_nothing() -> None:
    assert sub_threshold_uptake(blobs(), np.array([-78.0, 0.0, 0.0]), 8.0) is None


def test_becquerel_are_refused() -> None:
    with pytest.raises(ContradictionError, match="SUVbw"):
        sub_threshold_uptake(volume(np.zeros(GRID.shape_zyx), GRID, unit="Bq/mL"), PLACE, 8.0)


def test_a_lesion_seen_below_the_threshold_before_is_not_new() -> None:
    plan, masks = load_plan("suv3"), organs("kidney_left", "liver", "skeleton")
    old, weak, grown = (at(0, 40, 120, 10), 9.0), (at(-40, 50, 210, 10), 2.2), (at(-40, 50, 210, 10), 8.0)
    before, after = patient(old, weak), patient(old, grown)
    baseline, followup = find_lesions(before, masks, plan), find_lesions(after, masks, plan)
    blind = track(baseline, followup, registration=identity_registration())
    assert sorted(link.status for link in blind.links) == ["matched", "new"]
    seen = track(baseline, followup, registration=identity_registration(), earlier=before)
    rows = link_rows(seen, baseline, followup)
    assert sorted(row["status"] for row in rows) == ["below_threshold", "matched"]
    grown_row = next(row for row in rows if row["status"] == "below_threshold")
    assert "below threshold before (SUV 2.2" in grown_row["rule"]
    assert grown_row["new_class"] is None
    clean = patient(old)
    truly = track(find_lesions(clean, masks, plan), followup, registration=identity_registration(), earlier=clean)
    assert sorted(link.status for link in truly.links) == ["matched", "new"]
