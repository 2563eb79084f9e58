"""`lutrace add dicom`: image series into the registry, and the masks that lie beside them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lutrace.core import (
    LutraceError,
    Progress,
    Row,
    Source,
    UnsupportedError,
    UnusableInputError,
    canonical_json,
    digest_of,
    silent,
    tell_file,
)
from lutrace.dicom import Choice, FolderIndex, SeriesFiles, index_in_parts, is_image_series, read_series
from lutrace.ingest.cycle_places import POST_THERAPY, cycle_of, cycles_by_patient
from lutrace.ingest.header_facts import format_header_facts, parse_header_facts
from lutrace.ingest.masks_step import add_mask_files, is_mask_series, mask_files_of
from lutrace.ingest.pixels import store_volume
from lutrace.ingest.profile import SiteProfile, parse_profile
from lutrace.ingest.results import AddResult, result_of
from lutrace.ingest.series_choice import NamedSeries, apply_choice, choice_rows, choose_among, name_series
from lutrace.ingest.series_record import ReadSeries, append_series_record, fingerprint_of, read_series_record
from lutrace.ingest.tracer_check import describe_unmeasured
from lutrace.ingest.workers import count_jobs, executor_of, map_as_done
from lutrace.physics import QuantFacts, earliest_acquisition
from lutrace.registry import AddReport, FactBatch, ImageStore, RefusedRow, Registry
from lutrace.tables import SCANS

PSMA_WORDS = ("psma", "dcfpyl", "piflufolastat", "flotufolastat", "gozetotide", "pylarify", "illuccix", "locametz")
"""Parts of radiopharmaceutical names that say PSMA."""

_OWN = ("row_id", "source_id", "changed_by")
"""Columns of a stored row that the registry makes."""

_PET_NUCLIDES = ("Ga-68", "F-18", "Cu-64", "Zr-89")


@dataclass(frozen=True)
class _Workers:
    """The pool, or None, and how many processes it may have."""

    executor: Executor | None
    jobs: int


@dataclass(frozen=True)
class ReadTask:
    """One series to be read by a worker, with the pseudonyms that it needs to store the pixels."""

    images: ImageStore
    series: SeriesFiles
    scan_id: str
    frame: str | None


@dataclass(frozen=True)
class ReadAnswer:
    """What a worker read of a series: the columns of a SCANS row that its files give, or why it is not read."""

    row: Row | None
    source_digest: str
    facts: QuantFacts | None = None
    refusal: str | None = None
    unsupported: bool = False


def run_add_dicom(
    registry_folder: Path,
    sources: Sequence[Path],
    *,
    dry_run: bool = False,
    progress: Progress = silent,
    jobs: int | None = None,
    scheduler: str | None = None,
) -> AddResult:
    """Read all image series below the sources into the registry, then the masks that refer to them.

    Of several reconstructions of one acquisition one is used, with one CT (see `dicom.choose_series`); the others are
    stored with the purpose `other`, and every scan's notes say why. A series that cannot be read is quarantined with
    the reason and hides no other. Files that have not changed since they were read are not read again. Raises
    UnusableInputError when there is no DICOM at all, RegistryBusyError while another process writes.
    """
    with Registry.open(registry_folder, write=True, dry_run=dry_run) as registry:
        profile = parse_profile(registry.profile_text)
        count = count_jobs(jobs or profile.jobs)
        with executor_of(count, scheduler=scheduler) as executor:
            index = index_in_parts(sources, executor)
            if not index.series and not index.faults:
                raise UnusableInputError(
                    f"{', '.join(map(tell_file, sources))}: no DICOM in {index.n_files} files; "
                    "name a folder with image series"
                )
            images = _add_images(registry, profile, index, progress, _Workers(executor, count))
            files = [file for series in index.series if is_mask_series(series) for file in mask_files_of(series)]
            masks, mask_warnings = add_mask_files(
                registry, profile, files, jobs=count, executor=executor, progress=progress
            )
        warnings = (*images.warnings, *mask_warnings, *_beside(index))
        return result_of(images.report.plus(masks), warnings, tuple(images.choices))


def purpose_of(modality: str, facts: QuantFacts | None, profile: SiteProfile) -> str:
    """What a series is used for, by its radionuclide and tracer; `other` when they do not tell."""
    if modality == "CT":
        return "ct"
    nuclide = facts.radionuclide if facts is not None else None
    if nuclide == "Lu-177":
        return POST_THERAPY
    tracer = (facts.tracer or "").casefold() if facts is not None else ""
    if modality == "PT" and nuclide in _PET_NUCLIDES:
        named = any(word in tracer for word in PSMA_WORDS)
        return "psma_pet" if named or (not tracer and profile.untraced_pet_is_psma) else "other"
    return "other"


@dataclass(frozen=True)
class _Due:
    """A series to be read: its names, the fingerprint of its files, and the choice as far as headers tell."""

    named: NamedSeries
    fingerprint: str
    choice: Choice


@dataclass(frozen=True)
class _Added:
    """What came of the image series."""

    report: AddReport
    warnings: list[str]
    choices: list[Row]


def _add_images(
    registry: Registry, profile: SiteProfile, index: FolderIndex, progress: Progress, workers: _Workers
) -> _Added:
    named = name_series(registry, profile, index)
    known = read_series_record(registry.folder)
    stored = {row["scan_id"] for row in registry.rows(SCANS)}
    first = choose_among(named, known, stored, ())
    due, unchanged = list[_Due](), 0
    for one in named:
        key, mark = one.candidate.key, fingerprint_of(one.series)
        if key in stored and key in known and known[key].fingerprint == mark:
            unchanged += 1
        elif one.candidate.not_a_volume is None:
            due.append(_Due(one, mark, first[key]))
    report, warnings, refused = _read_due(registry, profile, due, progress, workers)
    warnings += [f"{key}: {choice.reason}" for key, choice in first.items() if choice.reason.startswith("not used: ")]
    report = report.plus(AddReport(unchanged=unchanged, by_table={SCANS.name: AddReport(unchanged=unchanged)}))
    choices = choose_among(named, known, stored, refused)
    report = report.plus(_settle(registry, profile, choices))
    return _Added(report, sorted(warnings), choice_rows(named, choices))


def _read_due(
    registry: Registry, profile: SiteProfile, due: Sequence[_Due], progress: Progress, workers: _Workers
) -> tuple[AddReport, list[str], set[str]]:
    """Read and store series one after the other; the report, warnings, and the scans that could not be read."""
    report, warnings, refused = AddReport(), list[str](), set[str]()
    cycles = cycles_by_patient(registry)
    by_scan = {one.named.candidate.key: one for one in due}
    tasks = [_task(registry, one.named) for one in due]
    executor = workers.executor if len(tasks) > 1 else None
    for done, (task, answer) in enumerate(map_as_done(executor, read_and_store, tasks, jobs=workers.jobs), start=1):
        own = by_scan[task.scan_id]
        if answer.unsupported:
            warnings.append(f"{task.scan_id}: {answer.refusal}")
        else:
            batch = _batch(registry, profile, task, answer, cycles=cycles, choice=own.choice)
            report = report.plus(registry.add(batch, path=_place(task)))
        if answer.row is None:
            refused.add(task.scan_id)
        elif not registry.dry_run:
            append_series_record(registry.folder, ReadSeries(own.fingerprint, own.named.candidate))
        progress("series", done, len(tasks))
    return report, warnings, refused


def _settle(registry: Registry, profile: SiteProfile, choices: Mapping[str, Choice]) -> AddReport:
    """Bring the stored scans of these studies in line with the choice, now that it is known what can be read."""
    report = AddReport()
    cycles = cycles_by_patient(registry)
    for row in registry.rows(SCANS):
        choice = choices.get(row["scan_id"])
        if choice is None:
            continue
        facts = parse_header_facts(row["header_facts"]) if row["header_facts"] else None
        purpose = purpose_of(row["modality"], facts, profile)
        settled = apply_choice(row, purpose, choice, why_other=describe_unmeasured(row["modality"], facts))
        settled["cycle"] = cycle_of(settled, cycles.get(row["patient_id"], ()), days_after=profile.days_after_cycle)
        if settled != row:
            own = {name: value for name, value in settled.items() if name not in _OWN}
            report = report.plus(registry.add(FactBatch(Source("dicom", row["source_id"]), {SCANS.name: [own]})))
    return report


def _place(task: ReadTask) -> Path:
    """Where a series lies: its folder and its pseudonym, for one folder may hold many series."""
    return task.series.paths[0].parent / task.scan_id


def _task(registry: Registry, one: NamedSeries) -> ReadTask:
    return ReadTask(registry.images, one.series, one.candidate.key, one.candidate.frame)


def read_and_store(task: ReadTask) -> ReadAnswer:
    """Read one series, store its pixels by content, and give the columns that its files tell."""
    try:
        image = read_series(task.series)
    except UnsupportedError as error:
        return ReadAnswer(None, digest_of(task.scan_id), refusal=str(error), unsupported=True)
    except LutraceError as error:
        return ReadAnswer(None, digest_of(task.scan_id), refusal=str(error))
    volume, facts = image.volume, image.facts
    geometry = volume.geometry
    moment = _acquisition(task.series, facts)
    if moment is None:
        reason = "Acquisition, Series and Study Date (0008,0022), (0008,0021), (0008,0020): expected one, found none"
        return ReadAnswer(None, volume.source.digest, refusal=reason)
    row: Row = {
        "scan_id": task.scan_id,
        "frame_of_reference": task.frame,
        "modality": task.series.modality,
        "date": moment.date(),
        "acquisition_datetime": moment if moment.time() != dt.time() else None,
        "manufacturer": task.series.manufacturer,
        "tracer": facts.tracer if facts is not None else None,
        "radionuclide": facts.radionuclide if facts is not None else None,
        "units": volume.unit,
        "decay_correction": facts.decay_correction if facts is not None else None,
        "slices": geometry.size_xyz[2],
        "rows": geometry.size_xyz[1],
        "columns": geometry.size_xyz[0],
        "spacing_x_mm": geometry.spacing_mm[0],
        "spacing_y_mm": geometry.spacing_mm[1],
        "spacing_z_mm": geometry.spacing_mm[2],
        "header_facts": format_header_facts(facts) if facts is not None else None,
        "status": "usable",
        "notes": canonical_json(list(image.audit.notes)),
        "pixel_digest": store_volume(task.images, task.scan_id, volume, task.frame),
        "source_locator": f"series of {image.audit.n_files} files",
    }
    return ReadAnswer(row, volume.source.digest, facts)


def _batch(
    registry: Registry,
    profile: SiteProfile,
    task: ReadTask,
    answer: ReadAnswer,
    *,
    cycles: Mapping[str, list[Row]],
    choice: Choice,
) -> FactBatch:
    source = Source("dicom", answer.source_digest)
    patient = task.series.identity.patient_id
    if answer.row is None or not patient:
        rule = answer.refusal or "Patient ID (0010,0020): expected an identifier, found nothing"
        fault = RefusedRow(
            SCANS.name,
            f"series {task.scan_id}",
            None,
            rule,
            "correct or export the series again, then add it again",
            {"scan_id": task.scan_id, "modality": task.series.modality},
        )
        return FactBatch(source, faults=[fault])
    patient_id = registry.pseudonym("patient", patient)
    row = {
        **answer.row,
        "patient_id": patient_id,
        "study_key": registry.pseudonym("study", task.series.study_uid or task.series.series_uid),
    }
    purpose = purpose_of(task.series.modality, answer.facts, profile)
    row = apply_choice(row, purpose, choice, why_other=describe_unmeasured(task.series.modality, answer.facts))
    row["cycle"] = cycle_of(row, cycles.get(patient_id, ()), days_after=profile.days_after_cycle)
    return FactBatch(source, {SCANS.name: [row]})


def _acquisition(series: SeriesFiles, facts: QuantFacts | None) -> dt.datetime | None:
    """When the scan began: by its frames, else by the header's acquisition, series or study date."""
    moment = (earliest_acquisition(facts) or facts.series_datetime) if facts is not None else None
    if moment is not None:
        return moment
    for name in ("Acquisition", "Series", "Study"):
        found = _moment(series.header.get(f"{name}Date"), series.header.get(f"{name}Time"))
        if found is not None:
            return found
    return None


def _moment(date: Any, time: Any) -> dt.datetime | None:
    try:
        day = dt.datetime.strptime(str(date or ""), "%Y%m%d")
    except ValueError:
        return None
    try:
        clock = dt.datetime.strptime(str(time or "")[:6], "%H%M%S").time()
    except ValueError:
        clock = dt.time()
    return dt.datetime.combine(day.date(), clock)


def _beside(index: FolderIndex) -> list[str]:
    beside = []
    others = [one for one in index.series if not is_image_series(one) and not is_mask_series(one)]
    for modality in sorted({one.modality or "no modality" for one in others}):
        count = sum((one.modality or "no modality") == modality for one in others)
        beside.append(f"{count} series of {modality} hold no image or mask that is read")
    if index.faults:
        beside.append(f"{len(index.faults)} files are damaged: {index.faults[0].reason}")
    n_nowhere = sum(fault.series_uid is None for fault in index.faults)
    if n_nowhere:
        beside.append(f"{n_nowhere} damaged files name no series: see that no series lacks its first or last slice")
    if index.n_not_dicom:
        beside.append(f"{index.n_not_dicom} of {index.n_files} files are not DICOM")
    return beside
