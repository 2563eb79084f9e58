from dataclasses import replace

import numpy as np
import pytest
from tests.imaging.make import mask
from tests.segment.make import BONE, GRID, at, organs, patient

from lutrace.segment import find_lesions, load_plan, measure_healthy_skeleton

PLAN = load_plan("suv3")
SCAN = patient((at(0, 40, 120, 6), 9.0))
MASKS = organs("kidney_left", "liver", "skeleton")
FOUND = find_lesions(SCAN, MASKS, PLAN)


def test_bone_without_tumour_holds_the_background_and_none_of_the_lesion() -> None:
    (whole,) = [row for row in [measured("PET")] if row["region"] == "healthy_skeleton"]
    assert whole["suv_mean"] == pytest.approx(0.5)  # the painted background; the lesion has 9
    assert 0 < whole["voxels"] < BONE.sum()


def measured(modality: str) -> dict[str, object]:
    (row,) = measure_healthy_skeleton(SCAN, MASKS, FOUND, modality=modality)
    return dict(row)


def test_the_margins_follow_the_resolution_so_spect_keeps_less_bone_than_pet() -> None:
    assert PLAN.resolution_of("SPECT") > PLAN.resolution_of("PET")
    bone = [*MASKS[:2], mask(at(0, 40, 120, 40), GRID, "skeleton")]
    pet, spect = (measure_healthy_skeleton(SCAN, bone, FOUND, modality=name)[0]["voxels"] for name in ("PET", "SPECT"))
    assert 0 < spect < pet


def test_an_uncertain_lesion_is_cut_out_of_the_bone_as_tumour_is() -> None:
    unsure = replace(FOUND, lesions=tuple(replace(one, category="uncertain") for one in FOUND.lesions))
    (row,) = measure_healthy_skeleton(SCAN, MASKS, unsure, modality="PET")
    assert row["suv_mean"] == pytest.approx(0.5)


def test_without_bone_or_beside_a_mask_made_elsewhere_nothing_is_measured() -> None:
    assert measure_healthy_skeleton(SCAN, MASKS[:2], FOUND, modality="PET") == []
    given = mask(np.asarray(BONE), GRID, "healthy_skeleton")
    assert measure_healthy_skeleton(SCAN, [*MASKS, given], FOUND, modality="PET") == []
