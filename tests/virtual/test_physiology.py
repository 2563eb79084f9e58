"""Normal and benign uptake of the virtual patients: what is there, how often, where, and that the scanner shows it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from lutrace.terms import uptake_identities
from lutrace.virtual.anatomy import Shape, build_body, cover, grid_of
from lutrace.virtual.lesions import Lesion
from lutrace.virtual.physiology import AGENTS, BONE_FOCUS_PLACES, Agent, body_of_scan, draw_habitus, identity_of
from lutrace.virtual.scanner import CT, PET, draw_masks, make_geometry, scan_ct, scan_emission
from lutrace.virtual.uptake import draw_organ_factors, pet_uptake

BODY = build_body(175, 80)
WANTED = {
    "kidney", "bladder", "ureter", "liver", "gallbladder", "spleen", "bowel", "parotid_gland", "submandibular_gland",
    "lacrimal_gland", "mucosa", "ganglion", "contamination", "degenerative_or_fracture", "unspecific_bone",
}  # fmt: skip


def scans(agent: Agent, n: int = 300) -> list[tuple[Shape, ...]]:
    """The foci of n patients in one scan each."""
    found = []
    rng = np.random.default_rng(7)
    for _ in range(n):
        habitus = draw_habitus(BODY, (), rng)
        found.append(body_of_scan(BODY, habitus, agent, rng)[1])
    return found


def test_every_identity_of_the_vocabulary_but_tumour_is_painted_somewhere() -> None:
    known = {one.name for one in uptake_identities()} - {"tumour", "uncertain"}
    assert known == WANTED
    painted = {identity_of(shape) for shape in BODY}
    for agent in AGENTS:
        painted |= {identity_of(shape) for foci in scans(agent, 60) for shape in foci}
    assert painted - {None} == WANTED


@pytest.mark.parametrize(("agent", "share"), [("68Ga-PSMA-11", 0.06), ("18F-PSMA-1007", 0.514)])
def test_unspecific_bone_uptake_is_as_frequent_as_published(agent: Agent, share: float) -> None:
    with_focus = sum(any(one.identity == "unspecific_bone" for one in foci) for foci in scans(agent, 1000))
    assert with_focus / 1000 == pytest.approx(share, abs=0.045)


def test_unspecific_bone_uptake_lies_in_ribs_more_often_than_anywhere_else() -> None:
    ribs = next(shape for shape in BODY if shape.name == "ribs")
    grid = grid_of(make_geometry(CT, 175, "1.2"), (0.0, 0.0, 0.0))
    box, part = cover(ribs, grid)
    bone = np.zeros(grid.shape, bool)
    bone[box] = part > 0.3
    count = Counter()
    for foci in scans("18F-PSMA-1007", 400):
        for one in foci:
            if one.identity == "unspecific_bone":
                x, y, z = one.centre_mm
                near = tuple(
                    slice(max(int(np.abs(axis - v).argmin()) - 1, 0), int(np.abs(axis - v).argmin()) + 2)
                    for axis, v in zip((grid.z, grid.y, grid.x), (z, y, x), strict=True)
                )
                count[bool(bone[near].any())] += 1
    assert count[True] / count.total() == pytest.approx(BONE_FOCUS_PLACES["rib"], abs=0.12)


def test_1007_shows_bile_and_68ga_shows_urine() -> None:
    def mean(agent: Agent, identity: str) -> float:
        foci = [one for scan in scans(agent) for one in scan if one.identity == identity]
        return float(np.mean([one.suv for one in foci])) * len(foci)

    assert mean("18F-PSMA-1007", "gallbladder") > 4 * mean("68Ga-PSMA-11", "gallbladder")
    assert mean("68Ga-PSMA-11", "ureter") > 4 * mean("18F-PSMA-1007", "ureter")


def test_ureters_are_not_filled_alike_on_both_sides() -> None:
    sides = [
        Counter("left" if one.centre_mm[0] > 0 else "right" for one in foci if one.identity == "ureter")
        for foci in scans("68Ga-PSMA-11")
    ]
    unlike = sum(side["left"] != side["right"] for side in sides)
    assert unlike > 100


def test_benign_bone_foci_keep_off_tumour() -> None:
    lesion = Lesion("L01", "bone", "ribs", (0.0, -92.0, 400.0), (60.0, 60.0, 60.0), 8.0, 12.0, True, False)
    for seed in range(200):
        habitus = draw_habitus(BODY, [lesion], np.random.default_rng(seed))
        for shape, _ in habitus.foci:
            if shape.identity in ("unspecific_bone", "degenerative_or_fracture"):
                assert np.linalg.norm(np.subtract(shape.centre_mm, lesion.centre_mm)) > 60.0


def test_places_last_over_the_scans_and_urine_moves() -> None:
    habitus = draw_habitus(BODY, (), np.random.default_rng(4))
    one, other = (body_of_scan(BODY, habitus, "177Lu-PSMA-617", np.random.default_rng(seed)) for seed in (1, 2))
    lasting = [{shape.name: shape for shape in foci if shape.identity != "ureter"} for _, foci in (one, other)]
    assert lasting[0]["nasal_mucosa"] == lasting[1]["nasal_mucosa"]
    bladders = [next(shape for shape in body if shape.region == "bladder") for body, _ in (one, other)]
    assert bladders[0].half_mm != bladders[1].half_mm


def test_a_fracture_is_hot_on_pet_and_dense_on_ct_and_stays_in_the_skeleton_mask() -> None:
    fracture = Shape(
        "skeleton", (0.0, 58.0, 83.0), (12.0, 9.0, 9.0), identity="degenerative_or_fracture", suv=9.0, hu=520.0
    )
    shapes = (*BODY, fracture)
    rng = np.random.default_rng(2)
    geometry = make_geometry(PET, 175, "1.2")
    uptake = pet_uptake(draw_organ_factors(rng, 0.0))
    suv = scan_emission(PET, geometry, shapes, [], uptake=uptake, shift_mm=(0.0, 0.0, 0.0), rng=rng)
    place = tuple(np.rint(geometry.to_index(np.array([fracture.centre_mm]))[0]).astype(int))
    assert suv[place] == pytest.approx(9.0, rel=0.25)
    grid = make_geometry(CT, 175, "1.2")
    place = tuple(np.rint(grid.to_index(np.array([fracture.centre_mm]))[0]).astype(int))
    assert scan_ct(grid, shapes, [], shift_mm=(0.0, 0.0, 0.0), rng=rng)[place] == pytest.approx(520, abs=70)
    assert draw_masks(grid, shapes, shift_mm=(0.0, 0.0, 0.0), rng=rng)["skeleton"][place]


def test_the_liver_of_1007_is_twice_that_of_68ga_and_its_kidney_a_third() -> None:
    factors = draw_organ_factors(np.random.default_rng(1), 0.0)
    one, other = pet_uptake(factors, "68Ga-PSMA-11"), pet_uptake(factors, "18F-PSMA-1007")
    assert other.of("liver") / one.of("liver") == pytest.approx(11.7 / 5.4)
    assert other.of("kidney_left") / one.of("kidney_left") == pytest.approx(13.1 / 42.0)


def test_a_shape_without_an_identity_is_background() -> None:
    assert identity_of(replace(BODY[0], identity="")) is None
