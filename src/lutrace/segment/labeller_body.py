"""The body in a scan: its outline from CT, or from the faint uptake that every tissue keeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lutrace.core import ContradictionError, Source
from lutrace.imaging import (
    BoolArray,
    Geometry,
    Mask,
    Volume,
    dilate,
    erode,
    label_components,
    resample_mask,
    resample_volume,
)

BODY_PART, BODY_LEAST_SUV = 0.1, 0.02
"""A place is in the body when its SUVbw, averaged over 3 cm, is above this part of the scan's own median, and at least
this: muscle has 0.1 to 0.5 an hour after injection, a fifth of that a day later; air shows noise only."""

BODY_HU = -350.0
"""Half way between air and fat."""

_WORK_MM = 4.0
_BOX_VOXELS = 7
_TABLE_MM = 6.0
"""Table tops and cushions are thinner than twice this; an erosion by it takes them from the back."""


def work_geometry(geometry: Geometry, spacing_mm: float = _WORK_MM) -> Geometry:
    """A grid along the patient's axes (x left, y back, z head) that holds all of `geometry`, however that lies."""
    corners = geometry.corners_mm
    low, high = corners.min(axis=0), corners.max(axis=0)
    size = np.maximum(np.ceil((high - low) / spacing_mm).astype(int) + 1, 1)
    return Geometry(
        size_xyz=(int(size[0]), int(size[1]), int(size[2])),
        spacing_mm=(spacing_mm, spacing_mm, spacing_mm),
        origin_mm=(float(low[0]), float(low[1]), float(low[2])),
        frame_of_reference=geometry.frame_of_reference,
    )


def find_body(volume_suv: Volume, ct: Volume | None = None) -> Mask:
    """The body on the grid of a scan in SUVbw (g/mL): from its CT (HU) where there is one, else from the uptake.

    Without CT the outline is that of uptake averaged over 3 cm, up to 1.5 cm too wide, and a note says so.
    Raises ContradictionError for a volume in another unit.
    """
    if volume_suv.unit != "g/mL" or (ct is not None and ct.unit != "HU"):
        found = volume_suv.unit if ct is None else f"{volume_suv.unit} and {ct.unit}"
        raise ContradictionError(f"body: expected a scan in g/mL (and its CT in HU), found {found}")
    mask = find_body_on_work_grid(volume_suv, ct)
    return resample_mask(mask, volume_suv.geometry)


def find_body_on_work_grid(volume_suv: Volume, ct: Volume | None) -> Mask:
    """As `find_body`, on a grid of 4 mm along the patient's axes."""
    work = work_geometry(volume_suv.geometry)
    if ct is not None:
        array = body_of_ct(resample_volume(ct, work, outside=-1000.0).array, work)
        return Mask("body", array, work, replace(ct.source, locator="labeller body"))
    array = _body_of_uptake(resample_volume(volume_suv, work).array, work)
    source = Source("measure", volume_suv.source.digest, "labeller body")
    return Mask("body", array, work, source, ("outline from uptake, without CT: up to 1.5 cm too wide",))


def body_of_ct(hu: NDArray[np.float32], geometry: Geometry) -> BoolArray:
    """The body in a CT array: what is denser than air, without table and clothes, with lungs and bowel gas."""
    dense = hu >= BODY_HU
    core = label_components(erode(dense, geometry, _TABLE_MM), connectivity=6)
    if core.count == 0:
        return dense
    largest = int(np.bincount(core.labels.ravel())[1:].max())
    parts = _at_least(core.labels, core.count, largest // 20)  # legs and arms may part from the trunk
    body = dilate(parts, geometry, _TABLE_MM + geometry.spacing_mm[0]) & dense
    return fill_slices(body)


def _body_of_uptake(suv: NDArray[np.float32], geometry: Geometry) -> BoolArray:
    smooth = _box_mean(suv, _BOX_VOXELS)
    seen = smooth[smooth > BODY_LEAST_SUV]
    level = max(BODY_LEAST_SUV, BODY_PART * float(np.median(seen))) if seen.size else BODY_LEAST_SUV
    parts = label_components(smooth >= level, connectivity=6)
    if parts.count == 0:
        return np.ones_like(smooth, np.bool_)
    return fill_slices(np.asarray(parts.labels == 1))


def _at_least(labels: NDArray[np.int32], count: int, voxels: int) -> BoolArray:
    kept = np.bincount(labels.ravel(), minlength=count + 1) >= max(voxels, 1)
    kept[0] = False
    return np.asarray(kept[labels])


def fill_slices(array: BoolArray, *, largest_voxels: int | None = None) -> BoolArray:
    """The region with the holes of each slice filled: what cannot reach the slice's border, up to `largest_voxels`."""
    filled = array.copy()
    for number in np.flatnonzero(array.any(axis=(1, 2))):
        outside = np.pad(~array[number], 1, constant_values=True)
        parts = label_components(outside[None], connectivity=6)
        sizes = np.bincount(parts.labels.ravel(), minlength=parts.count + 1)
        hole = np.ones(parts.count + 1, np.bool_)
        hole[[0, parts.labels[0, 0, 0]]] = False
        if largest_voxels is not None:
            hole &= sizes <= largest_voxels
        filled[number] |= hole[parts.labels[0, 1:-1, 1:-1]]
    return filled


def _box_mean(array: NDArray[np.float32], voxels: int) -> NDArray[np.float32]:
    """The mean over a cube of this odd number of voxels; beyond the edge the edge goes on."""
    half = voxels // 2
    for axis in range(3):
        pad = [(0, 0)] * 3
        pad[axis] = (half + 1, half)
        total = np.cumsum(np.pad(array, pad, mode="edge"), axis=axis, dtype=np.float64)
        upper = [slice(None)] * 3
        lower = [slice(None)] * 3
        upper[axis], lower[axis] = slice(voxels, None), slice(None, -voxels)
        array = ((total[tuple(upper)] - total[tuple(lower)]) / voxels).astype(np.float32)
    return array
