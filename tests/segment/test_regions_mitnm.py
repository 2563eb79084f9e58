import numpy as np
import pytest
from tests.imaging.make import ball, grid, mask, volume

from lutrace.segment import find_lesions, load_plan
from lutrace.segment.regions_mitnm import NodeLevels, find_node_levels, mitnm_of, summarise_mitnm

GRID = grid((32, 32, 100), (6.0, 6.0, 6.0), (-93.0, -93.0, 0.0))
BLADDER, KIDNEY = ball(GRID, 24.0, np.array([0, 0, 60.0])), ball(GRID, 36.0, np.array([50, 0, 300.0]))
SCAN = volume(np.full(GRID.shape_zyx, 0.5), GRID)


def levels(**masks: np.ndarray) -> NodeLevels:
    return find_node_levels(SCAN, {name: mask(array, GRID, name) for name, array in masks.items()})


@pytest.mark.parametrize(
    ("site", "region"),
    [("prostate", "T"), ("bone", "M1b"), ("liver", "M1c"), ("lung", "M1c"), ("other", "M1c"), (None, None)],
)
def test_masks_give_the_region_of_all_but_nodes(site: str | None, region: str | None) -> None:
    assert mitnm_of(site, 100.0, NodeLevels(None, None)) == region


def test_a_node_is_pelvic_below_the_aortic_bifurcation_and_between_nothing_is_said() -> None:
    found = levels(bladder=BLADDER, kidney_left=KIDNEY)
    # bladder to about 84 mm, kidney from about 264 mm: pelvic to 84 + 0.6 x 180 = 192 mm
    assert found.pelvic_mm == pytest.approx(192, abs=8)
    assert found.extrapelvic_mm == pytest.approx(264, abs=8)
    assert [mitnm_of("node", z, found) for z in (120.0, 230.0, 400.0)] == ["N", None, "M1a"]


def test_with_one_organ_only_the_safe_side_is_told() -> None:
    assert [mitnm_of("node", z, levels(kidney_left=KIDNEY)) for z in (100.0, 230.0, 400.0)] == ["N", None, "M1a"]
    assert [mitnm_of("node", z, levels(bladder=BLADDER)) for z in (100.0, 230.0, 400.0)] == ["N", None, None]
    assert mitnm_of("node", 100.0, levels()) is None


def test_the_summary_names_each_region_once_in_the_order_of_mitnm() -> None:
    assert summarise_mitnm(["M1b", None, "N", "M1b", "M1a"]) == "N M1a M1b"
    assert summarise_mitnm([None]) is None


def test_rows_and_totals_carry_the_regions() -> None:
    spots = {"node": (0, 0, 130.0), "bone": (0, 60, 240.0), "liver": (-50, 0, 330.0)}
    array = np.full(GRID.shape_zyx, 0.5)
    for centre in spots.values():
        array[ball(GRID, 16.0, np.array(centre))] = 9.0
    masks = [
        mask(ball(GRID, 24.0, np.array(spots["bone"])), GRID, "skeleton"),
        mask(ball(GRID, 60.0, np.array(spots["liver"])), GRID, "liver"),
        mask(BLADDER, GRID, "bladder"),
        mask(KIDNEY, GRID, "kidney_left"),
    ]
    found = find_lesions(volume(array, GRID), masks, load_plan("suv3"))
    assert {row["site"]: row["mitnm"] for row in found.rows} == {"node": "N", "bone": "M1b", "liver": "M1c"}
    burden = found.burden_row
    assert burden["bone_ml"] is not None
    assert burden["node_ml"] is not None
    tumour = {row["site"]: row["volume_ml"] for row in found.rows if row["category"] == "tumour"}
    assert burden["bone_ml"] == pytest.approx(tumour.get("bone", 0.0))
    assert burden["node_ml"] == pytest.approx(tumour.get("node", 0.0))
