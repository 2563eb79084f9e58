"""Where a face is in a body: a flat cut through the head, found from the outline of the body alone.

The rule, in LPS millimetres on an axial grid of 4 mm:
1. The body is the largest component of what is denser (CT) or hotter (PET) than the air around it, filled by slice.
2. Within 9 cm of the midline of the trunk, the neck is the narrowest slice above the shoulders; everything above it is
   head. Without shoulders in view, the whole image is a head when no slice of it is larger than a head.
3. The face reaches from 4 cm above the neck to 9 cm below the vertex, or to the end of the image where the vertex is
   not in view; the line of the most anterior skin over these slices is fitted by least squares and moved to its most
   anterior point.
4. What lies less than 45 mm behind that line, or in front of it, is the face. A flat cut keeps no profile.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lutrace.imaging.components import label_components
from lutrace.imaging.resample import resample_volume
from lutrace.imaging.volume import BoolArray, Geometry, Volume

DEPTH_MM = 45.0
_STEP_MM = 4.0
_HALF_WIDTH_MM = 90.0
_SHOULDERS_CM2 = 300.0
_NECK_CM2 = 210.0
_HEAD_CM2 = 330.0
_HEAD_LENGTH_MM = 260.0
_ABOVE_NECK_MM = 40.0
_FOREHEAD_MM = 90.0
_LEAST_CM2 = 20.0
_CT_BODY_HU = -300.0


@dataclass(frozen=True)
class FaceRegion:
    """The part of space that holds a face: between two heights, in front of the plane y = intercept + slope z (LPS)."""

    z_low_mm: float
    z_high_mm: float
    intercept_mm: float
    slope: float

    def holds(self, geometry: Geometry) -> BoolArray:
        """The voxels of a grid whose centres lie in the face."""
        z, y, x = (np.arange(n, dtype=float) for n in geometry.shape_zyx)
        matrix = geometry.affine
        along = matrix[1:3, 0][:, None, None, None] * x[None, None, None, :]
        along = along + matrix[1:3, 1][:, None, None, None] * y[None, None, :, None]
        along = along + matrix[1:3, 2][:, None, None, None] * z[None, :, None, None]
        y_mm, z_mm = along[0] + matrix[1, 3], along[1] + matrix[2, 3]
        inside = (z_mm >= self.z_low_mm) & (z_mm <= self.z_high_mm) & (y_mm < self.intercept_mm + self.slope * z_mm)
        return np.asarray(inside, np.bool_)


def find_face(volume: Volume) -> FaceRegion | None:
    """The face in a CT (HU) or a PET; None when no head is in view."""
    body, geometry = find_body(volume)
    z_mm = geometry.origin_mm[2] + _STEP_MM * np.arange(len(body))
    span = _head_span(body, geometry)
    if span is None:
        return None
    neck, top, has_vertex, has_shoulders = span
    low = z_mm[neck] + (_ABOVE_NECK_MM if has_shoulders else 0.0)
    high = z_mm[top] - _FOREHEAD_MM if has_vertex else z_mm[top] + _STEP_MM
    rows = np.flatnonzero((z_mm >= low) & (z_mm <= high))
    if len(rows) < 3:
        return None
    middle = _midline(body)
    near = slice(max(0, middle - int(60 / _STEP_MM)), middle + int(60 / _STEP_MM) + 1)
    skin = np.array([_first(body[row][:, near]) for row in rows])
    known = skin >= 0
    if known.sum() < 3:
        return None
    y_mm = geometry.origin_mm[1] + _STEP_MM * skin[known]
    slope = float(np.clip(np.polyfit(z_mm[rows][known], y_mm, 1)[0], -0.6, 0.6))
    foremost = float(np.min(y_mm - slope * z_mm[rows][known]))
    return FaceRegion(float(low), float(high), foremost + DEPTH_MM, slope)


def find_body(volume: Volume) -> tuple[BoolArray, Geometry]:
    """The body of an image on an axial grid of 4 mm, holes filled by slice, and that grid."""
    geometry = _axial_grid(volume.geometry)
    is_ct = volume.unit == "HU"
    there = resample_volume(volume, geometry, outside=-1024.0 if is_ct else 0.0).array
    level = _CT_BODY_HU if is_ct else _outline_level(there)
    parts = label_components(there > level, connectivity=6)
    return _filled(parts.labels == 1), geometry


def _head_span(body: BoolArray, geometry: Geometry) -> tuple[int, int, bool, bool] | None:
    """First and last slice of the head, whether the vertex is in view, and whether shoulders are; None without head."""
    middle = _midline(body)
    half = int(_HALF_WIDTH_MM / _STEP_MM)
    near = body[:, :, max(0, middle - half) : middle + half + 1]
    area = near.sum(axis=(1, 2)) * (_STEP_MM / 10.0) ** 2
    full = np.flatnonzero(area >= _LEAST_CM2)
    if not len(full):
        return None
    top = int(full[-1])
    has_vertex = top < len(area) - 2
    shoulders = np.flatnonzero(area >= _SHOULDERS_CM2)
    if not len(shoulders):
        is_head = area.max() <= _HEAD_CM2 and (top - full[0]) * _STEP_MM <= _HEAD_LENGTH_MM + 100
        return (int(full[0]), top, has_vertex, False) if is_head else None
    above = int(shoulders[-1])
    if (top - above) * _STEP_MM < 40.0:
        return None
    neck = above + int(np.argmin(area[above : min(top, above + int(160 / _STEP_MM)) + 1]))
    if area[neck] > _NECK_CM2 or neck >= top:
        return None
    return neck, top, has_vertex, True


def _axial_grid(geometry: Geometry) -> Geometry:
    """A 4 mm grid along the patient's axes that holds the whole image."""
    low, high = geometry.corners_mm.min(axis=0), geometry.corners_mm.max(axis=0)
    size = tuple(int(n) for n in np.ceil((high - low) / _STEP_MM).astype(int) + 1)
    spacing = (_STEP_MM, _STEP_MM, _STEP_MM)
    return Geometry((size[0], size[1], size[2]), spacing, (float(low[0]), float(low[1]), float(low[2])))


def _outline_level(array: NDArray[np.float32]) -> float:
    """A level between the air and the body of a PET: Otsu's on the logarithm of what is above a thousandth of the top.

    Otsu, IEEE Trans SMC 1979;9:62.
    """
    top = float(np.percentile(array, 99.9))
    if top <= 0:
        return 0.0
    logs = np.log(np.clip(array, top * 1e-4, top))
    counts, edges = np.histogram(logs, bins=128)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    sums = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        left, right = sums / below, (sums[-1] - sums) / (below[-1] - below)
        between = below * (below[-1] - below) * (left - right) ** 2
    return float(np.exp(edges[1 + int(np.nanargmax(between[:-1]))]))


def _filled(body: BoolArray) -> BoolArray:
    """The body with the holes of each slice filled: whatever cannot be reached from the rim of the slice is body."""
    padded = np.pad(~body, ((0, 0), (1, 1), (1, 1)), constant_values=True)
    filled = np.empty_like(body)
    for number, air in enumerate(padded):
        outside = label_components(air[None], connectivity=6).labels[0]
        filled[number] = (outside != outside[0, 0])[1:-1, 1:-1]
    return filled


def _midline(body: BoolArray) -> int:
    """The column in the middle of the body's mass."""
    columns = body.sum(axis=(0, 1)).astype(float)
    return round(float((columns * np.arange(len(columns))).sum() / max(columns.sum(), 1.0)))


def _first(rows: BoolArray) -> int:
    """The first row, counted from the front, with at least three voxels of body; -1 without."""
    found = np.flatnonzero(rows.sum(axis=1) >= 3)
    return int(found[0]) if len(found) else -1
