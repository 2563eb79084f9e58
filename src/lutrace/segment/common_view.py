"""How much of a lesion's place the other scan has seen: new and resolved are judged on common ground only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lutrace.imaging import Geometry

SEEN_LEAST = 0.5
"""Below this share of its place in the other scan's view a lesion without partner is outside the view."""

_LEAST_RADIUS_MM = 3.0


def compute_seen_shares(
    places_mm: NDArray[np.float64], radius_mm: NDArray[np.float64], view: Geometry
) -> NDArray[np.float64]:
    """Share (n,) of balls of `radius_mm` (n,) around places (n, 3), mm, that lies within the voxels of `view`.

    From 123 points of each ball; a radius below 3 mm counts as 3.
    """
    steps = np.linspace(-1.0, 1.0, 7)
    ball = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    ball = ball[(ball**2).sum(axis=1) <= 1.0 + 1e-9]
    reach = np.maximum(radius_mm, _LEAST_RADIUS_MM)
    points = places_mm[:, None] + reach[:, None, None] * ball[None]
    index = view.to_index(points.reshape(-1, 3))
    inside = ((index >= -0.5) & (index <= np.asarray(view.shape_zyx) - 0.5)).all(axis=1)
    return np.asarray(inside.reshape(len(places_mm), len(ball)).mean(axis=1))
