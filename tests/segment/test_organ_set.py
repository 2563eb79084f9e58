"""Which source of organ masks serves, and what the labeller draws itself: body, skeleton, healthy bone, reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from tests.imaging.make import ball, grid, mask, volume
from tests.segment import phantom

from lutrace.core import ContradictionError, MissingFactError, ProtocolError
from lutrace.imaging import Geometry, Mask, Volume, dilate
from lutrace.segment import (
    find_body,
    find_organs,
    find_skeleton,
    healthy_skeleton,
    maker_of,
    measure_reference,
    reference_region,
)

PELVIS_TO_CHEST = phantom.geometry(0.0, 600.0, mm=6.0)
GRID = grid((40, 40, 40), (2.0, 2.0, 2.0), (0.0, 0.0, 0.0))


@dataclass(frozen=True)
class Drawn:
    """A model that draws one liver on whatever it is given."""

    def draw_organs(self, ct: Volume, target: Geometry) -> tuple[Mask, ...]:
        return (mask(np.ones(target.shape_zyx, bool), target, "liver"),)


def organs_of(*, given: tuple[Mask, ...] = (), ct: Volume | None = None, sources: tuple[str, ...], model: bool = False):
    image = phantom.scan(PELVIS_TO_CHEST, phantom.KIDNEYS)
    return find_organs(image, given=given, ct=ct, sources=sources, model=Drawn() if model else None)


def test_the_first_source_that_can_serve_is_taken_and_named() -> None:
    ct = phantom.ct(PELVIS_TO_CHEST)
    kidney = mask(np.ones(PELVIS_TO_CHEST.shape_zyx, bool), PELVIS_TO_CHEST, "kidney_left")
    order = ("given", "model", "labeller")
    assert organs_of(given=(kidney,), ct=ct, sources=order, model=True).source == "given"
    assert organs_of(ct=ct, sources=order, model=True).source == "model"
    without_ct = organs_of(sources=order, model=True)
    assert without_ct.source == "labeller"
    assert without_ct.notes == ("organs: no mask was given", "organs: no CT for the model")
    assert [one.name for one in without_ct.masks] == ["body"]
    assert [one.name for one in organs_of(ct=ct, sources=("labeller",)).masks] == ["body", "skeleton"]
    assert organs_of(given=(kidney,), sources=("model",)).source == "none"
    with pytest.raises(ProtocolError, match="found atlas"):
        organs_of(sources=("atlas",))


def test_an_empty_mask_is_no_mask() -> None:
    empty = mask(np.zeros(PELVIS_TO_CHEST.shape_zyx, bool), PELVIS_TO_CHEST, "kidney_left")
    assert organs_of(given=(empty,), sources=("given",)).source == "none"


def test_the_body_is_found_with_ct_without_the_table_and_without_ct_a_little_too_wide() -> None:
    points = phantom._points(PELVIS_TO_CHEST, (0, 0, 0))
    truth = phantom.body(points)
    image = phantom.scan(PELVIS_TO_CHEST, phantom.KIDNEYS)
    for ct, beyond_mm in ((phantom.ct(PELVIS_TO_CHEST), 6.0), (None, 16.0)):
        found = find_body(image, ct)
        assert (found.array & truth).sum() > 0.98 * truth.sum()
        assert not (found.array & ~dilate(truth, PELVIS_TO_CHEST, beyond_mm)).any()
        assert maker_of(found) == "labeller"
    table = (np.abs(points[..., 1] - 136.0) < 3.0) & ~truth
    assert not find_body(image, phantom.ct(PELVIS_TO_CHEST)).array[table].any()
    with pytest.raises(ContradictionError, match="found Bq/mL"):
        find_body(volume(image.array, image.geometry, "Bq/mL"))


def test_the_skeleton_holds_its_marrow_and_neither_table_nor_soft_tissue() -> None:
    target = phantom.geometry(250.0, 500.0, mm=4.0)
    ct = phantom.ct(target)
    found = find_skeleton(ct, target).array
    points = phantom._points(target, (0, 0, 0))
    spine = phantom.inside(points, (0, 62, 400), (22, 20, 300), upright=True)
    marrow = phantom.inside(points, (0, 62, 400), (11, 9, 300), upright=True)
    assert (ct.array[marrow] < 180).all()  # by threshold alone it would be lost
    assert found[marrow].mean() > 0.98
    assert 2 * (found & spine).sum() / (found.sum() + spine.sum()) > 0.85
    assert not found[np.abs(points[..., 1] - 136.0) < 3.0].any()
    with pytest.raises(ContradictionError, match="in HU"):
        find_skeleton(volume(ct.array, target, "g/mL"), target)


def test_healthy_bone_keeps_off_lesions_by_the_margin_and_off_its_edge() -> None:
    bone = mask(ball(GRID, 30.0), GRID, "skeleton")
    lesion = ball(GRID, 6.0)
    healthy = healthy_skeleton(bone, lesion, lesion_margin_mm=8.0, erosion_mm=4.0)
    away = np.linalg.norm(np.indices(GRID.shape_zyx).reshape(3, -1).T * 2.0 - 39.0, axis=1).reshape(GRID.shape_zyx)
    assert healthy.name == "healthy_skeleton"
    assert maker_of(healthy) == "labeller"
    assert away[healthy.array].min() > 6.0 + 8.0 - 2.0
    assert away[healthy.array].max() <= 30.0 - 4.0 + 2.0
    assert healthy.array.sum() * 0.008 == pytest.approx(4 / 3 * np.pi * (2.6**3 - 1.4**3), rel=0.15)
    assert not healthy_skeleton(bone, bone.array, lesion_margin_mm=8.0, erosion_mm=4.0).array.any()
    with pytest.raises(ContradictionError, match="resample one of them"):
        healthy_skeleton(bone, np.zeros((2, 2, 2), bool), lesion_margin_mm=8.0, erosion_mm=4.0)


@pytest.mark.parametrize(
    ("tracer", "region"),
    [
        ("18F-PSMA-1007", "spleen"),
        ("[18F]PSMA 1007", "spleen"),
        ("psma_1007", "spleen"),
        ("F18 PSMA1007", "spleen"),
        ("68Ga-PSMA-11", "liver"),
        ("177Lu-PSMA-617", "liver"),
        (None, "liver"),
    ],
)
def test_the_reference_organ_is_the_spleen_for_psma_1007_in_any_spelling(tracer: str | None, region: str) -> None:
    assert reference_region(tracer) == region


def test_a_reference_organ_says_which_it_is_and_refuses_to_be_empty() -> None:
    spleen = mask(ball(GRID, 24.0), GRID, "spleen")
    image = volume(np.where(ball(GRID, 18.0), 7.0, 2.0), GRID)
    found = measure_reference(image, spleen, erosion_mm=8.0)
    assert (found.region, found.suv_mean, found.suv_sd) == ("spleen", 7.0, 0.0)
    with pytest.raises(MissingFactError, match="spleen reference"):
        measure_reference(image, spleen, erosion_mm=8.0, exclude=np.ones(GRID.shape_zyx, bool))
