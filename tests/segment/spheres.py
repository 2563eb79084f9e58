"""Spheres blurred by a Gaussian in closed form, rendered at any place between the voxels."""

from __future__ import annotations

from math import erf

import numpy as np
from numpy.typing import NDArray
from tests.imaging.make import centres_mm, grid, volume

from lutrace.imaging import Volume

BACKGROUND = 0.5
_ERF = np.vectorize(erf, otypes=[float])


def profile(distance_mm: NDArray[np.float64], radius_mm: float, fwhm_mm: float) -> NDArray[np.float64]:
    """A unit sphere convolved with a Gaussian, at a distance from its centre (0 is avoided by 1e-6 mm)."""
    s = fwhm_mm / 2.3548200450309493
    r = np.maximum(distance_mm, 1e-6)
    bell = np.exp(-((radius_mm - r) ** 2) / (2 * s**2)) - np.exp(-((radius_mm + r) ** 2) / (2 * s**2))
    edges = _ERF((radius_mm - r) / (np.sqrt(2) * s)) + _ERF((radius_mm + r) / (np.sqrt(2) * s))
    return np.asarray(edges / 2 - s / (r * np.sqrt(2 * np.pi)) * bell)


def radius_of(volume_ml: float) -> float:
    return float((volume_ml * 3000 / (4 * np.pi)) ** (1 / 3))


def scan_of(
    spheres: list[tuple[tuple[float, float, float], float, float]], fwhm_mm: float, spacing: float, size: int
) -> Volume:
    """Spheres (centre from the grid's middle in mm, radius in mm, SUV) in a background of SUV 0.5."""
    n = 2 * int(size / spacing / 2) + 1
    geometry = grid((n, n, n), (spacing,) * 3, (-(n // 2) * spacing,) * 3)
    place = centres_mm(geometry)
    array = np.full(geometry.shape_zyx, BACKGROUND)
    for centre, radius, suv in spheres:
        distance = np.linalg.norm(place - np.asarray(centre), axis=-1)
        near = distance < radius + 3 * fwhm_mm
        array[near] += (suv - BACKGROUND) * profile(distance[near], radius, fwhm_mm)
    return volume(array, geometry)


def volume_above(level: float, radius_mm: float, suv: float, fwhm_mm: float) -> float:
    """Volume in mL at or above a level, from the profile on a grid of 0.01 mm: no voxels."""
    r = np.arange(0, radius_mm + 3 * fwhm_mm, 0.01)
    inside = r[BACKGROUND + (suv - BACKGROUND) * profile(r, radius_mm, fwhm_mm) >= level]
    return float(4 / 3 * np.pi * inside.max() ** 3 / 1000) if inside.size else 0.0


def highest(radius_mm: float, suv: float, fwhm_mm: float) -> float:
    """SUV at the centre: the closed form erf(a / sqrt 2) - sqrt(2 / pi) a exp(-a^2 / 2), a = R / sigma."""
    a = radius_mm * 2.3548200450309493 / fwhm_mm
    return float(BACKGROUND + (suv - BACKGROUND) * (erf(a / np.sqrt(2)) - np.sqrt(2 / np.pi) * a * np.exp(-(a**2) / 2)))
