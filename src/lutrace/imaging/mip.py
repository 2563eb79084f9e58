"""Maximum intensity projections: the whole patient in one picture, lesions outlined by what they are taken for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lutrace.core import ContradictionError, UnusableInputError
from lutrace.imaging.png import encode_png
from lutrace.imaging.resample import resample_array
from lutrace.imaging.volume import BoolArray, FloatArray, Geometry, Volume

COLOURS: dict[str, tuple[int, int, int]] = {
    "tumour": (213, 43, 30),
    "uncertain": (230, 140, 0),
    "physiological": (0, 114, 178),
    "artefact": (120, 120, 120),
    "benign": (0, 158, 115),
    "new": (170, 0, 170),
}
"""RGB of each category's outline; they stay apart for readers with red-green colour blindness."""

_SLAB_ROWS = 64


@dataclass(frozen=True, eq=False)
class Outline:
    """Voxels (on the volume's grid) to be outlined, and their category, a key of COLOURS."""

    array: BoolArray
    category: str


@dataclass(frozen=True, eq=False)
class Picture:
    """A rendered picture: uint8 RGB (rows, columns, 3), square pixels of `pixel_mm`, head at the top."""

    pixels: NDArray[np.uint8]
    pixel_mm: float
    angle_deg: float
    suv_max: float

    @property
    def png(self) -> bytes:
        """The picture as PNG bytes."""
        return encode_png(self.pixels, pixel_mm=self.pixel_mm)


def render_mip(
    volume: Volume,
    outlines: Sequence[Outline] = (),
    *,
    angle_deg: float = 0.0,
    suv_max: float,
    pixel_mm: float = 2.0,
    outline_px: int = 1,
    enlarge: int = 1,
) -> Picture:
    """The maximum intensity projection of a volume in inverted grey: 0 is white, `suv_max` (volume's unit) black.

    At 0 degrees the patient is seen from the front: the patient's right on the left, head at the top. A positive angle
    turns the viewer to the patient's left (90: seen from the patient's left side). Pixels are square, at most
    `pixel_mm` mm and no larger than the smallest voxel edge; sampling is linear for the image, nearest for outlines,
    which are `outline_px` pixels wide and lie around the lesions, not on them. `enlarge` draws each pixel of the
    projection as so many by so many, smoothly: a larger picture at the cost of a small one.
    Raises UnusableInputError for a scale that is not above 0 or an unknown category, ContradictionError for an outline
    of another shape.
    """
    if not suv_max > 0:
        raise UnusableInputError(f"suv_max must be above 0, got {suv_max}: it is the value shown black")
    _check(volume, outlines)
    plane = _plane(volume.geometry, angle_deg, min(pixel_mm, *volume.geometry.spacing_mm))
    categories = list(dict.fromkeys(outline.category for outline in outlines))
    highest = _project(volume.array, volume.geometry, plane, method_is_linear=True)
    level = _enlarged(np.clip(highest / suv_max, 0.0, 1.0), enlarge)
    pixels = np.repeat(np.round(255 * (1.0 - level)).astype(np.uint8)[:, :, None], 3, axis=2)
    for category in categories:
        union = np.logical_or.reduce([outline.array for outline in outlines if outline.category == category])
        seen = _project(union.astype(np.uint8), volume.geometry, plane, method_is_linear=False) > 0
        pixels[_rim(_enlarged(seen.astype(np.float64), enlarge) >= 0.5, outline_px)] = COLOURS[category]
    return Picture(np.ascontiguousarray(pixels[::-1]), plane.spacing_mm[0] / enlarge, angle_deg, suv_max)


def _check(volume: Volume, outlines: Sequence[Outline]) -> None:
    for outline in outlines:
        if outline.category not in COLOURS:
            raise UnusableInputError(
                f"outline category: expected one of {', '.join(COLOURS)}, found {outline.category!r}"
            )
        if outline.array.shape != volume.array.shape:
            raise ContradictionError(f"outline: expected shape {volume.array.shape}, found {outline.array.shape}")


def _plane(geometry: Geometry, angle_deg: float, pixel_mm: float) -> Geometry:
    """The projection grid: first axis to the right of the picture, second into depth, third to the head."""
    angle = np.deg2rad(angle_deg)
    right = np.asarray([np.cos(angle), np.sin(angle), 0.0])
    depth = np.asarray([-np.sin(angle), np.cos(angle), 0.0])
    axes = np.stack([right, depth, np.asarray([0.0, 0.0, 1.0])], axis=1)
    place = geometry.corners_mm @ axes
    low, high = place.min(axis=0), place.max(axis=0)
    size = np.maximum(np.round((high - low) / pixel_mm).astype(int) + 1, 1)
    origin = axes @ low
    return Geometry(
        size_xyz=(int(size[0]), int(size[1]), int(size[2])),
        spacing_mm=(pixel_mm, pixel_mm, pixel_mm),
        origin_mm=(float(origin[0]), float(origin[1]), float(origin[2])),
        direction=tuple(float(v) for v in axes.ravel()),  # type: ignore[arg-type]
    )


def _slabs(plane: Geometry) -> Iterator[Geometry]:
    """The projection grid in pieces along the patient, so that memory stays small."""
    x, y, z = plane.size_xyz
    ox, oy, oz = plane.origin_mm
    for start in range(0, z, _SLAB_ROWS):
        rows = min(_SLAB_ROWS, z - start)
        yield replace(plane, size_xyz=(x, y, rows), origin_mm=(ox, oy, oz + start * plane.spacing_mm[2]))


def _project(
    array: FloatArray | NDArray[np.uint8], geometry: Geometry, plane: Geometry, *, method_is_linear: bool
) -> NDArray[np.float64]:
    """Highest value along the depth axis, (rows feet first, columns).

    Where the depth axis is an axis of the scan's own grid (most pictures), the highest voxel of each ray is taken there
    and only the flat result is resampled: the same rays, at a tenth of the cost.
    """
    method = "linear" if method_is_linear else "nearest"
    along = _axis_along(geometry, plane)
    if along is not None:
        array, geometry = _flatten(array, geometry, along)
        plane = _at_the_depth_of(geometry, plane)
    parts = [
        resample_array(array, geometry, slab, method=method, outside=0.0).max(axis=1)  # type: ignore[arg-type]
        for slab in _slabs(plane)
    ]
    return np.concatenate(parts, axis=0).astype(np.float64)


def _axis_along(geometry: Geometry, plane: Geometry) -> int | None:
    """The grid axis (0, 1, 2 of x, y, z) that runs along the depth axis, if one does."""
    depth = np.asarray(plane.direction).reshape(3, 3)[:, 1]
    cosines = np.abs(np.asarray(geometry.direction).reshape(3, 3).T @ depth)
    axis = int(np.argmax(cosines))
    return axis if cosines[axis] > 1 - 1e-9 else None


def _flatten(
    array: FloatArray | NDArray[np.uint8], geometry: Geometry, axis: int
) -> tuple[FloatArray | NDArray[np.uint8], Geometry]:
    """The highest voxels along a grid axis, as a grid that is one voxel deep, at the first voxel's place."""
    flat = array.max(axis=2 - axis, keepdims=True)
    size = list(geometry.size_xyz)
    size[axis] = 1
    return flat, replace(geometry, size_xyz=(size[0], size[1], size[2]))


def _at_the_depth_of(geometry: Geometry, plane: Geometry) -> Geometry:
    """The projection grid, one pixel deep, moved along its depth axis onto a flat grid."""
    depth = np.asarray(plane.direction).reshape(3, 3)[:, 1]
    origin = np.asarray(plane.origin_mm)
    origin = origin + depth * float(depth @ (np.asarray(geometry.origin_mm) - origin))
    x, _y, z = plane.size_xyz
    return replace(plane, size_xyz=(x, 1, z), origin_mm=(float(origin[0]), float(origin[1]), float(origin[2])))


def _enlarged(flat: NDArray[np.float64], times: int) -> NDArray[np.float64]:
    """A picture with `times` as many rows and columns, linear between the centres of its pixels."""
    for axis in (0, 1) if times > 1 else ():
        size = flat.shape[axis]
        place = np.clip((np.arange(size * times) + 0.5) / times - 0.5, 0, size - 1)
        low = np.floor(place).astype(np.int64)
        share = np.expand_dims(place - low, 1 - axis)
        high = np.minimum(low + 1, size - 1)
        flat = flat.take(low, axis) * (1 - share) + flat.take(high, axis) * share
    return flat


def _rim(seen: BoolArray, width_px: int) -> BoolArray:
    """The pixels just around a silhouette (four neighbours, step by step)."""
    grown = seen
    for _ in range(width_px):
        before, grown = grown, grown.copy()
        grown[1:] |= before[:-1]
        grown[:-1] |= before[1:]
        grown[:, 1:] |= before[:, :-1]
        grown[:, :-1] |= before[:, 1:]
    return np.asarray(grown & ~seen)
