"""The labeller on one real patient (177Lu-DOTATATE, no CT): plumbing, not accuracy; the drawn lesions only judge."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lutrace.dicom import index_folder, read_masks, read_series
from lutrace.imaging import label_components, to_suvbw
from lutrace.physics import compute_suv_factor
from lutrace.segment import find_lesions, identify, load_plan

LEAST_ML = 0.5


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("scan", "kidneys_ml", "spleen_ml"), [("SCAN_001", (270, 264), 207), ("SCAN_002", (219, 214), 209)]
)
def test_kidneys_and_spleen_are_removed_and_both_drawn_lesions_stay_tumour(
    real_data: Path,
    scan: str,
    kidneys_ml: tuple[float, float],
    spleen_ml: float,
    record_property: Callable[[str, object], None],
) -> None:
    folder = real_data / "spect_lu177_xspect" / scan
    image = read_series(index_folder([folder / "image"]).series[0])
    assert image.facts is not None
    suv = to_suvbw(image.volume, compute_suv_factor(image.facts))
    voxel_ml = suv.geometry.voxel_volume_ml
    parts = label_components(suv.array >= 3.0, min_voxels=int(np.ceil(LEAST_ML / voxel_ml)))
    found = identify(suv, parts)
    size_ml = np.bincount(parts.labels.ravel())[1:] * voxel_ml

    def volumes(identity: str) -> list[float]:
        return sorted((size_ml[one.component - 1] for one in found if one.identity == identity), reverse=True)

    assert volumes("kidney") == pytest.approx(kidneys_ml, abs=0.6)
    assert volumes("spleen") == pytest.approx([spleen_ml], abs=0.6)
    category = np.array(["below", *(one.category for one in found)])[parts.labels]
    removed_ml = 0.0
    for drawn in read_masks(folder / "mask", suv.geometry):
        held = np.unique(parts.labels[drawn.array])
        assert [found[number - 1].category for number in held if number] == ["tumour"], drawn.name
        removed_ml += float((drawn.array & (category == "physiological")).sum() * voxel_ml)
    assert removed_ml == 0.0
    total = {one: float((category == one).sum() * voxel_ml) for one in ("tumour", "uncertain", "physiological")}
    assert 230 < total["tumour"] < 320  # SUV 3 around the two drawn lesions alone holds 253 and 235 mL
    assert total["physiological"] > sum(kidneys_ml) + spleen_ml - 2
    for name, value in {**total, "drawn_removed": removed_ml}.items():
        record_property(f"{scan}_{name}_ml", round(value, 1))


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("scan", "kidneys_ml", "spleen_ml", "tumour_ml", "uncertain_ml"),
    [("SCAN_001", (270.1, 264.4), 206.8, 253.9, 31.4), ("SCAN_002", (213.9, 212.2), 209.0, 271.8, 11.6)],
)
def test_the_plan_keeps_kidneys_and_spleen_whole_and_both_drawn_lesions_in_tumour(
    real_data: Path,
    scan: str,
    kidneys_ml: tuple[float, float],
    spleen_ml: float,
    tumour_ml: float,
    uncertain_ml: float,
) -> None:
    folder = real_data / "spect_lu177_xspect" / scan
    image = read_series(index_folder([folder / "image"]).series[0])
    assert image.facts is not None
    suv = to_suvbw(image.volume, compute_suv_factor(image.facts))
    found = find_lesions(suv, [], load_plan("suv3"), modality="SPECT")

    def volumes(identity: str) -> list[float]:
        named = [one for one in found.lesions if one.identity is not None and one.identity.identity == identity]
        return sorted((one.measures.volume_ml for one in named), reverse=True)

    assert volumes("kidney") == pytest.approx(kidneys_ml, abs=0.1)
    assert volumes("spleen") == pytest.approx([spleen_ml], abs=0.1)
    assert found.burden.tumour_auto_ml == pytest.approx(tumour_ml, abs=1.0)
    assert found.burden_row["uncertain_ml"] == pytest.approx(uncertain_ml, abs=1.5)
    category = {one.lesion: one.category for one in found.lesions}
    removed = found.array_of("physiological")
    largest = []
    for drawn in read_masks(folder / "mask", suv.geometry):
        held = np.bincount(found.labels[drawn.array])
        largest.append(int(held[1:].argmax()) + 1)
        assert category[largest[-1]] == "tumour"
        assert not (drawn.array & removed).any()
    assert len(set(largest)) == 2  # each drawn lesion in a part of its own
