"""A field of displacements: how far each place of one scan moves beyond a rigid motion, forth and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lutrace.core import UnusableInputError
from lutrace.imaging.volume import Geometry

_ROUNDS = 30
_CONVERGED_MM = 1e-3


@dataclass(frozen=True, eq=False)
class DisplacementField:
    """Displacements, LPS mm, `array` (z, y, x, 3), at the nodes of `geometry`.

    Linear between nodes; beyond them as at the edge.
    """

    array: NDArray[np.float64]
    geometry: Geometry

    def __post_init__(self) -> None:
        """Check that there is one finite vector per node."""
        if self.array.shape != (*self.geometry.shape_zyx, 3) or not np.isfinite(self.array).all():
            expected = (*self.geometry.shape_zyx, 3)
            raise UnusableInputError(
                f"displacement field: expected finite vectors {expected}, found {self.array.shape}"
            )

    def at(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Displacements (n, 3), mm, of points (n, 3), LPS mm."""
        last = np.asarray(self.geometry.shape_zyx) - 1
        index = np.clip(self.geometry.to_index(points_mm), 0, last)
        low = np.minimum(np.floor(index).astype(np.int64), np.maximum(last - 1, 0))
        part = index - low
        found = np.zeros((len(index), 3))
        for corner in np.ndindex(2, 2, 2):
            step = np.asarray(corner)
            weight = np.where(step == 1, part, 1.0 - part).prod(axis=1)
            node = np.minimum(low + step, last)
            found += weight[:, None] * self.array[node[:, 0], node[:, 1], node[:, 2]]
        return found

    def move(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where points (n, 3), LPS mm, come to lie: p + u(p)."""
        return np.asarray(points_mm + self.at(points_mm))

    def move_back(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """The points (n, 3), LPS mm, that `move` brings to these: fixed-point iteration to 0.001 mm.

        It converges where the field folds nothing (neighbours 1 mm apart move alike to less than 1 mm).
        """
        found = np.asarray(points_mm, float)
        for _ in range(_ROUNDS):
            better = points_mm - self.at(found)
            step = float(np.abs(better - found).max(initial=0.0))
            found = better
            if step < _CONVERGED_MM:
                break
        return np.asarray(found)


def grid_around(points_mm: NDArray[np.float64], spacing_mm: tuple[float, float, float]) -> Geometry:
    """The axial grid that holds all points (n, 3), LPS mm."""
    low, high = points_mm.min(axis=0), points_mm.max(axis=0)
    x, y, z = (int(n) for n in np.ceil((high - low) / np.asarray(spacing_mm)) + 1)
    return Geometry((x, y, z), spacing_mm, (float(low[0]), float(low[1]), float(low[2])))


def nodes_of(grid: Geometry) -> NDArray[np.float64]:
    """The nodes (n, 3) of a grid, LPS mm, in the order of its voxels."""
    return grid.to_mm(np.indices(grid.shape_zyx).reshape(3, -1).T.astype(np.float64))


def field_beyond(matrix: NDArray[np.float64], grid: Geometry, ends_mm: NDArray[np.float64]) -> DisplacementField:
    """The field that, followed by `matrix`, takes the nodes of a grid to `ends_mm` (n, 3), LPS mm."""
    home = np.linalg.inv(matrix)
    moved = ends_mm @ home[:3, :3].T + home[:3, 3] - nodes_of(grid)
    return DisplacementField(moved.reshape(*grid.shape_zyx, 3), grid)
