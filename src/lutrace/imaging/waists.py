"""Neighbouring parts that no waist separates: one mass of uneven uptake, unless the uptake between them falls deep.

Two lesions that touch meet at a waist: their common face is smaller than the cross-section of the smaller one, as for
two convex bodies it must be. Where the face is as broad as the part itself, the outline tells nothing of two bodies and
only the uptake can.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lutrace.imaging.volume import Geometry

WAIST = 0.9
"""Face over cross-section of the smaller part, below which there is a waist. Two convex bodies side by side share no
more than a section, 1; pairs of equal blurred spheres that touch in one point, in any direction, stay below 0.9 down to
a threshold of a tenth of their uptake and a diameter of twice the resolution."""

_FACES_PER_AREA = 1.5
"""Sum of the voxel faces between two parts over their common area, mean over all directions of the area."""

Floats = NDArray[np.float64]


@dataclass
class _Graph:
    """Parts by name, and by pair of names (the lower first) their highest saddle and their common face in mm2.

    A face is the sum of its voxel faces with their direction (x, y, z; exact where it is flat) and without.
    """

    peak: dict[int, float]
    volume_mm3: dict[int, float]
    face_mm2: dict[tuple[int, int], Floats]
    saddle: dict[tuple[int, int], float]

    def join(self, kept: int, gone: int) -> None:
        """One part of two that touch; what touched either touches it."""
        self.volume_mm3[kept] += self.volume_mm3.pop(gone)
        for pair in [pair for pair in self.saddle if gone in pair]:
            saddle, face = self.saddle.pop(pair), self.face_mm2.pop(pair)
            other = pair[0] if pair[1] == gone else pair[1]
            if other != kept:
                own = (min(other, kept), max(other, kept))
                turned = (pair[0] == gone) != (own[0] == kept)
                face = face * np.array([-1.0, -1.0, -1.0, 1.0]) if turned else face
                self.saddle[own] = max(self.saddle.get(own, saddle), saddle)
                self.face_mm2[own] = self.face_mm2.get(own, np.zeros(4)) + face

    def without_waist(self, prominence: float) -> tuple[int, int] | None:
        """The pair of the highest saddle, higher peak first, that neither a waist nor its uptake separates."""
        fitting = [
            (saddle, pair)
            for pair, saddle in self.saddle.items()
            if self._is_shallow(pair, saddle, prominence) and self._is_broad(pair)
        ]
        if not fitting:
            return None
        one, other = max(fitting, key=lambda found: (found[0], -found[1][0], -found[1][1]))[1]
        return (one, other) if self.peak[one] >= self.peak[other] else (other, one)

    def _is_shallow(self, pair: tuple[int, int], saddle: float, prominence: float) -> bool:
        lower = min(self.peak[pair[0]], self.peak[pair[1]])
        return lower - saddle < prominence * lower

    def _is_broad(self, pair: tuple[int, int]) -> bool:
        smaller = min(self.volume_mm3[pair[0]], self.volume_mm3[pair[1]])
        section = np.pi * (3.0 * smaller / (4.0 * np.pi)) ** (2.0 / 3.0)
        face = self.face_mm2[pair]
        area = max(float(np.linalg.norm(face[:3])), float(face[3]) / _FACES_PER_AREA)
        return bool(area >= WAIST * section)


def join_without_waist(
    group_of: NDArray[np.int64],
    uptake: NDArray[np.float64],
    touching: tuple[NDArray[np.int32], NDArray[np.int32]],
    place: NDArray[np.int64],
    geometry: Geometry,
    *,
    prominence: float,
    fixed: int | None = None,
) -> dict[int, int]:
    """The part that each part belongs to in the end, by name; parts that stay by themselves are left out.

    `group_of` names the part of each listed voxel by the position of its highest voxel in the list, `touching` are
    pairs of voxels that touch (all of two parts that share a face among them), `place` the flat indices of the voxels.
    From the highest saddle down, two parts are joined when their common face is at least `WAIST` of the smaller one's
    cross-section (a disc of the sphere of its volume) and the lower peak stands out of the saddle by less than
    `prominence` of itself. The part `fixed` (an organ) takes no part in it.
    """
    one, other = group_of[touching[0]], group_of[touching[1]]
    chosen = np.flatnonzero((one != other) & (one != fixed) & (other != fixed))
    if not len(chosen):
        return {}
    graph = _graph(group_of, uptake, (touching[0][chosen], touching[1][chosen]), place, geometry)
    joined: dict[int, int] = {}
    while (pair := graph.without_waist(prominence)) is not None:
        kept, gone = pair
        graph.join(kept, gone)
        joined[gone] = kept
    return {name: _last(joined, name) for name in joined}


def _last(joined: dict[int, int], name: int) -> int:
    while name in joined:
        name = joined[name]
    return name


def _graph(
    group_of: NDArray[np.int64],
    uptake: NDArray[np.float64],
    apart: tuple[NDArray[np.int32], NDArray[np.int32]],
    place: NDArray[np.int64],
    geometry: Geometry,
) -> _Graph:
    names, sizes = np.unique(group_of, return_counts=True)
    low, high = (np.searchsorted(names, group_of[side]) for side in apart)
    key = np.minimum(low, high) * len(names) + np.maximum(low, high)
    keys, number = np.unique(key, return_inverse=True)
    saddle = np.full(len(keys), -np.inf)
    np.maximum.at(saddle, number, np.minimum(uptake[apart[0]], uptake[apart[1]]))
    faces = _faces_mm2(place[apart[1]] - place[apart[0]], geometry)
    faces[:, :3] *= np.where(low < high, 1.0, -1.0)[:, None]
    face = np.stack([np.bincount(number, faces[:, axis], len(keys)) for axis in range(4)], axis=1)
    pairs = [(int(names[k // len(names)]), int(names[k % len(names)])) for k in keys]
    return _Graph(
        {int(name): float(uptake[name]) for name in names},
        {int(name): float(size) * geometry.voxel_volume_ml * 1000.0 for name, size in zip(names, sizes, strict=True)},
        dict(zip(pairs, face, strict=True)),
        dict(zip(pairs, saddle.tolist(), strict=True)),
    )


def _faces_mm2(step: NDArray[np.int64], geometry: Geometry) -> Floats:
    """What pairs of voxels so far apart in the flat order add to a face: along x, y, z, and without direction, mm2.

    Corners and edges add nothing.
    """
    x, y, z = geometry.spacing_mm
    columns, rows, _ = geometry.size_xyz
    face = np.zeros((len(step), 4))
    for axis, (length, area) in enumerate(((1, y * z), (columns, x * z), (columns * rows, x * y))):
        face[:, axis] = np.where(np.abs(step) == length, np.sign(step) * area, 0.0)
    face[:, 3] = np.abs(face[:, :3]).sum(axis=1)
    return face
