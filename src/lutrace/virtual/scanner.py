"""What a scanner makes of a body: blurred, noisy uptake on its grid, CT numbers, and imperfect organ masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lutrace.imaging import Geometry
from lutrace.virtual.anatomy import HIGHEST_MM, LOWEST_MM, REFERENCE_HEIGHT_CM, Grid, Point, Shape, cover, grid_of
from lutrace.virtual.lesions import Lesion
from lutrace.virtual.uptake import HU, Uptake

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

FWHM_TO_SIGMA = 1.0 / (2.0 * np.sqrt(2.0 * np.log(2.0)))
MASK_REGIONS = (
    "liver",
    "spleen",
    "kidney_left",
    "kidney_right",
    "bladder",
    "parotid_left",
    "parotid_right",
    "submandibular_left",
    "submandibular_right",
    "lacrimal",
    "small_bowel",
    "blood_pool",
    "skeleton",
)
_LESION_HU = {"bone": 620.0, "node": 48.0, "liver": 38.0, "lung": 25.0}
FINE = 3
"""Points per voxel and axis at which small shapes are sampled."""


@dataclass(frozen=True)
class Camera:
    """One kind of scan: grid, resolution and noise. `noise` is the variance of SUV per SUV at SUV 1."""

    size_xy: int
    spacing_mm: Point
    fwhm_mm: float
    noise: float
    filter_fwhm_mm: float


SPECT = Camera(128, (4.8, 4.8, 4.8), 12.5, 0.012, 9.0)
PET = Camera(128, (4.07283, 4.07283, 5.0), 6.0, 0.030, 6.0)
CT = Camera(128, (4.0, 4.0, 6.0), 0.0, 0.0, 0.0)
"""Coarser than a real CT (about 1 x 1 x 3 mm): the virtual centre keeps its disk small."""


def make_geometry(camera: Camera, height_cm: float, frame_of_reference: str) -> Geometry:
    """The camera's grid from mid-thigh to vertex of a patient of this height."""
    tall = height_cm / REFERENCE_HEIGHT_CM
    sx, sy, sz = camera.spacing_mm
    slices = int(np.ceil(((HIGHEST_MM - LOWEST_MM) * tall + 20.0) / sz))
    edge = -(camera.size_xy - 1) / 2.0
    return Geometry(
        size_xyz=(camera.size_xy, camera.size_xy, slices),
        spacing_mm=camera.spacing_mm,
        origin_mm=(edge * sx, edge * sy, LOWEST_MM * tall),
        frame_of_reference=frame_of_reference,
    )


def scan_emission(
    camera: Camera,
    geometry: Geometry,
    body: Sequence[Shape],
    lesions: Sequence[tuple[Lesion, float]],
    *,
    uptake: Uptake,
    shift_mm: Point,
    rng: np.random.Generator,
) -> Floats:
    """SUVbw on the grid (slices, rows, columns): uptake, blurred by the camera, with filtered noise.

    `lesions` come with their SUV in this kind of scan. Noise grows with the root of the signal, as counts do; values
    below zero become zero, as iterative reconstruction leaves none.
    """
    crop, grid = _crop(geometry, body, shift_mm)
    truth = paint_suv(grid, body, lesions, uptake)
    blurred = blur(truth, camera.fwhm_mm, camera.spacing_mm)
    noise = blur(rng.standard_normal(grid.shape).astype(np.float32), camera.filter_fwhm_mm, camera.spacing_mm)
    noise *= np.sqrt(camera.noise * np.maximum(blurred, 0.02)) / max(float(noise.std()), 1e-9)
    image = np.zeros(geometry.shape_zyx, np.float32)
    image[:, crop[0], crop[1]] = np.maximum(blurred + noise, 0.0)
    return image


def paint_suv(grid: Grid, body: Sequence[Shape], lesions: Sequence[tuple[Lesion, float]], uptake: Uptake) -> Floats:
    """True SUVbw on a grid, before any camera."""
    suv = np.zeros(grid.shape, np.float32)
    for shape in body:
        own = shape.suv is not None
        _paint(suv, shape, grid, uptake.of(shape.region) if shape.suv is None else shape.suv, fine=FINE if own else 1)
    for lesion, value in lesions:
        _paint(suv, lesion.shape, grid, value, fine=FINE)
    return suv


def cover_lesions(grid: Grid, lesions: Sequence[Lesion]) -> Floats:
    """Part of each voxel that lies in any of the lesions; its sum times the voxel is the true volume of their union."""
    part = np.zeros(grid.shape, np.float32)
    for lesion in lesions:
        box, covered = cover(lesion.shape, grid, fine=FINE)
        part[box] = np.maximum(part[box], covered)
    return part


def scan_ct(
    geometry: Geometry,
    body: Sequence[Shape],
    lesions: Sequence[Lesion],
    *,
    shift_mm: Point,
    rng: np.random.Generator,
) -> Floats:
    """HU on the grid: low-dose CT with noise; bone lesions are dense, others differ a little from what is around."""
    crop, grid = _crop(geometry, body, shift_mm)
    hu = np.full(grid.shape, HU["air"], np.float32)
    for shape in body:
        _paint(hu, shape, grid, HU[shape.region] if shape.hu is None else shape.hu)
    for lesion in lesions:
        _paint(hu, lesion.shape, grid, _LESION_HU[lesion.site])
    hu += 14.0 * rng.standard_normal(grid.shape, dtype=np.float32)
    image = np.full(geometry.shape_zyx, HU["air"], np.float32)
    image[:, crop[0], crop[1]] = np.maximum(hu, HU["air"])
    return image


def draw_masks(
    geometry: Geometry, body: Sequence[Shape], *, shift_mm: Point, rng: np.random.Generator
) -> dict[str, Bools]:
    """Organ masks as a model would make them: boundaries wander by about a voxel, rims are missing or leak.

    Never the truth itself. Keys are the vocabulary's regions.
    """
    crop, grid = _crop(geometry, body, shift_mm)
    labels = np.zeros(grid.shape, np.uint8)
    numbers = {region: number for number, region in enumerate((*MASK_REGIONS, "other"), start=1)}
    for shape in body:
        box, part = cover(shape, grid)
        view = labels[box]
        view[part > 0.5] = numbers.get(shape.region, numbers["other"])
    masks = {}
    for region in MASK_REGIONS:
        whole = np.zeros(geometry.shape_zyx, bool)
        whole[:, crop[0], crop[1]] = _wander(labels == numbers[region], rng, small=region == "lacrimal")
        masks[region] = whole
    return masks


def blur(array: Floats, fwhm_mm: float, spacing_mm: Point) -> Floats:
    """Convolution with a Gaussian of this full width at half maximum; zero outside the array."""
    for axis, spacing in zip((2, 1, 0), spacing_mm, strict=True):
        sigma = fwhm_mm * FWHM_TO_SIGMA / spacing
        reach = min(max(int(np.ceil(3.5 * sigma)), 1), array.shape[axis] - 1)
        kernel = _kernel(sigma, reach)
        out = array * kernel[reach]
        for step in range(1, reach + 1):
            weight = kernel[reach + step]
            low: list[slice] = [slice(None)] * 3
            high: list[slice] = [slice(None)] * 3
            low[axis], high[axis] = slice(None, -step), slice(step, None)
            out[tuple(low)] += weight * array[tuple(high)]
            out[tuple(high)] += weight * array[tuple(low)]
        array = out
    return array


def _kernel(sigma: float, reach: int) -> Floats:
    """Gaussian integrated over each voxel by ten points, normalised."""
    fine = (np.arange(10) + 0.5) / 10 - 0.5
    points = np.arange(-reach, reach + 1)[:, None] + fine[None, :]
    kernel = np.exp(-0.5 * (points / max(sigma, 1e-3)) ** 2).mean(axis=1)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _paint(array: Floats, shape: Shape, grid: Grid, value: float, *, fine: int = 1) -> None:
    box, part = cover(shape, grid, fine=fine)
    view = array[box]
    view += (np.float32(value) - view) * part


def _crop(geometry: Geometry, body: Sequence[Shape], shift_mm: Point) -> tuple[tuple[slice, slice], Grid]:
    """The rows and columns that the body can reach (with a margin for blur), and their voxel centres."""
    grid = grid_of(geometry, shift_mm)
    margin = 30.0
    slices = []
    for axis, index in ((grid.y, 1), (grid.x, 0)):
        low = min(shape.centre_mm[index] - shape.half_mm[index] for shape in body) - margin
        high = max(shape.centre_mm[index] + shape.half_mm[index] for shape in body) + margin
        slices.append(slice(int(np.searchsorted(axis, low)), int(np.searchsorted(axis, high))))
    return (slices[0], slices[1]), replace(grid, y=grid.y[slices[0]], x=grid.x[slices[1]])


def _wander(inside: Bools, rng: np.random.Generator, *, small: bool) -> Bools:
    """A mask with a boundary that wanders: the blurred mask against a threshold that varies slowly in space."""
    places = [np.flatnonzero(inside.any(axis=others)) for others in ((1, 2), (0, 2), (0, 1))]
    if not len(places[0]):
        return inside
    box = tuple(
        slice(max(int(where[0]) - 4, 0), min(int(where[-1]) + 5, size))
        for where, size in zip(places, inside.shape, strict=True)
    )
    part = inside[box].astype(np.float32)
    coarse = rng.standard_normal([max(-(-size // 6), 1) for size in part.shape]).astype(np.float32)
    field = coarse.repeat(6, axis=0).repeat(6, axis=1).repeat(6, axis=2)[tuple(slice(s) for s in part.shape)]
    soft = blur(part, 1.2 if small else 2.2, (1.0, 1.0, 1.0))
    limit = 0.5 + 0.05 * rng.standard_normal() + (0.05 if small else 0.13) * blur(field, 6.0, (1.0, 1.0, 1.0)) * 2.5
    result = np.zeros_like(inside)
    result[box] = soft > np.clip(limit, 0.15, 0.85)
    return result
