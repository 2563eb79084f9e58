"""Identity of a patient's lesions over all scans: registration of each pair, links, checks, one name per lesion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lutrace.core import EstimationError, Row
from lutrace.imaging import (
    Metric,
    PreparedScan,
    Registration,
    Volume,
    identity_registration,
    prepare_scan,
    register_prepared,
)
from lutrace.ingest.finding_uptake import findings_on, lesions_with_ct_correlate
from lutrace.ingest.measure_task import PatientTask, ct_of, quantify_scan
from lutrace.ingest.pixels import load_volume
from lutrace.segment import LesionSet, check_tracking, link_rows, name_tracks, track
from lutrace.tables import LESION_LINKS, LESIONS, TRACKING_CHECKS

_GRID_MM = 9.0
"""Registration looks at bones and body, not at voxels: below the resolution of SPECT nothing is gained but time."""

_CT_WINDOW = (-500.0, 500.0)
_SUV_WINDOW = (0.0, 10.0)

Lesions = Mapping[tuple[str, str], LesionSet]
"""By scan and plan."""


def track_patient(task: PatientTask, lesions: Lesions, rows: dict[str, list[Row]]) -> None:
    """Add links and checks of all pairs of an earlier and a later scan, and give each lesion its name over time.

    PSMA-PET and post-therapy SPECT are tracked together; between the two, resolution and uptake differ, so only places
    count there.
    """
    measured = {scan_id for scan_id, _ in lesions}
    scans = [scan for scan in task.scans if scan["scan_id"] in measured]
    motions = _Motions(task, scans)
    for number, one in enumerate(scans):
        later = scans[number + 1 :]
        moved = [motions.between(one, other) for other in later]
        earlier = quantify_scan(task, one)[0] if any(other["purpose"] == one["purpose"] for other in later) else None
        for other, motion in zip(later, moved, strict=True):
            _track_pair(task, (one, other), motion, earlier, (lesions, rows), with_trials=other is later[0])
    found = [
        (scan_id, one.plan.digest, lesion.lesion) for (scan_id, _), one in lesions.items() for lesion in one.lesions
    ]
    names = name_tracks(found, rows[LESION_LINKS.name], [scan["scan_id"] for scan in scans])
    if len(scans) > 1:
        for row in rows[LESIONS.name]:
            row["track_id"] = names.get((row["scan_id"], row["plan_digest"], row["lesion"]))


def _track_pair(
    task: PatientTask,
    pair: tuple[Row, Row],
    registration: Registration,
    earlier: Volume | None,
    store: tuple[Lesions, dict[str, list[Row]]],
    *,
    with_trials: bool,
) -> None:
    lesions, rows = store
    one, other = pair
    alike = one["purpose"] == other["purpose"]
    ends = {
        "patient_id": task.patient_id,
        "baseline_scan_id": one["scan_id"],
        "followup_scan_id": other["scan_id"],
    }
    for plan in task.plans:
        baseline = lesions.get((one["scan_id"], plan.name))
        followup = lesions.get((other["scan_id"], plan.name))
        if baseline is None or followup is None:
            continue
        found = track(
            baseline, followup, registration=registration, earlier=earlier if alike else None, like_scans=alike
        )
        seen = lesions_with_ct_correlate(followup, findings_on(task, other))
        rows[LESION_LINKS.name] += [{**ends, **row} for row in link_rows(found, followup, with_ct_correlate=seen)]
        check = check_tracking(baseline, followup, registration=registration, like_scans=alike, with_trials=with_trials)
        rows[TRACKING_CHECKS.name].append({**ends, **check})


class _Motions:
    """The motion between any two scans of a patient; each scan is registered once, to the first."""

    def __init__(self, task: PatientTask, scans: Sequence[Row]) -> None:
        """Hold the scans in order of time; nothing is registered before it is asked for."""
        self._task = task
        self._first = scans[0] if scans else None
        self._from_first: dict[str, Registration] = {}
        self._prepared: dict[tuple[str, Metric], PreparedScan] = {}

    def between(self, one: Row, other: Row) -> Registration:
        """From one scan to another: none in one frame of reference, else over the first scan."""
        if one["frame_of_reference"] is not None and one["frame_of_reference"] == other["frame_of_reference"]:
            return identity_registration()
        there, back = self._to(other), self._to(one)
        if one is self._first:
            return there
        matrix = np.asarray(there.matrix @ back.inverse.matrix, np.float64)
        return Registration(matrix, None, f"over the first scan: {back.method}, {there.method}")

    def _to(self, scan: Row) -> Registration:
        """From the first scan to another; where registration fails, no motion, which the method says."""
        if self._first is None or scan is self._first:
            return identity_registration()
        known = self._from_first.get(scan["scan_id"])
        if known is None:
            try:
                known = self._register(self._first, scan)
            except EstimationError:
                known = Registration(np.eye(4), None, "registration failed: none")
            self._from_first[scan["scan_id"]] = known
        return known

    def _register(self, one: Row, other: Row) -> Registration:
        """By CT where both scans have one in their patient position, else by uptake."""
        if one["frame_of_reference"] is not None and one["frame_of_reference"] == other["frame_of_reference"]:
            return identity_registration()
        both = all(ct_of(self._task, scan) is not None for scan in (one, other))
        metric: Metric = "mutual_information" if both else "correlation"
        return register_prepared(self._look(one, metric), self._look(other, metric), metric=metric)

    def _look(self, scan: Row, metric: Metric) -> PreparedScan:
        """The CT or the uptake of a scan as registration reads it; of the first scan it is kept."""
        key = (scan["scan_id"], metric)
        if key in self._prepared:
            return self._prepared[key]
        ct = ct_of(self._task, scan)
        if metric == "mutual_information" and ct is not None:
            found = prepare_scan(load_volume(self._task.images, ct), _CT_WINDOW, _GRID_MM)
        else:
            found = prepare_scan(quantify_scan(self._task, scan)[0], _SUV_WINDOW, _GRID_MM)
        if scan is self._first:
            self._prepared[key] = found
        return found
