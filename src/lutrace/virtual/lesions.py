"""Lesions of one virtual patient over three cycles: where they lie, how large they are, which are new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lutrace.virtual.anatomy import Point, Shape
from lutrace.virtual.uptake import LESION_SPECT_PER_PET

LARGEST_TTV_ML = 1800.0
"""More does not fit the stylised skeleton; a larger volume of the cohort is cut to this, and the truth file says it."""
SMALLEST_ML = 0.25
"""A lesion that shrinks below this volume is gone."""
_LARGEST_LESION_ML = 70.0
_HOT = ("kidney", "parotid", "submandibular", "bladder", "small_bowel", "spleen", "lacrimal")
_HOT_MARGIN_MM = 9.0
_SITE_SHARES = {"bone": 0.72, "node": 0.20, "liver": 0.06, "lung": 0.02}


@dataclass(frozen=True)
class Course:
    """What the cohort says of this patient's tumour: sites, ln TTV (mL) and new lesions at cycles 1 to 3."""

    has_bone: bool
    has_node: bool
    has_liver: bool
    has_lung: bool
    ln_ttv: tuple[float, float, float]
    new_lesion: tuple[bool, bool, bool]
    new_avid: tuple[bool, bool, bool]
    suv_mean: float
    new_ml: tuple[float, float] = (4.0, 14.0)
    """Smallest and largest volume of a new lesion; radii in between are equally likely."""


@dataclass(frozen=True)
class Lesion:
    """One lesion at one time; SUVbw on PET and on SPECT, position in patient millimetres."""

    identity: str
    site: str
    host: str
    centre_mm: Point
    half_mm: Point
    suv_pet: float
    suv_spect: float
    avid: bool
    is_new: bool

    @property
    def volume_ml(self) -> float:
        """Volume of the ellipsoid in mL."""
        return float(4.0 / 3.0 * np.pi * np.prod(self.half_mm) / 1000.0)

    @property
    def shape(self) -> Shape:
        """The ellipsoid that it is painted as."""
        return Shape("lesion", self.centre_mm, self.half_mm, name=self.identity)


@dataclass(frozen=True)
class _Seed:
    """A lesion that stays at one place; its volume at each cycle is drawn beside it."""

    identity: str
    site: str
    host: str
    centre_mm: Point
    ratio: Point
    ln_suv: float
    avid: bool
    since: int


@dataclass(frozen=True)
class _Wish:
    """A lesion that still needs a place."""

    identity: str
    site: str
    volume_ml: float
    since: int = 1
    avid: bool = True


def draw_lesions(course: Course, body: Sequence[Shape], rng: np.random.Generator) -> tuple[tuple[Lesion, ...], ...]:
    """The lesions of cycles 1, 2 and 3, so that the volumes of the avid ones add up to each cycle's TTV.

    A new lesion carries `is_new` in the cycle where it first appears; one that binds no tracer (not avid) is seen on CT
    only and does not count to TTV.
    """
    totals = [min(float(np.exp(value)), LARGEST_TTV_ML) for value in course.ln_ttv]
    count = int(np.clip(round(totals[0] / (6.0 + 0.022 * totals[0])), 1, 45))
    weights = np.exp(0.9 * rng.standard_normal(count))
    volumes = weights / weights.sum() * totals[0]
    for _ in range(20):
        volumes = np.minimum(volumes * (totals[0] / volumes.sum()), _LARGEST_LESION_ML)
    placed: list[tuple[_Seed, float]] = []
    for number, volume in enumerate(volumes, start=1):
        wish = _Wish(f"L{number:02d}", _draw_site(course, rng), float(volume))
        placed.append((_place(wish, body, placed=placed, rng=rng), float(volume)))
    cycles = [_at_cycle(placed, volumes, total=totals[0], course=course, cycle=1)]
    drift = rng.standard_normal(count)
    for cycle in (2, 3):
        drift = 0.8 * drift + 0.6 * rng.standard_normal(len(drift))
        drift, volumes = _add_new(course, cycle, placed=placed, body=body, drift=drift, volumes=volumes, rng=rng)
        ratio = totals[cycle - 1] / max(totals[cycle - 2], 1e-6)
        changed = volumes * np.array(
            [
                1.0 if seed.since == cycle else ratio * np.exp(0.2 * d)
                for (seed, _), d in zip(placed, drift, strict=True)
            ]
        )
        volumes = _scaled_to(changed, placed, total=totals[cycle - 1], cycle=cycle)
        cycles.append(_at_cycle(placed, volumes, total=totals[cycle - 1], course=course, cycle=cycle))
    return tuple(cycles)


def _add_new(
    course: Course,
    cycle: int,
    *,
    placed: list[tuple[_Seed, float]],
    body: Sequence[Shape],
    drift: np.ndarray,
    volumes: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Append the new lesions of a cycle to `placed`; drift and volumes grow with them."""
    if not course.new_lesion[cycle - 1]:
        return drift, volumes
    avid = course.new_avid[cycle - 1]
    for _ in range(int(rng.integers(1, 4)) if avid else 1):
        site = _draw_site(course, rng) if avid else str(rng.choice(["bone", "node", "node"]))
        volume = float(rng.uniform(*(one ** (1 / 3) for one in course.new_ml)) ** 3)
        wish = _Wish(f"L{len(placed) + 1:02d}", site, volume, cycle, avid)
        seed = _place(wish, body, placed=placed, rng=rng)
        placed.append((seed, volume))
        drift, volumes = np.append(drift, 0.0), np.append(volumes, volume)
    return drift, volumes


def _scaled_to(volumes: np.ndarray, placed: list[tuple[_Seed, float]], *, total: float, cycle: int) -> np.ndarray:
    """Volumes of the avid lesions scaled to the total; what falls below the smallest volume is gone for good."""
    avid = np.array([seed.avid for seed, _ in placed])
    fixed = np.array([seed.since == cycle or not seed.avid for seed, _ in placed])
    volumes = np.where(~avid, np.where(volumes > 0, np.maximum(volumes, 3.0), 0.0), volumes)
    for _ in range(3):
        volumes = np.where(volumes < SMALLEST_ML, 0.0, volumes)
        free = avid & ~fixed
        left = max(total - volumes[avid & fixed].sum(), 0.0)
        if volumes[free].sum() > 0:
            volumes = np.where(free, volumes * (left / volumes[free].sum()), volumes)
    return np.where(volumes < SMALLEST_ML, 0.0, volumes)


def _at_cycle(
    placed: list[tuple[_Seed, float]], volumes: np.ndarray, *, total: float, course: Course, cycle: int
) -> tuple[Lesion, ...]:
    """The lesions with a volume at this cycle; uptake falls a little with response."""
    response = 0.15 * (np.log(max(total, 1.0)) - min(course.ln_ttv[0], np.log(LARGEST_TTV_ML)))
    lesions = []
    for (seed, _), volume in zip(placed, volumes, strict=True):
        if volume <= 0:
            continue
        radius = _radius(float(volume))
        suv = course.suv_mean * float(np.exp(seed.ln_suv + response)) if seed.avid else 0.9
        lesions.append(
            Lesion(
                identity=seed.identity,
                site=seed.site,
                host=seed.host,
                centre_mm=seed.centre_mm,
                half_mm=(radius * seed.ratio[0], radius * seed.ratio[1], radius * seed.ratio[2]),
                suv_pet=suv,
                suv_spect=suv * LESION_SPECT_PER_PET if seed.avid else 0.6,
                avid=seed.avid,
                is_new=seed.since == cycle and cycle > 1,
            )
        )
    return tuple(lesions)


def _draw_site(course: Course, rng: np.random.Generator) -> str:
    there = {"bone": course.has_bone, "node": course.has_node, "liver": course.has_liver, "lung": course.has_lung}
    sites = [site for site in _SITE_SHARES if there[site]]
    shares = np.array([_SITE_SHARES[site] for site in sites])
    return str(rng.choice(sites, p=shares / shares.sum()))


def _place(
    wish: _Wish, body: Sequence[Shape], *, placed: Sequence[tuple[_Seed, float]], rng: np.random.Generator
) -> _Seed:
    """A place off hot organs (but for nodes at the bladder) and, if there is one, off other lesions."""
    radius = _radius(wish.volume_ml)
    hot = [shape for shape in body if shape.region.startswith(_HOT)]
    gap = 6.0 if wish.since > 1 else 2.0
    host, point = _draw_point(wish.site, body, rng)
    for attempt in range(60):
        reach = radius * (1.1 if attempt < 30 else 0.55) + gap
        apart = all(
            np.linalg.norm(np.subtract(point, seed.centre_mm)) > reach + _radius(other) for seed, other in placed
        )
        free = [shape for shape in hot if (host, shape.region) != ("obturator", "bladder")]
        if apart and not any(_is_near(point, shape, radius + _HOT_MARGIN_MM) for shape in free):
            break
        host, point = _draw_point(wish.site, body, rng)
    ratio = np.exp(0.15 * rng.standard_normal(3))
    ratio = ratio / np.cbrt(ratio.prod())
    return _Seed(
        identity=wish.identity,
        site=wish.site,
        host=host,
        centre_mm=point,
        ratio=(float(ratio[0]), float(ratio[1]), float(ratio[2])),
        ln_suv=float(0.3 * rng.standard_normal()),
        avid=wish.avid,
        since=wish.since,
    )


def _radius(volume_ml: float) -> float:
    return float(np.cbrt(3000.0 * volume_ml / (4.0 * np.pi)))


def _is_near(point: Point, shape: Shape, margin_mm: float) -> bool:
    scaled = [(p - c) / (h + margin_mm) for p, c, h in zip(point, shape.centre_mm, shape.half_mm, strict=True)]
    return bool(np.dot(scaled, scaled) < 1.0)


def _draw_point(site: str, body: Sequence[Shape], rng: np.random.Generator) -> tuple[str, Point]:
    """A host and a point in it, in patient millimetres."""
    if site == "node":
        return _draw_node(body, rng)
    if site == "bone":
        hosts = [s for s in body if s.region == "skeleton" and s.name and s.name not in ("ribs", "skull", "mandible")]
        sizes = np.array([np.prod(np.minimum(s.half_mm, 40.0)) for s in hosts]) ** 0.7
        host = hosts[int(rng.choice(len(hosts), p=sizes / sizes.sum()))]
    else:
        hosts = [shape for shape in body if shape.region == site]
        host = hosts[int(rng.integers(len(hosts)))]
    direction = rng.standard_normal(3)
    direction *= 0.75 * rng.random() ** (1 / 3) / np.linalg.norm(direction)
    x, y, z = (float(c + h * d) for c, h, d in zip(host.centre_mm, host.half_mm, direction, strict=True))
    return host.name, (x, y, z)


def _draw_node(body: Sequence[Shape], rng: np.random.Generator) -> tuple[str, Point]:
    liver = next(shape for shape in body if shape.name == "liver")
    wide, tall = liver.centre_mm[0] / -72.0, liver.centre_mm[2] / 248.0
    side = float(rng.choice([-1.0, 1.0]))
    station = str(rng.choice(["iliac", "obturator", "retroperitoneal", "mediastinal"], p=[0.35, 0.10, 0.40, 0.15]))
    low, high = {
        "iliac": ((46, -5, 20), (66, 25, 75)),
        "obturator": ((44, -48, -12), (54, -20, 18)),
        "retroperitoneal": ((16, 10, 85), (34, 32, 215)),
        "mediastinal": ((5, 0, 420), (22, 28, 480)),
    }[station]
    x, y, z = (float(value) for value in rng.uniform(low, high))
    return station, (side * x * wide, y * wide, z * tall)
