"""How far the tracking of two scans can be trusted: the patient's own lesions, one at a time hidden at baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lutrace.core import Row
from lutrace.imaging import Registration, common_view
from lutrace.segment.alignment import distances
from lutrace.segment.lesions import LesionSet
from lutrace.segment.longitudinal import compute_overlaps, points_of
from lutrace.segment.tracking import LesionPoint, Overlaps, Tracking, track_points

MOST_TRIALS = 40


@dataclass(frozen=True)
class HideOneResult:
    """Trials, and their shares: hidden lesions that came out new, new ones that were hidden, other links that stayed.

    None without a trial.
    """

    trials: int
    new_recall: float | None
    new_precision: float | None
    match_f1: float | None


def run_hide_one(
    baseline: Sequence[LesionPoint],
    followup: Sequence[LesionPoint],
    *,
    registration: Registration | None = None,
    overlaps: Overlaps | None = None,
) -> HideOneResult:
    """Hide each baseline lesion that has a partner of its own (at most 40, evenly chosen) and track anew.

    Its partner must then be new, and all other links must stay as they are with nothing hidden; what is new even then
    counts neither way. Lesions of clusters are not hidden: their partner has other lesions. It measures how well the
    tracker tells a new lesion among these lesions, not whether the links with nothing hidden are true.
    """
    whole = track_points(baseline, followup, registration=registration, overlaps=overlaps)
    pairs = _pairs(whole)
    own = [(link.baseline_lesion, link.followup_lesion) for link in whole.links if link.status == "matched"]
    chosen = own[:: -(-len(own) // MOST_TRIALS)] if own else []
    hits, missed, false_new, kept, lost, gained = 0, 0, 0, 0, 0, 0
    for hidden, partner in chosen:
        left = [point for point in baseline if point.lesion != hidden]
        found = track_points(left, followup, registration=registration, overlaps=overlaps)
        new = _new(found) - _new(whole)
        hits, missed = hits + (partner in new), missed + (partner not in new)
        false_new += len(new - {partner})
        expected, now = pairs - {(hidden, partner)}, _pairs(found)
        kept, lost, gained = kept + len(expected & now), lost + len(expected - now), gained + len(now - expected)
    if not chosen:
        return HideOneResult(0, None, None, None)
    precision = hits / (hits + false_new) if hits + false_new else 0.0
    links = 2 * kept + lost + gained
    return HideOneResult(len(chosen), hits / (hits + missed), precision, 2 * kept / links if links else 1.0)


def check_tracking(
    baseline: LesionSet,
    followup: LesionSet,
    *,
    registration: Registration | None,
    like_scans: bool = True,
    with_trials: bool = True,
) -> Row:
    """The row of `tracking_checks` for two tracked scans, but for patient, scans and provenance.

    `like_scans` and no registration as in `track`. Without trials no lesion is hidden: the row says 0 trials, and how
    far both scans have seen the same.
    """
    before, after = points_of(baseline, volumes=like_scans), points_of(followup, volumes=like_scans)
    overlaps = None if registration is None else compute_overlaps(baseline, followup, registration)
    found = track_points(before, after, registration=registration, overlaps=overlaps)
    result = HideOneResult(0, None, None, None)
    if with_trials:
        result = run_hide_one(before, after, registration=registration, overlaps=overlaps)
    seen = None
    if registration is not None:
        seen = common_view(followup.geometry, baseline.geometry, matrix=registration.inverse.matrix)
    return {
        "plan": followup.plan.name,
        "plan_digest": followup.plan.digest,
        "registration": "failed: places alone" if registration is None else registration.method,
        "registration_error_mm": found.registration_error_mm,
        "nearest_neighbour_mm": _neighbour_mm(before),
        "trials": result.trials,
        "new_recall": result.new_recall,
        "new_precision": result.new_precision,
        "match_f1": result.match_f1,
        "common_view_share": None if seen is None else float(seen.mean()),
    }


def _pairs(tracking: Tracking) -> set[tuple[int | None, int | None]]:
    return {
        (link.baseline_lesion, link.followup_lesion)
        for link in tracking.links
        if link.baseline_lesion is not None and link.followup_lesion is not None
    }


def _new(tracking: Tracking) -> set[int | None]:
    return {link.followup_lesion for link in tracking.links if link.status == "new"}


def _neighbour_mm(points: Sequence[LesionPoint]) -> float | None:
    """Median distance of a lesion to the nearest other, mm; None for one lesion."""
    if len(points) < 2:
        return None
    places = np.asarray([point.centroid_mm for point in points])
    between = distances(places, places)
    np.fill_diagonal(between, np.inf)
    return float(np.median(between.min(axis=1)))
