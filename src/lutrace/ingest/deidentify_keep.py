"""The regions that defacing must not touch: which files hold them, and which of them could not be placed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lutrace.core import ContradictionError, LutraceError, UnusableInputError, digest_of_file
from lutrace.dicom import index_folder, read_masks, read_series
from lutrace.imaging import Mask
from lutrace.ingest.file_names import shown_file_name
from lutrace.ingest.masks_step import describe_mask_file

_NOT_READ = "not read:"
"""How the note of a region begins that a structure set holds and the image cannot take."""


@dataclass(frozen=True)
class Placing:
    """What became of a mask file on one series: its regions with voxels there, and why others are not placed.

    `is_elsewhere`: it was drawn in another frame of reference, as the files of another patient are.
    """

    path: Path
    n_regions: int
    refusal: str | None = None
    is_elsewhere: bool = False


@dataclass(frozen=True)
class NotKept:
    """A mask file that could not be placed where it should: its name as it may be shown, its digest, and why."""

    shown_name: str
    digest: str
    reason: str


def find_keep_files(paths: Sequence[Path], *, deface: bool) -> tuple[Path, ...]:
    """The mask files among `paths`, folders searched.

    Raises UnusableInputError for a path without any, and where no face is to go.
    """
    if paths and not deface:
        raise UnusableInputError("--keep names regions that --deface does not touch; give both, or leave it out")
    found: list[Path] = []
    for path in paths:
        files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
        masks = [one for one in files if one.is_file() and describe_mask_file(one) is not None]
        if not masks:
            raise UnusableInputError(f"--keep {path.name}: expected SEG, RTSTRUCT or NIfTI, found none")
        found += masks
    return tuple(dict.fromkeys(found))


def place_regions(series_files: Sequence[Path], keep: Sequence[Path]) -> tuple[tuple[Mask, ...], tuple[Placing, ...]]:
    """The regions of the mask files on the grid of a series, and what became of each file there."""
    if not keep:
        return (), ()
    series = index_folder(series_files).series[0]
    geometry = read_series(series).volume.geometry
    masks: list[Mask] = []
    placings: list[Placing] = []
    for path in keep:
        try:
            read = read_masks(path, geometry, series_uid=series.series_uid)
        except ContradictionError:
            placings.append(Placing(path, 0, is_elsewhere=True))
        except LutraceError as error:
            placings.append(Placing(path, 0, _without_name(str(error), path)))
        else:
            masks += read
            placings.append(_placed(path, read))
    return tuple(masks), tuple(placings)


def find_not_kept(
    placings: Iterable[Placing], keep: Sequence[Path], *, people: Sequence[str | None]
) -> tuple[NotKept, ...]:
    """The mask files that no image with a face could take, or that one of their own frame of reference refused.

    A file whose name holds a part of the names in `people` is shown by its digest.
    """
    by_file: dict[Path, list[Placing]] = {path: [] for path in keep}
    for one in placings:
        by_file[one.path].append(one)
    reasons = {path: _why_not(found) for path, found in by_file.items()}
    return tuple(
        NotKept(shown_file_name(path, people), digest_of_file(path), reason)
        for path, reason in reasons.items()
        if reason is not None
    )


def _placed(path: Path, masks: Sequence[Mask]) -> Placing:
    lost = [mask for mask in masks if any(note.startswith(_NOT_READ) for note in mask.notes)]
    refusal = f"{len(lost)} of its {len(masks)} regions cannot be laid on the image" if lost else None
    return Placing(path, sum(bool(mask.array.any()) for mask in masks), refusal)


def _why_not(found: Sequence[Placing]) -> str | None:
    """Why a mask file counts as not placed; None when all is well."""
    refusals = sorted({one.refusal for one in found if one.refusal is not None})
    if refusals:
        return "; ".join(refusals)
    if any(one.n_regions for one in found):
        return None
    if not found:
        return "no image with a face was found"
    if all(one.is_elsewhere for one in found):
        return "it was drawn in another frame of reference than every image with a face"
    return "its regions hold no voxel of an image with a face"


def _without_name(message: str, path: Path) -> str:
    """A reader's message without the file's name, which may name a patient."""
    stem = path.name[: -len(".nii.gz")] if path.name.lower().endswith(".nii.gz") else path.stem
    return message.replace(path.name, "the file").replace(stem, "the file")
