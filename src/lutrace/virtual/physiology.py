"""Normal and benign uptake beyond the large organs: what a reader of PSMA scans has to tell from tumour, by name.

How often each is there and how hot follows the sources named below; where they lie, how large they are and what
177Lu shows of them at 24 h are choices of this model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from lutrace.terms import uptake_identities
from lutrace.virtual.anatomy import Point, Shape
from lutrace.virtual.lesions import Lesion

Agent = Literal["68Ga-PSMA-11", "18F-PSMA-1007", "177Lu-PSMA-617"]
AGENTS: tuple[Agent, ...] = ("68Ga-PSMA-11", "18F-PSMA-1007", "177Lu-PSMA-617")
Triple = tuple[float, float, float]

_KEEP_OFF_MM = 18.0
"""A benign focus of bone keeps this far off tumour: in it, nobody could say what it is."""

GANGLION_SHARE: Triple = (0.25, 0.67, 0.0)
"""Patients with coeliac ganglia that are seen: 12 against 67 of 100 were taken for lesions (any ganglion, Rauscher et
al., J Nucl Med 2020;61:51, table 2); that of 68Ga is a choice between this and studies that looked for them."""
BONE_FOCUS_SHARE: Triple = (0.06, 0.51, 0.0)
"""Patients with unspecific bone uptake: 6 of 102 on 68Ga (the same table), 179 of 348 on 18F-PSMA-1007 (Grünig et al.,
Eur J Nucl Med Mol Imaging 2021, 10.1007/s00259-021-05424-x)."""
BONE_FOCUS_PLACES = {"rib": 0.575, "pelvis": 0.25, "spine": 0.175}
"""57.5 % ribs, 24.8 % pelvis (Grünig 2021); the rest is put into the spine."""
_NO_GALLBLADDER, _FRACTURE, _DEGENERATION = 0.10, 0.15, 0.40


@dataclass(frozen=True)
class Habitus:
    """What of a patient stays the same over his scans: places, and uptake by agent (the order of AGENTS)."""

    foci: tuple[tuple[Shape, Triple], ...]


def draw_habitus(body: Sequence[Shape], lesions: Sequence[Lesion], rng: np.random.Generator) -> Habitus:
    """The lasting foci of one patient, his bone foci off any of `lesions`; SUVbw (g/mL) painted, not as measured."""
    scale = _scale(body)
    foci = [*_glands_and_mucosa(rng), *_ganglia(rng), *_gallbladder(rng)]
    placed = [(_placed(shape, scale), suv) for shape, suv in foci]
    placed += [one for one in _benign_bone(body, rng) if _is_off(one[0], lesions)]
    return Habitus(tuple(placed))


def body_of_scan(
    body: Sequence[Shape], habitus: Habitus, agent: Agent, rng: np.random.Generator
) -> tuple[tuple[Shape, ...], tuple[Shape, ...]]:
    """The body on the day of a scan (bladder filled, bowel moved), and the foci that this agent shows then.

    Both are painted in this order. Foci carry their own SUVbw; bladder and bowel have that of their region.
    """
    column, scale = AGENTS.index(agent), _scale(body)
    shapes = tuple(_filled(shape, rng) if shape.region == "bladder" else shape for shape in body)
    loops = [_placed(shape, scale) for shape in _loops(rng)]
    foci = [replace(shape, suv=suv[column]) for shape, suv in habitus.foci if suv[column] > 0]
    urine = [_placed(shape, scale) for shape in (*_ureters(column, rng), *_contamination(column, rng))]
    return (*shapes, *loops), (*foci, *urine)


def identity_of(shape: Shape) -> str | None:
    """What the uptake of a shape is, in the words of `terms.uptake_identities`; None for background."""
    if shape.identity:
        return shape.identity
    return next(
        (one.name for one in uptake_identities() if shape.region in one.regions and shape.region != "skeleton"), None
    )


def _scale(body: Sequence[Shape]) -> Point:
    """How much wider, deeper and taller than the reference this body's inside is."""
    liver = next(shape for shape in body if shape.name == "liver")
    x, _, z = liver.centre_mm
    return (x / -72.0, x / -72.0, z / 248.0)


def _placed(shape: Shape, scale: Point) -> Shape:
    centre = [value * factor for value, factor in zip(shape.centre_mm, scale, strict=True)]
    return replace(shape, centre_mm=(centre[0], centre[1], centre[2]))


def _vary(rng: np.random.Generator, suv: Triple, spread: float) -> Triple:
    """One factor for all agents: a patient whose ganglion is hot shows it with each."""
    factor = float(np.exp(spread * rng.standard_normal()))
    return (suv[0] * factor, suv[1] * factor, suv[2] * factor)


def _glands_and_mucosa(rng: np.random.Generator) -> list[tuple[Shape, Triple]]:
    nose = Shape("inside", (0, -78, 642), (11, 13, 15), name="nasal_mucosa", identity="mucosa", hu=30.0)
    larynx = Shape("inside", (0, -12, 532), (8, 7, 12), name="laryngeal_mucosa", identity="mucosa", hu=30.0)
    tongue = Shape(
        "inside", (0, -52, 588), (14, 8, 6), name="sublingual_gland", identity="submandibular_gland", hu=40.0
    )
    return [
        (nose, _vary(rng, (4.0, 4.0, 1.2), 0.35)),
        (larynx, _vary(rng, (3.0, 3.0, 0.6), 0.35)),
        (tongue, _vary(rng, (6.0, 7.0, 2.5), 0.35)),
    ]


def _ganglia(rng: np.random.Generator) -> list[tuple[Shape, Triple]]:
    """Stellate, coeliac, sacral: small, most often on both sides, one a little hotter. Coeliac ones most often."""
    found: list[tuple[Shape, Triple]] = []
    kinds = (
        ("stellate", (27.0, 36.0, 487.0), (4.0, 5.0, 7.0), (3.6, 4.6, 0.8), 0.6),
        ("coeliac", (13.0, 24.0, 222.0), (4.0, 9.0, 6.0), (4.4, 5.6, 1.0), 1.0),
        ("sacral", (26.0, 46.0, 42.0), (3.5, 4.0, 6.0), (3.0, 3.8, 0.6), 0.35),
    )
    for name, (x, y, z), half, suv, relative in kinds:
        draw, level = float(rng.random()), _vary(rng, suv, 0.3)
        sides = [s for s in (-1.0, 1.0) if rng.random() < 0.85]
        seen = [draw < relative * share for share in GANGLION_SHARE]
        for side in sides:
            own = float(np.exp(0.15 * rng.standard_normal()))
            shape = Shape(
                "inside", (side * x, y, z), half, name=f"ganglion_{name}_{_side(side)}", identity="ganglion", hu=38.0
            )
            values = [value * own if there else 0.0 for value, there in zip(level, seen, strict=True)]
            found.append((shape, (values[0], values[1], values[2])))
    return [one for one in found if any(one[1])]


def _gallbladder(rng: np.random.Generator) -> list[tuple[Shape, Triple]]:
    """Faint with agents that kidneys clear, often hotter than the liver with 18F-PSMA-1007."""
    there, half = rng.random() >= _NO_GALLBLADDER, float(rng.uniform(0.8, 1.25))
    suv = _vary(rng, (3.0, 30.0, 1.0), 0.7)
    shape = Shape(
        "gallbladder", (-42, -66, 192), (13 * half, 13 * half, 24 * half), name="gallbladder", identity="gallbladder"
    )
    return [(shape, suv)] if there else []


def _benign_bone(body: Sequence[Shape], rng: np.random.Generator) -> list[tuple[Shape, Triple]]:
    """Unspecific foci without a correlate on CT, a healing fracture, degeneration of a vertebra's edge."""
    draw, count = float(rng.random()), 1 + int(rng.integers(0, 3))
    seen = [draw < share for share in BONE_FOCUS_SHARE]
    places, shares = list(BONE_FOCUS_PLACES), list(BONE_FOCUS_PLACES.values())
    found = []
    for number in range(1, count + 1):
        place = str(rng.choice(places, p=shares))
        size, level = float(rng.uniform(4.5, 7.5)), _vary(rng, (7.0, 9.0, 0.6), 0.3)
        shape = Shape("skeleton", _bone_point(place, body, rng), (size, size, size), name=f"bone_focus_{number}")
        found.append((replace(shape, identity="unspecific_bone"), _only(level, seen)))
    for name, share, place, half, suv, hu in (
        ("fracture", _FRACTURE, "rib", (9.0, 7.0, 6.0), (5.0, 6.0, 1.2), 520.0),
        ("degeneration", _DEGENERATION, "spine", (9.0, 5.0, 5.0), (3.0, 3.6, 0.8), 700.0),
    ):
        there, level = rng.random() < share, _vary(rng, suv, 0.3)
        shape = Shape("skeleton", _bone_point(place, body, rng), half, name=name, hu=hu)
        found.append((replace(shape, identity="degenerative_or_fracture"), _only(level, [there] * 3)))
    return [one for one in found if any(one[1])]


def _only(level: Triple, seen: Sequence[bool]) -> Triple:
    values = [value if there else 0.0 for value, there in zip(level, seen, strict=True)]
    return (values[0], values[1], values[2])


def _bone_point(place: str, body: Sequence[Shape], rng: np.random.Generator) -> Point:
    """A point in a rib, the pelvis, or at the front edge of a vertebra."""
    if place == "rib":
        cage = next(shape for shape in body if shape.name == "ribs")
        angle, height = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(-0.6, 0.6))
        around = 0.965 * float(np.sqrt(1 - height**2))
        return _on_rib(cage, (around * np.cos(angle), around * np.sin(angle), height))
    names = ("ilium", "sacrum", "ischium") if place == "pelvis" else ("spine_",)
    hosts = [shape for shape in body if shape.region == "skeleton" and shape.name.startswith(names)]
    host = hosts[int(rng.integers(len(hosts)))]
    (x, y, z), (a, b, c) = host.centre_mm, host.half_mm
    if place == "spine":
        return (x + float(rng.choice([-0.7, 0.7])) * a, y - 0.6 * b, z + float(rng.choice([-0.9, 0.9])) * c)
    u, v, w = (float(value) for value in rng.uniform(-0.5, 0.5, 3))
    return (x + u * a, y + v * b, z + w * c)


def _on_rib(cage: Shape, direction: Point) -> Point:
    """The nearest rib below or above: ribs are bands along z that sink with y (see Shape.bands_mm)."""
    x, y, z = (c + h * d for c, h, d in zip(cage.centre_mm, cage.half_mm, direction, strict=True))
    period = cage.bands_mm[0] if cage.bands_mm is not None else 1.0
    phase = (z + 0.45 * y) % period
    return (float(x), float(y), float(z - phase + period / 2))


def _is_off(shape: Shape, lesions: Sequence[Lesion]) -> bool:
    return all(
        float(np.linalg.norm(np.subtract(shape.centre_mm, lesion.centre_mm))) > max(lesion.half_mm) + _KEEP_OFF_MM
        for lesion in lesions
    )


def _filled(bladder: Shape, rng: np.random.Generator) -> Shape:
    """The bladder more or less full; it rises and widens from its floor."""
    factor = float(rng.uniform(0.75, 1.25))
    (x, y, z), (a, b, c) = bladder.centre_mm, bladder.half_mm
    return replace(bladder, centre_mm=(x, y, z + c * (factor - 1)), half_mm=(a * factor, b * factor, c * factor))


def _loops(rng: np.random.Generator) -> list[Shape]:
    """Two to four loops of proximal jejunum in the left upper abdomen, elsewhere in each scan."""
    loops = []
    for number in range(1, 3 + int(rng.integers(0, 3))):
        centre = (float(rng.uniform(22, 78)), float(rng.uniform(-75, -45)), float(rng.uniform(88, 170)))
        half = [float(rng.uniform(*limits)) for limits in ((12, 24), (7, 10), (7, 10))]
        if rng.random() < 0.5:
            half = [half[1], half[2], half[0]]
        loops.append(Shape("small_bowel", centre, (half[0], half[1], half[2]), name=f"jejunal_loop_{number}"))
    return loops


_URETER_COURSE = np.array(
    [(-46.0, 34.0, 128.0), (-36.0, 14.0, 92.0), (-44.0, -2.0, 48.0), (-36.0, 8.0, 14.0), (-20.0, -22.0, -8.0)]
)
"""Right ureter from renal pelvis over the iliac vessels to the bladder, in mm of the reference body."""
_URETER_SEGMENTS = ((0.25, 0.40, 0.25, 0.10), (0.80, 0.17, 0.03, 0.0), (0.65, 0.28, 0.07, 0.0))
_URINE_SUV: Triple = (30.0, 6.0, 8.0)
_CONTAMINATION_SHARE: Triple = (0.10, 0.03, 0.08)


def _ureters(column: int, rng: np.random.Generator) -> list[Shape]:
    """Short filled segments of each ureter on its own, where the peristalsis of this moment has left urine."""
    found = []
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(_URETER_COURSE, axis=0), axis=1))])
    for side in (1.0, -1.0):
        for number in range(1, 1 + int(rng.choice(4, p=_URETER_SEGMENTS[column]))):
            where = float(rng.uniform(0.05, 0.95)) * along[-1]
            x, y, z = (float(np.interp(where, along, _URETER_COURSE[:, axis])) for axis in range(3))
            long, suv = float(rng.uniform(6, 20)), _URINE_SUV[column] * float(np.exp(0.5 * rng.standard_normal()))
            wide = float(rng.uniform(2.0, 3.5))
            found.append(
                Shape(
                    "ureter",
                    (side * x, y, z),
                    (wide, wide, long),
                    name=f"ureter_{_side(side * x)}_{number}",
                    identity="ureter",
                    suv=suv,
                )
            )
    return found


def _contamination(column: int, rng: np.random.Generator) -> list[Shape]:
    """Sometimes a drop of urine on skin or cloth at the front of the thighs."""
    there, side = rng.random() < _CONTAMINATION_SHARE[column], float(rng.choice([-1.0, 1.0]))
    x, z = float(rng.uniform(15, 60)), float(rng.uniform(-150, -75))
    suv = 0.6 * _URINE_SUV[column] * float(np.exp(0.5 * rng.standard_normal()))
    shape = Shape(
        "body", (side * x, -84, z), (9, 4, 9), name="urine_on_skin", identity="contamination", suv=suv, hu=0.0
    )
    return [shape] if there else []


def _side(x: float) -> str:
    return "right" if x < 0 else "left"
