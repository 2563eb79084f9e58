import datetime as dt

import numpy as np
import pytest
from tests.imaging.make import mask
from tests.segment.make import GRID, LIVER, at, organs, patient

from lutrace.core import ContradictionError, UnsupportedError
from lutrace.physics import RecoveryCurve
from lutrace.segment import compute_mipsma_score, find_lesions, load_plan, measure_expression_scale

SUV3 = load_plan("suv3")
ALL = organs("kidney_left", "liver", "skeleton")
CURVE = RecoveryCurve("camera A", "OSEM", "Lu-177", "phantom", dt.date(2026, 1, 5), 1.0, 100.0, a_ml=5.0, b=1.0)
TWO = [(at(0, 40, 120, 14), 8.0), (at(0, -40, 200, 6), 12.0)]


def test_without_a_curve_nothing_is_corrected() -> None:
    found = find_lesions(patient(*TWO), ALL, SUV3)
    assert {row["recovery"] for row in found.rows} == {None}
    assert {row["suv_mean_corrected"] for row in found.rows} == {None}
    assert (found.burden.tlp_corrected_ml, found.burden.suv_mean_corrected) == (None, None)


def test_with_a_curve_both_the_measured_and_the_corrected_uptake_are_reported() -> None:
    found = find_lesions(patient(*TWO), ALL, SUV3, recovery=CURVE)
    plain = find_lesions(patient(*TWO), ALL, SUV3)
    for row, other in zip(found.rows, plain.rows, strict=True):
        recovery = 1 / (1 + 5.0 / max(row["volume_ml"], 1.0))  # the smallest sphere had 1 mL
        assert row["recovery"] == pytest.approx(recovery)
        assert row["suv_mean"] == other["suv_mean"]
        assert row["suv_mean_corrected"] == pytest.approx(row["suv_mean"] / recovery)
        assert row["tlp_corrected_ml"] == pytest.approx(row["suv_mean_corrected"] * row["volume_ml"])
    tumour = [row for row in found.rows if row["category"] == "tumour"]
    burden = found.burden_row
    assert burden["tlp_corrected_ml"] == pytest.approx(sum(row["tlp_corrected_ml"] for row in tumour))
    assert burden["suv_mean_corrected"] == pytest.approx(burden["tlp_corrected_ml"] / burden["tumour_auto_ml"])
    assert burden["tlp_ml"] == plain.burden_row["tlp_ml"]
    beyond = sum(row["volume_ml"] < 1.0 for row in found.rows)
    assert any(note.startswith(f"recovery: {beyond} lesions beyond") for note in found.notes) == (beyond > 0)


def test_totals_with_uncertain_hold_both_kinds() -> None:
    found = find_lesions(patient((at(0, 40, 120, 12), 8.0), (at(-60, 0, 130, 12), 12.0)), ALL, SUV3)
    tumour, uncertain = ([one.measures for one in found.lesions if one.category == c] for c in ("tumour", "uncertain"))
    assert tumour
    assert uncertain
    both = [*tumour, *uncertain]
    burden = found.burden_row
    assert burden["tlp_with_uncertain_ml"] == pytest.approx(sum(one.total for one in both))
    assert burden["suv_max_with_uncertain"] == max(one.max for one in both)
    volume_ml = burden["tumour_auto_ml"] + burden["uncertain_ml"]
    assert burden["suv_mean_with_uncertain"] == pytest.approx(burden["tlp_with_uncertain_ml"] / volume_ml)
    assert burden["tlp_ml"] == pytest.approx(sum(one.total for one in tumour))
    assert burden["tumour_reviewed_ml"] is None


def expression_organs() -> list:
    blood, gland, spleen = at(-20, 0, 220, 12), at(40, -40, 30, 12), at(80, 20, 180, 16)
    return [
        mask(blood, GRID, "blood_pool"),
        mask(LIVER, GRID, "liver"),
        mask(gland, GRID, "parotid_left"),
        mask(spleen, GRID, "spleen"),
    ]


def test_mipsma_scores_by_blood_pool_liver_and_parotid_of_the_same_scan() -> None:
    masks = expression_organs()
    scan = patient((masks[0].array, 1.5), (masks[2].array, 15.0), (masks[3].array, 8.0), liver=5.0)
    organs_ = {one.name: one for one in masks}
    scale = measure_expression_scale(scan, organs_, tracer="68Ga-PSMA-11", erosion_mm=10.0)
    assert scale is not None
    assert (scale.blood_pool, scale.organ, scale.parotid, scale.region) == pytest.approx((1.5, 5.0, 15.0, "liver"))
    assert [compute_mipsma_score(suv, scale) for suv in (1.4, 1.5, 4.9, 5.0, 14.9, 15.0)] == [0, 1, 1, 2, 2, 3]


def test_for_psma_1007_the_spleen_stands_in_the_place_of_the_liver() -> None:
    masks = expression_organs()
    scan = patient((masks[0].array, 1.5), (masks[2].array, 15.0), (masks[3].array, 8.0), liver=12.0)
    lesion = at(0, 40, 120, 12)
    scan.array[lesion] = 9.0
    for tracer, score in (("18F-PSMA-1007", 2), ("68Ga-PSMA-11", 1)):
        found = find_lesions(scan, masks, SUV3, tracer=tracer, modality="PET")
        (row,) = [row for row in found.rows if abs(row["z_mm"] - 120) < 4 and abs(row["x_mm"]) < 4]
        assert row["mipsma_score"] == score
        assert found.reference is not None
        assert found.reference.region == ("spleen" if "1007" in tracer else "liver")


def test_without_all_three_references_there_is_no_score() -> None:
    masks = {one.name: one for one in expression_organs() if one.name != "parotid_left"}
    assert measure_expression_scale(patient(), masks, tracer=None, erosion_mm=10.0) is None
    assert compute_mipsma_score(9.0, None) is None


def test_references_that_do_not_rise_give_no_score() -> None:
    masks = expression_organs()
    scan = patient((masks[0].array, 6.0), (masks[2].array, 15.0), liver=5.0)
    assert measure_expression_scale(scan, {one.name: one for one in masks}, tracer=None, erosion_mm=10.0) is None


def test_seeds_of_another_grid_and_another_modality_are_refused() -> None:
    with pytest.raises(ContradictionError, match="tumour seeds: expected the grid"):
        find_lesions(patient(), ALL, SUV3, tumour_seeds=np.zeros((2, 2, 2), bool))
    with pytest.raises(UnsupportedError, match="expected modality PET or SPECT, found MR"):
        find_lesions(patient(), ALL, SUV3, modality="MR")
