"""Where a scan lies in the atlas: the patient's midline, depth and height, found from what is seen of him."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lutrace.imaging import Mask, Volume, resample_volume
from lutrace.terms import UptakePriors

Floats = NDArray[np.float64]

_AIR_HU = -500.0
_SMOOTH_MM = 120.0
_ATLAS_HALF_WIDTH_MM = 165.0


@dataclass(frozen=True, eq=False)
class BodyShape:
    """The body slice by slice, feet first: z, middle left to right and front to back (mm), area (cm2), part of lung.

    `lung` is None without CT. `half_width_mm` is that of the trunk, without what sticks out in few slices.
    """

    z_mm: Floats
    middle_x_mm: Floats
    middle_y_mm: Floats
    area_cm2: Floats
    lung: Floats | None
    half_width_mm: float


@dataclass(frozen=True, eq=False)
class BodyFrame:
    """One way in which the scan may lie in the atlas.

    `base_mm` is the z of the base of the trunk in the scan, `stretch` the patient's length over the atlas's, `widen`
    the same across. `log_fit` is what body, lungs and prior say of it, without the components.
    """

    shape: BodyShape
    base_mm: float
    stretch: float
    widen: float
    midline_mm: float
    log_fit: float = 0.0

    def to_atlas(self, points_mm: Floats) -> Floats:
        """Atlas coordinates (n, 3) in mm of LPS points (n, 3): left of the midline, behind the middle, above base."""
        middle_y = np.interp(points_mm[:, 2], self.shape.z_mm, self.shape.middle_y_mm)
        return np.stack(
            [
                (points_mm[:, 0] - self.midline_mm) / self.widen,
                (points_mm[:, 1] - middle_y) / self.widen,
                (points_mm[:, 2] - self.base_mm) / self.stretch,
            ],
            axis=1,
        )


def measure_body_shape(body: Mask, ct: Volume | None) -> BodyShape:
    """The shape of a body given on a grid along the patient's axes; an empty body gives the middle of the grid."""
    geometry = body.geometry
    dz, dy, dx = geometry.spacing_mm[2], geometry.spacing_mm[1], geometry.spacing_mm[0]
    x, y, z = (
        np.asarray(origin + step * np.arange(size), np.float64)
        for origin, step, size in zip(geometry.origin_mm, geometry.spacing_mm, geometry.size_xyz, strict=True)
    )
    columns, rows = body.array.sum(axis=1), body.array.sum(axis=2)
    area = columns.sum(axis=1) * dx * dy / 100.0
    low_x, high_x = _ends(columns, x)
    low_y, high_y = _ends(rows, y)
    seen = area > 0.2 * max(float(np.median(area[area > 0])) if (area > 0).any() else 0.0, 1.0)
    reach = max(int(_SMOOTH_MM / dz / 2), 1)
    lung = None
    if ct is not None:
        air = (resample_volume(ct, geometry, outside=-1000.0).array < _AIR_HU) & body.array
        lung = air.sum(axis=(1, 2)) * dx * dy / 100.0 / np.maximum(area, 1.0)
    return BodyShape(
        z_mm=z,
        middle_x_mm=_running_median((low_x + high_x) / 2, seen, float(x.mean()), reach),
        middle_y_mm=_running_median((low_y + high_y) / 2, seen, float(y.mean()), reach),
        area_cm2=area,
        lung=lung,
        half_width_mm=float(np.median((high_x - low_x)[seen]) / 2) if seen.any() else _ATLAS_HALF_WIDTH_MM,
    )


def _ends(counts: NDArray[np.int64], places: Floats) -> tuple[Floats, Floats]:
    """Per slice, where the outer 3 % of the body begin on either side."""
    total = np.cumsum(counts, axis=1)
    whole = np.maximum(total[:, -1:], 1)
    first = places[np.argmax(total >= 0.03 * whole, axis=1)]
    last = places[np.argmax(total >= 0.97 * whole, axis=1)]
    return first, last


def _running_median(values: Floats, seen: NDArray[np.bool_], default: float, reach: int) -> Floats:
    """The median over the slices within `reach` that show the body; beyond them that of the nearest ones."""
    if not seen.any():
        return np.full(len(values), default)
    where = np.flatnonzero(seen)
    smooth = np.array([np.median(values[where[np.abs(where - k) <= reach]]) for k in where])
    return np.asarray(np.interp(np.arange(len(values)), where, smooth))


def compute_widening(shape: BodyShape) -> float:
    """How much wider than the atlas the organs of this body lie: less than the body is, for fat lies outside them."""
    return float(np.clip((shape.half_width_mm / _ATLAS_HALF_WIDTH_MM) ** 0.6, 0.85, 1.25))


def compute_profile_fit(shape: BodyShape, priors: UptakePriors, *, base_mm: Floats, stretch: float) -> Floats:
    """Log density (up to a constant) of the body's areas and lungs for each height of the base of the trunk.

    Neighbouring slices tell the same: each 12 cm of the scan counts once. Areas are held to 25 % (arms, fat), the part
    of lung to 0.15.
    """
    step = float(shape.z_mm[1] - shape.z_mm[0]) if len(shape.z_mm) > 1 else _SMOOTH_MM
    table = np.asarray(priors.profile)
    atlas_z = (shape.z_mm[None, :] - base_mm[:, None]) / stretch
    expected = np.interp(atlas_z, table[:, 0], np.log(table[:, 1]))
    seen = np.log(np.maximum(shape.area_cm2, 2.0))
    widening = 2.0 * np.log(max(shape.half_width_mm / _ATLAS_HALF_WIDTH_MM, 0.1))
    misfit = _bounded((seen[None, :] - expected - widening) / 0.25)
    if shape.lung is not None:
        misfit = misfit + _bounded((shape.lung[None, :] - np.interp(atlas_z, table[:, 0], table[:, 2])) / 0.15)
    return np.asarray(-0.5 * misfit.sum(axis=1) * min(step / _SMOOTH_MM, 1.0))


def _bounded(deviation: Floats) -> Floats:
    """Squares, but no slice counts more than 3 standard deviations: a cut arm or a bent head decides nothing."""
    return np.minimum(deviation**2, 9.0)
