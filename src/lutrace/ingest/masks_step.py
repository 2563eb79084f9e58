"""`lutrace add masks`: regions drawn elsewhere onto the stored scan that they refer to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    digest_of_file,
    silent,
)
from lutrace.dicom import SeriesFiles, index_folder, read_masks
from lutrace.imaging import Mask, is_nifti
from lutrace.ingest.pixels import load_geometry, store_mask
from lutrace.ingest.profile import SiteProfile, parse_profile
from lutrace.ingest.results import AddResult, result_of
from lutrace.registry import AddReport, FactBatch, RefusedRow, Registry
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
class _MaskFile:
    """A mask file: who made it, which series and frames of reference it names."""

    path: Path
    maker: str
    series_uids: tuple[str, ...]
    frame_uids: tuple[str, ...]


def run_add_masks(
    registry_folder: Path, sources: Sequence[Path], *, dry_run: bool = False, progress: Progress = silent
) -> AddResult:
    """Read SEG, RTSTRUCT and NIfTI masks; each goes to the stored scan that it names.

    SEG and RTSTRUCT name the series, else the frame of reference; NIfTI files are placed by `mask_files` of the site
    profile. What cannot be placed is quarantined. Raises UnusableInputError when there is no mask file.
    """
    files = [file for path in sources for file in _walk(path)]
    with Registry.open(registry_folder, write=True, dry_run=dry_run) as registry:
        profile = parse_profile(registry.profile_text)
        report, warnings = add_mask_files(registry, profile, files, progress=progress)
        if report == AddReport() and not warnings:
            raise UnusableInputError(f"no SEG, RTSTRUCT or NIfTI file among {len(files)} files")
        return result_of(report, tuple(warnings))


def is_mask_series(series: SeriesFiles) -> bool:
    """Whether a series holds segmentations or structure sets."""
    return series.modality in _MAKERS


def add_mask_files(
    registry: Registry, profile: SiteProfile, files: Sequence[Path], *, progress: Progress = silent
) -> tuple[AddReport, list[str]]:
    """Add the masks of these files, one file per transaction; other files are passed over."""
    report, unnamed = AddReport(), dict[str, int]()
    for done, file in enumerate(files, start=1):
        described = _describe(file)
        if described is not None:
            batch = _batch(registry, profile, described, unnamed)
            report = report.plus(registry.add(batch, path=file))
        progress("masks", done, len(files))
    warnings = [
        f"{count} masks have a name that means no region; add the name to mask_names in the site profile"
        for count in [sum(unnamed.values())]
        if count
    ]
    return report, warnings


def _walk(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(file for file in path.rglob("*") if file.is_file())
    elif path.is_file():
        yield path
    else:
        raise UnusableInputError(f"{path.name}: no such file or folder")


def _describe(file: Path) -> _MaskFile | None:
    if is_nifti(file):
        return _MaskFile(file, "nifti", (), ())
    index = index_folder([file])
    if not index.series or index.series[0].modality not in _MAKERS:
        return None
    series = index.series[0]
    frames = [str(uid) for uid in _referenced(series.header, "FrameOfReferenceUID")]
    own = series.header.get("FrameOfReferenceUID")
    return _MaskFile(
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


def _batch(registry: Registry, profile: SiteProfile, file: _MaskFile, unnamed: dict[str, int]) -> FactBatch:
    source = Source("masks", digest_of_file(file.path))
    try:
        scan = _scan_of(registry, profile, file)
        geometry = load_geometry(registry.images, scan)
        frame = scan["frame_of_reference"]
        real = registry.identities.identifier("frame", frame) if frame is not None else None
        masks = read_masks(file.path, replace(geometry, frame_of_reference=real))
    except LutraceError as error:
        remedy = "correct the file or name its scan in the site profile, then add it again"
        return FactBatch(source, faults=[RefusedRow(MASKS.name, None, None, str(error), remedy)])
    rows: list[Row] = []
    faults: list[RefusedRow] = []
    for mask in _without_file_names(masks, file, profile):
        region = profile.region_of(mask.name)
        if region is None:
            unnamed[mask.name] = unnamed.get(mask.name, 0) + 1
            faults.append(_unnamed(mask))
        elif not mask.array.any():
            rule = "the region holds no voxel of the scan"
            remedy = "check that the region was drawn on this scan"
            faults.append(RefusedRow(MASKS.name, mask.source.locator, None, rule, remedy, {"region": region}))
        else:
            rows.append(_row(registry, scan, file, mask, region))
    return FactBatch(source, {MASKS.name: rows}, faults)


def _without_file_names(masks: Sequence[Mask], file: _MaskFile, profile: SiteProfile) -> Iterator[Mask]:
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


def _row(registry: Registry, scan: Row, file: _MaskFile, mask: Mask, region: str) -> Row:
    place = f"{scan['scan_id']} {mask.source.digest} {mask.source.locator}"
    mask_id = registry.pseudonym("mask", place)
    return {
        "mask_id": mask_id,
        "patient_id": scan["patient_id"],
        "scan_id": scan["scan_id"],
        "region": region,
        "original_name": mask.name,
        "maker": file.maker,
        "voxels": int(mask.array.sum()),
        "voxel_digest": store_mask(registry.images, mask_id, mask, scan["frame_of_reference"]),
        "source_locator": mask.source.locator,
    }


def _scan_of(registry: Registry, profile: SiteProfile, file: _MaskFile) -> Row:
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
