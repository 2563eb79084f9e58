import numpy as np
import pytest
from tests.imaging.make import ball, grid, volume
from tests.segment.make import at, organs, patient

from lutrace.core import ContradictionError
from lutrace.imaging import Registration, identity_registration
from lutrace.segment import LesionSet, compute_overlaps, find_lesions, link_rows, load_plan, track
from lutrace.tables import LESION_LINKS, PROVENANCE

PLAN = load_plan("suv3")
ALL = organs("kidney_left", "liver", "skeleton")
OLD = (at(0, 40, 120, 10), 9.0)
GONE = (at(0, -50, 60, 10), 6.0)
NEW = (at(-40, 50, 210, 10), 8.0)


def test_one_lesion_stays_one_goes_one_comes() -> None:
    baseline, followup = find_lesions(patient(OLD, GONE), ALL, PLAN), find_lesions(patient(OLD, NEW), ALL, PLAN)
    rows = link_rows(track(baseline, followup, registration=identity_registration()), baseline, followup)
    assert sorted(row["status"] for row in rows) == ["matched", "new", "resolved"]
    matched = next(row for row in rows if row["status"] == "matched")
    assert matched["overlap"] == 1.0
    new = next(row for row in rows if row["status"] == "new")
    assert new["new_class"] == "psma_avid"  # SUVmax 8 against a liver of 4
    assert new["reference_suv_mean"] == pytest.approx(4.0)
    assert all(row["provisional"] for row in rows)


def test_rows_hold_exactly_the_declared_columns() -> None:
    found = find_lesions(patient(OLD), ALL, PLAN)
    (row,) = link_rows(track(found, found, registration=identity_registration()), found, found)
    beside = {"patient_id", "baseline_scan_id", "followup_scan_id"} | {column.name for column in PROVENANCE}
    assert set(row) == {column.name for column in LESION_LINKS.columns} - beside


def test_lesions_overlap_fully_after_the_shift_that_separates_them() -> None:
    baseline, followup = (
        find_lesions(patient(OLD), ALL, PLAN),
        find_lesions(patient((at(0, 40, 152, 10), 9.0)), ALL, PLAN),
    )
    assert compute_overlaps(baseline, followup, identity_registration()) == {}
    matrix = np.eye(4)
    matrix[2, 3] = 32.0
    assert compute_overlaps(baseline, followup, Registration(matrix, None, "by hand")) == {(1, 1): (1.0, 1.0, 1.0)}


def test_two_plans_are_not_compared() -> None:
    one, two = find_lesions(patient(OLD), ALL, PLAN), find_lesions(patient(OLD), ALL, load_plan("suv4"))
    with pytest.raises(ContradictionError, match="under one plan"):
        track(one, two, registration=identity_registration())


def seen_by(modality: str, spacing: float, *spots: tuple[float, float, float, float]) -> LesionSet:
    """The lesions of a scan on a grid of its own; each spot is x, y, z and radius, mm."""
    size = (int(252 / spacing), int(190 / spacing), int(252 / spacing))
    geometry = grid(size, (spacing, spacing, spacing), (-126.0, -94.0, 0.0))
    array = np.full(geometry.shape_zyx, 0.5)
    for x, y, z, radius in spots:
        array[ball(geometry, radius, np.array([x, y, z]))] = 9.0
    return find_lesions(volume(array, geometry), (), PLAN, modality=modality)


FAR = ((-60.0, 30.0, 60.0), (50.0, -40.0, 200.0), (-40.0, -30.0, 190.0))


def test_one_blob_of_spect_that_covers_two_lesions_of_pet_holds_both_whatever_its_volume() -> None:
    pet = seen_by("PET", 3.0, (26, 0, 120, 8), (2, 0, 120, 6), *((*place, 8.0) for place in FAR))
    spect = seen_by("SPECT", 4.8, (26, 0, 120, 28), *((*place, 14.0) for place in FAR))
    links = track(pet, spect, registration=identity_registration(), like_scans=False).links
    assert sorted(link.status for link in links) == ["matched"] * 3 + ["merged"] * 2
    for link in links:
        assert link.overlap > 0
        if link.status == "matched":
            one, other = pet.lesions[link.baseline_lesion - 1], spect.lesions[link.followup_lesion - 1]
            assert np.allclose(one.measures.centroid_mm, other.measures.centroid_mm, atol=3.0)


def test_between_pet_and_spect_the_volumes_do_not_bring_a_far_part_into_a_cluster() -> None:
    pet = seen_by("PET", 3.0, (26, 0, 120, 8), (2, 0, 120, 8), *((*place, 8.0) for place in FAR))
    spect = seen_by("SPECT", 4.8, (14, 0, 120, 9), *((*place, 14.0) for place in FAR))  # between them, half in neither
    alike, apart = (
        track(pet, spect, registration=identity_registration(), like_scans=flag).links for flag in (True, False)
    )
    assert [link.status for link in alike].count("merged") == 2  # common centre and summed volumes fit the whole
    assert sorted(link.status for link in apart) == ["matched"] * 4 + ["resolved"]


def test_without_a_registration_places_alone_decide_and_nothing_overlaps() -> None:
    one = seen_by("PET", 3.0, (26, 0, 120, 8), *((*place, 8.0) for place in FAR))
    moved = [(x, y, z + 24, 8.0) for x, y, z in ((26, 0, 120), *FAR)]
    links = track(one, seen_by("PET", 3.0, *moved), registration=None).links
    assert [link.status for link in links] == ["matched"] * 4
    assert {link.overlap for link in links} == {None}


def test_a_link_says_that_the_field_of_view_cuts_one_of_its_lesions() -> None:
    edge = (at(0, 40, 4, 14), 9.0)
    cut, whole = (find_lesions(patient(OLD, one), ALL, PLAN) for one in (edge, GONE))
    assert [(row["z_mm"] < 20, row["cut_by_view"]) for row in cut.rows] == [(True, True), (False, False)]
    assert not any(row["cut_by_view"] for row in whole.rows)
    for pair in ((cut, whole), (whole, cut)):
        rows = link_rows(track(*pair, registration=identity_registration()), *pair)
        at_edge = [row["status"] in ("new", "resolved") and row["cut_by_view"] for row in rows]
        assert sum(at_edge) == sum(row["cut_by_view"] for row in rows) == 1


def test_a_lesion_that_split_is_compared_as_one_and_not_part_by_part() -> None:
    whole = seen_by("SPECT", 4.0, (0, 0, 120, 20), *((*place, 14.0) for place in FAR))
    parts = seen_by("SPECT", 4.0, (-10, 0, 120, 8), (10, 0, 120, 8), *((*place, 14.0) for place in FAR))
    found = track(whole, parts, registration=identity_registration())
    rows = link_rows(found, whole, parts)
    split = [row for row in rows if row["status"] == "split"]
    volume = {side: {one.lesion: one.measures.volume_ml for one in side.lesions} for side in (whole, parts)}
    after = sum(volume[parts][row["followup_lesion"]] for row in split)
    before = volume[whole][split[0]["baseline_lesion"]]
    assert len(split) == 2
    for row in split:
        assert (row["compared"], row["baseline_ml"], row["followup_ml"]) == ("cluster", before, pytest.approx(after))
        assert row["volume_change_pct"] == pytest.approx(100 * (after / before - 1))
        assert row["tlp_change_pct"] == pytest.approx(row["volume_change_pct"])  # SUV 9 everywhere
    alone = [row for row in rows if row["status"] == "matched"]
    assert [(row["compared"], row["volume_change_pct"], row["tlp_change_pct"]) for row in alone] == [
        ("lesion", 0.0, pytest.approx(0.0))
    ] * 3


def test_nothing_is_compared_without_a_like_scan_before() -> None:
    found = find_lesions(patient(OLD), ALL, PLAN)
    tracking = track(found, found, registration=identity_registration())
    (row,) = link_rows(tracking, found, found, like_scans=False)
    assert row["compared"] is row["baseline_ml"] is row["volume_change_pct"] is row["tlp_change_pct"] is None


def test_a_new_lesion_of_spect_is_told_from_those_of_pet_by_its_place() -> None:
    pet = seen_by("PET", 3.0, (26, 0, 120, 8), *((*place, 8.0) for place in FAR))
    spect = seen_by("SPECT", 4.8, (26, 0, 120, 14), (-10, 0, 120, 14), *((*place, 14.0) for place in FAR))
    links = track(pet, spect, registration=identity_registration(), like_scans=False).links
    (new,) = [link for link in links if link.status == "new"]
    assert np.allclose(spect.lesions[new.followup_lesion - 1].measures.centroid_mm, (-10, 0, 120), atol=3.0)
    assert [link.status for link in links].count("matched") == 4
