"""Lesions that a reader saw on CT: what uptake lies at their place, and which lesions of uptake they belong to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lutrace.core import Row, UnusableInputError
from lutrace.imaging import Volume
from lutrace.ingest.measure_task import PatientTask
from lutrace.segment import LesionSet, find_lesions_near, measure_at

_RADIUS_MM = 5.0
"""Radius where the reader states no diameter."""

_PET_DAYS = 14
"""A finding that names no cycle belongs to the PET of at most two weeks before or after."""


def findings_on(task: PatientTask, scan: Row) -> list[Row]:
    """The findings with a place that belong to a scan: those of its cycle, for a PET those of about its day."""
    if scan["purpose"] == "rlt_spect":
        return [row for row in task.findings if row["cycle"] is not None and row["cycle"] == scan["cycle"]]
    return [
        row for row in task.findings if row["cycle"] is None and abs((row["date"] - scan["date"]).days) <= _PET_DAYS
    ]


def measure_findings(task: PatientTask, scan: Row, suv: Volume) -> tuple[list[Row], list[str]]:
    """Rows of the table `finding_uptakes` but for provenance, and a warning for each finding that cannot be measured.

    A place outside the scan has no uptake and no row: the warning names the finding by its row and states the place.
    """
    rows, warnings = [], []
    for finding in findings_on(task, scan):
        radius_mm = radius_of(finding)
        try:
            found = measure_at(suv, place_of(finding), radius_mm)
        except UnusableInputError as error:
            x, y, z = place_of(finding)
            place = f"x {x:g}, y {y:g}, z {z:g} mm"
            warnings.append(f"finding {finding['row_id']}: {error} (place {place}); its uptake is not measured here")
            continue
        rows.append(
            {
                "patient_id": task.patient_id,
                "scan_id": scan["scan_id"],
                "finding_row_id": finding["row_id"],
                "radius_mm": radius_mm,
                "suv_max": found.suv_max,
                "suv_mean": found.suv_mean,
                "voxels": found.voxels,
                "whole": found.whole,
            }
        )
    return rows, warnings


def lesions_with_ct_correlate(lesions: LesionSet, findings: Sequence[Row]) -> frozenset[int]:
    """The lesions of uptake that reach the place of a finding on CT."""
    near = [find_lesions_near(lesions, place_of(one), radius_of(one)) for one in findings]
    return frozenset().union(*near)


def place_of(finding: Row) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The place of a finding, x, y, z in LPS mm."""
    return np.asarray([finding["x_mm"], finding["y_mm"], finding["z_mm"]], np.float64)


def radius_of(finding: Row) -> float:
    """Half of the longest diameter in mm, or 5 mm where none is stated."""
    return finding["long_axis_mm"] / 2.0 if finding["long_axis_mm"] else _RADIUS_MM
