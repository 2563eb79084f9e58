"""The numbers of lesions for pictures: as in their table, tumour first where there is not room for all."""

from __future__ import annotations

from lutrace.imaging import Mark
from lutrace.segment import LesionSet

_ORDER = {"tumour": 0, "uncertain": 1, "physiological": 2}


def lesion_marks(found: LesionSet) -> list[Mark]:
    """A mark per lesion with its number; the radius is that of a sphere of its volume."""
    lesions = sorted(found.lesions, key=lambda one: (_ORDER[one.category], one.lesion))
    return [
        Mark(
            str(one.lesion),
            one.measures.centroid_mm,
            10.0 * (3.0 * one.measures.volume_ml / (4.0 * 3.141592653589793)) ** (1.0 / 3.0),
            one.category,
        )
        for one in lesions
    ]
