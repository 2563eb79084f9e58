"""Bone without tumour: what binds tracer there tells of the marrow and of the tumour's share of the activity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lutrace.core import ContradictionError, Row, Source
from lutrace.imaging import BoolArray, Mask, Volume, dilate, erode
from lutrace.segment.lesions import LesionSet
from lutrace.segment.organs import measure_organs

_LESION_MARGIN = 1.5
_EROSION = 0.5
"""Widths (FWHM) of the scan's resolution: how far a lesion's spill-out reaches, and how far the edge is left out."""


def healthy_skeleton(skeleton: Mask, lesions: BoolArray, *, lesion_margin_mm: float, erosion_mm: float) -> Mask:
    """The skeleton less lesions grown by `lesion_margin_mm` (spill-out), shrunk by `erosion_mm` (edge of the mask).

    The bone is shrunk before the lesions are cut out, so that no second rim is lost around them. The mask is named
    `healthy_skeleton`; it may be empty. Raises ContradictionError when lesions and skeleton are of different shape.
    """
    if lesions.shape != skeleton.array.shape:
        raise ContradictionError(
            f"healthy skeleton: expected lesions on the grid of the skeleton {skeleton.array.shape}, "
            f"found {lesions.shape}; resample one of them first"
        )
    inside = erode(skeleton.array, skeleton.geometry, erosion_mm)
    healthy = inside & ~dilate(lesions, skeleton.geometry, lesion_margin_mm)
    source = Source(skeleton.source.kind, skeleton.source.digest, "labeller healthy skeleton")
    note = f"{skeleton.name} shrunk by {erosion_mm:g} mm, without lesions grown by {lesion_margin_mm:g} mm"
    return replace(
        skeleton, name="healthy_skeleton", array=healthy, source=source, notes=(*skeleton.notes, note), extent=None
    )


def measure_healthy_skeleton(
    volume_suv: Volume, masks: Sequence[Mask], lesions: LesionSet, *, modality: str | None
) -> list[Row]:
    """The row of `organs` of the skeleton without lesions (tumour and uncertain), SUVbw in g/mL; none without bone.

    Lesions are grown by 1.5 widths of the scan's resolution, the bone is shrunk by half a width. A mask of that name
    that was made elsewhere stands as it is.
    """
    named = {mask.name: mask for mask in masks}
    if "skeleton" not in named or "healthy_skeleton" in named:
        return []
    fwhm_mm = lesions.plan.resolution_of(modality)
    tumour = lesions.array_of("tumour") | lesions.array_of("uncertain")
    healthy = healthy_skeleton(
        named["skeleton"], tumour, lesion_margin_mm=_LESION_MARGIN * fwhm_mm, erosion_mm=_EROSION * fwhm_mm
    )
    return measure_organs(volume_suv, [healthy], lesions.plan)
