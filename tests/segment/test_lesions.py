import os
from pathlib import Path

import numpy as np
import pytest
from tests.imaging.make import grid, mask, volume
from tests.segment.make import GRID, KIDNEY, LIVER, at, organs, patient

from lutrace.core import ContradictionError, MissingFactError, ProtocolError, UnsupportedError
from lutrace.segment import LesionSet, find_lesions, load_plan, measure_organs, set_site_constant
from lutrace.tables import LESIONS, ORGANS, PROVENANCE, TUMOUR_BURDENS

SUV3 = load_plan("suv3")
ALL = organs("kidney_left", "liver", "skeleton")
VOXEL_ML = GRID.voxel_volume_ml


def categories(found: LesionSet) -> list[str]:
    return [lesion.category for lesion in found.lesions]


def test_a_lesion_in_bone_is_measured_and_the_kidney_is_not_tumour() -> None:
    spot = at(0, 40, 120, 10)
    found = find_lesions(patient((spot, 9.0)), ALL, SUV3)
    assert categories(found) == ["tumour"]
    (lesion,) = found.lesions
    assert lesion.site == "bone"
    assert lesion.measures.voxels == spot.sum()
    assert (lesion.measures.max, lesion.measures.mean) == (9.0, 9.0)
    assert lesion.measures.centroid_mm == pytest.approx((0, 40, 120), abs=0.01)
    assert found.burden.tumour_auto_ml == pytest.approx(spot.sum() * VOXEL_ML)
    assert found.burden.tlp_ml == pytest.approx(9 * spot.sum() * VOXEL_ML)


def test_above_threshold_counts_organs_too() -> None:
    spot = at(0, 40, 120, 10)
    found = find_lesions(patient((spot, 9.0)), ALL, SUV3)
    assert found.burden.above_threshold_ml == pytest.approx((spot | KIDNEY | LIVER).sum() * VOXEL_ML)


def test_without_organ_masks_the_labeller_names_each_lesion_and_the_output_says_candidate_uptake() -> None:
    found = find_lesions(patient((at(0, 40, 120, 10), 9.0)), [], SUV3)
    assert len(found.lesions) == 3
    assert all(row["identity"] is not None and 0 <= row["identity_probability"] <= 1 for row in found.rows)
    assert (found.burden_row["organs_given"], found.burden_row["organ_source"]) == (False, "labeller")
    assert "candidate uptake, not TTV" in found.notes[0]


def test_without_organ_masks_and_labeller_everything_is_uncertain() -> None:
    found = find_lesions(patient((at(0, 40, 120, 10), 9.0)), [], SUV3.model_copy(update={"organs": ("given",)}))
    assert categories(found) == ["uncertain"] * 3
    assert found.burden.tumour_auto_ml == 0
    assert (found.burden_row["organs_given"], found.burden_row["organ_source"]) == (False, "none")


def test_the_rim_of_spill_out_around_an_organ_is_no_lesion() -> None:
    scan = patient()
    scan.array[at(60, 20, 100, 36) & ~KIDNEY] = 5.0  # a shell of 12 mm, more than the margin of 8 mm
    found = find_lesions(scan, ALL, SUV3)
    assert "tumour" not in categories(found)
    assert found.burden.tumour_auto_ml == 0


def test_a_hot_focus_beside_an_organ_survives_the_removal_of_the_organ() -> None:
    found = find_lesions(patient((at(60, 20, 142, 14), 8.0), (at(60, 20, 142, 6), 20.0)), ALL, SUV3)
    assert categories(found) == ["tumour"]
    assert found.burden.suv_max == 20.0


def test_a_focus_beside_an_organ_that_hardly_stands_out_is_uncertain() -> None:
    # the halo of SUV 8 reaches the kidney, so 8 is the saddle: 10 / 8 is below 1.3, 20 / 8 above
    beside = at(60, 20, 138, 16)
    for top, category in ((10.0, "uncertain"), (20.0, "tumour")):
        found = find_lesions(patient((beside & ~KIDNEY, 8.0), (at(60, 20, 142, 8), top)), ALL, SUV3)
        assert categories(found) == [category]


def test_a_focus_twice_as_hot_as_the_liver_is_uncertain_and_of_the_liver() -> None:
    focus = at(-60, 0, 130, 12)
    found = find_lesions(patient((focus, 12.0)), ALL, SUV3)
    assert categories(found) == ["uncertain"]
    assert found.lesions[0].site == "liver"
    assert found.burden.uncertain_ml == pytest.approx(focus.sum() * VOXEL_ML)
    assert found.liver is not None
    assert found.liver.suv_mean == pytest.approx(4.0)


def test_the_normal_liver_is_no_lesion_even_above_the_threshold() -> None:
    assert find_lesions(patient(), ALL, SUV3).lesions == ()


def test_a_component_below_the_least_volume_is_not_a_lesion() -> None:
    spot = np.zeros(GRID.shape_zyx, bool)
    spot[30, 34, 31:37] = True  # 6 x 0.064 mL = 0.384 mL < 0.5 mL
    found = find_lesions(patient((spot, 9.0)), ALL, SUV3)
    assert found.lesions == ()
    assert found.burden.above_threshold_ml > (KIDNEY | LIVER).sum() * VOXEL_ML


def test_a_lesion_smaller_than_the_resolution_is_flagged() -> None:
    found = find_lesions(patient((at(0, 40, 120, 5.7), 9.0), (at(0, 60, 200, 12), 9.0)), ALL, SUV3)
    # a sphere of 12 mm has 0.905 mL
    assert [lesion.below_resolution for lesion in found.lesions] == [
        lesion.measures.volume_ml < 0.905 for lesion in found.lesions
    ]
    assert sorted(lesion.below_resolution for lesion in found.lesions) == [False, True]


def test_uptake_outside_the_body_mask_does_not_count() -> None:
    spot = at(0, 40, 120, 10)
    body = mask(~at(0, 40, 120, 20), GRID, "body")
    assert find_lesions(patient((spot, 9.0)), [*ALL, body], SUV3).lesions == ()


def test_outside_bone_and_every_organ_a_lesion_is_a_node() -> None:
    assert find_lesions(patient((at(0, -40, 200, 10), 9.0)), ALL, SUV3).lesions[0].site == "node"


def test_without_a_skeleton_no_site_is_claimed() -> None:
    found = find_lesions(patient((at(0, -40, 200, 10), 9.0)), organs("kidney_left", "liver"), SUV3)
    assert found.lesions[0].site is None
    assert any("no mask of kidney_right" in note for note in found.notes)


def test_a_percentage_plan_cuts_each_lesion_at_its_own_maximum() -> None:
    core, halo = at(0, 40, 120, 8), at(0, 40, 120, 14)
    found = find_lesions(patient((halo, 4.0), (core, 9.0)), ALL, load_plan("percent50"))
    assert found.lesions[0].measures.voxels == core.sum()
    assert (
        find_lesions(patient((halo, 4.0), (core, 9.0)), ALL, load_plan("percent41")).lesions[0].measures.voxels
        == halo.sum()
    )


def test_the_adaptive_plan_cuts_between_centre_and_surroundings() -> None:
    core, halo = at(0, 40, 120, 12), at(0, 40, 120, 18)
    # a sphere of 12 mm at a resolution of 12 mm keeps its size at 0.383: 0.5 + 0.383 x 8.5 = 3.76, a halo of 3.5 goes
    found = find_lesions(patient((halo, 3.5), (core, 9.0)), ALL, load_plan("adaptive"), modality="SPECT")
    assert found.lesions[0].measures.voxels == core.sum()


def test_the_liver_plan_takes_its_threshold_from_the_liver_of_the_scan() -> None:
    scan = patient((at(0, 40, 120, 10), 9.0), liver=2.0)
    found = find_lesions(scan, ALL, load_plan("liver"), tracer="68Ga-PSMA-11", modality="PET")
    assert found.threshold_suv == pytest.approx(4.3)  # 4.3 / 2 x (2 + 0)
    with pytest.raises(MissingFactError, match="mask named liver"):
        find_lesions(scan, organs("kidney_left"), load_plan("liver"), tracer="Ga-68 PSMA-11", modality="PT")


@pytest.mark.parametrize(
    ("tracer", "modality"),
    [("18F-PSMA-1007", "PET"), ("177Lu-PSMA-617", "SPECT"), ("68Ga-DOTATATE", "PET"), ("18F-AlF-PSMA-11", "PET")],
)
def test_the_constant_of_the_liver_plan_is_refused_for_another_tracer(tracer: str, modality: str) -> None:
    with pytest.raises(UnsupportedError, match="holds for 68Ga-PSMA-11 PET only"):
        find_lesions(patient(), ALL, load_plan("liver"), tracer=tracer, modality=modality)


def test_the_constant_of_the_liver_plan_is_refused_on_spect_and_for_an_unknown_tracer() -> None:
    with pytest.raises(UnsupportedError, match="found another tracer or modality"):
        find_lesions(patient(), ALL, load_plan("liver"), tracer="68Ga-PSMA-11", modality="SPECT")
    with pytest.raises(MissingFactError, match="tracer or modality is not stated"):
        find_lesions(patient(), ALL, load_plan("liver"), modality="PET")


def test_a_constant_of_the_site_holds_for_any_tracer_and_every_row_says_unvalidated() -> None:
    plan = set_site_constant(load_plan("liver"), 3.0)
    found = find_lesions(patient((at(0, 40, 120, 10), 9.0), liver=2.0), ALL, plan, tracer="177Lu-PSMA-617")
    assert found.threshold_suv == pytest.approx(3.0)
    assert {row["plan"] for row in found.rows} == {"liver_unvalidated"}
    assert found.burden_row["plan"] == "liver_unvalidated"
    assert any("unvalidated" in note for note in found.notes)
    assert plan.digest != load_plan("liver").digest
    with pytest.raises(ProtocolError, match="not of this one"):
        set_site_constant(SUV3, 3.0)


def test_activity_that_is_not_suv_is_refused() -> None:
    with pytest.raises(ContradictionError, match="found Bq/mL"):
        find_lesions(volume(np.ones(GRID.shape_zyx), GRID, "Bq/mL"), [], SUV3)


def test_a_mask_of_another_grid_is_refused() -> None:
    with pytest.raises(ContradictionError, match="resample it first"):
        find_lesions(patient(), [mask(np.zeros((12, 16, 20), bool), grid(), "liver")], SUV3)


def test_rows_hold_exactly_the_declared_columns() -> None:
    found = find_lesions(patient((at(0, 40, 120, 10), 9.0)), ALL, SUV3)
    provenance = {column.name for column in PROVENANCE}
    for table, row in ((LESIONS, found.rows[0]), (TUMOUR_BURDENS, found.burden_row)):
        assert set(row) == {c.name for c in table.columns} - provenance - {"patient_id", "scan_id", "inputs_digest"}
    row = measure_organs(patient(), ALL, SUV3)[0]
    assert set(row) == {c.name for c in ORGANS.columns} - provenance - {"patient_id", "scan_id"}


def test_organ_uptake_is_that_of_its_mask() -> None:
    rows = {row["region"]: row for row in measure_organs(patient(), ALL, SUV3)}
    assert (rows["kidney_left"]["suv_mean"], rows["liver"]["suv_mean"]) == (30.0, 4.0)
    assert rows["liver"]["volume_ml"] == pytest.approx(LIVER.sum() * VOXEL_ML)


@pytest.mark.real_data
def test_suv_3_without_organs_is_a_litre_in_the_real_lutetium_scan() -> None:
    root = os.environ.get("LUTRACE_REAL_DATA")
    if not root:
        pytest.skip("not run: no real data")
    from lutrace.dicom import index_folder, read_series

    image = read_series(index_folder([Path(root) / "spect_lu177_xspect" / "SCAN_001" / "image"]).series[0]).volume
    scan = image.with_array(image.array * np.float32(1.28961874e-5), "g/mL")
    found = find_lesions(scan, [], SUV3)
    assert found.burden.above_threshold_ml == pytest.approx(1039.97, abs=0.01)
    assert find_lesions(scan, [], load_plan("suv4")).burden.above_threshold_ml == pytest.approx(777.27, abs=0.01)
