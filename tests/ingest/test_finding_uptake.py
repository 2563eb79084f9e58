import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.segment.make import at, organs, patient

from lutrace.core import Row
from lutrace.ingest.finding_uptake import findings_on, lesions_with_ct_correlate, measure_findings, radius_of
from lutrace.ingest.measure_task import PatientTask
from lutrace.ingest.profile import Networks
from lutrace.registry import ImageStore
from lutrace.segment import find_lesions, find_lesions_near, load_plan

HERE, THERE = (0.0, 40.0, 120.0), (-40.0, 50.0, 210.0)
SUV = patient((at(*HERE, 10), 9.0), (at(*THERE, 10), 6.0))
FOUND = find_lesions(SUV, organs("kidney_left", "liver", "skeleton"), load_plan("suv3"))
SPECT = {"scan_id": "S-1", "purpose": "rlt_spect", "cycle": 2, "date": dt.date(2024, 3, 6)}
PET = {"scan_id": "S-2", "purpose": "psma_pet", "cycle": None, "date": dt.date(2024, 3, 6)}


def finding(
    place: tuple[float, float, float], *, name: str = "F-1", cycle: int | None = 2, days: int = 0, axis: float = 12.0
) -> Row:
    x, y, z = place
    date = dt.date(2024, 3, 6) + dt.timedelta(days=days)
    return {"row_id": name, "cycle": cycle, "date": date, "x_mm": x, "y_mm": y, "z_mm": z, "long_axis_mm": axis}


def task(*findings: Row) -> PatientTask:
    nothing: dict[str, Any] = dict.fromkeys(("scans", "cts", "masks", "cycles", "plans"), ())
    return PatientTask(
        images=ImageStore(Path("nowhere")),
        patient_id="P-1",
        findings=findings,
        profile=None,
        networks=Networks(),
        registration="rigid",
        inputs={},
        plan_inputs={},
        **nothing,
    )


def test_a_spect_has_the_findings_of_its_cycle_and_a_pet_those_of_two_weeks() -> None:
    known = [
        finding(HERE, name="F-1"),
        finding(HERE, name="F-2", cycle=3),
        finding(HERE, name="F-3", cycle=None, days=14),
        finding(HERE, name="F-4", cycle=None, days=-15),
    ]
    assert [row["row_id"] for row in findings_on(task(*known), SPECT)] == ["F-1"]
    assert [row["row_id"] for row in findings_on(task(*known), PET)] == ["F-3"]


def test_uptake_is_that_of_the_sphere_of_half_the_longest_diameter() -> None:
    rows, warnings = measure_findings(task(finding(HERE)), SPECT, SUV)
    (row,) = rows
    assert warnings == []
    assert (row["finding_row_id"], row["scan_id"], row["radius_mm"]) == ("F-1", "S-1", 6.0)
    assert (row["suv_max"], row["suv_mean"], row["whole"]) == (pytest.approx(9.0), pytest.approx(9.0), True)


def test_a_finding_without_a_diameter_is_measured_within_5_mm() -> None:
    assert radius_of(finding(HERE, axis=0.0)) == 5.0


def test_a_place_outside_the_scan_has_no_row_and_a_warning_that_names_finding_and_place() -> None:
    inside, outside = finding(THERE, name="F-in"), finding((900.0, 40.0, 120.0), name="F-out")
    rows, warnings = measure_findings(task(outside, inside), SPECT, SUV)
    assert [row["finding_row_id"] for row in rows] == ["F-in"]
    (warning,) = warnings
    assert warning.startswith("finding F-out: ")
    assert "lies outside the image" in warning
    assert "x 900, y 40, z 120 mm" in warning


def number_at(place: tuple[float, float, float]) -> int:
    index = tuple(np.rint(FOUND.geometry.to_index(np.asarray([place]))[0]).astype(int))
    return int(FOUND.labels[index])


def test_a_lesion_is_near_when_one_of_its_voxels_lies_within_the_radius() -> None:
    beside = np.asarray([HERE[0] + 20.0, HERE[1], HERE[2]])  # its nearest voxel is 14.1 mm away
    assert find_lesions_near(FOUND, beside, 14.0) == frozenset()
    assert find_lesions_near(FOUND, beside, 15.0) == {number_at(HERE)}
    assert find_lesions_near(FOUND, np.asarray(HERE), 400.0) == {one.lesion for one in FOUND.lesions}


def test_nothing_is_near_where_there_are_no_lesions() -> None:
    none = find_lesions(patient(), organs("kidney_left", "liver"), load_plan("suv3"))
    assert find_lesions_near(none, np.asarray(THERE), 6.0) == frozenset()


def test_the_lesions_with_a_correlate_are_those_that_reach_any_finding() -> None:
    known = [finding(HERE), finding(THERE), finding((100.0, -80.0, 20.0))]
    assert lesions_with_ct_correlate(FOUND, known) == {number_at(HERE), number_at(THERE)}
    assert lesions_with_ct_correlate(FOUND, []) == frozenset()
