"""What a segmentation found, missed, removed and wrongly kept, against the painted truth of the same scan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lutrace.virtual.truth import PaintedTruth

Bools = NDArray[np.bool_]
Ints = NDArray[np.int32]
SIZES_ML = (1.0, 4.0, 20.0)
SIZE_NAMES = ("< 1", "1-4", "4-20", "> 20")


def size_of(volume_ml: float) -> str:
    """The size class of a volume in mL: < 1, 1-4, 4-20, > 20 (a limit belongs to the class above it)."""
    return SIZE_NAMES[int(np.searchsorted(SIZES_ML, volume_ml, side="right"))]


@dataclass(frozen=True)
class FoundLesion:
    """A painted lesion and what became of it.

    `fate`: `tumour` when at least one of its voxels lies in a tumour component, else `uncertain` when one lies in an
    uncertain component, else `level` when one was a candidate until the plan's second level left too little of it, else
    `removed` when one is above the threshold, else `below`. `apart`: a tumour component has most of its painted voxels
    in this lesion. `dice`: of the lesion with all components that belong to it in this way.
    """

    identity: str
    volume_ml: float
    new: bool
    fate: str
    apart: bool
    dice: float | None


@dataclass(frozen=True)
class FoundComponent:
    """A component taken for tumour: volume in mL, and the painted lesion that most of its painted voxels are of."""

    number: int
    volume_ml: float
    lesion: str | None
    new: bool


@dataclass(frozen=True)
class ScanScore:
    """One scan under one plan; volumes in mL.

    `removed_ml`: painted tumour above the threshold that is no candidate for tumour. `kept_normal_ml`:
    voxels of tumour components, outside painted tumour, to which normal uptake gives more than tumour does; by
    identity in `kept_by`. `spill_ml`: the other voxels of tumour components outside painted tumour.
    """

    painted_ml: float
    tumour_ml: float
    dice: float
    removed_ml: float
    uncertain_ml: float
    below_ml: float
    kept_normal_ml: float
    spill_ml: float
    kept_by: Mapping[str, float]
    lesions: tuple[FoundLesion, ...]
    components: tuple[FoundComponent, ...]


def compute_scan_score(
    truth: PaintedTruth,
    labels: Ints,
    categories: Mapping[int, str],
    *,
    above: Bools,
    candidates: Bools | None = None,
) -> ScanScore:
    """Compare components (`labels`, with the category of each number) with the painted truth on the same grid.

    `above`: voxels that the plan's first threshold takes. `candidates`: those of them in tumour and uncertain
    components before a second level that depends on the component (41 % of its maximum, say); None without such.
    """
    voxel_ml = truth.geometry.voxel_volume_ml
    chosen = {kind: [n for n, category in categories.items() if category == kind] for kind in ("tumour", "uncertain")}
    tumour, uncertain = (np.isin(labels, chosen[kind]) for kind in ("tumour", "uncertain"))
    painted = truth.labels > 0
    components, owner = _components(truth, labels, chosen["tumour"], voxel_ml)
    kept = tumour | uncertain if candidates is None else candidates
    fates = {"tumour": tumour, "uncertain": uncertain, "level": kept, "removed": above}
    lesions = _lesions(truth, fates, labels=labels, owner=owner)
    lost = painted & above & ~kept
    outside = tumour & ~painted
    normal = outside & (truth.normal_suv > truth.tumour_suv)
    names = Counter(truth.name_normal(np.argwhere(normal).astype(np.int64)))
    return ScanScore(
        painted_ml=float(truth.part.sum()) * voxel_ml,
        tumour_ml=float(tumour.sum()) * voxel_ml,
        dice=_dice(painted, tumour),
        removed_ml=float(lost.sum()) * voxel_ml,
        uncertain_ml=float((painted & uncertain).sum()) * voxel_ml,
        below_ml=float((painted & ~above).sum()) * voxel_ml,
        kept_normal_ml=float(normal.sum()) * voxel_ml,
        spill_ml=float((outside & ~normal).sum()) * voxel_ml,
        kept_by={name: count * voxel_ml for name, count in sorted(names.items())},
        lesions=lesions,
        components=components,
    )


def _components(
    truth: PaintedTruth, labels: Ints, numbers: list[int], voxel_ml: float
) -> tuple[tuple[FoundComponent, ...], dict[int, int]]:
    """The tumour components, and by number of component the lesion that most of its painted voxels are of."""
    width = len(truth.lesions) + 1
    both = np.flatnonzero((labels > 0) & (truth.labels > 0))
    code = labels.ravel()[both].astype(np.int64) * width + truth.labels.ravel()[both]
    shared = np.bincount(code, minlength=(int(labels.max()) + 1) * width).reshape(-1, width)
    sizes = np.bincount(labels.ravel())
    owner = {number: int(shared[number].argmax()) for number in numbers if shared[number].any()}
    found = []
    for number in numbers:
        lesion = truth.lesions[owner[number] - 1] if number in owner else None
        name, new = (lesion.identity, lesion.new) if lesion is not None else (None, False)
        found.append(FoundComponent(number, float(sizes[number]) * voxel_ml, name, new))
    return tuple(found), owner


def _lesions(
    truth: PaintedTruth, fates: Mapping[str, Bools], *, labels: Ints, owner: Mapping[int, int]
) -> tuple[FoundLesion, ...]:
    size = len(truth.lesions) + 1
    counts = {name: np.bincount(truth.labels[mask], minlength=size) for name, mask in fates.items()}
    painted = np.bincount(truth.labels.ravel(), minlength=size)
    owner_of = np.zeros(int(labels.max()) + 1, np.int64)
    for number, its_lesion in owner.items():
        owner_of[number] = its_lesion
    owned = owner_of[labels]
    owned_size = np.bincount(owned.ravel(), minlength=size)
    shared = np.bincount(truth.labels[owned == truth.labels], minlength=size)
    found = []
    for lesion in truth.lesions:
        n = lesion.number
        fate = next((name for name, count in counts.items() if count[n]), "below")
        apart = bool(owned_size[n])
        dice = 2 * float(shared[n]) / float(painted[n] + owned_size[n]) if apart else None
        found.append(FoundLesion(lesion.identity, lesion.volume_ml, lesion.new, fate, apart, dice))
    return tuple(found)


def _dice(one: Bools, other: Bools) -> float:
    total = int(one.sum()) + int(other.sum())
    return 2 * float((one & other).sum()) / total if total else 1.0
