import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.imaging.make import grid

from lutrace.imaging import Registration
from lutrace.segment import LesionPoint, Tracking, track_points

PLACES = [(0, 0, 0), (40, 0, 10), (-50, 20, 60), (10, 30, 150), (80, -20, 220), (-30, -30, 300)]


def points(places: list[tuple[float, ...]], volumes: list[float] | None = None) -> list[LesionPoint]:
    return [
        LesionPoint(n, (float(p[0]), float(p[1]), float(p[2])), volumes[n - 1] if volumes else None)
        for n, p in enumerate(places, start=1)
    ]


def shifted(places: list[tuple[float, ...]], by: tuple[float, float, float]) -> list[tuple[float, ...]]:
    return [tuple(np.add(place, by)) for place in places]


def outcome(tracking: Tracking) -> list[tuple[int | None, int | None, str]]:
    return [(link.baseline_lesion, link.followup_lesion, link.status) for link in tracking.links]


SAME = [(n, n, "matched") for n in range(1, 7)]


@pytest.mark.parametrize("shift", [(0, 0, 0), (2.0, 3.2, 34.0), (-1.6, 5.1, -30.4)])
def test_a_table_shift_of_34_mm_is_absorbed(shift: tuple[float, float, float]) -> None:
    tracking = track_points(points(PLACES), points(shifted(PLACES, shift)))
    assert outcome(tracking) == SAME
    assert tracking.shift_mm == pytest.approx(shift, abs=1e-6)


@pytest.mark.parametrize("hidden", range(6))
def test_a_lesion_that_the_baseline_lacks_is_new_and_all_others_stay_matched(hidden: int) -> None:
    baseline = [point for point in points(PLACES) if point.lesion != hidden + 1]
    found = outcome(track_points(baseline, points(shifted(PLACES, (2, 3, 34)))))
    assert (None, hidden + 1, "new") in found
    assert [link for link in found if link[2] == "matched"] == [link for link in SAME if link[0] != hidden + 1]


def test_a_lesion_that_the_follow_up_lacks_is_resolved() -> None:
    found = outcome(track_points(points(PLACES), points(PLACES)[:-1]))
    assert found[-1] == (6, None, "resolved")


def test_a_new_lesion_far_from_a_resolved_one_is_not_its_heir() -> None:
    found = outcome(track_points(points(PLACES), points([*PLACES[:-1], (100, 60, 400)])))
    assert (6, None, "resolved") in found
    assert (None, 6, "new") in found


def test_two_lesions_that_grow_together_are_merged() -> None:
    baseline = points([*PLACES, (10, 30, 170)], [1.0] * 6 + [1.0])
    followup = points([*PLACES[:3], (10, 30, 160), *PLACES[4:]], [1, 1, 1, 6, 1, 1])
    found = outcome(track_points(baseline, followup))
    assert (4, 4, "merged") in found
    assert (7, 4, "merged") in found
    assert not [link for link in found if link[2] in ("new", "resolved")]


def test_a_lesion_that_falls_apart_is_split() -> None:
    baseline = points([*PLACES[:3], (10, 30, 160), *PLACES[4:]], [1, 1, 1, 6, 1, 1])
    followup = points([*PLACES, (10, 30, 170)], [1.0] * 7)
    found = outcome(track_points(baseline, followup))
    assert (4, 4, "split") in found
    assert (4, 7, "split") in found


def test_overlap_tells_a_merger_that_volumes_do_not_show() -> None:
    baseline, followup = points([(0, 0, 0), (0, 0, 30), (90, 0, 0)]), points([(0, 0, 4), (90, 0, 0)])
    overlaps = {(1, 1): (0.7, 0.9, 0.6), (2, 1): (0.5, 0.8, 0.3), (3, 2): (0.9, 0.9, 0.9)}
    found = outcome(track_points(baseline, followup, overlaps=overlaps))
    assert found == [(1, 1, "merged"), (2, 1, "merged"), (3, 2, "matched")]


def test_a_lesion_where_the_other_scan_has_not_looked_is_neither_new_nor_resolved() -> None:
    whole, half = grid((40, 40, 80), (5, 5, 5), (-100, -100, -20)), grid((40, 40, 40), (5, 5, 5), (-100, -100, -20))
    found = track_points(points(PLACES[:4]), points(PLACES[:5]), views=(half, whole))
    assert outcome(found)[-1] == (None, 5, "outside_view")
    found = track_points(points(PLACES[:5]), points(PLACES[:4]), views=(whole, half))
    assert outcome(found)[-1] == (5, None, "outside_view")


def test_a_registration_is_used_before_anything_is_guessed() -> None:
    matrix = np.eye(4)
    matrix[:3, 3] = (0.0, 0.0, 500.0)
    tracking = track_points(
        points(PLACES), points(shifted(PLACES, (0, 0, 500))), registration=Registration(matrix, None, "by hand")
    )
    assert outcome(tracking) == SAME
    assert tracking.shift_mm == pytest.approx((0, 0, 0), abs=1e-6)


def test_in_a_dense_skeleton_neighbours_are_not_swapped() -> None:
    rng = np.random.default_rng(11)
    spine = [(rng.normal(0, 8), rng.normal(0, 8), 17.0 * n) for n in range(40)]
    moved = [tuple(np.add(place, (3, 2, 32)) + rng.normal(0, 2, 3)) for place in spine]
    found = outcome(track_points(points(spine), points(moved)))
    assert found == [(n, n, "matched") for n in range(1, 41)]


def test_nothing_before_makes_everything_new() -> None:
    assert [link[2] for link in outcome(track_points([], points(PLACES)))] == ["new"] * 6
    assert [link[2] for link in outcome(track_points(points(PLACES), []))] == ["resolved"] * 6
    assert track_points([], []).links == ()


def test_a_clear_match_is_more_certain_than_a_crowded_one() -> None:
    clear = track_points(points([(0, 0, 0), (100, 0, 0)]), points([(0, 0, 0), (100, 0, 0)]))
    crowded = track_points(points([(0, 0, 0), (9, 0, 0)]), points([(0, 0, 0), (9, 0, 0)]))
    assert clear.links[0].confidence is not None
    assert crowded.links[0].confidence is not None
    assert clear.links[0].confidence > crowded.links[0].confidence


@settings(max_examples=40)
@given(st.permutations(range(6)), st.permutations(range(6)))
def test_the_order_of_the_tables_does_not_matter(one: list[int], two: list[int]) -> None:
    baseline, followup = points(PLACES), points(shifted(PLACES, (2, 3, 34)))
    mixed = track_points([baseline[i] for i in one], [followup[i] for i in two])
    assert outcome(mixed) == SAME


@settings(max_examples=40)
@given(
    st.lists(st.tuples(*[st.integers(-200, 200)] * 3), max_size=7),
    st.lists(st.tuples(*[st.integers(-200, 200)] * 3), max_size=7),
)
def test_every_lesion_stands_in_a_link(one: list[tuple[float, ...]], two: list[tuple[float, ...]]) -> None:
    links = track_points(points(one), points(two)).links
    assert {link.baseline_lesion for link in links} - {None} == set(range(1, len(one) + 1))
    assert {link.followup_lesion for link in links} - {None} == set(range(1, len(two) + 1))
