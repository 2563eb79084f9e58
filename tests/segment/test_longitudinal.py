import numpy as np
import pytest
from tests.segment.make import at, organs, patient

from lutrace.core import ContradictionError
from lutrace.imaging import Registration, identity_registration
from lutrace.segment import compute_overlaps, find_lesions, link_rows, load_plan, track
from lutrace.tables import LESION_LINKS, PROVENANCE

PLAN = load_plan("suv3")
ALL = organs("kidney_left", "liver", "skeleton")
OLD = (at(0, 40, 120, 10), 9.0)
GONE = (at(0, -50, 60, 10), 6.0)
NEW = (at(-40, 50, 210, 10), 8.0)


def test_one_lesion_stays_one_goes_one_comes() -> None:
    baseline, followup = find_lesions(patient(OLD, GONE), ALL, PLAN), find_lesions(patient(OLD, NEW), ALL, PLAN)
    rows = link_rows(track(baseline, followup, registration=identity_registration()), followup)
    assert sorted(row["status"] for row in rows) == ["matched", "new", "resolved"]
    matched = next(row for row in rows if row["status"] == "matched")
    assert matched["overlap"] == 1.0
    new = next(row for row in rows if row["status"] == "new")
    assert new["new_class"] == "psma_avid"  # SUVmax 8 against a liver of 4
    assert new["reference_suv_mean"] == pytest.approx(4.0)
    assert all(row["provisional"] for row in rows)


def test_rows_hold_exactly_the_declared_columns() -> None:
    found = find_lesions(patient(OLD), ALL, PLAN)
    (row,) = link_rows(track(found, found, registration=identity_registration()), found)
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
