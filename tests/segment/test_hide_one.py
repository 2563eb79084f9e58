import numpy as np
import pytest
from tests.segment.make import at, organs, patient
from tests.segment.test_tracking import PLACES, points, shifted

from lutrace.imaging import identity_registration
from lutrace.segment import check_tracking, find_lesions, load_plan, run_hide_one
from lutrace.tables import PROVENANCE, TRACKING_CHECKS

PLAN = load_plan("suv3")
SPOTS = [(at(x, 40, z, 8), 9.0) for x in (-40, 0, 40) for z in (40, 90, 200)]


def test_clear_lesions_pass_every_trial() -> None:
    result = run_hide_one(points(PLACES), points(shifted(PLACES, (2, 3, 34))))
    assert (result.trials, result.new_recall, result.new_precision, result.match_f1) == (6, 1.0, 1.0, 1.0)


def test_lesions_packed_closer_than_they_move_fail_some() -> None:
    rng = np.random.default_rng(5)
    start = [tuple(place) for place in rng.uniform(0, 45, (24, 3))]
    end = [tuple(np.add(place, rng.normal(0, 6, 3))) for place in start]
    result = run_hide_one(points(start), points(end))
    assert result.trials > 10
    assert result.new_recall is not None
    assert result.match_f1 is not None
    assert result.match_f1 < 0.98


def test_a_lesion_that_is_new_anyway_counts_neither_way() -> None:
    result = run_hide_one(points(PLACES), points([*PLACES, (150, 90, 500)]))
    assert (result.trials, result.new_recall, result.new_precision) == (6, 1.0, 1.0)


def test_without_a_partner_there_is_nothing_to_hide() -> None:
    result = run_hide_one([], points(PLACES))
    assert (result.trials, result.new_recall, result.new_precision, result.match_f1) == (0, None, None, None)


def test_no_more_than_forty_lesions_are_hidden() -> None:
    places = [(60.0 * x, 60.0 * y, 60.0 * z) for x in range(4) for y in range(4) for z in range(5)]
    assert run_hide_one(points(places), points(places)).trials == 40  # every second of 80


def test_the_check_of_two_scans_is_a_whole_row() -> None:
    found = find_lesions(patient(*SPOTS), organs("liver", "skeleton"), PLAN)
    row = check_tracking(found, found, registration=identity_registration())
    beside = {"patient_id", "baseline_scan_id", "followup_scan_id"} | {column.name for column in PROVENANCE}
    assert set(row) == {column.name for column in TRACKING_CHECKS.columns} - beside
    assert row["trials"] == 9
    assert row["new_recall"] == row["match_f1"] == 1.0
    assert row["nearest_neighbour_mm"] == pytest.approx(40.0, abs=2.0)
    assert row["common_view_share"] == 1.0
    assert row["registration"] == "same frame of reference"


def test_without_trials_the_row_says_that_none_was_made_and_still_tells_the_common_view() -> None:
    found = find_lesions(patient(*SPOTS), organs("liver", "skeleton"), PLAN)
    whole = check_tracking(found, found, registration=identity_registration())
    bare = check_tracking(found, found, registration=identity_registration(), with_trials=False)
    assert (bare["trials"], bare["new_recall"], bare["new_precision"], bare["match_f1"]) == (0, None, None, None)
    same = ("registration_error_mm", "nearest_neighbour_mm", "common_view_share", "registration")
    assert [bare[name] for name in same] == [whole[name] for name in same]


def test_a_failed_registration_is_named_and_no_common_view_is_claimed() -> None:
    found = find_lesions(patient(*SPOTS), organs("liver", "skeleton"), PLAN)
    row = check_tracking(found, found, registration=None)
    assert row["registration"] == "failed: places alone"
    assert row["common_view_share"] is None
    assert row["match_f1"] == 1.0
