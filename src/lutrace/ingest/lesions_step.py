"""`lutrace lesions`: the lesions of one scan under one plan or several, as files, without a registry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lutrace.core import ContradictionError, Row, UnusableInputError
from lutrace.dicom import (
    SeriesFiles,
    SeriesImage,
    index_folder,
    is_activity_series,
    is_image_series,
    make_tracking,
    read_masks,
    read_series,
)
from lutrace.imaging import BoolArray, Mask, Volume
from lutrace.ingest.injections import read_injections
from lutrace.ingest.lesion_objects import (
    MeasuredScan,
    write_lesion_objects,
    write_lesion_pictures,
    write_lesion_tables,
)
from lutrace.ingest.profile import LESION_REGION, SiteProfile
from lutrace.ingest.scan_measuring import find_model_mask, tracer_of
from lutrace.ingest.suv_step import quantify_image, records_of_series
from lutrace.physics import QuantFacts, QuantProfile, SuvFactor, apply_suv_factor, select_recovery
from lutrace.segment import LesionSet, ScanFacts, find_lesions_by_plans, find_organs


@dataclass(frozen=True)
class LesionsStepResult:
    """What `lutrace lesions` shows: a row per lesion and plan, each plan's totals (mL), warnings, files written."""

    lesions: tuple[Row, ...]
    totals: tuple[Row, ...]
    warnings: tuple[str, ...]
    written: tuple[Path, ...]


@dataclass(frozen=True)
class LesionInputs:
    """The files beside the scan: a folder with its CT, organ masks, a table of administrations; the site's profile."""

    ct: Path | None = None
    organs: Path | None = None
    injections: Path | None = None
    profile: SiteProfile | None = None


def run_lesions(
    folder: Path, plan_names: Sequence[str], *, out: Path, inputs: LesionInputs | None = None
) -> LesionsStepResult:
    """The lesions of the PET or SPECT series in `folder` in SUVbw, written to `out`.

    `plan_names` are shipped measurement plans; several get a folder each, named by the plan. Written are lesions.csv,
    totals.csv, SEG, RTSTRUCT, SUV mapping, report, mip.png and mip_rotating.gif; without a lesion no DICOM object.
    Organ masks are named by the vocabulary or by the profile's `mask_names`; without any, what each component is taken
    for is the labeller's guess and the totals are candidate uptake. Masks that mean `lesion` are taken for tumour. The
    CT is the one series of `ct` that shares the scan's frame of reference.
    Three totals are given, never one; the reviewed volume is empty until somebody has reviewed it.
    Raises what the readers, the SUV factor and `segment.find_lesions` refuse.
    """
    inputs = inputs or LesionInputs()
    profile = inputs.profile or SiteProfile()
    plans = [profile.plan_of(name) for name in dict.fromkeys(plan_names)]
    networks = profile.networks
    series = _only_uptake(folder)
    image = read_series(series)
    table = read_injections(inputs.injections) if inputs.injections is not None else None
    done = quantify_image(image, records_of_series(series, image, table), profile.quantification)
    voxels = apply_suv_factor(image.volume.array, done.factor, out=image.volume.array)
    suv = image.volume.with_array(voxels, "g/mL")
    ct, ct_notes = _read_ct(inputs.ct, image)
    given, seeds, mask_notes = _read_organs(inputs.organs, suv, series, profile)
    sources = list(dict.fromkeys(source for plan in plans for source in plan.organs))
    organs = find_organs(suv, given=given, ct=ct, sources=sources, model=networks.organs)
    modality = _modality(series, done.facts)
    facts = ScanFacts(
        ct=ct,
        tracer=tracer_of(done.facts),
        modality=modality,
        tumour_seeds=seeds,
        model_mask=find_model_mask(networks, plans, suv, ct),
        recovery=select_recovery(done.facts, (profile.quantification or QuantProfile()).recovery_curves),
    )
    found = find_lesions_by_plans(suv, organs.masks, plans, **facts)
    scans = [_measured(series, suv, one, done.factor, modality) for one in found.values()]
    written = [path for scan in scans for path in _write(scan, out if len(scans) == 1 else out / scan.found.plan.name)]
    notes = dict.fromkeys(note for one in found.values() for note in one.notes)
    return LesionsStepResult(
        tuple({"plan": scan.found.plan.name, **row} for scan in scans for row in scan.rows),
        tuple(scan.totals for scan in scans),
        (*image.audit.tolerated, *done.warnings, *ct_notes, *mask_notes, *organs.notes, *notes),
        tuple(written),
    )


def _write(scan: MeasuredScan, out: Path) -> list[Path]:
    return [*write_lesion_tables(scan, out), *write_lesion_pictures(scan, out), *write_lesion_objects(scan, out)]


def _measured(series: SeriesFiles, suv: Volume, found: LesionSet, factor: SuvFactor, modality: str) -> MeasuredScan:
    """The scan under one plan; without a registry a lesion's identity is its number in this series and plan."""
    place = (series.series_uid, found.plan.digest)
    tracking = {lesion.lesion: make_tracking(f"lesion {lesion.lesion}", *place) for lesion in found.lesions}
    return MeasuredScan(series.paths, suv, factor, found, tracking, modality)


def _only_uptake(folder: Path) -> SeriesFiles:
    """The one PET or SPECT series of a folder that is an image."""
    index = index_folder([folder])
    uptake = [series for series in index.series if is_activity_series(series) and is_image_series(series)]
    if len(uptake) != 1:
        raise UnusableInputError(f"lesions: expected one PET or SPECT series in the folder, found {len(uptake)}")
    return uptake[0]


def _read_ct(folder: Path | None, image: SeriesImage) -> tuple[Volume | None, list[str]]:
    """The CT that lies in the scan's frame of reference; of several the one with the most slices, with a note.

    Raises UnusableInputError without a CT, ContradictionError when none shares the frame of reference.
    """
    if folder is None:
        return None, []
    series = [one for one in index_folder([folder]).of_modality("CT") if is_image_series(one)]
    if not series:
        raise UnusableInputError("ct: expected a CT series in the folder, found none")
    frame = image.volume.geometry.frame_of_reference
    fitting = [one for one in series if frame is not None and str(one.header.get("FrameOfReferenceUID", "")) == frame]
    if not fitting:
        raise ContradictionError(
            f"ct: none of {len(series)} CT series shares the scan's Frame of Reference UID (0020,0052); give the CT of "
            "the same examination, or leave it out"
        )
    chosen = max(fitting, key=lambda one: len(one.instances))
    notes = [f"ct: {len(fitting)} series fit, the one with the most slices is taken"] if len(fitting) > 1 else []
    return read_series(chosen).volume, notes


def _read_organs(
    path: Path | None, suv: Volume, series: SeriesFiles, profile: SiteProfile
) -> tuple[list[Mask], BoolArray | None, list[str]]:
    """Organ masks by region, the voxels drawn as lesions, and what was tolerated or passed over."""
    masks = read_masks(path, suv.geometry, series_uid=series.series_uid) if path is not None else []
    organs: list[Mask] = []
    seeds: BoolArray | None = None
    notes = [f"{mask.name}: {note}" for mask in masks for note in mask.notes]
    for mask in masks:
        region = profile.region_of(mask.name)
        if region is None:
            notes.append(f"{mask.name}: means no region of the vocabulary, passed over; map it in mask_names")
        elif region == LESION_REGION:
            notes.append(f"{mask.name}: taken for tumour, as drawn")
            seeds = mask.array if seeds is None else np.asarray(seeds | mask.array)
        else:
            organs.append(replace(mask, name=region))
    return organs, seeds, notes


def _modality(series: SeriesFiles, facts: QuantFacts) -> str:
    """A 177Lu SPECT stored as PET is a SPECT."""
    return "SPECT" if series.modality == "NM" or facts.radionuclide == "Lu-177" else "PET"
