"""`lutrace roi`: one image, any masks, a row of measures per region, on plain files without a registry."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lutrace.core import (
    ContradictionError,
    MissingFactError,
    Row,
    UnsupportedError,
    UnusableInputError,
    tell_file,
)
from lutrace.dicom import FolderIndex, SeriesFiles, index_folder, is_image_series, read_masks, read_series
from lutrace.imaging import Mask, RegionMeasures, Volume, measure_region, to_suvbw, write_nifti
from lutrace.ingest.file_names import safe_file_names
from lutrace.ingest.organ_masks import describe_mask_notes
from lutrace.ingest.suv_step import quantify_image

_PREFIX = {"g/mL": "suv", "Bq/mL": "bq_ml", "HU": "hu", "counts": "counts"}
_TOTAL = {"g/mL": "tlp_ml", "Bq/mL": "total_bq", "HU": "total_hu_ml", "counts": "total_counts_ml"}


@dataclass(frozen=True)
class RoiStepResult:
    """What `lutrace roi` shows: a row per region, the unit of the intensities, warnings, and the files written.

    `notes` is what was inferred while reading the image (which tag, which assumption).
    """

    series_uid: str
    modality: str
    unit: str
    regions: tuple[Row, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    written: tuple[Path, ...]


def run_roi(folder: Path, masks: Path, *, write_masks: Path | None = None) -> RoiStepResult:
    """Measures of each region of `masks` (RTSTRUCT, SEG or NIfTI; file or folder) on the image series in `folder`.

    PET and SPECT are measured in SUVbw (columns `suv_*`, `tlp_ml`); where a fact for SUV is missing or contradictory,
    in the image's own unit, with a warning that names the fact. CT is measured in HU. `write_masks` is a folder for one
    uint8 NIfTI per region. A region without voxels in the image gives a row with 0 voxels and a warning.
    Raises UnusableInputError when the folder holds no readable image or several, or the masks hold no region or cannot
    be placed on the image; and what `dicom.read_series` refuses.
    """
    series = _only_image(index_folder([folder]))
    image = read_series(series)
    volume, warnings = image.volume, list(image.audit.tolerated)
    if image.facts is not None:
        try:
            done = quantify_image(image, (), None)
            volume = to_suvbw(volume, done.factor)
            warnings += done.warnings
        except (MissingFactError, ContradictionError, UnsupportedError) as error:
            warnings.append(f"SUV not computable, measured in {volume.unit}: {error}")
    regions = _placed(masks, volume, series)
    rows = tuple(_row(volume, mask) for mask in regions)
    warnings += describe_mask_notes(regions)
    warnings += [f"{mask.name}: holds no voxel of the image" for mask in regions if not mask.array.any()]
    written = _write(regions, write_masks) if write_masks is not None else ()
    return RoiStepResult(
        series.series_uid, series.modality, volume.unit, rows, tuple(warnings), image.audit.notes, written
    )


def _placed(masks: Path, volume: Volume, series: SeriesFiles) -> list[Mask]:
    """The regions on the image's grid; masks of another image or in a form that is not read are an unusable call."""
    try:
        return read_masks(masks, volume.geometry, series_uid=series.series_uid)
    except (ContradictionError, MissingFactError, UnsupportedError) as error:
        raise UnusableInputError(f"masks: {error}") from error


def _only_image(index: FolderIndex) -> SeriesFiles:
    """The one image to measure: the only PET or SPECT series, else the only CT."""
    images = [series for series in index.series if is_image_series(series)]
    uptake = [series for series in images if series.modality in ("PT", "NM")]
    candidates = uptake or images
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        kinds = ", ".join(sorted(series.modality for series in candidates))
        raise UnusableInputError(
            f"expected one image series, found {len(candidates)} ({kinds}); give the folder of one"
        )
    faults = f"; {len(index.faults)} files are damaged: {index.faults[0].reason}" if index.faults else ""
    raise UnusableInputError(f"expected one PET, NM or CT series, found none in {index.n_files} files{faults}")


def _row(volume: Volume, mask: Mask) -> Row:
    """One output row; each number's column names its unit."""
    prefix = _PREFIX.get(volume.unit, "value")
    total = _TOTAL.get(volume.unit, "total_ml")
    measures = _measures(volume, mask)
    if measures is None:
        names = (f"{prefix}_{word}" for word in ("mean", "sd", "min", "max", "peak"))
        return {"roi": mask.name, "voxels": 0, "volume_ml": 0.0, **dict.fromkeys(names), total: None}
    return {
        "roi": mask.name,
        "voxels": measures.voxels,
        "volume_ml": measures.volume_ml,
        f"{prefix}_mean": measures.mean,
        f"{prefix}_sd": measures.sd,
        f"{prefix}_min": measures.min,
        f"{prefix}_max": measures.max,
        f"{prefix}_peak": measures.peak,
        total: measures.total,
    }


def _measures(volume: Volume, mask: Mask) -> RegionMeasures | None:
    return measure_region(volume, mask) if mask.array.any() else None


def _write(regions: list[Mask], folder: Path) -> tuple[Path, ...]:
    """One uint8 NIfTI per region; the file names are the region names as far as every file system allows."""
    if folder.exists() and not folder.is_dir():
        raise UnusableInputError(f"{tell_file(folder)}: expected a folder for the masks, found a file")
    paths = []
    for mask, name in zip(regions, safe_file_names([mask.name for mask in regions]), strict=True):
        path = folder / f"{name}.nii.gz"
        write_nifti(path, mask.array.astype(np.uint8), mask.geometry)
        paths.append(path)
    return tuple(paths)
