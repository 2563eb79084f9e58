"""`lutrace lesions`: the lesions of one scan under one plan or several, as files, without a registry."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from lutrace.core import (
    ContradictionError,
    LutraceError,
    Progress,
    Row,
    UnusableInputError,
    check_result_folder,
    replaced_folder,
    silent,
)
from lutrace.dicom import (
    MaskReader,
    SeriesFiles,
    SeriesImage,
    begin_masks,
    index_folder,
    is_activity_series,
    is_image_series,
    make_tracking,
    read_series,
)
from lutrace.imaging import Volume
from lutrace.ingest.injections import read_injections
from lutrace.ingest.lesion_objects import (
    OBJECT_FILES,
    PICTURE_FILES,
    TABLE_FILES,
    MeasuredScan,
    write_lesion_objects,
    write_lesion_pictures,
    write_lesion_tables,
)
from lutrace.ingest.organ_masks import read_organ_masks
from lutrace.ingest.profile import SiteProfile
from lutrace.ingest.scan_measuring import find_model_mask, tracer_of
from lutrace.ingest.suv_step import Quantified, quantify_image, records_of_series
from lutrace.ingest.tracer_check import describe_tracer
from lutrace.physics import QuantFacts, QuantProfile, apply_suv_factor, select_recovery
from lutrace.segment import (
    LesionSet,
    OrganSet,
    Plan,
    ScanFacts,
    find_lesions,
    find_lesions_by_plans,
    find_organs,
    plan_names,
)
from lutrace.terms import tracer_target


@dataclass(frozen=True)
class LesionsStepResult:
    """What `lutrace lesions` shows: a row per lesion and plan, each plan's totals (mL), warnings, files written.

    `refused` pairs each plan that could not be used with the reason.
    """

    lesions: tuple[Row, ...]
    totals: tuple[Row, ...]
    warnings: tuple[str, ...]
    written: tuple[Path, ...]
    refused: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class LesionInputs:
    """The files beside the scan: a folder with its CT, organ masks, a table of administrations; the site's profile."""

    ct: Path | None = None
    organs: Path | None = None
    injections: Path | None = None
    profile: SiteProfile | None = None


def run_lesions(
    folder: Path,
    plans_wanted: Sequence[str],
    *,
    out: Path,
    inputs: LesionInputs | None = None,
    progress: Progress = silent,
) -> LesionsStepResult:
    """The lesions of the PET or SPECT series in `folder` in SUVbw, written to `out`.

    `plans_wanted` are shipped measurement plans; several get a folder each, named by the plan. A plan that cannot be
    used does not stop the others: it is told with the reason. Written are lesions.csv, totals.csv, SEG, RTSTRUCT, SUV
    mapping, report, mip.png and mip_rotating.gif; without a lesion no DICOM object. Earlier results in `out` are
    replaced as a whole once all is written.
    Organ masks are named by the vocabulary or by the profile's `mask_names`; without any, what each component is taken
    for is the labeller's guess and the totals are candidate uptake. Masks that mean `lesion` are taken for tumour. The
    CT is the one series of `ct` that shares the scan's frame of reference.
    Three totals are given, never one; the reviewed volume is empty until somebody has reviewed it.
    Raises UnusableInputError when `out` holds anything else or a mask cannot be placed; what the readers and the SUV
    factor refuse; and what `segment.find_lesions` refuses when no plan can be used.
    """
    inputs = inputs or LesionInputs()
    profile = inputs.profile or SiteProfile()
    plans = [profile.plan_of(name) for name in dict.fromkeys(plans_wanted)]
    check_result_folder(out, (*TABLE_FILES, *PICTURE_FILES, *OBJECT_FILES), _plan_folders(plans))
    with begin_masks(inputs.organs) if inputs.organs is not None else nullcontext() as masks:
        progress("read the scan", 0, 1)
        series = _only_uptake(folder)
        image = read_series(series)
        table = read_injections(inputs.injections) if inputs.injections is not None else None
        done = quantify_image(image, records_of_series(series, image, table), profile.quantification)
        suv = image.volume.with_array(apply_suv_factor(image.volume.array, done.factor, out=image.volume.array), "g/mL")
        progress("read the scan", 1, 1)
        organs, facts, notes = _surroundings((series, image, suv), done, plans, inputs, masks, progress)
    progress("find lesions", 0, len(plans))
    found, refused = _find(suv, organs, plans, facts)
    progress("find lesions", len(plans), len(plans))
    scans = [_measured(series, suv, one, done, facts["modality"] or "scan") for one in found.values()]
    written = _write(scans, out, progress, by_plan=len(plans) > 1)
    tracer = describe_tracer(done.facts)
    notes += dict.fromkeys(note for one in found.values() for note in one.notes)
    return LesionsStepResult(
        tuple({"plan": scan.found.plan.name, **row} for scan in scans for row in scan.rows),
        tuple(scan.totals for scan in scans),
        (*([tracer] if tracer else []), *image.audit.tolerated, *done.warnings, *notes, *_cut_notes(scans)),
        tuple(written),
        tuple(refused),
    )


def _surroundings(
    scan: tuple[SeriesFiles, SeriesImage, Volume],
    done: Quantified,
    plans: Sequence[Plan],
    inputs: LesionInputs,
    masks: MaskReader | None,
    progress: Progress,
) -> tuple[OrganSet, ScanFacts, list[str]]:
    """The organs, what else the lesions rest on, and what is to be said of both."""
    series, image, suv = scan
    profile = inputs.profile or SiteProfile()
    progress("organs and CT", 0, 1)
    ct, ct_notes = _read_ct(inputs.ct, image)
    given, seeds, mask_notes = read_organ_masks(masks, suv, series, profile)
    sources = list(dict.fromkeys(source for plan in plans for source in plan.organs))
    organs = find_organs(suv, given=given, ct=ct, sources=sources, model=profile.networks.organs)
    facts = ScanFacts(
        ct=ct,
        tracer=tracer_of(done.facts),
        modality=_modality(series, done.facts),
        tumour_seeds=seeds,
        model_mask=find_model_mask(profile.networks, plans, suv, ct),
        recovery=select_recovery(done.facts, (profile.quantification or QuantProfile()).recovery_curves),
    )
    progress("organs and CT", 1, 1)
    return organs, facts, [*ct_notes, *mask_notes, *organs.notes]


def _find(
    suv: Volume, organs: OrganSet, plans: Sequence[Plan], facts: ScanFacts
) -> tuple[dict[str, LesionSet], list[tuple[str, str]]]:
    """The lesions by plan in one pass; if a plan cannot be used, one by one, with the reason of each that cannot.

    Raises what forbids the first plan when none can be used.
    """
    try:
        return find_lesions_by_plans(suv, organs.masks, plans, **facts), []
    except LutraceError as first:
        found: dict[str, LesionSet] = {}
        refused = []
        for plan in plans if len(plans) > 1 else ():
            try:
                found[plan.name] = find_lesions(suv, organs.masks, plan, **facts)
            except LutraceError as error:
                refused.append((plan.name, str(error)))
        if not found:
            raise first
        return found, refused


def _write(scans: Sequence[MeasuredScan], out: Path, progress: Progress, *, by_plan: bool) -> list[Path]:
    """Write all files into a new folder that then takes the place of `out`; returns their paths there."""
    written: list[Path] = []
    with replaced_folder(out) as fresh:
        for number, scan in enumerate(scans):
            progress("write", number, len(scans))
            place = fresh / scan.found.plan.name if by_plan else fresh
            for write in (write_lesion_tables, write_lesion_pictures, write_lesion_objects):
                written += write(scan, place)
        progress("write", len(scans), len(scans))
        names = [path.relative_to(fresh) for path in written]
    return [out / name for name in names]


def _plan_folders(plans: Sequence[Plan]) -> set[str]:
    """The names of the folders that a run under several plans makes, now and earlier."""
    return {*plan_names(), *(plan.name for plan in plans)}


def _cut_notes(scans: Sequence[MeasuredScan]) -> list[str]:
    return [
        f"plan {scan.found.plan.name}: {n_cut} of {len(scan.found.lesions)} lesions are cut by the edge of the "
        "field of view (column cut_by_view): their volume and uptake are larger than what is measured"
        for scan in scans
        if (n_cut := sum(lesion.cut_by_view for lesion in scan.found.lesions))
    ]


def _measured(series: SeriesFiles, suv: Volume, found: LesionSet, done: Quantified, title: str) -> MeasuredScan:
    """The scan under one plan; without a registry a lesion's identity is its number in this series and plan."""
    place = (series.series_uid, found.plan.digest)
    tracking = {lesion.lesion: make_tracking(f"lesion {lesion.lesion}", *place) for lesion in found.lesions}
    target = tracer_target(done.facts.tracer)
    return MeasuredScan(series.paths, suv, done.factor, found, tracking, title, target=target)


def _only_uptake(folder: Path) -> SeriesFiles:
    """The one PET or SPECT series of a folder that is an image."""
    index = index_folder([folder])
    uptake = [series for series in index.series if is_activity_series(series) and is_image_series(series)]
    if len(uptake) != 1:
        remedy = "give the folder of one of them" if uptake else "give the folder of the PET or SPECT"
        raise UnusableInputError(
            f"lesions: expected one PET or SPECT series in the folder, found {len(uptake)}; {remedy}"
        )
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


def _modality(series: SeriesFiles, facts: QuantFacts) -> str:
    """A 177Lu SPECT stored as PET is a SPECT."""
    return "SPECT" if series.modality == "NM" or facts.radionuclide == "Lu-177" else "PET"
