"""What a scan brings beside its voxels: CT, tracer, modality, seeds, recovery, a model's mask; checked once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, TypedDict

from lutrace.core import ContradictionError, UnsupportedError
from lutrace.imaging import BoolArray, Mask, Volume
from lutrace.segment.organ_set import OrganSource
from lutrace.segment.organs import maker_of

Modality = Literal["PET", "SPECT"]
_MODALITIES: Mapping[str, Modality] = {"PET": "PET", "PT": "PET", "SPECT": "SPECT", "NM": "SPECT"}


class Recovery(Protocol):
    """A recovery curve of the scan's scanner and reconstruction (physics.RecoveryCurve)."""

    def compute_recovery(self, volume_ml: float) -> float:
        """The recovery coefficient of a lesion of this volume."""
        ...

    def covers(self, volume_ml: float) -> bool:
        """Whether the curve was measured at this volume."""
        ...


class ScanFacts(TypedDict, total=False):
    """What `find_lesions` takes by name.

    `ct`: the CT in HU, in the scan's patient position. `tracer`: with its radionuclide, as 68Ga-PSMA-11. `modality`:
    PET or SPECT (PT and NM are understood; a 177Lu SPECT stored as PT must be called SPECT). `tumour_seeds`: voxels
    that somebody has called tumour. `recovery`: the curve for partial-volume correction, which is off without.
    `model_mask`: the lesion mask that the plan `nnunet` measures.
    """

    ct: Volume | None
    tracer: str | None
    modality: str | None
    tumour_seeds: BoolArray | None
    recovery: Recovery | None
    model_mask: Mask | None


def modality_of(facts: ScanFacts) -> Modality | None:
    """PET or SPECT, or None when nobody says. Raises UnsupportedError for another word."""
    word = facts.get("modality")
    if word is None:
        return None
    if word not in _MODALITIES:
        raise UnsupportedError(f"lesions: expected modality PET or SPECT, found {word}")
    return _MODALITIES[word]


def organs_by_region(volume: Volume, masks: Sequence[Mask], facts: ScanFacts) -> dict[str, Mask]:
    """The masks by region name.

    Raises ContradictionError for a volume that is not SUVbw, a mask or seeds on another grid, two masks of one region.
    """
    if volume.unit != "g/mL":
        raise ContradictionError(f"lesions: expected a volume in SUVbw (g/mL), found {volume.unit}; apply the factor")
    seeds, model = facts.get("tumour_seeds"), facts.get("model_mask")
    if seeds is not None and seeds.shape != volume.array.shape:
        raise ContradictionError(
            f"tumour seeds: expected the grid of the scan {volume.array.shape}, found {seeds.shape}; "
            "resample them first"
        )
    organs: dict[str, Mask] = {}
    for mask in (*masks, *((model,) if model is not None else ())):
        if not volume.geometry.same_grid(mask.geometry):
            raise ContradictionError(f"region {mask.name}: lies on another grid than the scan; resample it first")
        if mask is model:
            continue
        if mask.name in organs:
            raise ContradictionError(f"region {mask.name}: expected one mask, found two; join or rename them")
        organs[mask.name] = mask
    return organs


def source_of(masks: Sequence[Mask]) -> OrganSource:
    """Where organ masks come from: model when a network made one of them, given otherwise, none without any."""
    if not masks:
        return "none"
    return "model" if any(maker_of(mask) == "model" for mask in masks) else "given"
