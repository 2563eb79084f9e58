"""The face of each examination, found once, in the CT where there is one, for all images of its frame of reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from lutrace.core import LutraceError, UnsupportedError
from lutrace.dicom import SeriesFiles, index_folder, is_image_series, read_series
from lutrace.imaging import FaceRegion, find_face
from lutrace.ingest.workers import map_as_done

_WITH_FACES = ("CT", "PT", "MR")


@dataclass(frozen=True)
class _Found:
    """Whose face a series shows: patient and frame of reference, whether it is a CT, and where the face is."""

    key: tuple[str, str]
    is_ct: bool
    face: FaceRegion | None
    refusal: str | None = None
    can_use_ct: bool = False


@dataclass(frozen=True)
class Faces:
    """The face that a series shows, and why others cannot be searched for one, each by the first file of the series."""

    of_series: Mapping[Path, FaceRegion]
    refusals: Mapping[Path, str]


def find_faces(series: Sequence[Sequence[Path]], executor: Executor | None, *, jobs: int) -> Faces:
    """The face that each CT and PET series shows; a series without a head in view is not in it.

    All images of one frame of reference get the face of a CT that shows one, else of the PET. Where there is a CT,
    a PET need not tell whether it shows a head.
    """
    tasks = [tuple(paths) for paths in series if paths]
    found = {task: answer for task, answer in map_as_done(executor, _find, tasks, jobs=jobs) if answer is not None}
    with_ct = {one.key for one in found.values() if one.is_ct and one.refusal is None}
    faces: dict[tuple[str, str], FaceRegion] = {}
    for is_ct in (False, True):
        for task in sorted(found):
            one = found[task]
            if one.is_ct == is_ct and one.face is not None:
                faces[one.key] = one.face
    return Faces(
        {task[0]: faces[one.key] for task, one in found.items() if one.key in faces},
        {
            task[0]: one.refusal
            for task, one in found.items()
            if one.refusal is not None and not (one.can_use_ct and one.key in with_ct)
        },
    )


def _find(paths: tuple[Path, ...]) -> _Found | None:
    index = index_folder(paths)
    if not index.series or index.series[0].modality not in _WITH_FACES:
        return None
    series = index.series[0]
    is_ct = series.modality == "CT"
    if series.modality == "MR" or not is_image_series(series):
        reason = f"{series.modality} of this kind: a face in it would not be found"
        return _Found(_key(series), is_ct, None, reason)
    try:
        volume = read_series(series).volume
    except LutraceError as error:
        return _Found(_key(series), is_ct, None, f"a face in it cannot be looked for: {error}")
    try:
        return _Found(_key(series), is_ct, find_face(volume))
    except UnsupportedError as error:
        return _Found(_key(series), is_ct, None, f"a face in it cannot be found: {error}", can_use_ct=True)


def _key(series: SeriesFiles) -> tuple[str, str]:
    frame = series.header.get("FrameOfReferenceUID")
    return (series.identity.patient_id or "", str(frame or series.series_uid))
