"""One series de-identified by a worker, and its SUV computed before and after."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lutrace.core import Row
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
)
from lutrace.imaging import FaceRegion, Mask
from lutrace.ingest.deidentify_keep import Placing, place_regions
from lutrace.ingest.suv_step import run_suv
from lutrace.physics import QuantProfile

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
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class SeriesTask:
    """A series to be de-identified into `out` / `place`; `profile` is what its SUV may rest on beside the header."""

    paths: tuple[Path, ...]
    out: Path
    place: str
    modality: str
    replacements: Replacements
    keep: tuple[Path, ...] = ()
    with_captures: bool = False
    face: FaceRegion | None = None
    profile: QuantProfile | None = None

    @property
    def series(self) -> str:
        """The pseudonym of the series."""
        return self.place.split("/")[-1]


@dataclass(frozen=True)
class SuvCheck:
    """SUV of a series before and after; `differing` names what is not the same.

    `refusal` is why there is no SUV after: then the facts beside it are compared, and SUV itself is not verified.
    """

    series: str
    status: str
    factor_suvbw: float | None
    suvbw_max_before: float | None
    suvbw_max_after: float | None
    differing: tuple[str, ...]
    refusal: str | None = None

    @property
    def is_same(self) -> bool:
        """Whether everything that can be compared is exactly what it was."""
        return not self.differing

    @property
    def is_verified(self) -> bool:
        """Whether there is an SUV, and it is exactly what it was."""
        return self.is_same and self.refusal is None


@dataclass(frozen=True)
class SeriesAnswer:
    """What became of a series; `suv` is None where it has no activity or nothing was written."""

    written: tuple[WrittenFile, ...]
    left_out: tuple[LeftOut, ...]
    identifiers: Identifiers
    face: FaceLoss
    suv: SuvCheck | None
    placings: tuple[Placing, ...] = ()


def deidentify_series(task: SeriesTask) -> SeriesAnswer:
    """Write the series under its pseudonym, and compare its SUV with that of the files it came from."""
    moved = _moved(task.profile, task.replacements.days)
    before = _suv(task.paths, task.profile)
    kept, placings = place_regions(task.paths, task.keep) if task.face is not None else ((), ())
    defacing = _defacing(task, before, kept)
    folder = task.out / task.place
    done = deidentify_files(task.paths, folder, task.replacements, with_captures=task.with_captures, defacing=defacing)
    left = {one.path for one in done.left_out}
    used = [path for path in task.paths if path not in left]
    if left and used:
        before = _suv(used, task.profile)
    after = _suv([folder / one.name for one in done.written], moved) if done.written else None
    suv = _check(task, before, after) if before is not None and after is not None else None
    return SeriesAnswer(done.written, done.left_out, done.identifiers, done.face, suv, placings)


def _suv(paths: Sequence[Path], profile: QuantProfile | None) -> Row | None:
    """The row of `lutrace suv` of these files, of one series; None without activity."""
    index = index_folder(paths)
    if not any(is_activity_series(series) for series in index.series):
        return None
    rows = run_suv(paths, injections=None, profile=profile).rows
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
        None if after["status"] == "ok" else _DAY.sub("(a day)", str(after["reason"])),
    )


def _equal(one: object, other: object) -> bool:
    both_nan = isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other)
    return one == other or both_nan


def _defacing(task: SeriesTask, suv: Mapping[str, object] | None, kept: tuple[Mask, ...]) -> Defacing | None:
    """Where the face of this series is, with the regions that stay; None when nothing is to be taken out."""
    if task.face is None:
        return None
    factor = suv["factor_suvbw"] if suv is not None else None
    return Defacing(task.face, kept, factor if isinstance(factor, float) else None)


def _moved(profile: QuantProfile | None, days: int) -> QuantProfile | None:
    """The profile with the days of its calibrations moved as those of the patient: a factor holds for the same scan."""
    if profile is None:
        return None
    shift = dt.timedelta(days=days)
    calibrations = tuple(
        one.model_copy(
            update={
                "calibration_date": one.calibration_date + shift,
                "valid_until": None if one.valid_until is None else one.valid_until + shift,
            }
        )
        for one in profile.spect_calibrations
    )
    return profile.model_copy(update={"spect_calibrations": calibrations})
