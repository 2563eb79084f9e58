"""What a worker measures for one patient: scan by scan, then the lesions' identity across scans; it returns rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lutrace.core import Row
from lutrace.ingest.measure_task import PatientTask
from lutrace.ingest.patient_tracking import track_patient
from lutrace.ingest.scan_measuring import measure_scan
from lutrace.segment import LesionSet
from lutrace.tables import (
    FINDING_UPTAKES,
    LESION_DOSES,
    LESION_LINKS,
    LESIONS,
    ORGANS,
    PICTURES,
    QUANTIFICATIONS,
    TRACKING_CHECKS,
    TUMOUR_BURDENS,
)

MEASURED_TABLES = (
    QUANTIFICATIONS,
    ORGANS,
    LESIONS,
    TUMOUR_BURDENS,
    LESION_DOSES,
    FINDING_UPTAKES,
    LESION_LINKS,
    TRACKING_CHECKS,
    PICTURES,
)
"""All that measuring writes."""


@dataclass(frozen=True)
class PatientAnswer:
    """The rows of one patient by table, and how many scans were measured and refused."""

    rows: Mapping[str, Sequence[Row]]
    measured: int
    refused: int


def measure_patient(task: PatientTask) -> PatientAnswer:
    """Measure all scans of a patient under all plans; a scan that fails is a refused row and stops no other.

    One scan's voxels are held at a time; what tracking needs of the others are the voxels of their lesions.
    """
    rows: dict[str, list[Row]] = {table.name: [] for table in MEASURED_TABLES}
    lesions: dict[tuple[str, str], LesionSet] = {}
    for scan in task.scans:
        found = measure_scan(task, scan)
        for name, more in found.rows.items():
            rows[name] += more
        lesions |= {(scan["scan_id"], plan): one for plan, one in found.lesions.items()}
    track_patient(task, lesions, rows)
    refused = sum(row["status"] == "refused" for row in rows[QUANTIFICATIONS.name])
    return PatientAnswer(rows, len(task.scans) - refused, refused)
