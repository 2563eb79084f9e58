"""Classes of new lesions, and the uptake at a place that a reader names. Liver: mean 5.0, SD 1.0; numbers by hand."""

import numpy as np
import pytest

from lutrace.core import ContradictionError, Source, UnusableInputError
from lutrace.imaging import Geometry, Volume
from lutrace.segment import LiverReference, classify_new, empty_class_row, measure_at, new_class_row

LIVER = LiverReference(5.0, 1.0, 5.0, 900)


@pytest.mark.parametrize(
    ("suv", "correlate", "expected"),
    [
        (5.6, None, "psma_avid"),
        (5.5, None, "indeterminate"),  # exactly 10 % above is within
        (4.6, True, "indeterminate"),
        (4.5, True, "indeterminate"),  # exactly 10 % below is within
        (4.4, True, "not_avid_ct"),
        (4.4, None, "indeterminate"),
        (4.4, False, "indeterminate"),
    ],
)
def test_the_class_follows_the_line_of_the_same_scan(suv: float, correlate: bool | None, expected: str) -> None:
    assert classify_new(suv, 5.0, ct_correlate=correlate) == expected


def test_without_a_line_no_class_is_claimed() -> None:
    assert classify_new(40.0, None) == "indeterminate"
    assert classify_new(40.0, 0.0) == "indeterminate"


def test_suvmax_suvmean_and_two_standard_deviations_may_class_one_lesion_in_three_ways() -> None:
    row = new_class_row(7.0, 4.0, LIVER, ct_correlate=True)  # lines: 5.0, 5.0 and 5.0 + 2 x 1.0 = 7.0
    assert row["new_class"] == "psma_avid"
    assert row["new_class_by_mean"] == "not_avid_ct"
    assert row["new_class_by_mean_2sd"] == "indeterminate"


def test_the_rule_prints_the_reference_with_its_voxels() -> None:
    row = new_class_row(8.0, 6.0, LIVER)
    assert row["rule"] == (
        "SUVmax 8.00 is more than 10% above the liver SUVmean 5.00 of the same scan (SD 1.00, 900 voxels)"
    )
    reference = {name: row[f"reference_{name}"] for name in ("region", "suv_mean", "suv_sd", "voxels")}
    assert reference == {"region": "liver", "suv_mean": 5.0, "suv_sd": 1.0, "voxels": 900}


def test_the_rule_names_the_spleen_where_that_is_the_reference() -> None:
    spleen = LiverReference(9.0, 1.5, 9.0, 400, region="spleen")
    row = new_class_row(8.5, 6.0, spleen)
    assert row["reference_region"] == "spleen"
    assert "within 10% of the spleen SUVmean 9.00" in row["rule"]


@pytest.mark.parametrize(
    ("correlate", "words"), [(True, "a reader saw it on CT"), (None, "no finding of a reader on CT is given")]
)
def test_below_the_reference_the_rule_says_what_was_known_of_ct(correlate: bool | None, words: str) -> None:
    assert new_class_row(3.0, 2.0, LIVER, ct_correlate=correlate)["rule"].endswith(words)


def test_without_a_reference_the_rule_says_what_is_missing() -> None:
    row = new_class_row(8.0, 6.0, None)
    assert row["new_class"] == row["new_class_by_mean"] == row["new_class_by_mean_2sd"] == "indeterminate"
    assert row["reference_voxels"] is None
    assert row["rule"].startswith("no reference")


def test_a_lesion_that_is_not_new_has_the_reference_but_no_class() -> None:
    row = empty_class_row(LIVER)
    assert row["new_class"] is None
    assert row["rule"] is None
    assert row["reference_suv_mean"] == 5.0
    assert set(row) == set(new_class_row(8.0, 6.0, LIVER))


GRID = Geometry((9, 9, 5), (2.0, 2.0, 4.0), (-8.0, -8.0, -8.0))
"""Voxel centres at -8, -6 ... 8 mm in x and y, at -8, -4 ... 8 mm in z."""


def volume(unit: str = "g/mL") -> Volume:
    array = np.zeros(GRID.shape_zyx, np.float32)
    array[2, 4, 4] = 6.0  # at 0, 0, 0
    array[2, 4, 5] = 3.0  # at 2, 0, 0
    array[2, 4, 7] = 50.0  # at 6, 0, 0
    return Volume(array, GRID, unit, Source("test", "0"))


def test_uptake_at_a_place_is_that_of_the_voxels_whose_centres_lie_in_the_sphere() -> None:
    found = measure_at(volume(), np.array([0.0, 0.0, 0.0]), 2.0)  # the voxel itself and four in its slice
    assert (found.voxels, found.suv_max, found.whole) == (5, 6.0, True)
    assert found.suv_mean == pytest.approx((6.0 + 3.0) / 5)


def test_a_hot_voxel_beyond_the_radius_is_not_searched_for() -> None:
    assert measure_at(volume(), np.array([0.0, 0.0, 0.0]), 5.9).suv_max == 6.0
    assert measure_at(volume(), np.array([0.0, 0.0, 0.0]), 6.0).suv_max == 50.0


def test_the_voxel_that_holds_the_place_counts_however_small_the_sphere() -> None:
    found = measure_at(volume(), np.array([0.9, 0.0, 1.9]), 0.1)
    assert (found.voxels, found.suv_max) == (1, 6.0)


def test_a_sphere_that_leaves_the_image_is_measured_inside_and_said() -> None:
    found = measure_at(volume(), np.array([8.0, 8.0, 8.0]), 2.0)
    assert (found.voxels, found.whole) == (3, False)


def test_a_place_outside_the_image_is_refused() -> None:
    with pytest.raises(UnusableInputError, match="outside the image"):
        measure_at(volume(), np.array([0.0, 0.0, 11.0]), 5.0)


def test_counts_are_no_uptake() -> None:
    with pytest.raises(ContradictionError, match="g/mL"):
        measure_at(volume("counts"), np.array([0.0, 0.0, 0.0]), 5.0)


def test_a_radius_of_nothing_is_refused() -> None:
    with pytest.raises(UnusableInputError, match="radius_mm"):
        measure_at(volume(), np.array([0.0, 0.0, 0.0]), 0.0)
