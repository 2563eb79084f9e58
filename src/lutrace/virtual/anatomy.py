"""A stylised male body from vertex to mid-thigh: ellipsoids and cylinders with a region name, sized by the patient."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lutrace.imaging import Geometry

Floats = NDArray[np.float32]
Point = tuple[float, float, float]

REFERENCE_HEIGHT_CM, REFERENCE_WEIGHT_KG = 175.0, 80.0
LOWEST_MM, HIGHEST_MM = -215.0, 800.0
"""Mid-thigh and vertex of the reference body; the origin lies between the hips."""


@dataclass(frozen=True)
class Shape:
    """An ellipsoid, or an upright cylinder, in patient millimetres (LPS; z towards the head).

    `bands_mm` (period, width) keeps only bands along z, tilted with y: ribs. `suv` (g/mL) and `hu` where they differ
    from those of the region; `identity` says what the uptake is, when the region does not.
    """

    region: str
    centre_mm: Point
    half_mm: Point
    kind: Literal["ellipsoid", "cylinder"] = "ellipsoid"
    bands_mm: tuple[float, float] | None = None
    name: str = ""
    identity: str = ""
    suv: float | None = None
    hu: float | None = None


@dataclass(frozen=True, eq=False)
class Grid:
    """Voxel centres along x, y and z in patient millimetres, and the spacing."""

    x: Floats
    y: Floats
    z: Floats
    spacing_mm: Point

    @property
    def shape(self) -> tuple[int, int, int]:
        """Array shape: slices, rows, columns."""
        return (len(self.z), len(self.y), len(self.x))

    @property
    def voxel_ml(self) -> float:
        """Volume of a voxel in mL."""
        return float(np.prod(self.spacing_mm)) / 1000.0


def grid_of(geometry: Geometry, shift_mm: Point) -> Grid:
    """The voxel centres of an axial grid in patient millimetres, for a patient who lies `shift_mm` off."""
    axes = [
        (origin + step * np.arange(size, dtype=np.float32) - shift).astype(np.float32)
        for origin, step, size, shift in zip(
            geometry.origin_mm, geometry.spacing_mm, geometry.size_xyz, shift_mm, strict=True
        )
    ]
    return Grid(axes[0], axes[1], axes[2], geometry.spacing_mm)


def build_body(height_cm: float, weight_kg: float) -> tuple[Shape, ...]:
    """The shapes of a patient, in the order in which they are painted: later ones cover earlier ones."""
    tall = height_cm / REFERENCE_HEIGHT_CM
    wide = float(np.sqrt(weight_kg / REFERENCE_WEIGHT_KG / tall))
    organ = wide**0.35
    outer = [_scaled(shape, wide, tall) for shape in _outline()]
    inner = [_scaled(shape, organ, tall) for shape in (*_chest(), *_bones(), *_organs())]
    return (*outer, *inner)


def _scaled(shape: Shape, wide: float, tall: float) -> Shape:
    (x, y, z), (a, b, c) = shape.centre_mm, shape.half_mm
    return replace(shape, centre_mm=(x * wide, y * wide, z * tall), half_mm=(a * wide, b * wide, c * tall))


def _outline() -> list[Shape]:
    legs = [Shape("body", (side * 92.0, 5.0, -170.0), (82.0, 88.0, 130.0), "cylinder") for side in (-1, 1)]
    return [
        *legs,
        Shape("body", (0, 0, 215), (172, 112, 295), "cylinder", name="trunk"),
        Shape("body", (0, 0, 490), (150, 85, 60)),
        Shape("body", (0, 15, 540), (62, 62, 80), "cylinder", name="neck"),
        Shape("body", (0, 0, 680), (78, 98, 115), name="head"),
    ]


def _chest() -> list[Shape]:
    return [
        Shape("skeleton", (0, 0, 390), (146, 100, 165), bands_mm=(27.0, 11.0), name="ribs"),
        Shape("inside", (0, 0, 390), (136, 90, 160)),
        Shape("lung", (-78, 5, 405), (58, 78, 118), name="lung_right"),
        Shape("lung", (78, 5, 405), (56, 78, 118), name="lung_left"),
        Shape("blood_pool", (15, -35, 365), (45, 42, 52), name="heart"),
        Shape("blood_pool", (8, 38, 260), (11, 11, 180), "cylinder", name="aorta"),
        Shape("skeleton", (0, 0, 685), (76, 95, 112), name="skull"),
        Shape("brain", (0, 0, 687), (68, 87, 103)),
        Shape("skeleton", (0, -45, 600), (40, 38, 14), name="mandible"),
        Shape("inside", (0, -32, 602), (30, 36, 16)),
    ]


def _bones() -> list[Shape]:
    vertebrae = []
    level = 68.0
    for number in range(22):
        height = 31.0 if number < 5 else 25.0 if number < 17 else 17.0
        width = 25.0 if number < 5 else 20.0 if number < 17 else 13.0
        back = 58.0 if number < 17 else 40.0
        vertebrae.append(
            Shape(
                "skeleton",
                (0, back, level + height / 2),
                (width, width * 0.8, height * 0.52),
                "cylinder",
                name=f"spine_{number + 1}",
            )
        )
        vertebrae.append(Shape("skeleton", (0, back + 26, level + height / 2), (9, 15, height * 0.4)))
        level += height
    pelvis = [
        Shape("skeleton", (0, 68, 40), (48, 22, 42), name="sacrum"),
        *(
            Shape("skeleton", (s * 82, 35, 50), (24, 42, 55), name=f"ilium_{n}")
            for s, n in ((-1, "right"), (1, "left"))
        ),
        *(
            Shape("skeleton", (s * 50, 5, -35), (26, 30, 28), name=f"ischium_{n}")
            for s, n in ((-1, "right"), (1, "left"))
        ),
        *(Shape("skeleton", (s * 92, 5, -15), (26, 26, 26), name=f"hip_{n}") for s, n in ((-1, "right"), (1, "left"))),
        *(
            Shape("skeleton", (s * 98, 5, -130), (15, 15, 110), "cylinder", name=f"femur_{n}")
            for s, n in ((-1, "right"), (1, "left"))
        ),
    ]
    chest = [
        Shape("skeleton", (0, -92, 400), (18, 8, 75), name="sternum"),
        *(
            Shape("skeleton", (s * 100, 78, 440), (34, 8, 55), name=f"scapula_{n}")
            for s, n in ((-1, "right"), (1, "left"))
        ),
        *(
            Shape("skeleton", (s * 125, 10, 490), (20, 20, 24), name=f"humerus_{n}")
            for s, n in ((-1, "right"), (1, "left"))
        ),
    ]
    return [*vertebrae, *pelvis, *chest]


def _organs() -> list[Shape]:
    return [
        Shape("liver", (-72, -18, 248), (82, 72, 65), name="liver"),
        Shape("spleen", (105, 38, 258), (27, 42, 48), name="spleen"),
        Shape("kidney_right", (-72, 48, 150), (27, 26, 52), name="kidney_right"),
        Shape("kidney_left", (72, 48, 165), (27, 26, 54), name="kidney_left"),
        Shape("small_bowel", (-20, -30, 150), (38, 18, 15), name="duodenum"),
        Shape("small_bowel", (50, -45, 130), (42, 26, 34), name="jejunum"),
        Shape("bladder", (0, -45, -10), (34, 30, 32), name="bladder"),
        Shape("parotid_right", (-56, 10, 605), (13, 18, 24), name="parotid_right"),
        Shape("parotid_left", (56, 10, 605), (13, 18, 24), name="parotid_left"),
        Shape("submandibular_right", (-30, -30, 575), (10, 13, 13), name="submandibular_right"),
        Shape("submandibular_left", (30, -30, 575), (10, 13, 13), name="submandibular_left"),
        Shape("lacrimal", (-36, -68, 665), (7, 6, 7), name="lacrimal_right"),
        Shape("lacrimal", (36, -68, 665), (7, 6, 7), name="lacrimal_left"),
    ]


Box = tuple[slice, slice, slice]


def cover(shape: Shape, grid: Grid, *, fine: int = 1) -> tuple[Box, Floats]:
    """The part of each voxel (0 to 1) that a shape covers, in the box of the array where it is not zero.

    By the signed distance of the voxel centre to the surface; with `fine` above 1 by the mean over fine^3 points.
    """
    box = _box(shape, grid)
    x, y, z = grid.x[box[2]], grid.y[box[1]], grid.z[box[0]]
    if fine == 1:
        return box, _cover_at(shape, x, y, z, float(np.cbrt(np.prod(grid.spacing_mm))))
    steps = ((np.arange(fine) + 0.5) / fine - 0.5).astype(np.float32)
    fine_x, fine_y, fine_z = (
        (axis[:, None] + step * steps[None, :]).ravel() for axis, step in zip((x, y, z), grid.spacing_mm, strict=True)
    )
    part = _cover_at(shape, fine_x, fine_y, fine_z, float(np.cbrt(np.prod(grid.spacing_mm))) / fine)
    sizes = (len(z), fine, len(y), fine, len(x), fine)
    return box, np.asarray(part.reshape(sizes).mean(axis=(1, 3, 5)), np.float32)


def surface_distance_mm(shape: Shape, place_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of points (n x 3, x y z in mm) from the surface of a shape, to first order; negative inside."""
    half = np.asarray(shape.half_mm)
    scaled = (place_mm - np.asarray(shape.centre_mm)) / half
    if shape.kind == "cylinder":
        scaled[:, 2] = 0.0
    q = np.linalg.norm(scaled, axis=1) + 1e-6
    away = (q - 1.0) * q / (np.linalg.norm(scaled / half, axis=1) + 1e-9)
    if shape.kind == "cylinder":
        away = np.maximum(away, np.abs(place_mm[:, 2] - shape.centre_mm[2]) - half[2])
    return np.asarray(away)


def _box(shape: Shape, grid: Grid) -> Box:
    slices = []
    for axis, centre, half, step in zip(
        (grid.z, grid.y, grid.x), shape.centre_mm[::-1], shape.half_mm[::-1], grid.spacing_mm[::-1], strict=True
    ):
        low = int(np.searchsorted(axis, centre - half - step))
        high = int(np.searchsorted(axis, centre + half + step, side="right"))
        slices.append(slice(low, max(high, low)))
    return (slices[0], slices[1], slices[2])


def _cover_at(shape: Shape, x: Floats, y: Floats, z: Floats, spacing_mm: float) -> Floats:
    (cx, cy, cz), (a, b, c) = shape.centre_mm, shape.half_mm
    u = ((x - cx) / a).astype(np.float32)[None, None, :]
    v = ((y - cy) / b).astype(np.float32)[None, :, None]
    w = ((z - cz) / c).astype(np.float32)[:, None, None]
    round_z = 0.0 if shape.kind == "cylinder" else 1.0
    q = np.sqrt(u * u + v * v + round_z * w * w) + np.float32(1e-6)
    slope = np.sqrt((u / a) ** 2 + (v / b) ** 2 + round_z * (w / c) ** 2) / q + np.float32(1e-6)
    part = np.clip(0.5 + (1.0 - q) / (slope * spacing_mm), 0.0, 1.0)
    if shape.kind == "cylinder":
        part = part * np.clip(0.5 + (1.0 - np.abs(w)) * c / spacing_mm, 0.0, 1.0)
    if shape.bands_mm is not None:
        period, width = shape.bands_mm
        phase = (z[:, None, None] + 0.45 * y[None, :, None]) % period
        part = part * np.clip(0.5 + (width / 2 - np.abs(phase - period / 2)) / spacing_mm, 0.0, 1.0)
    return np.asarray(part, np.float32)
