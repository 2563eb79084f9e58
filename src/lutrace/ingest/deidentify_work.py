"""One series de-identified by a worker, and its SUV computed before and after."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lutrace.core import LutraceError, Row
from lutrace.dicom import (
    Defacing,
    FaceLoss,
    Identifiers,
    LeftOut,
    Replacements,
    WrittenFile,
    deidentify_files,
    index_folder,
    is_activity_series,
    read_masks,
    read_series,
)
from lutrace.imaging import FaceRegion, Mask
from lutrace.ingest.suv_step import run_suv

_SAME = (
    "status",
    "units",
    "decay_correction",
    "factor_suvbw",
    "suvbw_max",
    "injected_bq_at_reference",
    "half_life_s",
    "weight_kg",
    "activity_budget_pct",
    "hours_after_injection",
)
_OF_PIXELS = ("suvbw_max", "activity_budget_pct")


@dataclass(frozen=True)
class SeriesTask:
    """A series to be de-identified into `out` / `place`."""

    paths: tuple[Path, ...]
    out: Path
    place: str
    modality: str
    replacements: Replacements
    keep: tuple[Path, ...] = ()
    with_captures: bool = False
    face: FaceRegion | None = None

    @property
    def series(self) -> str:
        """The pseudonym of the series."""
        return self.place.split("/")[-1]


@dataclass(frozen=True)
class SuvCheck:
    """SUV of a series before and after; `differing` names what is not the same."""

    series: str
    status: str
    factor_suvbw: float | None
    suvbw_max_before: float | None
    suvbw_max_after: float | None
    differing: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """Whether everything is exactly what it was."""
        return not self.differing


@dataclass(frozen=True)
class SeriesAnswer:
    """What became of a series; `suv` is None where it has no activity or nothing was written."""

    written: tuple[WrittenFile, ...]
    left_out: tuple[LeftOut, ...]
    identifiers: Identifiers
    face: FaceLoss
    suv: SuvCheck | None


def deidentify_series(task: SeriesTask) -> SeriesAnswer:
    """Write the series under its pseudonym, and compare its SUV with that of the files it came from."""
    before = _suv(task.paths)
    defacing = _defacing(task, before)
    folder = task.out / task.place
    done = deidentify_files(task.paths, folder, task.replacements, with_captures=task.with_captures, defacing=defacing)
    left = {one.path for one in done.left_out}
    used = [path for path in task.paths if path not in left]
    if left and used:
        before = _suv(used)
    after = _suv([folder / one.name for one in done.written]) if done.written else None
    suv = _check(task, before, after) if before is not None and after is not None else None
    return SeriesAnswer(done.written, done.left_out, done.identifiers, done.face, suv)


def _suv(paths: Sequence[Path]) -> Row | None:
    """The row of `lutrace suv` of these files, of one series; None without activity."""
    index = index_folder(paths)
    if not any(is_activity_series(series) for series in index.series):
        return None
    rows = run_suv(paths, injections=None, profile=None).rows
    return rows[0] if rows else None


def _check(task: SeriesTask, before: Row, after: Row) -> SuvCheck:
    names = [name for name in _SAME if task.face is None or name not in _OF_PIXELS]
    differing = tuple(name for name in names if not _equal(before[name], after[name]))
    return SuvCheck(
        task.series,
        str(after["status"]),
        after["factor_suvbw"],
        before["suvbw_max"],
        after["suvbw_max"],
        differing,
    )


def _equal(one: object, other: object) -> bool:
    both_nan = isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other)
    return one == other or both_nan


def _defacing(task: SeriesTask, suv: Mapping[str, object] | None) -> Defacing | None:
    """Where the face of this series is, with the regions that stay; None when nothing is to be taken out."""
    if task.face is None:
        return None
    factor = suv["factor_suvbw"] if suv is not None else None
    return Defacing(task.face, _kept(task), factor if isinstance(factor, float) else None)


def _kept(task: SeriesTask) -> tuple[Mask, ...]:
    """The regions of the mask files that can be placed on this series; a file of another patient cannot."""
    if not task.keep:
        return ()
    series = index_folder(task.paths).series[0]
    geometry = read_series(series).volume.geometry
    masks: list[Mask] = []
    for path in task.keep:
        try:
            masks.extend(read_masks(path, geometry, series_uid=series.series_uid))
        except LutraceError:
            continue
    return tuple(masks)
