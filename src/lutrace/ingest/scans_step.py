"""`lutrace add dicom`: image series into the registry, and the masks that lie beside them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
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
)
from lutrace.dicom import FolderIndex, SeriesFiles, index_in_parts, is_image_series, read_series
from lutrace.ingest.cycle_places import POST_THERAPY, cycle_of, cycles_by_patient
from lutrace.ingest.header_facts import format_header_facts
from lutrace.ingest.masks_step import add_mask_files, is_mask_series, mask_files_of
from lutrace.ingest.pixels import store_volume
from lutrace.ingest.profile import SiteProfile, parse_profile
from lutrace.ingest.results import AddResult, result_of
from lutrace.ingest.workers import count_jobs, executor_of, map_as_done
from lutrace.physics import QuantFacts, earliest_acquisition
from lutrace.registry import AddReport, FactBatch, ImageStore, RefusedRow, Registry
from lutrace.tables import SCANS

PSMA_WORDS = ("psma", "dcfpyl", "piflufolastat", "flotufolastat", "gozetotide", "pylarify", "illuccix", "locametz")
"""Parts of radiopharmaceutical names that say PSMA."""

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
) -> AddResult:
    """Read all image series below the sources into the registry, then the masks that refer to them.

    A series that cannot be read is quarantined with the reason and hides no other. Raises UnusableInputError when
    there is no DICOM at all, RegistryBusyError while another process writes.
    """
    with Registry.open(registry_folder, write=True, dry_run=dry_run) as registry:
        profile = parse_profile(registry.profile_text)
        count = count_jobs(jobs or profile.jobs)
        with executor_of(count) as executor:
            index = index_in_parts(sources, executor)
            if not index.series and not index.faults:
                raise UnusableInputError(f"no DICOM found in {index.n_files} files; name a folder with image series")
            report, warnings = _add_images(registry, profile, index, progress, _Workers(executor, count))
            files = [file for series in index.series if is_mask_series(series) for file in mask_files_of(series)]
            masks, mask_warnings = add_mask_files(
                registry, profile, files, jobs=count, executor=executor, progress=progress
            )
        return result_of(report.plus(masks), (*warnings, *mask_warnings, *_beside(index)))


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


def _add_images(
    registry: Registry, profile: SiteProfile, index: FolderIndex, progress: Progress, workers: _Workers
) -> tuple[AddReport, list[str]]:
    series = [one for one in index.series if is_image_series(one)]
    report, warnings = AddReport(), list[str]()
    cycles = cycles_by_patient(registry)
    tasks = [_task(registry, one) for one in series]
    executor = workers.executor if len(tasks) > 1 else None
    for done, (task, answer) in enumerate(map_as_done(executor, read_and_store, tasks, jobs=workers.jobs), start=1):
        if answer.unsupported:
            warnings.append(f"{task.scan_id}: {answer.refusal}")
        else:
            batch = _batch(registry, profile, task, answer, cycles)
            report = report.plus(registry.add(batch, path=_place(task)))
        progress("series", done, len(tasks))
    return report, sorted(warnings)


def _place(task: ReadTask) -> Path:
    """Where a series lies: its folder and its pseudonym, for one folder may hold many series."""
    return task.series.paths[0].parent / task.scan_id


def _task(registry: Registry, series: SeriesFiles) -> ReadTask:
    frame = series.header.get("FrameOfReferenceUID")
    return ReadTask(
        registry.images,
        series,
        registry.pseudonym("series", series.series_uid),
        registry.pseudonym("frame", str(frame)) if frame else None,
    )


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
    registry: Registry, profile: SiteProfile, task: ReadTask, answer: ReadAnswer, cycles: dict[str, list[Row]]
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
        "purpose": purpose_of(task.series.modality, answer.facts, profile),
    }
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
    if index.n_not_dicom:
        beside.append(f"{index.n_not_dicom} of {index.n_files} files are not DICOM")
    return beside
