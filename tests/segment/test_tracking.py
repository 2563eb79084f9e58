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


@pytest.mark.parametrize(
    ("apart_mm", "statuses", "low", "high"),
    [
        (0, ["matched"], 0.9, 0.95),
        (34, ["matched"], 0.7, 0.85),
        (50, ["new", "resolved"], 0.4, 0.55),
        (120, ["new", "resolved"], 0.85, 0.9),
    ],
)
def test_one_lesion_on_each_side_does_not_settle_the_shift(
    apart_mm: float, statuses: list[str], low: float, high: float
) -> None:
    tracking = track_points(points([(0, 0, 0)]), points([(0, 0, apart_mm)]))
    assert tracking.open_shift
    assert sorted(link.status for link in tracking.links) == statuses
    assert all(link.confidence is not None and low <= link.confidence <= high for link in tracking.links)
    assert all("shift may be another lesion" in (link.note or "") for link in tracking.links)


def test_two_lesions_that_moved_alike_settle_more_than_one_but_are_told_as_few() -> None:
    one = track_points(points([(0, 0, 0)]), points([(0, 0, 34)]))
    two = track_points(points(PLACES[:2]), points(shifted(PLACES[:2], (0, 0, 34))))
    three = track_points(points(PLACES[:3]), points(shifted(PLACES[:3], (0, 0, 34))))
    sure = [found.links[0].confidence or 0.0 for found in (one, two, three)]
    assert sure == sorted(sure)
    assert [found.open_shift for found in (one, two, three)] == [True, True, False]
    assert three.links[0].note is None


def test_a_registration_settles_the_shift_of_a_single_lesion() -> None:
    still = Registration(np.eye(4), None, "by hand")
    near = track_points(points([(0, 0, 0)]), points([(0, 0, 2)]), registration=still)
    far = track_points(points([(0, 0, 0)]), points([(0, 0, 50)]), registration=still)
    assert (near.open_shift, far.open_shift) == (False, False)
    assert near.links[0].confidence is not None
    assert near.links[0].confidence > 0.99
    assert [link[2] for link in outcome(far)] == ["resolved", "new"]


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(6)), st.permutations(range(6)))
def test_the_order_of_the_tables_does_not_matter(one: list[int], two: list[int]) -> None:
    baseline, followup = points(PLACES), points(shifted(PLACES, (2, 3, 34)))
    mixed = track_points([baseline[i] for i in one], [followup[i] for i in two])
    assert outcome(mixed) == SAME


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(*[st.integers(-200, 200)] * 3), max_size=7),
    st.lists(st.tuples(*[st.integers(-200, 200)] * 3), max_size=7),
)
def test_every_lesion_stands_in_a_link(one: list[tuple[float, ...]], two: list[tuple[float, ...]]) -> None:
    links = track_points(points(one), points(two)).links
    assert {link.baseline_lesion for link in links} - {None} == set(range(1, len(one) + 1))
    assert {link.followup_lesion for link in links} - {None} == set(range(1, len(two) + 1))


def vertebrae(n: int, seed: int = 3) -> list[tuple[float, ...]]:
    """Lesions along a spine, 16 mm apart, each off the line by some millimetres."""
    rng = np.random.default_rng(seed)
    return [tuple(np.array([0.0, 0.0, 16.0 * k]) + rng.normal(0, 5, 3)) for k in range(n)]


def test_links_of_one_merger_share_a_cluster_and_no_other_link_has_one() -> None:
    baseline = points([*PLACES, (10, 30, 170)], [1.0] * 7)
    followup = points([*PLACES[:3], (10, 30, 160), *PLACES[4:]], [1, 1, 1, 2, 1, 1])
    clusters = {
        (link.baseline_lesion, link.followup_lesion): link.cluster for link in track_points(baseline, followup).links
    }
    assert clusters[4, 4] == clusters[7, 4] == 1
    assert [found for pair, found in clusters.items() if pair[1] != 4] == [None] * 5


def test_three_lesions_that_grow_into_one_are_one_cluster() -> None:
    baseline = points([*PLACES, (10, 30, 165), (10, 30, 135)], [1.0] * 8)
    followup = points(PLACES, [1, 1, 1, 3.2, 1, 1])
    links = track_points(baseline, followup).links
    assert {link.baseline_lesion for link in links if link.status == "merged"} == {4, 7, 8}
    assert len({link.cluster for link in links if link.status == "merged"}) == 1


def test_a_new_lesion_beside_one_that_shrinks_is_no_part_of_it() -> None:
    """The large lesion of 100 mL (29 mm radius) loses half its volume; 30 mm from its centre one of 5 mL appears."""
    baseline = points(PLACES, [1, 1, 1, 100, 1, 1])
    followup = points([*PLACES, (40, 30, 150)], [1, 1, 1, 50, 1, 1, 5])
    assert (None, 7, "new") in outcome(track_points(baseline, followup))


def test_lesions_that_touch_stay_apart() -> None:
    """Two spheres of 4 mL (10 mm radius) whose surfaces meet, in a scan shifted by 31 mm."""
    baseline = points([*PLACES, (10, 30, 170)], [1, 1, 1, 4, 1, 1, 4])
    followup = points(shifted([*PLACES, (10, 30, 170)], (3, -2, 31)), [1, 1, 1, 4, 1, 1, 4])
    assert outcome(track_points(baseline, followup)) == [(n, n, "matched") for n in range(1, 8)]


def test_a_boundary_that_moves_between_two_lesions_makes_one_cluster_of_four() -> None:
    places: list[tuple[float, ...]] = [(0, 0, 0), (0, 0, 25), (90, 0, 0)]
    overlaps = {(1, 1): (0.6, 0.9, 0.5), (2, 2): (0.4, 0.3, 0.9), (2, 1): (0.4, 0.6, 0.4), (3, 3): (1.0, 1.0, 1.0)}
    links = track_points(points(places), points(places), overlaps=overlaps).links
    joined = {(link.baseline_lesion, link.followup_lesion) for link in links if link.cluster == 1}
    assert joined == {(1, 1), (2, 1), (2, 2)}


def test_a_lesion_that_the_other_scan_has_half_seen_is_judged_with_a_note() -> None:
    view = grid((40, 40, 40), (5, 5, 5), (-100, -100, -20))  # to z = 177.5 mm
    low, high = (0, 0, 171.5), (0, 0, 179.0)  # 14.1 mL: a radius of 15 mm
    for place, status in ((low, "new"), (high, "outside_view")):
        followup = points([*PLACES[:4], place], [1.0] * 4 + [14.1])
        link = track_points(points(PLACES[:4], [1.0] * 4), followup, views=(view, view)).links[-1]
        assert link.status == status
        assert link.note is not None
        assert "in view of the earlier scan" in link.note


def test_a_hundred_lesions_closely_packed_are_told_apart() -> None:
    """A 5 x 5 x 4 lattice of 14 mm, jitter and noise of 2 mm, a shift of 31 mm, ten lesions hidden on each side."""
    rng = np.random.default_rng(1)
    nodes = 14.0 * np.stack(np.meshgrid(*map(np.arange, (5, 5, 4)), indexing="ij"), axis=-1).reshape(-1, 3)
    start = nodes + rng.normal(0, 2, nodes.shape)
    end = start + np.array([3, -4, 31]) + rng.normal(0, 2, start.shape)
    gone, new = set(range(1, 101, 10)), set(range(6, 101, 10))
    found = outcome(
        track_points(
            [p for p in points([tuple(p) for p in start]) if p.lesion not in new],
            [p for p in points([tuple(p) for p in end]) if p.lesion not in gone],
        )
    )
    expected = [(n, n, "matched") for n in range(1, 101) if n not in gone | new]
    expected += [(n, None, "resolved") for n in gone] + [(None, n, "new") for n in new]
    assert len(set(found) & set(expected)) >= 96
    assert len([link for link in found if link[2] == "matched" and link[0] != link[1]]) <= 2


def test_the_gate_is_wide_among_sparse_lesions_and_narrow_among_dense_ones() -> None:
    """A lesion 25 mm from its place has a partner when lesions are 100 mm apart, none when they are 16 mm apart."""
    for places, status in (([(0, 0, 100.0 * k) for k in range(8)], "matched"), (vertebrae(24), "new")):
        moved = [*places[:3], tuple(np.add(places[3], (17.0, 18.0, 0))), *places[4:]]
        found = outcome(track_points(points(places), points(moved)))
        assert [link[2] for link in found if link[1] == 4] == [status]


def test_a_registration_of_a_stated_error_gives_leave_for_it() -> None:
    places = [(0, 0, 100.0 * k) for k in range(3)]
    moved = [(0, 0, 0), (0, 0, 145), (0, 0, 200)]
    exact = Registration(np.eye(4), None, "by hand", error_mm=1.0)
    loose = Registration(np.eye(4), None, "by hand", error_mm=15.0)
    assert (2, 2, "matched") not in outcome(track_points(points(places), points(moved), registration=exact))
    assert (2, 2, "matched") in outcome(track_points(points(places), points(moved), registration=loose))
