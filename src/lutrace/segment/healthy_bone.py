"""Bone without tumour: what binds tracer there tells of the marrow and of the tumour's share of the activity."""

from __future__ import annotations

from dataclasses import replace

from lutrace.core import ContradictionError, Source
from lutrace.imaging import BoolArray, Mask, dilate, erode


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
    return replace(skeleton, name="healthy_skeleton", array=healthy, source=source, notes=(*skeleton.notes, note))
