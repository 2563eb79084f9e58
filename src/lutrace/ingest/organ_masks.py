"""Organ masks beside one scan: which region each mask means, and whether they lie on this scan at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lutrace.core import ContradictionError, MissingFactError, UnsupportedError, UnusableInputError
from lutrace.dicom import MaskReader, SeriesFiles
from lutrace.imaging import BoolArray, Mask, Volume
from lutrace.ingest.profile import LESION_REGION, SiteProfile, known_regions

_SHOWN = 12


def read_organ_masks(
    read: MaskReader | None, suv: Volume, series: SeriesFiles, profile: SiteProfile
) -> tuple[list[Mask], BoolArray | None, list[str]]:
    """Organ masks by region, the voxels drawn as lesions, and what was tolerated or passed over; nothing without files.

    Raises UnusableInputError for masks that cannot be placed on the scan, that all lie elsewhere, or whose names all
    mean nothing: their organs would be taken for tumour without a word.
    """
    masks = _placed(read, suv, series) if read is not None else []
    meant = [(mask, profile.region_of(mask.name)) for mask in masks]
    if masks and not any(region for _, region in meant):
        raise UnusableInputError(
            f"organ masks: the names {_listed([mask.name for mask in masks])} mean no region; {_remedy()}"
        )
    if masks and all(mask.is_empty for mask in masks):
        raise UnusableInputError(
            f"organ masks: none of the {len(masks)} regions holds a voxel of the scan, so they were drawn on another "
            "scan or in other coordinates; give the masks of this examination (NIfTI: RAS mm of the same scan)"
        )
    organs: list[Mask] = []
    seeds: BoolArray | None = None
    notes = describe_mask_notes(masks)
    for mask, region in meant:
        if region is not None and mask.is_empty:
            notes.append(f"{mask.name}: holds no voxel of the scan, passed over; was it drawn on this scan?")
        elif region == LESION_REGION:
            notes.append(f"{mask.name}: taken for tumour, as drawn")
            seeds = mask.array if seeds is None else np.asarray(seeds | mask.array)
        elif region is not None:
            organs.append(replace(mask, name=region))
    unknown = [mask.name for mask, region in meant if region is None]
    if unknown:
        notes.append(f"organ masks passed over, as their names mean no region: {_listed(unknown)}; {_remedy()}")
    return organs, seeds, notes


def describe_mask_notes(masks: Sequence[Mask]) -> list[str]:
    """What was tolerated or done while masks were read; one line for all masks of which the same is to be said."""
    named: dict[str, list[str]] = {}
    for mask in masks:
        for note in mask.notes:
            named.setdefault(note, []).append(mask.name)
    return [f"{_listed(names)}: {note}" for note, names in named.items()]


def _placed(read: MaskReader, suv: Volume, series: SeriesFiles) -> list[Mask]:
    try:
        return read(suv.geometry, series_uid=series.series_uid)
    except (ContradictionError, MissingFactError, UnsupportedError) as error:
        raise UnusableInputError(f"organ masks: {error}") from error


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _remedy() -> str:
    return f"known are {', '.join(known_regions())}; map other names in mask_names of the site profile (--profile)"
