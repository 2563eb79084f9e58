"""What a worker measures for one patient: SUV, organs, lesions, identity across time, pictures; it returns rows."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lutrace.core import EstimationError, LutraceError, Row, canonical_json, digest_of
from lutrace.imaging import (
    Mask,
    Outline,
    Registration,
    Volume,
    identity_registration,
    register_rigid,
    render_mip,
    resample_masks,
    to_suvbw,
)
from lutrace.ingest.header_facts import parse_header_facts
from lutrace.ingest.pixels import load_mask, load_volume
from lutrace.ingest.suv_step import Quantified, quantify_volume
from lutrace.physics import NUCLIDES, InjectionRecord, QuantFacts, QuantProfile, Step, compute_net_injected_bq
from lutrace.registry import ImageStore
from lutrace.segment import LesionSet, Plan, find_lesions, link_rows, measure_organs, track
from lutrace.tables import LESION_LINKS, LESIONS, ORGANS, PICTURES, QUANTIFICATIONS, TUMOUR_BURDENS
from lutrace.terms import regions

MEASURE_VERSION = "1"
"""Raised when the way of measuring changes: every scan is then measured anew."""

SHOWN_BLACK_SUV = 10.0
"""SUVbw shown black in pictures, the same for all scans so that they can be compared."""

_PICTURE_PIXEL_MM = 3.0
_REGISTRATION_GRID_MM = 9.0
"""Registration looks at bones and body, not at voxels: below the resolution of SPECT nothing is gained but time."""

_CT_WINDOW = (-500.0, 500.0)
_SUV_WINDOW = (0.0, 10.0)


@dataclass(frozen=True)
class PatientTask:
    """All that one patient's measurement rests on; `inputs` are the digests by scan, and by scan and plan."""

    images: ImageStore
    patient_id: str
    scans: tuple[Row, ...]
    cts: tuple[Row, ...]
    masks: tuple[Row, ...]
    cycles: tuple[Row, ...]
    profile: QuantProfile | None
    plans: tuple[Plan, ...]
    inputs: Mapping[str, str]
    plan_inputs: Mapping[tuple[str, str], str]


@dataclass(frozen=True)
class PatientAnswer:
    """The rows of one patient by table, and how many scans were measured and refused."""

    rows: Mapping[str, Sequence[Row]]
    measured: int
    refused: int


@dataclass
class _Collected:
    """Rows on the way, and what tracking needs of each scan."""

    rows: dict[str, list[Row]] = field(
        default_factory=lambda: {
            table.name: [] for table in (QUANTIFICATIONS, ORGANS, LESIONS, TUMOUR_BURDENS, LESION_LINKS, PICTURES)
        }
    )
    suv: dict[str, Volume] = field(default_factory=dict)
    lesions: dict[tuple[str, str], LesionSet] = field(default_factory=dict)


def measure_patient(task: PatientTask) -> PatientAnswer:
    """Measure all scans of a patient under all plans; a scan that fails is a refused row and stops no other."""
    collected = _Collected()
    for scan in task.scans:
        _measure_scan(task, scan, collected)
    _track_patient(task, collected)
    refused = sum(row["status"] == "refused" for row in collected.rows[QUANTIFICATIONS.name])
    return PatientAnswer(collected.rows, len(task.scans) - refused, refused)


def records_of_scan(scan: Row, cycles: Sequence[Row], facts: QuantFacts) -> list[InjectionRecord]:
    """The record of the injection that a post-therapy scan followed, its activity net at the injection.

    Raises MissingFactError or ContradictionError when the record contradicts itself.
    """
    if scan["cycle"] is None:
        return []
    nuclide = NUCLIDES.get(facts.radionuclide or "")
    half_life_s = nuclide.half_life_s if nuclide is not None else facts.half_life_s
    found = []
    for cycle in cycles:
        if cycle["cycle"] != scan["cycle"] or half_life_s is None:
            continue
        injection = cycle["injection_datetime"] or _same_day(facts.injection_datetime, cycle["administered_date"])
        injected_bq = None
        if cycle["administered_mbq"] is not None:
            injected_bq = compute_net_injected_bq(
                cycle["administered_mbq"],
                half_life_s=half_life_s,
                injection_datetime=injection,
                assay_datetime=cycle["assay_datetime"],
                residual_mbq=cycle["residual_mbq"],
                residual_datetime=cycle["residual_datetime"],
            )
        found.append(
            InjectionRecord(
                cycle["row_id"],
                injected_bq,
                cycle["injection_datetime"],
                cycle["administered_date"],
                cycle["weight_kg"],
            )
        )
    return found


def _same_day(moment: dt.datetime | None, day: dt.date) -> dt.datetime | None:
    return moment if moment is not None and moment.date() == day else None


def _measure_scan(task: PatientTask, scan: Row, collected: _Collected) -> None:
    facts = parse_header_facts(scan["header_facts"])
    try:
        volume = load_volume(task.images, scan)
        done = quantify_volume(volume, facts, records_of_scan(scan, task.cycles, facts), task.profile)
        suv = to_suvbw(volume, done.factor)
        organs = organs_on(task, scan, volume)
    except LutraceError as error:
        collected.rows[QUANTIFICATIONS.name].append(_refused(task, scan, facts, str(error)))
        return
    collected.suv[scan["scan_id"]] = suv
    refused_plans = []
    for plan in task.plans:
        try:
            lesions = find_lesions(suv, organs, plan)
            organ_rows = measure_organs(suv, organs, plan)
        except LutraceError as error:
            inputs = task.plan_inputs[scan["scan_id"], plan.name]
            refused_plans.append(Step(f"plan {plan.name}", (inputs,), f"refused: {error}"))
            continue
        collected.lesions[scan["scan_id"], plan.name] = lesions
        _collect(task, scan, lesions, organ_rows, collected)
        collected.rows[PICTURES.name].append(_picture(task, scan, suv, lesions))
    collected.rows[QUANTIFICATIONS.name].append(_quantified(task, scan, done, refused_plans))


def _collect(task: PatientTask, scan: Row, lesions: LesionSet, organs: Sequence[Row], collected: _Collected) -> None:
    own = {"patient_id": task.patient_id, "scan_id": scan["scan_id"]}
    collected.rows[ORGANS.name] += [{**own, **row} for row in organs]
    collected.rows[LESIONS.name] += [{**own, **row} for row in lesions.rows]
    inputs = task.plan_inputs[scan["scan_id"], lesions.plan.name]
    collected.rows[TUMOUR_BURDENS.name].append({**own, **lesions.burden_row, "inputs_digest": inputs})


def organs_on(task: PatientTask, scan: Row, volume: Volume) -> list[Mask]:
    """One mask per region on the scan's grid: its own, else that of a scan in the same patient position."""
    frames = {one["scan_id"]: one["frame_of_reference"] for one in (*task.scans, *task.cts)}
    own_frame = scan["frame_of_reference"]
    organs: list[Mask] = []
    elsewhere: list[Mask] = []
    for region in regions():
        candidates = [
            row
            for row in task.masks
            if row["region"] == region
            and (
                row["scan_id"] == scan["scan_id"] or (own_frame is not None and frames.get(row["scan_id"]) == own_frame)
            )
        ]
        candidates.sort(key=lambda row: (row["scan_id"] != scan["scan_id"], row["maker"], row["mask_id"]))
        if candidates:
            mask = load_mask(task.images, candidates[0])
            (organs if mask.geometry.same_grid(volume.geometry) else elsewhere).append(mask)
    found = {mask.name: mask for mask in (*organs, *resample_masks(elsewhere, volume.geometry))}
    return [found[region] for region in regions() if region in found]


def _quantified(task: PatientTask, scan: Row, done: Quantified, refused_plans: Sequence[Step]) -> Row:
    factor = done.factor
    notes = [Step("note", (), note) for note in done.facts.notes]
    warnings = [*done.warnings, *(f"{step.name} {step.result}" for step in refused_plans)]
    return {
        "scan_id": scan["scan_id"],
        "patient_id": task.patient_id,
        "status": "ok",
        "factor_suvbw": factor.factor_suvbw,
        "injected_bq_at_reference": factor.injected_bq_at_reference,
        "half_life_s": factor.half_life_s,
        "weight_kg": factor.weight_kg,
        "reference_datetime": factor.reference_datetime,
        "hours_after_injection": done.hours_after_injection,
        "activity_budget_pct": done.activity_budget_pct,
        "steps": _steps([*factor.steps, *notes]),
        "checks": _steps([*factor.checks, *refused_plans]),
        "warnings": canonical_json(warnings),
        "inputs_digest": task.inputs[scan["scan_id"]],
    }


def _refused(task: PatientTask, scan: Row, facts: QuantFacts, reason: str) -> Row:
    return {
        "scan_id": scan["scan_id"],
        "patient_id": task.patient_id,
        "status": "refused",
        "reason": reason,
        "steps": _steps([Step("note", (), note) for note in facts.notes]),
        "checks": "[]",
        "warnings": "[]",
        "inputs_digest": task.inputs[scan["scan_id"]],
    }


def _steps(steps: Sequence[Step]) -> str:
    return canonical_json([dataclasses.asdict(step) for step in steps])


def _picture(task: PatientTask, scan: Row, suv: Volume, lesions: LesionSet) -> Row:
    present = dict.fromkeys(lesion.category for lesion in lesions.lesions)
    outlines = [Outline(lesions.array_of(category), category) for category in present]
    picture = render_mip(suv, outlines, angle_deg=0.0, suv_max=SHOWN_BLACK_SUV, pixel_mm=_PICTURE_PIXEL_MM)
    picture_id = f"I-{digest_of([scan['scan_id'], lesions.plan.digest, 'mip', 0.0])[:16].upper()}"
    height_px, width_px = picture.pixels.shape[:2]
    return {
        "picture_id": picture_id,
        "patient_id": task.patient_id,
        "scan_id": scan["scan_id"],
        "plan": lesions.plan.name,
        "plan_digest": lesions.plan.digest,
        "kind": "mip",
        "angle_deg": picture.angle_deg,
        "suv_max": picture.suv_max,
        "width_px": width_px,
        "height_px": height_px,
        "png_digest": task.images.put_png(picture_id, picture.png),
    }


def _track_patient(task: PatientTask, collected: _Collected) -> None:
    """Links between all ordered pairs of post-therapy scans, and one track per lesion that they join."""
    scans = [scan for scan in task.scans if scan["purpose"] == "rlt_spect" and scan["scan_id"] in collected.suv]
    motions = _Motions(task, scans, collected)
    for number, one in enumerate(scans):
        for other in scans[number + 1 :]:
            for plan in task.plans:
                baseline = collected.lesions.get((one["scan_id"], plan.name))
                followup = collected.lesions.get((other["scan_id"], plan.name))
                if baseline is None or followup is None:
                    continue
                found = track(baseline, followup, registration=motions.between(one, other))
                ends = {
                    "patient_id": task.patient_id,
                    "baseline_scan_id": one["scan_id"],
                    "followup_scan_id": other["scan_id"],
                }
                collected.rows[LESION_LINKS.name] += [{**ends, **row} for row in link_rows(found, followup)]
    successive = {(one["scan_id"], other["scan_id"]) for one, other in itertools.pairwise(scans)}
    _name_tracks(collected, successive)


class _Motions:
    """The motion between any two scans of a patient; each scan is registered once, to the first."""

    def __init__(self, task: PatientTask, scans: Sequence[Row], collected: _Collected) -> None:
        """Hold the scans in order of time; nothing is registered before it is asked for."""
        self._task = task
        self._first = scans[0] if scans else None
        self._collected = collected
        self._from_first: dict[str, Registration] = {}

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
        cts = [_ct_of(self._task, scan) for scan in (one, other)]
        if cts[0] is not None and cts[1] is not None:
            fixed, moving = (load_volume(self._task.images, ct) for ct in cts if ct is not None)
            return register_rigid(
                fixed, moving, metric="mutual_information", window=_CT_WINDOW, grid_mm=_REGISTRATION_GRID_MM
            )
        fixed, moving = (self._collected.suv[scan["scan_id"]] for scan in (one, other))
        return register_rigid(fixed, moving, metric="correlation", window=_SUV_WINDOW, grid_mm=_REGISTRATION_GRID_MM)


def _ct_of(task: PatientTask, scan: Row) -> Row | None:
    frame = scan["frame_of_reference"]
    return next((ct for ct in task.cts if frame is not None and ct["frame_of_reference"] == frame), None)


def _name_tracks(collected: _Collected, successive: set[tuple[str, str]]) -> None:
    """Give lesions that the links of successive scans join the same track, named by its first lesion."""
    parent: dict[tuple[str, str, int], tuple[str, str, int]] = {}

    def first_of(node: tuple[str, str, int]) -> tuple[str, str, int]:
        while parent.get(node, node) != node:
            node = parent[node]
        return node

    for link in collected.rows[LESION_LINKS.name]:
        scans = (link["baseline_scan_id"], link["followup_scan_id"])
        if scans not in successive or link["baseline_lesion"] is None or link["followup_lesion"] is None:
            continue
        earlier = first_of((scans[0], link["plan_digest"], link["baseline_lesion"]))
        later = first_of((scans[1], link["plan_digest"], link["followup_lesion"]))
        if earlier != later:
            parent[later] = earlier
    tracked = {scan_id for pair in successive for scan_id in pair}
    for row in collected.rows[LESIONS.name]:
        if row["scan_id"] in tracked:
            node = first_of((row["scan_id"], row["plan_digest"], row["lesion"]))
            row["track_id"] = f"T-{digest_of(node)[:16].upper()}"
