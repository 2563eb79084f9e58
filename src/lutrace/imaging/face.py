"""Where a face is in a body: a flat cut through the head, found from the outline of the body alone.

The rule, in LPS millimetres on an axial grid of 4 mm:
1. The body is the largest component of what is denser (CT, above -300 HU) or hotter than the air around it, filled by
   slice. PET: above Otsu's level of the logarithm; where that finds hot organs only, Otsu's level of what lies below.
2. The neck is the slice, at most 33 cm below the end of the body, where the area within 9 cm of the midline is smallest
   against the largest above (a head) and below (a trunk, larger than the head), and at least a fifth smaller than both.
3. Without a neck, a CT is a head when bone encloses half of the body in a fifth of its slices; a PET without a neck or
   a trunk of 10 cm may show a head all the same, for its outline is uncertain, and is refused.
4. The face reaches from 4 cm above the neck to 9 cm below the vertex and at most 19 cm above the neck, or to the end of
   the image where the vertex is not in view. The line of the most anterior skin over these slices is fitted by least
   squares and moved forward to where a tenth of the skin lies before it.
5. What lies less than 45 mm behind that line, or in front of it, is the face. A flat cut keeps no profile.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lutrace.core import UnsupportedError
from lutrace.imaging.components import label_components
from lutrace.imaging.morphology import dilate
from lutrace.imaging.resample import resample_volume
from lutrace.imaging.volume import BoolArray, Geometry, Volume

DEPTH_MM = 45.0
_STEP_MM = 4.0
_STEP_CM2 = (_STEP_MM / 10.0) ** 2
_HALF_WIDTH_MM = 90.0
_LEAST_CM2 = 20.0
_HEAD_CM2 = 400.0
_HEAD_LENGTH_MM = 360.0
_BELOW_TOP_MM = 330.0
_NARROWER = 0.8
_WIDER_THAN_HEAD = 1.15
_TRUNK_CM2 = 450.0
_TRUNK_MM = 100.0
_ABOVE_NECK_MM = 40.0
_FOREHEAD_MM = 90.0
_NECK_TO_BROW_MM = 190.0
_CT_BODY_HU = -300.0
_BONE_HU = 250.0
_ENCLOSED = 0.5
_ENCLOSED_SLICES = 0.2


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
    """The face in a CT (HU) or a PET; None when no head is in view.

    Raises UnsupportedError for a PET in which no neck or no trunk is found: it may show a head all the same.
    """
    body, geometry = find_body(volume)
    z_mm = geometry.origin_mm[2] + _STEP_MM * np.arange(len(body))
    span = _head_span(body)
    if volume.unit != "HU" and (span is None or not span.has_shoulders):
        raise UnsupportedError("a PET in which no neck is found: its face cannot be found without its CT")
    if span is None:
        return None
    if not span.has_shoulders and not _is_skull(volume, body, geometry):
        return None
    low = z_mm[span.bottom] + (_ABOVE_NECK_MM if span.has_shoulders else 0.0)
    high = z_mm[span.top] - _FOREHEAD_MM if span.has_vertex else z_mm[span.top] + _STEP_MM
    if span.has_shoulders:
        high = min(high, z_mm[span.bottom] + _NECK_TO_BROW_MM)
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
    foremost = float(np.percentile(y_mm - slope * z_mm[rows][known], 10))
    return FaceRegion(float(low), float(high), foremost + DEPTH_MM, slope)


def find_body(volume: Volume) -> tuple[BoolArray, Geometry]:
    """The body of an image on an axial grid of 4 mm, holes filled by slice, and that grid."""
    geometry = _axial_grid(volume.geometry)
    if volume.unit == "HU":
        return _largest(resample_volume(volume, geometry, outside=-1024.0).array > _CT_BODY_HU), geometry
    there = resample_volume(volume, geometry).array
    level = _outline_level(there)
    for outline in (level, _outline_level(there[there < level])):
        body = _largest(there > outline)
        if (body.sum(axis=(1, 2)) * _STEP_CM2 >= _TRUNK_CM2).sum() * _STEP_MM >= _TRUNK_MM:
            return body, geometry
    raise UnsupportedError(
        "a PET in which no trunk is found may show a head or a limb: its face cannot be found without its CT"
    )


def _largest(body: BoolArray) -> BoolArray:
    """The largest component of a body, its holes filled by slice."""
    return _filled(label_components(body, connectivity=6).labels == 1)


def _areas(body: BoolArray) -> NDArray[np.float64]:
    """Area of the body in each slice, cm2, as far as it lies near the midline."""
    middle = _midline(body)
    half = int(_HALF_WIDTH_MM / _STEP_MM)
    near = body[:, :, max(0, middle - half) : middle + half + 1]
    return np.asarray(near.sum(axis=(1, 2)) * _STEP_CM2, np.float64)


@dataclass(frozen=True)
class _HeadSpan:
    """First (neck) and last slice of what may be a head, and whether vertex and shoulders are in view."""

    bottom: int
    top: int
    has_vertex: bool
    has_shoulders: bool


def _head_span(body: BoolArray) -> _HeadSpan | None:
    """Where a head may be; None where there is certainly none."""
    area = _areas(body)
    full = np.flatnonzero(area >= _LEAST_CM2)
    if not len(full):
        return None
    bottom, top = int(full[0]), int(full[-1])
    has_vertex = top < len(area) - 2
    neck = _neck(area, top)
    if neck is not None:
        return _HeadSpan(neck, top, has_vertex, True)
    is_small = area.max() <= _HEAD_CM2 and (top - bottom) * _STEP_MM <= _HEAD_LENGTH_MM
    return _HeadSpan(bottom, top, has_vertex, False) if is_small else None


def _neck(area: NDArray[np.float64], top: int) -> int | None:
    """The slice between trunk and head; None when there is none."""
    best, found = _NARROWER, None
    for row in range(max(1, top - int(_BELOW_TOP_MM / _STEP_MM)), top):
        below, above = float(area[:row].max()), float(area[row + 1 : top + 1].max())
        is_head = 3 * _LEAST_CM2 <= above <= _HEAD_CM2 and below >= _WIDER_THAN_HEAD * above
        if not is_head:
            continue
        ratio = area[row] / min(below, above)
        if ratio <= best:
            best, found = ratio, row
    return found


def _is_skull(volume: Volume, body: BoolArray, geometry: Geometry) -> bool:
    """Whether bone encloses at least half of the body in a fifth of the slices of a CT."""
    bone = resample_volume(volume, geometry, outside=-1024.0).array > _BONE_HU
    enclosed = _filled(dilate(bone, geometry, _STEP_MM)).sum(axis=(1, 2)) / np.maximum(body.sum(axis=(1, 2)), 1)
    return bool((enclosed[body.any(axis=(1, 2))] >= _ENCLOSED).mean() >= _ENCLOSED_SLICES)


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
    top = float(np.percentile(array, 99.9)) if array.size else 0.0
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
