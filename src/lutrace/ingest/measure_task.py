"""What one patient's measurement rests on: scans, masks, records, the site's settings, the plans; and their SUV."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lutrace.core import Row
from lutrace.imaging import BoolArray, Mask, Volume, resample_masks
from lutrace.ingest.header_facts import parse_header_facts
from lutrace.ingest.pixels import load_mask, load_volume
from lutrace.ingest.profile import LESION_REGION, Networks, RegistrationKind
from lutrace.ingest.suv_step import Quantified, quantify_volume
from lutrace.physics import (
    NUCLIDES,
    InjectionRecord,
    QuantFacts,
    QuantProfile,
    apply_suv_factor,
    compute_net_injected_bq,
)
from lutrace.registry import ImageStore
from lutrace.segment import Plan
from lutrace.terms import regions


@dataclass(frozen=True)
class PatientTask:
    """All that one patient's measurement rests on; `inputs` are the digests by scan, and by scan and plan.

    `findings` are the reader's lesions without uptake whose place is stated.
    """

    images: ImageStore
    patient_id: str
    scans: tuple[Row, ...]
    cts: tuple[Row, ...]
    masks: tuple[Row, ...]
    cycles: tuple[Row, ...]
    findings: tuple[Row, ...]
    profile: QuantProfile | None
    networks: Networks
    registration: RegistrationKind
    plans: tuple[Plan, ...]
    inputs: Mapping[str, str]
    plan_inputs: Mapping[tuple[str, str], str]


def quantify_scan(task: PatientTask, scan: Row) -> tuple[Volume, Quantified]:
    """The scan in SUVbw (g/mL) and how its factor was found; raises the LutraceError that forbids it."""
    facts = parse_header_facts(scan["header_facts"])
    volume = load_volume(task.images, scan)
    done = quantify_volume(volume, facts, records_of_scan(scan, task.cycles, facts), task.profile)
    suv = apply_suv_factor(volume.array, done.factor, out=volume.array)  # nobody else holds what was just loaded
    return volume.with_array(suv, "g/mL"), done


def ct_of(task: PatientTask, scan: Row) -> Row | None:
    """The row of the CT in the same patient position as a scan, or None."""
    frame = scan["frame_of_reference"]
    return next((ct for ct in task.cts if frame is not None and ct["frame_of_reference"] == frame), None)


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


def organs_on(task: PatientTask, scan: Row, volume: Volume) -> list[Mask]:
    """One mask per region on the scan's grid: its own, else that of a scan in the same patient position."""
    organs: list[Mask] = []
    elsewhere: list[Mask] = []
    for region in regions():
        candidates = _masks_of(task, scan, region)
        if candidates:
            mask = load_mask(task.images, candidates[0])
            (organs if mask.geometry.same_grid(volume.geometry) else elsewhere).append(mask)
    found = {mask.name: mask for mask in (*organs, *resample_masks(elsewhere, volume.geometry))}
    return [found[region] for region in regions() if region in found]


def seeds_on(task: PatientTask, scan: Row, volume: Volume) -> BoolArray | None:
    """The voxels that somebody has drawn as lesions, on the scan's grid; None where nobody has."""
    drawn = [load_mask(task.images, row) for row in _masks_of(task, scan, LESION_REGION)]
    if not drawn:
        return None
    seeds = np.zeros(volume.geometry.shape_zyx, np.bool_)
    for mask in drawn:
        here = mask if mask.geometry.same_grid(volume.geometry) else resample_masks([mask], volume.geometry)[0]
        seeds |= here.array
    return seeds


def _masks_of(task: PatientTask, scan: Row, region: str) -> list[Row]:
    """The masks of a region in the scan's patient position, its own first."""
    frames = {one["scan_id"]: one["frame_of_reference"] for one in (*task.scans, *task.cts)}
    frame = scan["frame_of_reference"]
    fitting = [
        row
        for row in task.masks
        if row["region"] == region
        and (row["scan_id"] == scan["scan_id"] or (frame is not None and frames.get(row["scan_id"]) == frame))
    ]
    return sorted(fitting, key=lambda row: (row["scan_id"] != scan["scan_id"], row["maker"], row["mask_id"]))
