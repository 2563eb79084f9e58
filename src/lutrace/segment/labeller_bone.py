"""The skeleton from CT: dense voxels of the body, closed over the marrow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lutrace.core import ContradictionError
from lutrace.imaging import Geometry, Mask, Volume, dilate, erode, label_components, resample_mask, resample_volume
from lutrace.segment.labeller_body import body_of_ct, fill_slices, work_geometry

BONE_HU = 180.0
"""Cortical bone has 300 to 1900 HU, spongy bone 100 to 300, soft tissue below 100, with contrast up to about 250."""

_GRID_MM = 3.0
_CLOSING_MM = 4.5
_LARGEST_CAVITY_MM2 = 1200.0
"""Marrow cavities and the vertebral canal are smaller than this in a slice, the skull and the chest larger."""
_SMALLEST_ML = 4.0
"""Smaller dense parts are stones, clips, contrast in vessels or bowel."""
_MARROW_HU = 20.0
"""What is closed must be denser than fat, or the gaps between ribs and lung would count."""


def find_skeleton(ct: Volume, target: Geometry) -> Mask:
    """The skeleton of a CT (HU) on the grid of `target`, marrow included, table excluded.

    By threshold, not by a model: costal cartilage may be missing, contrast in bowel or vessels may be taken for bone,
    and a lytic metastasis that breaks the cortex is left out. A note says so.
    Raises ContradictionError when the volume is not in HU.
    """
    if ct.unit != "HU":
        raise ContradictionError(f"skeleton: expected a CT in HU, found {ct.unit}")
    work = work_geometry(target, _GRID_MM)
    hu = resample_volume(ct, work, outside=-1000.0).array
    body = body_of_ct(hu, work)
    voxel_mm3 = work.voxel_volume_ml * 1000.0
    least = int(np.ceil(_SMALLEST_ML * 1000.0 / voxel_mm3))
    dense = label_components((hu >= BONE_HU) & body, connectivity=26, min_voxels=least).labels > 0
    closed = erode(dilate(dense, work, _CLOSING_MM), work, _CLOSING_MM)
    largest = int(_LARGEST_CAVITY_MM2 / _GRID_MM**2)
    bone = dense | (fill_slices(np.asarray(closed), largest_voxels=largest) & (hu >= _MARROW_HU) & body)
    source = replace(ct.source, locator="labeller skeleton")
    notes = (f"bone by CT above {BONE_HU:g} HU, closed over the marrow; no model of single bones",)
    return resample_mask(Mask("skeleton", bone, work, source, notes), target)
