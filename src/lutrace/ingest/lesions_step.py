"""`lutrace lesions`: the lesions of one scan under one plan, with pictures and objects, without a registry."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from lutrace.core import Row, UnusableInputError, write_rows
from lutrace.dicom import Algorithm, SeriesFiles, index_folder, is_image_series, read_masks, read_series, write_seg
from lutrace.imaging import Mask, Outline, Volume, render_mip, to_suvbw
from lutrace.physics import compute_suv_factor
from lutrace.segment import LesionSet, find_lesions, load_plan

_COLUMNS = (
    "lesion_id", "category", "site", "volume_ml", "suv_mean", "suv_max", "suv_peak", "tlp_ml", "x_mm", "y_mm", "z_mm",
)  # fmt: skip
_BLACK_SUV = 15.0
"""SUVbw shown black in the picture."""


@dataclass(frozen=True)
class LesionsStepResult:
    """What `lutrace lesions` shows: a row per lesion, the totals of the scan (mL), warnings, and the files written."""

    lesions: tuple[Row, ...]
    totals: Row
    warnings: tuple[str, ...]
    written: tuple[Path, ...]


def run_lesions(folder: Path, plan_name: str, *, out: Path, organs: Path | None = None) -> LesionsStepResult:
    """The lesions of the PET or SPECT series in `folder` in SUVbw, written to `out` as lesions.csv, SEG and mip.png.

    `plan_name` is a shipped measurement plan (suv3, suv4, liver, percent41, percent50, adaptive).

    `organs` is a file or folder of masks named by the vocabulary (liver, kidney_left, skeleton ...); without it every
    component is uncertain and the totals are candidate uptake. Three totals are given, never one; the reviewed volume
    is empty until somebody has reviewed it.
    Raises what the readers, the SUV factor and `segment.find_lesions` refuse.
    """
    plan = load_plan(plan_name)
    series = _only_uptake(folder)
    image = read_series(series)
    if image.facts is None:
        raise UnusableInputError(f"lesions: expected PET or SPECT, found an image in {image.volume.unit}")
    factor = compute_suv_factor(image.facts)
    volume = to_suvbw(image.volume, factor)
    masks = read_masks(organs, volume.geometry) if organs is not None else []
    found = find_lesions(volume, masks, plan)
    rows = tuple({name: row.get(name) for name in _COLUMNS} | {"lesion_id": row["lesion"]} for row in found.rows)
    write_rows(out / "lesions.csv", rows, _COLUMNS)
    written = [out / "lesions.csv", _write_picture(volume, found, out)]
    if found.lesions:
        written.append(_write_objects(series, image.volume, found, out))
    burden = found.burden
    totals: Row = {
        "plan": plan.name,
        "plan_digest": plan.digest,
        "organs_given": found.organs_given,
        "above_threshold_ml": burden.above_threshold_ml,
        "tumour_auto_ml": burden.tumour_auto_ml,
        "uncertain_ml": burden.uncertain_ml,
        "tumour_reviewed_ml": None,
    }
    notes = [f"{mask.name}: {note}" for mask in masks for note in mask.notes]
    return LesionsStepResult(rows, totals, (*factor.warnings, *notes, *found.notes), tuple(written))


def _only_uptake(folder: Path) -> SeriesFiles:
    index = index_folder([folder])
    uptake = [series for series in index.of_modality("PT", "NM") if is_image_series(series)]
    if len(uptake) != 1:
        raise UnusableInputError(f"lesions: expected one PET or SPECT series in the folder, found {len(uptake)}")
    return uptake[0]


def _write_picture(volume: Volume, found: LesionSet, out: Path) -> Path:
    """The anterior projection with the outlines of each category."""
    present = dict.fromkeys(lesion.category for lesion in found.lesions)
    outlines = [Outline(found.array_of(category), category) for category in present]
    path = out / "mip.png"
    path.write_bytes(render_mip(volume, outlines, suv_max=_BLACK_SUV).png)
    return path


def _write_objects(series: SeriesFiles, volume: Volume, found: LesionSet, out: Path) -> Path:
    """One segment per lesion, named by its number and category."""
    masks = [
        Mask(
            f"lesion {lesion.lesion} {lesion.category}",
            found.labels == lesion.lesion,
            volume.geometry,
            replace(volume.source, locator="model"),
        )
        for lesion in found.lesions
    ]
    path = out / "lesions.dcm"
    plan = found.plan
    write_seg(
        path,
        masks,
        source_files=series.paths,
        description=f"Lesions, plan {plan.name}",
        algorithm=Algorithm(f"lutrace {plan.name}", plan.version, (("plan_digest", plan.digest),)),
    )
    return path
