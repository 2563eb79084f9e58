"""The networks: what they say when they cannot run, and which of their classes is which region."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from tests.imaging.make import grid, volume

from lutrace.core import ContradictionError, MissingFactError, UnusableInputError
from lutrace.imaging import Volume
from lutrace.segment.nnunet import NnunetModel, channels_of, lesion_label_of, upright_geometry
from lutrace.segment.total_segmentator import TotalSegmentator, add_regions, load_library, region_of_class
from lutrace.terms import regions

GRID = grid((6, 6, 6), (4.0, 4.0, 4.0))


def image(unit: str) -> Volume:
    return volume(np.zeros(GRID.shape_zyx), GRID, unit)


def weights(folder: Path, *numbers: int) -> Path:
    for number in numbers:
        (folder / f"Dataset{number}_any" / "trainer__plans__3d_fullres").mkdir(parents=True)
        (folder / f"Dataset{number}_any" / "trainer__plans__3d_fullres" / "plans.json").write_text("{}")
    return folder


def test_a_folder_without_weights_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(UnusableInputError, match=r"organ_models\.folder in the site profile"):
        TotalSegmentator(tmp_path / "nowhere").draw_organs(image("HU"), GRID)
    with pytest.raises(UnusableInputError, match=r"Dataset297_.*Dataset775_.*totalseg_download_weights"):
        TotalSegmentator(tmp_path).draw_organs(image("HU"), GRID)


def test_only_what_is_missing_is_named_and_the_glands_can_be_left_out(tmp_path: Path) -> None:
    folder = weights(tmp_path, 297)
    with pytest.raises(UnusableInputError, match=r"no weights Dataset775_\.\.\., Dataset298_\.\.\.;.*glands to false"):
        TotalSegmentator(folder).check_weights()
    assert TotalSegmentator(folder, glands=False).check_weights() is True
    weights(folder, 291, 292, 293, 294, 295)
    assert TotalSegmentator(folder, glands=False).check_weights() is False


@pytest.mark.skipif(importlib.util.find_spec("totalsegmentator") is not None, reason="the optional extra is installed")
def test_without_the_library_the_message_says_how_to_install_it(tmp_path: Path) -> None:
    folder = weights(tmp_path, 297)
    with pytest.raises(UnusableInputError, match=r"totalsegmentator is not installed.*pip install 'lutrace\[segment"):
        TotalSegmentator(folder, glands=False).draw_organs(image("HU"), GRID)


def test_a_library_that_nobody_wrote_is_not_installed() -> None:
    with pytest.raises(UnusableInputError, match="no_such_network is not installed"):
        load_library("no_such_network.api")


def test_an_image_that_is_no_ct_is_not_segmented(tmp_path: Path) -> None:
    with pytest.raises(ContradictionError, match="expected a CT in HU"):
        TotalSegmentator(tmp_path).draw_organs(image("g/mL"), GRID)


def test_classes_become_the_regions_of_the_vocabulary_and_nothing_else() -> None:
    assert region_of_class("urinary_bladder") == "bladder"
    assert region_of_class("duodenum") == "small_bowel"
    assert region_of_class("parotid_gland_left") == "parotid_left"
    assert region_of_class("submandibular_gland_right") == "submandibular_right"
    assert region_of_class("aorta") == "blood_pool"
    for bone in ("vertebrae_L5", "vertebrae_C1", "rib_left_12", "hip_right", "sacrum", "skull", "clavicula_left"):
        assert region_of_class(bone) == "skeleton"
    for other in (
        "stomach",
        "colon",
        "brain",
        "spinal_cord",
        "gluteus_medius_left",
        "costal_cartilages",
        "iliac_vena_left",
    ):
        assert region_of_class(other) is None
    found: dict[str, np.ndarray] = {}
    labels = np.zeros((1, 1, 5), np.int32)
    labels[0, 0] = [0, 1, 2, 3, 4]
    add_regions(found, labels, {1: "duodenum", 2: "small_bowel", 3: "colon", 4: "sacrum"})
    assert set(found) == {"small_bowel", "skeleton"} <= set(regions())
    assert found["small_bowel"].ravel().tolist() == [False, True, True, False, False]


def model(folder: Path, channel_names: dict[str, str], labels: dict[str, object]) -> Path:
    (folder / "fold_0").mkdir(parents=True)
    (folder / "fold_0" / "checkpoint_final.pth").write_bytes(b"weights")
    (folder / "plans.json").write_text("{}")
    (folder / "dataset.json").write_text(json.dumps({"channel_names": channel_names, "labels": labels}))
    return folder


def test_a_folder_that_is_no_nnunet_model_is_refused_by_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(UnusableInputError, match=r"dataset\.json, plans\.json, fold_\.\.\./checkpoint_final\.pth"):
        NnunetModel(tmp_path).find_candidates(image("g/mL"))


def test_a_model_trained_with_ct_is_not_run_without_one(tmp_path: Path) -> None:
    folder = model(tmp_path, {"0": "CT", "1": "PET"}, {"background": 0, "lesion": 1})
    with pytest.raises(MissingFactError, match="this scan has no CT"):
        NnunetModel(folder).find_candidates(image("g/mL"))


@pytest.mark.skipif(importlib.util.find_spec("nnunetv2") is not None, reason="the optional extra is installed")
def test_without_nnunet_the_message_says_how_to_install_it(tmp_path: Path) -> None:
    folder = model(tmp_path, {"0": "SUV"}, {"background": 0, "lesion": 1})
    with pytest.raises(UnusableInputError, match="nnunetv2 is not installed"):
        NnunetModel(folder).find_candidates(image("g/mL"))


def test_channels_follow_their_names_and_unknown_ones_are_refused() -> None:
    assert channels_of({"channel_names": {"1": "PSMA-PET", "0": "CT"}}) == ("CT", "SUV")
    with pytest.raises(UnusableInputError, match="is called T2"):
        channels_of({"channel_names": {"0": "T2"}})
    with pytest.raises(UnusableInputError, match="no channel of uptake"):
        channels_of({"channel_names": {"0": "CT"}})


def test_the_lesion_label_must_be_clear() -> None:
    assert lesion_label_of({"labels": {"background": 0, "foreground": 1}}) == 1
    assert lesion_label_of({"labels": {"background": 0, "normal": 1, "TTB": 2}}) == 2
    with pytest.raises(UnusableInputError, match="found a, b"):
        lesion_label_of({"labels": {"background": 0, "a": 1, "b": 2}})
    with pytest.raises(UnusableInputError, match="found none"):
        lesion_label_of({"labels": {"background": 0}})


def test_the_upright_grid_covers_a_turned_scan_voxel_for_voxel() -> None:
    turned = grid((5, 7, 9), (2.0, 3.0, 4.0), (10.0, 20.0, 30.0), (-1, 0, 0, 0, 0, 1, 0, -1, 0))
    upright = upright_geometry(turned)
    assert sorted(upright.size_xyz) == [5, 7, 9]
    assert upright.direction == (1, 0, 0, 0, 1, 0, 0, 0, 1)
    assert sorted(map(tuple, np.round(upright.corners_mm, 6))) == sorted(map(tuple, np.round(turned.corners_mm, 6)))
