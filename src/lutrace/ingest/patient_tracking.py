"""Identity of a patient's lesions over all scans: registration of each pair, links, checks, one name per lesion."""

from __future__ import annotations

from collections.abc import Mapping

from lutrace.core import Row
from lutrace.imaging import Registration, Volume
from lutrace.ingest.finding_uptake import findings_on, lesions_with_ct_correlate
from lutrace.ingest.measure_task import PatientTask, quantify_scan
from lutrace.ingest.scan_motion import Motions
from lutrace.segment import LesionSet, check_tracking, link_rows, name_tracks, track
from lutrace.tables import LESION_LINKS, LESIONS, TRACKING_CHECKS

Lesions = Mapping[tuple[str, str], LesionSet]
"""By scan and plan."""


def track_patient(task: PatientTask, lesions: Lesions, rows: dict[str, list[Row]]) -> None:
    """Add links and checks of all pairs of an earlier and a later scan, and give each lesion its name over time.

    PSMA-PET and post-therapy SPECT are tracked together; between the two, resolution and level differ, so volumes do
    not count there and no growth is compared.
    """
    measured = {scan_id for scan_id, _ in lesions}
    scans = [scan for scan in task.scans if scan["scan_id"] in measured]
    motions = Motions(task, scans)
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
    registration: Registration | None,
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
        links = link_rows(found, baseline, followup, like_scans=alike, with_ct_correlate=seen)
        rows[LESION_LINKS.name] += [{**ends, **row} for row in links]
        check = check_tracking(baseline, followup, registration=registration, like_scans=alike, with_trials=with_trials)
        rows[TRACKING_CHECKS.name].append({**ends, **check})
