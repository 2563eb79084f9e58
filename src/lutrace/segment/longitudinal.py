"""Two lesion sets of one patient: overlaps on a common grid, links, and the rows that say what is new."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from lutrace.core import ContradictionError, Row
from lutrace.imaging import Registration, Volume, resample_labels_by
from lutrace.segment.earlier_uptake import sub_threshold_uptake
from lutrace.segment.growth import compute_growth
from lutrace.segment.lesions import LesionSet
from lutrace.segment.new_lesions import empty_class_row, new_class_row
from lutrace.segment.physiological import Category
from lutrace.segment.tracking import LesionPoint, Overlaps, Tracking, track_points

TRACKED: tuple[Category, ...] = ("tumour", "uncertain")
_LEAST_REACH_MM = 7.0
"""A focus is looked for as far from its place as half the resolution of SPECT, and the registration's error."""

_INNER_SHARE = 0.7


def track(
    baseline: LesionSet,
    followup: LesionSet,
    *,
    registration: Registration | None,
    earlier: Volume | None = None,
    like_scans: bool = True,
) -> Tracking:
    """Links between the tumour and uncertain lesions of two scans; `registration` maps baseline to follow-up.

    Uses centroids, volumes, voxel overlap and both fields of view (see `tracking`). `earlier` is the baseline scan in
    SUVbw: with it a lesion whose place held focal uptake below the plan's threshold is `below_threshold`, not `new`
    (see `earlier_uptake`). `like_scans` is false between PET and SPECT: resolution and level differ, so volumes tell
    nothing; places and overlap decide. Without a registration (None: it failed) nothing overlaps and places alone
    decide, a table shift being theirs to find.
    Raises ContradictionError when the sets were made under different plans.
    """
    if baseline.plan.digest != followup.plan.digest:
        raise ContradictionError(
            f"tracking: expected both scans under one plan, found {baseline.plan.name} and {followup.plan.name}; "
            "measure them again under the same plan"
        )
    found = track_points(
        points_of(baseline, volumes=like_scans),
        points_of(followup, volumes=like_scans),
        registration=registration,
        overlaps=None if registration is None else compute_overlaps(baseline, followup, registration),
        views=(baseline.geometry, followup.geometry),
    )
    return found if earlier is None else _with_earlier_uptake(found, baseline, followup, earlier)


def _with_earlier_uptake(found: Tracking, baseline: LesionSet, followup: LesionSet, earlier: Volume) -> Tracking:
    """New lesions whose place held focal uptake before become `below_threshold`, with the values as a note."""
    taken = baseline.labels > 0
    size = {lesion.lesion: lesion.measures.volume_ml for lesion in followup.lesions}
    links = []
    for link in found.links:
        if link.status == "new" and link.followup_lesion is not None and link.place_mm is not None:
            radius = _LEAST_REACH_MM + found.registration_error_mm
            radius = max(radius, _INNER_SHARE * np.cbrt(3000.0 * size[link.followup_lesion] / (4.0 * np.pi)))
            uptake = sub_threshold_uptake(earlier, np.asarray(link.place_mm), radius, taken=taken)
            if uptake is not None and uptake.is_focal(followup.threshold_suv):
                before = f"SUV {uptake.suv_max:.2f}, {uptake.contrast:.1f} times its surroundings"
                notes = [link.note, f"below threshold before ({before})"]
                link = replace(link, status="below_threshold", note="; ".join(note for note in notes if note))
        links.append(link)
    return replace(found, links=tuple(links))


def compute_overlaps(baseline: LesionSet, followup: LesionSet, registration: Registration) -> Overlaps:
    """Dice and shares of all pairs of lesions that overlap once the follow-up is laid on the baseline grid."""
    before = baseline.voxels
    moved = resample_labels_by(registration, followup.labels, followup.geometry, baseline.geometry).ravel()
    after = moved[before.place]
    width = len(followup.lesions) + 1
    shared = np.bincount(before.number[after > 0].astype(np.int64) * width + after[after > 0], minlength=1)
    n_baseline = np.bincount(before.number, minlength=len(baseline.lesions) + 1)
    n_followup = np.bincount(moved[np.flatnonzero(moved)], minlength=width)
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


def link_rows(
    tracking: Tracking,
    baseline: LesionSet,
    followup: LesionSet,
    *,
    like_scans: bool = True,
    with_ct_correlate: Collection[int] = (),
) -> list[Row]:
    """Rows of the table `lesion_links` but for patient, scans and provenance.

    New lesions are classed by `new_class_row` against the reference of the follow-up scan; `with_ct_correlate` names
    the follow-up lesions for which a reader saw a finding on CT. Between like scans (not PET and SPECT) volume and
    uptake are compared, those of a cluster of merging and splitting lesions as one.
    """
    measures = {lesion.lesion: lesion.measures for lesion in followup.lesions}
    growth = _growth_rows(tracking, baseline if like_scans else None, followup)
    cut = [{one.lesion for one in side.lesions if one.cut_by_view} for side in (baseline, followup)]
    rows = []
    for number, link in enumerate(tracking.links):
        classes = empty_class_row(followup.reference)
        if link.status == "new" and link.followup_lesion is not None:
            own, seen = measures[link.followup_lesion], link.followup_lesion in with_ct_correlate
            classes = new_class_row(own.max, own.mean, followup.reference, ct_correlate=seen)
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
                "rule": "; ".join(part for part in (link.note, classes["rule"]) if part) or None,
                "cluster": link.cluster,
                **growth[number],
                "cut_by_view": link.baseline_lesion in cut[0] or link.followup_lesion in cut[1],
                "registration_error_mm": tracking.registration_error_mm,
                "provisional": True,
            }
        )
    return rows


def _growth_rows(tracking: Tracking, baseline: LesionSet | None, followup: LesionSet) -> list[Row]:
    """The columns of growth of each link; empty without a baseline to compare with."""
    held: list[dict[int, tuple[float, float]]] = [
        {} if side is None else {one.lesion: (one.measures.volume_ml, one.measures.total) for one in side.lesions}
        for side in (baseline, followup)
    ]
    volumes, uptakes = (
        compute_growth(tracking.links, *({lesion: values[n] for lesion, values in side.items()} for side in held))
        for n in (0, 1)
    )
    return [
        {
            "compared": None if volume is None else volume.level,
            "baseline_ml": None if volume is None else volume.before,
            "followup_ml": None if volume is None else volume.after,
            "volume_change_pct": None if volume is None else volume.change_pct,
            "tlp_change_pct": None if uptake is None else uptake.change_pct,
        }
        for volume, uptake in zip(volumes, uptakes, strict=True)
    ]


def points_of(lesions: LesionSet, *, volumes: bool = True) -> list[LesionPoint]:
    """The lesions that are tracked (tumour and uncertain) as points, with their volumes or without."""
    return [
        LesionPoint(lesion.lesion, lesion.measures.centroid_mm, lesion.measures.volume_ml if volumes else None)
        for lesion in lesions.lesions
        if lesion.category in TRACKED
    ]
