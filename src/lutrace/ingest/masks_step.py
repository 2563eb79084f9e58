"""`lutrace add masks`: regions drawn elsewhere onto the stored scan that they refer to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lutrace.core import (
    LutraceError,
    MissingFactError,
    Progress,
    Row,
    Source,
    UnusableInputError,
    digest_of,
    digest_of_file,
    silent,
    tell_file,
)
from lutrace.dicom import SeriesFiles, index_folder, read_masks
from lutrace.imaging import Mask, is_nifti
from lutrace.ingest.pixels import load_geometry, store_mask
from lutrace.ingest.profile import SiteProfile, parse_profile
from lutrace.ingest.results import AddResult, result_of
from lutrace.ingest.workers import count_jobs, executor_of, map_as_done
from lutrace.registry import AddReport, FactBatch, ImageStore, RefusedRow, Registry
from lutrace.tables import MASKS, SCANS

_MAKERS = {"SEG": "seg", "RTSTRUCT": "rtstruct"}
_REFERENCES = (
    "ReferencedSeriesSequence",
    "ReferencedFrameOfReferenceSequence",
    "RTReferencedStudySequence",
    "RTReferencedSeriesSequence",
)
_MODALITY_ORDER = {"PT": 0, "NM": 0, "CT": 1}


@dataclass(frozen=True)
class MaskFile:
    """A mask file: who made it, which series and frames of reference it names."""

    path: Path
    maker: str
    series_uids: tuple[str, ...]
    frame_uids: tuple[str, ...]


@dataclass(frozen=True)
class MaskTask:
    """One mask file to be read by a worker onto its scan; `frame_uid` is the scan's real frame of reference."""

    images: ImageStore
    profile: SiteProfile
    file: MaskFile
    scan: Row | None
    frame_uid: str | None
    refusal: str | None = None


@dataclass(frozen=True)
class MaskAnswer:
    """What a worker read: the digest of the file, rows of `masks`, what is refused, and how many names mean nothing."""

    digest: str
    rows: tuple[Row, ...]
    faults: tuple[RefusedRow, ...]
    n_unnamed: int


def run_add_masks(
    registry_folder: Path,
    sources: Sequence[Path],
    *,
    dry_run: bool = False,
    progress: Progress = silent,
    jobs: int | None = None,
) -> AddResult:
    """Read SEG, RTSTRUCT and NIfTI masks; each goes to the stored scan that it names.

    SEG and RTSTRUCT name the series, else the frame of reference; NIfTI files are placed by `mask_files` of the site
    profile. What cannot be placed is quarantined. Raises UnusableInputError when there is no mask file.
    """
    files = [file for path in sources for file in _walk(path)]
    with Registry.open(registry_folder, write=True, dry_run=dry_run) as registry:
        profile = parse_profile(registry.profile_text)
        described = [one for file in files if (one := describe_mask_file(file)) is not None]
        if not described:
            raise UnusableInputError(
                f"{', '.join(map(tell_file, sources))}: no SEG, RTSTRUCT or NIfTI among {len(files)} files; "
                "name the files of the masks or their folder"
            )
        count = count_jobs(jobs or profile.jobs)
        with executor_of(count) as executor:
            report, warnings = add_mask_files(
                registry, profile, described, jobs=count, executor=executor, progress=progress
            )
        return result_of(report, tuple(warnings))


def is_mask_series(series: SeriesFiles) -> bool:
    """Whether a series holds segmentations or structure sets."""
    return series.modality in _MAKERS


def mask_files_of(series: SeriesFiles) -> list[MaskFile]:
    """The mask files of a series; of a single file its header is known already."""
    if len(series.paths) == 1:
        return [_described(series.paths[0], series)]
    return [one for path in series.paths if (one := describe_mask_file(path)) is not None]


def describe_mask_file(file: Path) -> MaskFile | None:
    """What a mask file refers to; None when it is no mask file."""
    if is_nifti(file):
        return MaskFile(file, "nifti", (), ())
    index = index_folder([file])
    return _described(file, index.series[0]) if index.series and is_mask_series(index.series[0]) else None


def add_mask_files(
    registry: Registry,
    profile: SiteProfile,
    files: Sequence[MaskFile],
    *,
    jobs: int,
    executor: Executor | None,
    progress: Progress = silent,
) -> tuple[AddReport, list[str]]:
    """Add the masks of these files, one file per transaction."""
    report, n_unnamed = AddReport(), 0
    tasks = [_task(registry, profile, file) for file in files]
    pool = executor if len(tasks) > 1 else None
    for done, (task, answer) in enumerate(map_as_done(pool, read_and_store_masks, tasks, jobs=jobs), start=1):
        batch = FactBatch(Source("masks", answer.digest), {MASKS.name: answer.rows}, answer.faults)
        report = report.plus(registry.add(batch, path=task.file.path))
        n_unnamed += answer.n_unnamed
        progress("masks", done, len(tasks))
    warning = f"{n_unnamed} masks have a name that means no region; add it to mask_names in the site profile"
    return report, [warning] if n_unnamed else []


def read_and_store_masks(task: MaskTask) -> MaskAnswer:
    """Read one mask file onto its scan and store the voxels by content."""
    digest = digest_of_file(task.file.path)
    try:
        if task.scan is None:
            raise MissingFactError(task.refusal or "the scan of the mask is not known")
        geometry = load_geometry(task.images, task.scan)
        masks = read_masks(task.file.path, replace(geometry, frame_of_reference=task.frame_uid))
    except LutraceError as error:
        remedy = "correct the file or name its scan in the site profile, then add it again"
        return MaskAnswer(digest, (), (RefusedRow(MASKS.name, None, None, str(error), remedy),), 0)
    rows: list[Row] = []
    faults: list[RefusedRow] = []
    n_unnamed = 0
    for mask in _without_file_names(masks, task.file, task.profile):
        region = task.profile.region_of(mask.name)
        if region is None:
            n_unnamed += 1
            faults.append(_unnamed(mask))
        elif not mask.array.any():
            rule = "the region holds no voxel of the scan"
            remedy = "check that the region was drawn on this scan"
            faults.append(RefusedRow(MASKS.name, mask.source.locator, None, rule, remedy, {"region": region}))
        else:
            rows.append(_row(task.images, task.scan, task.file, mask, region))
    return MaskAnswer(digest, tuple(rows), tuple(faults), n_unnamed)


def _walk(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(file for file in path.rglob("*") if file.is_file())
    elif path.is_file():
        yield path
    else:
        raise UnusableInputError(f"{tell_file(path)}: no such file or folder")


def _described(file: Path, series: SeriesFiles) -> MaskFile:
    frames = [str(uid) for uid in _referenced(series.header, "FrameOfReferenceUID")]
    own = series.header.get("FrameOfReferenceUID")
    return MaskFile(
        file,
        _MAKERS[series.modality],
        tuple(dict.fromkeys(str(uid) for uid in _referenced(series.header, "SeriesInstanceUID"))),
        tuple(dict.fromkeys([*([str(own)] if own else []), *frames])),
    )


def _referenced(header: Any, name: str) -> Iterator[str]:
    """The values of an element in the sequences that refer to images, at any depth."""
    for keyword in _REFERENCES:
        for item in header.get(keyword, ()) or ():
            if item.get(name):
                yield str(item.get(name))
            yield from _referenced(item, name)


def _task(registry: Registry, profile: SiteProfile, file: MaskFile) -> MaskTask:
    try:
        scan = _scan_of(registry, profile, file)
    except MissingFactError as error:
        return MaskTask(registry.images, profile, file, None, None, str(error))
    frame = scan["frame_of_reference"]
    real = registry.identities.identifier("frame", frame) if frame is not None else None
    return MaskTask(registry.images, profile, file, scan, real)


def _without_file_names(masks: Sequence[Mask], file: MaskFile, profile: SiteProfile) -> Iterator[Mask]:
    """The masks; of a name made of a NIfTI file's name only the end that means a region, for it may name a patient."""
    for number, mask in enumerate(masks, start=1):
        if file.maker != "nifti":
            yield mask
            continue
        words = mask.name.replace("-", "_").replace(" ", "_").split("_")
        endings = ["_".join(words[first:]) for first in range(len(words))]
        known = next((name for name in endings if profile.region_of(name) is not None), f"label_{number}")
        yield replace(mask, name=known)


def _unnamed(mask: Mask) -> RefusedRow:
    return RefusedRow(
        MASKS.name,
        mask.source.locator,
        "region",
        "the name of the region is neither in the vocabulary nor in mask_names of the site profile",
        "add the name to mask_names in the site profile, then add the file again",
        {"original_name": mask.name},
    )


def _row(images: ImageStore, scan: Row, file: MaskFile, mask: Mask, region: str) -> Row:
    mask_id = f"M-{digest_of([scan['scan_id'], mask.source.digest, mask.source.locator])[:16].upper()}"
    return {
        "mask_id": mask_id,
        "patient_id": scan["patient_id"],
        "scan_id": scan["scan_id"],
        "region": region,
        "original_name": mask.name,
        "maker": file.maker,
        "voxels": int(mask.array.sum()),
        "voxel_digest": store_mask(images, mask_id, mask, scan["frame_of_reference"]),
        "source_locator": mask.source.locator,
    }


def _scan_of(registry: Registry, profile: SiteProfile, file: MaskFile) -> Row:
    """The stored scan that a mask file lies on; raises MissingFactError when none is named or stored."""
    if file.maker == "nifti":
        scan_id = profile.scan_of_mask_file(file.path.name)
        if scan_id is None:
            raise MissingFactError("a NIfTI file names no scan, and no pattern of mask_files in the site profile fits")
        named = registry.rows(SCANS, scan_id=scan_id)
        if not named:
            raise MissingFactError(f"mask_files of the site profile names {scan_id}, which is not in the registry")
        return named[0]
    for uid in file.series_uids:
        found = registry.rows(SCANS, scan_id=registry.pseudonym("series", uid))
        if found:
            return found[0]
    for uid in file.frame_uids:
        sharing = registry.rows(SCANS, frame_of_reference=registry.pseudonym("frame", uid))
        if sharing:
            return min(sharing, key=lambda scan: (_MODALITY_ORDER[scan["modality"]], scan["scan_id"]))
    raise MissingFactError("the scan that the mask refers to is not in the registry; add it before the mask")
