"""Two lesion sets of one patient: overlaps on a common grid, links, and the rows that say what is new."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from lutrace.core import ContradictionError, Row
from lutrace.imaging import Registration, resample_labels
from lutrace.segment.lesions import LesionSet
from lutrace.segment.new_lesions import empty_class_row, new_class_row
from lutrace.segment.physiological import Category
from lutrace.segment.tracking import LesionPoint, Overlaps, Tracking, track_points

TRACKED: tuple[Category, ...] = ("tumour", "uncertain")


def track(baseline: LesionSet, followup: LesionSet, *, registration: Registration) -> Tracking:
    """Links between the tumour and uncertain lesions of two scans; `registration` maps baseline to follow-up.

    Uses centroids, volumes, voxel overlap and both fields of view (see `tracking`).
    Raises ContradictionError when the sets were made under different plans.
    """
    if baseline.plan.digest != followup.plan.digest:
        raise ContradictionError(
            f"tracking: expected both scans under one plan, found {baseline.plan.name} and {followup.plan.name}; "
            "measure them again under the same plan"
        )
    return track_points(
        _points(baseline),
        _points(followup),
        registration=registration,
        overlaps=compute_overlaps(baseline, followup, registration),
        views=(baseline.geometry, followup.geometry),
    )


def compute_overlaps(baseline: LesionSet, followup: LesionSet, registration: Registration) -> Overlaps:
    """Dice and shares of all pairs of lesions that overlap once the follow-up is laid on the baseline grid."""
    moved = resample_labels(followup.labels, followup.geometry, baseline.geometry, matrix=registration.matrix)
    both = np.flatnonzero((baseline.labels > 0) & (moved > 0))
    width = len(followup.lesions) + 1
    code = baseline.labels.ravel()[both].astype(np.int64) * width + moved.ravel()[both]
    shared = np.bincount(code, minlength=1)
    n_baseline = np.bincount(baseline.labels.ravel(), minlength=len(baseline.lesions) + 1)
    n_followup = np.bincount(moved.ravel(), minlength=width)
    overlaps = {}
    for pair in np.flatnonzero(shared):
        one, other = divmod(int(pair), width)
        common = float(shared[pair])
        overlaps[(one, other)] = (
            2 * common / float(n_baseline[one] + n_followup[other]),
            common / float(n_baseline[one]),
            common / float(n_followup[other]),
        )
    return overlaps


def link_rows(tracking: Tracking, followup: LesionSet, *, with_ct_correlate: Collection[int] = ()) -> list[Row]:
    """Rows of the table `lesion_links` but for patient, scans and provenance.

    New lesions are classed by `new_class_row` against the reference of the follow-up scan; `with_ct_correlate` names
    the follow-up lesions for which a reader saw a finding on CT.
    """
    measures = {lesion.lesion: lesion.measures for lesion in followup.lesions}
    rows = []
    for link in tracking.links:
        classes = empty_class_row(followup.liver)
        if link.status == "new" and link.followup_lesion is not None:
            own, seen = measures[link.followup_lesion], link.followup_lesion in with_ct_correlate
            classes = new_class_row(own.max, own.mean, followup.liver, ct_correlate=seen)
        rows.append(
            {
                "plan": followup.plan.name,
                "plan_digest": followup.plan.digest,
                "baseline_lesion": link.baseline_lesion,
                "followup_lesion": link.followup_lesion,
                "status": link.status,
                "distance_mm": link.distance_mm,
                "overlap": link.overlap,
                "confidence": link.confidence,
                **classes,
                "cluster": None,
                "registration_error_mm": tracking.registration_error_mm,
                "provisional": True,
            }
        )
    return rows


def _points(lesions: LesionSet) -> list[LesionPoint]:
    return [
        LesionPoint(lesion.lesion, lesion.measures.centroid_mm, lesion.measures.volume_ml)
        for lesion in lesions.lesions
        if lesion.category in TRACKED
    ]
