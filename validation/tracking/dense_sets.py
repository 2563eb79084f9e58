"""Synthetic dense lesion sets with known partners: a spine and pelvis, and a jittered lattice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

LEAST_APART_MM = 10.0
LATTICE_MM = 12.0
SHIFT_MM = 30.0
TILT_DEG = 1.0
BEND_MM = 3.0
SHARE_NEW = SHARE_GONE = 0.1


@dataclass(frozen=True, eq=False)
class DenseSet:
    """Baseline and follow-up (n, 3), mm; `partner` holds the baseline index of each follow-up lesion, -1 when new."""

    baseline_mm: Points
    followup_mm: Points
    partner: tuple[int, ...]


def draw_set(kind: str, lesions: int, noise_mm: float, rng: np.random.Generator) -> DenseSet:
    """About so many lesions; follow-up moved by 30 mm, a tilt, a bend, and `noise_mm` per axis; some new, some gone."""
    start = _spine_and_pelvis(lesions, rng) if kind == "spine" else _lattice(lesions, rng)
    move = _motion(start, rng)
    stays = np.flatnonzero(rng.random(len(start)) >= SHARE_GONE)
    fresh = _new_places(start, int(rng.binomial(len(start), SHARE_NEW)), rng)
    end = move(np.vstack([start[stays], fresh]))
    end = end + rng.normal(0.0, noise_mm, end.shape)
    order = rng.permutation(len(end))
    partner = [*stays.tolist(), *[-1] * len(fresh)]
    return DenseSet(start, end[order], tuple(partner[index] for index in order))


def _spine_and_pelvis(lesions: int, rng: np.random.Generator) -> Points:
    """Two or three lesions in each vertebra (one every 24 to 32 mm), the rest in both sides of the pelvis."""
    places: list[Points] = []
    z = 0.0
    while len(places) < 0.6 * lesions:
        places += list(np.array([0, 0, z]) + rng.uniform((-18, -12, -8), (18, 12, 8), (int(rng.integers(2, 4)), 3)))
        z += rng.uniform(24, 32)
    while len(places) < lesions:
        side = rng.choice([-1.0, 1.0])
        places.append(np.array([side * rng.uniform(40, 110), rng.uniform(-10, 40), -rng.uniform(0, 110)]))
    kept: list[Points] = []
    for place in places:
        if all(np.linalg.norm(place - other) >= LEAST_APART_MM for other in kept):
            kept.append(place)
    return np.asarray(kept)


def _lattice(lesions: int, rng: np.random.Generator) -> Points:
    """A cube of lesions 12 mm apart, each jittered by 1.4 mm per axis."""
    side = int(np.ceil(np.cbrt(lesions)))
    nodes = np.stack(np.meshgrid(*[np.arange(side)] * 3, indexing="ij"), axis=-1).reshape(-1, 3) * LATTICE_MM
    chosen = nodes[rng.permutation(len(nodes))[:lesions]].astype(float)
    return chosen + rng.normal(0.0, 0.12 * LATTICE_MM, chosen.shape)


def _new_places(start: Points, count: int, rng: np.random.Generator) -> Points:
    """Places some 14 mm per axis from a lesion, at least 10 mm from any."""
    places: list[Points] = []
    while len(places) < count:
        place = start[rng.integers(len(start))] + rng.normal(0.0, 14.0, 3)
        if all(np.linalg.norm(place - other) >= LEAST_APART_MM for other in [*start, *places]):
            places.append(place)
    return np.asarray(places).reshape(-1, 3)


def _motion(start: Points, rng: np.random.Generator):  # type: ignore[no-untyped-def]
    """A shift of 30 mm mostly along the table, a turn about any axis, six gentle waves."""
    way = rng.normal(size=3) * (1, 1, 3)
    way *= SHIFT_MM / np.linalg.norm(way)
    axis = rng.normal(size=3)
    x, y, z = axis / np.linalg.norm(axis)
    angle = np.deg2rad(TILT_DEG) * rng.normal()
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    turn = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    waves, phases = rng.normal(0, 1 / 80, (6, 3)), rng.uniform(0, 2 * np.pi, 6)
    heights, centre = rng.normal(0, BEND_MM / np.sqrt(3), (6, 3)), start.mean(axis=0)
    return lambda points: (points - centre) @ turn.T + centre + way + np.sin(points @ waves.T + phases) @ heights
