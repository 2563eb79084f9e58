from lutrace.core import Row
from lutrace.segment import LesionKey, name_tracks

PLAN = "d"
SCANS = ("pet", "one", "two")


def link(early: str, late: str, before: int | None, after: int | None, status: str = "matched", **more: object) -> Row:
    row: Row = {
        "baseline_scan_id": early,
        "followup_scan_id": late,
        "plan_digest": PLAN,
        "baseline_lesion": before,
        "followup_lesion": after,
        "status": status,
        "overlap": 0.5,
        "confidence": 0.9,
        "distance_mm": 2.0,
    }
    return row | more


def keys(**lesions: int) -> list[LesionKey]:
    return [(scan, PLAN, number) for scan, count in lesions.items() for number in range(1, count + 1)]


def test_a_lesion_keeps_its_name_from_pet_over_all_spect() -> None:
    links = [link("pet", "one", 2, 1), link("one", "two", 1, 3)]
    names = name_tracks(keys(pet=2, one=1, two=3), links, SCANS)
    assert names["pet", PLAN, 2] == names["one", PLAN, 1] == names["two", PLAN, 3]
    assert len(set(names.values())) == 4


def test_a_lesion_that_one_scan_missed_keeps_its_name() -> None:
    links = [link("pet", "one", 1, None, "resolved"), link("pet", "two", 1, 1), link("one", "two", None, 1, "new")]
    names = name_tracks(keys(pet=1, two=1), links, SCANS)
    assert names["pet", PLAN, 1] == names["two", PLAN, 1]


def test_the_scan_just_before_decides_where_two_earlier_scans_disagree() -> None:
    links = [link("pet", "two", 1, 1), link("one", "two", 1, 1)]
    names = name_tracks(keys(pet=1, one=1, two=1), links, SCANS)
    assert names["two", PLAN, 1] == names["one", PLAN, 1] != names["pet", PLAN, 1]


def test_of_merged_lesions_the_one_that_overlaps_most_carries_its_name_on() -> None:
    links = [link("one", "two", 1, 1, "merged", overlap=0.3), link("one", "two", 2, 1, "merged", overlap=0.7)]
    names = name_tracks(keys(one=2, two=1), links, SCANS)
    assert names["two", PLAN, 1] == names["one", PLAN, 2]


def test_no_two_parts_of_a_lesion_that_split_share_a_name() -> None:
    links = [link("one", "two", 1, 1, "split", overlap=0.3), link("one", "two", 1, 2, "split", overlap=0.6)]
    names = name_tracks(keys(one=1, two=2), links, SCANS)
    assert names["two", PLAN, 2] == names["one", PLAN, 1]
    assert names["two", PLAN, 1] not in {names["one", PLAN, 1], names["two", PLAN, 2]}


def test_a_lesion_below_the_threshold_before_begins_its_own_track() -> None:
    names = name_tracks(keys(one=1, two=1), [link("one", "two", None, 1, "below_threshold")], SCANS)
    assert names["two", PLAN, 1] != names["one", PLAN, 1]


def test_names_do_not_depend_on_the_order_of_the_rows() -> None:
    links = [link("pet", "one", 1, 1), link("one", "two", 1, 1), link("one", "two", 1, 2, "split", overlap=0.1)]
    lesions = keys(pet=1, one=1, two=2)
    assert name_tracks(lesions, links, SCANS) == name_tracks(lesions[::-1], links[::-1], SCANS)
