"""`lutrace suv` on synthetic series of every hard case, and on the real 177Lu pair."""

from __future__ import annotations

import datetime as dt
import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from tests.dicom.build import ct_slices, drug, lutetium, nm_recon, pet_slices, private, ramp, spect_as_pet, write

from lutrace.core import Row, TableError, UnusableInputError
from lutrace.ingest import run_suv
from lutrace.physics import QuantProfile

HALF_LIFE_S = 6586.2
LAMBDA = math.log(2) / HALF_LIFE_S
AN_HOUR = 75000 / (370e6 * 2 ** (-3600 / HALF_LIFE_S))
"""The factor of the plain synthetic PET: 75 kg, 370 MBq of F-18, one hour from injection to series time."""

REAL = os.environ.get("LUTRACE_REAL_DATA")


def one(folder: Path, datasets: Any, *, injections: Path | None = None, profile: QuantProfile | None = None) -> Row:
    (row,) = run_suv([write(folder / "dicom", datasets)], injections=injections, profile=profile).rows
    return row


def ok(row: Row) -> Row:
    assert row["status"] == "ok", row["reason"]
    return row


def table(folder: Path, **cells: Any) -> Path:
    stated = {"patient_id": "SYN-1", "cycle": 1} | cells
    path = folder / "injections.csv"
    path.write_text(
        ",".join(stated) + "\n" + ",".join("" if v is None else str(v) for v in stated.values()) + "\n",
        encoding="utf-8",
    )
    return path


def test_start_decays_the_dose_from_injection_to_series_time(tmp_path: Path) -> None:
    row = ok(one(tmp_path, pet_slices()))
    assert row["factor_suvbw"] == pytest.approx(AN_HOUR, rel=1e-12)
    assert row["suvbw_max"] == pytest.approx(AN_HOUR * 423 * 2.5, rel=1e-6)
    assert row["reference_datetime"] == "2023-05-17T11:00:00"
    assert row["injected_bq_at_reference"] == pytest.approx(370e6 * 2 ** (-3600 / HALF_LIFE_S))
    assert any(step.startswith("decay of the dose") for step in row["steps"])


def test_a_row_is_json(tmp_path: Path) -> None:
    assert json.loads(json.dumps(one(tmp_path, pet_slices())))["status"] == "ok"


@pytest.mark.parametrize("dated", [False, True], ids=["time only", "date-time"])
def test_a_scan_after_midnight_finds_the_injection_of_the_evening_before(tmp_path: Path, dated: bool) -> None:
    item = drug(
        RadiopharmaceuticalStartTime="233500",
        RadiopharmaceuticalStartDateTime="20230516233500" if dated else None,
    )
    row = ok(one(tmp_path, pet_slices(drug_item=item, SeriesTime="002011", AcquisitionTime="002011")))
    elapsed = 45 * 60 + 11
    assert row["factor_suvbw"] == pytest.approx(75000 / 370e6 * 2 ** (elapsed / HALF_LIFE_S), rel=1e-12)
    assert any("midnight was crossed" in warning for warning in row["warnings"]) is not dated


def test_a_lutetium_injection_with_a_clock_time_only_is_not_placed_on_a_day(tmp_path: Path) -> None:
    item = lutetium(RadiopharmaceuticalStartDateTime=None)
    row = one(tmp_path, spect_as_pet(hours=28, DecayCorrection="START", drug_item=item))
    assert row["status"] == "refused"
    assert "day of injection" in row["reason"]


def test_the_record_gives_the_day_that_the_header_lacks(tmp_path: Path) -> None:
    item = lutetium(RadiopharmaceuticalStartDateTime=None)
    path = table(tmp_path, administered_mbq=7400, injection_datetime="2023-05-17T09:00", weight_kg=75)
    slices = spect_as_pet(hours=28, DecayCorrection="START", DecayFactor=None, drug_item=item)
    row = ok(one(tmp_path, slices, injections=path))
    assert row["factor_suvbw"] == pytest.approx(75000 / 7.4e9 * 2 ** (28 * 3600 / 574300), rel=1e-12)


def test_admin_at_28_hours_is_not_decayed_again(tmp_path: Path) -> None:
    row = ok(one(tmp_path, spect_as_pet(hours=28)))
    assert row["factor_suvbw"] == pytest.approx(75000 / 7.4e9, rel=1e-12)
    assert row["hours_after_injection"] == pytest.approx(28)
    assert row["warnings"] == []


def test_start_and_admin_give_the_same_suv(tmp_path: Path) -> None:
    """The same uptake written both ways: Bq/mL at the scan, and decayed back to the injection."""
    back = 2 ** (28 * 3600 / 574300)
    admin = ok(one(tmp_path / "a", spect_as_pet(hours=28, RescaleSlope=100 * back)))
    start = ok(one(tmp_path / "s", spect_as_pet(hours=28, RescaleSlope=100, DecayCorrection="START", DecayFactor=None)))
    assert admin["suvbw_max"] * 1.0 == pytest.approx(start["suvbw_max"], rel=3e-7)  # float32 voxels
    per_stored = 100 * back * admin["factor_suvbw"], 100 * start["factor_suvbw"]
    assert per_stored[0] == pytest.approx(per_stored[1], rel=1e-9)


def test_ten_beds_with_a_late_last_bed_refer_to_the_series_start(tmp_path: Path) -> None:
    def edit(dataset: Dataset, index: int) -> None:
        late = dt.datetime(2023, 5, 17, 11, 0, 0) + dt.timedelta(seconds=180 * index)
        dataset.AcquisitionTime = late.strftime("%H%M%S")
        mean_at = math.log(LAMBDA * 120 / (1 - math.exp(-LAMBDA * 120))) / LAMBDA
        dataset.FrameReferenceTime = round((180 * index + mean_at) * 1000, 3)
        dataset.DecayFactor = round(math.exp(LAMBDA * (180 * index + mean_at)), 7)

    row = ok(one(tmp_path, pet_slices(10, edit=edit)))
    assert row["factor_suvbw"] == pytest.approx(AN_HOUR, rel=1e-12)
    assert row["warnings"] == []
    assert any(check.startswith("Decay Factor identity: worst of 10 images") for check in row["checks"])


def test_a_decay_factor_that_contradicts_its_reference_time_warns(tmp_path: Path) -> None:
    row = ok(one(tmp_path, pet_slices(FrameReferenceTime=1562764, DecayFactor=1.30)))
    assert any("Decay Factor (0054,1321) is +" in warning for warning in row["warnings"])


def test_the_decay_factor_of_a_real_siemens_header_meets_the_identity(tmp_path: Path) -> None:
    """QIN-HEADNECK-01-0139: Frame Reference Time 1562.764 s and Decay Factor 1.1787673."""
    item = drug(RadionuclideHalfLife=6586.2)
    row = ok(one(tmp_path, pet_slices(drug_item=item, FrameReferenceTime=1562764, DecayFactor=1.1787673,
                                      AcquisitionTime="112500")))  # fmt: skip
    (check,) = [c for c in row["checks"] if c.startswith("Decay Factor identity")]
    assert "0.00" in check


def _post_processed(dataset: Dataset, index: int) -> None:
    dataset.SeriesTime = "150000"


def test_a_post_processed_ge_series_takes_the_private_scan_date_time(tmp_path: Path) -> None:
    def edit(dataset: Dataset, index: int) -> None:
        _post_processed(dataset, index)
        private(dataset, 0x0009, "GEMS_PETD_01", {0x0D: ("DT", "20230517110000.00")}, others=2)

    row = ok(one(tmp_path, pet_slices(edit=edit)))
    assert row["factor_suvbw"] == pytest.approx(AN_HOUR, rel=1e-12)
    assert any("GE private scan date-time" in step for step in row["steps"])


def test_a_post_processed_siemens_series_takes_the_private_decay_correction_date_time(tmp_path: Path) -> None:
    def edit(dataset: Dataset, index: int) -> None:
        _post_processed(dataset, index)
        private(dataset, 0x0071, "SIEMENS MED PT", {0x22: ("DT", "20230517110000")})

    assert ok(one(tmp_path, pet_slices(edit=edit)))["factor_suvbw"] == pytest.approx(AN_HOUR, rel=1e-12)


def test_a_post_processed_series_without_private_times_is_computed_back_from_all_images(tmp_path: Path) -> None:
    mean_at = math.log(LAMBDA * 120 / (1 - math.exp(-LAMBDA * 120))) / LAMBDA

    def edit(dataset: Dataset, index: int) -> None:
        _post_processed(dataset, index)
        dataset.AcquisitionTime = (dt.datetime(2023, 5, 17, 11) + dt.timedelta(seconds=150 * index)).strftime("%H%M%S")
        dataset.FrameReferenceTime = (150 * index + mean_at) * 1000

    row = ok(one(tmp_path, pet_slices(edit=edit)))
    assert row["factor_suvbw"] == pytest.approx(AN_HOUR, rel=1e-8)
    assert any("computed back" in warning for warning in row["warnings"])


def test_a_post_processed_series_with_nothing_to_go_by_is_refused(tmp_path: Path) -> None:
    row = one(tmp_path, pet_slices(edit=_post_processed))
    assert (row["status"], row["factor_suvbw"]) == ("refused", None)
    assert "decay reference" in row["reason"]


def test_an_injection_from_ge_private_elements_is_used_when_the_standard_has_none(tmp_path: Path) -> None:
    def edit(dataset: Dataset, index: int) -> None:
        private(dataset, 0x0009, "GEMS_PETD_01", {0x3B: ("DT", "20230517100000.00")})

    item = drug(RadiopharmaceuticalStartTime=None, RadiopharmaceuticalStartDateTime=None)
    assert ok(one(tmp_path, pet_slices(drug_item=item, edit=edit)))["factor_suvbw"] == pytest.approx(AN_HOUR)


def test_without_decay_correction_each_slice_is_taken_back_by_its_own_time(tmp_path: Path) -> None:
    def edit(dataset: Dataset, index: int) -> None:
        dataset.AcquisitionTime = (dt.datetime(2023, 5, 17, 11) + dt.timedelta(minutes=5 * index)).strftime("%H%M%S")

    stored = np.full((3, 4, 6), 1000, np.int16)
    corrected = ["ATTN", "SCAT"]
    row = ok(one(tmp_path, pet_slices(3, stored=stored, edit=edit, DecayCorrection="NONE", CorrectedImage=corrected)))
    within = LAMBDA * 120 / (1 - math.exp(-LAMBDA * 120))
    last = within * math.exp(LAMBDA * (3600 + 600))
    assert row["factor_suvbw"] == pytest.approx(75000 / 370e6, rel=1e-12)
    assert row["suvbw_max"] == pytest.approx(2500 * 75000 / 370e6 * last, rel=1e-6)


@pytest.mark.parametrize("others", [0, 3], ids=["block 10", "block 13"])
def test_philips_counts_take_the_suv_factor_wherever_its_block_lies(tmp_path: Path, others: int) -> None:
    def edit(dataset: Dataset, index: int) -> None:
        elements = {0x00: ("DS", "0.000551"), 0x09: ("DS", "1.6")}
        private(dataset, 0x7053, "Philips PET Private Group", elements, others=others)

    row = ok(one(tmp_path, pet_slices(edit=edit, Units="CNTS", Manufacturer="Philips Medical Systems")))
    assert row["factor_suvbw"] == 0.000551
    own = 1.6 * AN_HOUR
    (check,) = [c for c in row["checks"] if c.startswith("Philips ratio")]
    assert f"{100 * (0.000551 / own - 1):+.3f} %" in check


def test_a_philips_suv_factor_of_zero_falls_back_to_the_activity_factor(tmp_path: Path) -> None:
    def edit(dataset: Dataset, index: int) -> None:
        private(dataset, 0x7053, "Philips PET Private Group", {0x00: ("DS", "0"), 0x09: ("DS", "1.6")})

    row = ok(one(tmp_path, pet_slices(edit=edit, Units="CNTS")))
    assert row["factor_suvbw"] == pytest.approx(1.6 * AN_HOUR)


def test_philips_counts_without_private_elements_are_refused(tmp_path: Path) -> None:
    row = one(tmp_path, pet_slices(Units="CNTS"))
    assert "expected the Philips SUV factor (7053,xx00)" in row["reason"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"PatientWeight": None}, "weight_kg (0010,1030): expected above 0, got None"),
        ({"PatientWeight": 0}, "weight_kg (0010,1030): expected above 0, got 0"),
        ({"PatientWeight": 75000}, "it looks like grams: set weight_in_grams"),
        ({"drug_item": drug(RadionuclideTotalDose=None)}, "Radionuclide Total Dose (0018,1074)"),
        ({"drug_item": drug(RadionuclideTotalDose=0)}, "Radionuclide Total Dose (0018,1074)"),
        (
            {"drug_item": drug(RadiopharmaceuticalStartTime=None, RadiopharmaceuticalStartDateTime=None)},
            "Radiopharmaceutical Start Date Time (0018,1078)",
        ),
        ({"drug_item": drug(RadiopharmaceuticalStartDateTime="20230517120000")}, "is after the scan"),
        ({"drug_item": drug(RadiopharmaceuticalStartDateTime="20230516100000")}, "half-lives before the scan"),
        ({"CorrectedImage": ["DECY", "SCAT"]}, "expected ATTN, found DECY, SCAT"),
        ({"CorrectedImage": None}, "Corrected Image (0028,0051): expected ATTN, found nothing"),
        ({"CorrectedImage": ["ATTN"]}, "Decay Correction (0054,1102) = START contradicts"),
        ({"DecayCorrection": "NONE"}, "Decay Correction (0054,1102) = NONE contradicts"),
        ({"DecayCorrection": None}, "Decay Correction (0054,1102): expected NONE, START or ADMIN"),
        ({"Units": "PROPCPS"}, "Units (0054,1001) = PROPCPS"),
    ],
)
def test_what_suv_rests_on_is_refused_by_name_when_absent_or_impossible(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    row = one(tmp_path, pet_slices(3, **changes))
    assert row["status"] == "refused"
    assert words in row["reason"]
    assert "Synthetic" not in row["reason"]
    assert "SYN-1" not in row["reason"]


def test_grams_are_divided_when_the_profile_says_so(tmp_path: Path) -> None:
    row = ok(one(tmp_path, pet_slices(PatientWeight=75000), profile=QuantProfile(weight_in_grams=True)))
    assert row["factor_suvbw"] == pytest.approx(AN_HOUR)


def test_suv_images_pass_through(tmp_path: Path) -> None:
    row = ok(one(tmp_path, pet_slices(Units="GML", RescaleSlope=0.001, slopes=None)))
    assert (row["factor_suvbw"], row["injected_bq_at_reference"]) == (1.0, None)


def test_more_activity_in_view_than_was_given_is_refused(tmp_path: Path) -> None:
    row = one(tmp_path, pet_slices(stored=np.full((5, 4, 6), 30000, np.int16), slopes=[6e6] * 5))
    assert row["status"] == "refused"
    assert "activity budget" in row["reason"]


def test_an_injections_row_fills_what_the_header_lacks_net_of_the_residual(tmp_path: Path) -> None:
    item = lutetium(
        RadionuclideTotalDose=None, RadiopharmaceuticalStartTime=None, RadiopharmaceuticalStartDateTime=None
    )
    path = table(
        tmp_path,
        administered_mbq=7500,
        assay_datetime="2023-05-17T08:00",
        residual_mbq=60,
        residual_datetime="2023-05-17T10:00",
        injection_datetime="2023-05-17T09:00",
        weight_kg=80,
    )
    row = ok(one(tmp_path, spect_as_pet(drug_item=item, PatientWeight=None), injections=path))
    decay = 2 ** (-3600 / 574300)
    assert row["injected_bq_at_reference"] == pytest.approx((7500 * decay - 60 / decay) * 1e6, rel=1e-12)
    assert row["weight_kg"] == 80
    notes = [step for step in row["steps"] if step.startswith("note: ") and "of injections row 2" in step]
    assert len(notes) == 3


def test_a_record_six_percent_off_warns_with_both_values_and_the_header_is_used(tmp_path: Path) -> None:
    path = table(tmp_path, administered_mbq=7000, injection_datetime="2023-05-17T09:15")
    row = ok(one(tmp_path, spect_as_pet(), injections=path))
    assert row["injected_bq_at_reference"] == 7.4e9
    assert any("header 7400 MBq, injections row 2 7000 MBq: 6 % apart; header used" in w for w in row["warnings"])
    assert any("15 min apart" in w for w in row["warnings"])


def test_a_record_far_off_is_refused_unless_the_profile_names_the_right_side(tmp_path: Path) -> None:
    path = table(tmp_path, administered_mbq=5000, injection_datetime="2023-05-17T09:00")
    refused = one(tmp_path, spect_as_pet(), injections=path)
    assert "set activity_from in the site profile" in refused["reason"]
    profile = QuantProfile(activity_from="record")
    row = ok(one(tmp_path / "again", spect_as_pet(), injections=path, profile=profile))
    assert row["injected_bq_at_reference"] == 5e9


def test_a_row_that_leaves_no_activity_is_named(tmp_path: Path) -> None:
    row = one(tmp_path, spect_as_pet(), injections=table(tmp_path, administered_mbq=50, residual_mbq=60))
    assert row["reason"].startswith("injections row 2: administered_mbq 50 minus residual_mbq 60")


def test_a_patient_without_a_row_is_said(tmp_path: Path) -> None:
    row = ok(one(tmp_path, spect_as_pet(), injections=table(tmp_path, patient_id="SYN-9", administered_mbq=1)))
    assert any("no row of this patient" in warning for warning in row["warnings"])


def test_all_faults_of_the_injections_table_are_named_together(tmp_path: Path) -> None:
    path = table(tmp_path, administered_mbq="-5", weight_kg="heavy", injection_datetime="2023-05-17")
    with pytest.raises(TableError, match=r"administered_mbq.*weight_kg.*injection_datetime"):
        one(tmp_path, spect_as_pet(), injections=path)


def test_one_bad_series_hides_no_other_and_ct_is_listed_as_skipped(tmp_path: Path) -> None:
    write(tmp_path, pet_slices(4), prefix="good")
    write(tmp_path, pet_slices(4, PatientWeight=None), prefix="poor")
    write(tmp_path, [nm_recon(stored=ramp(4).clip(0).astype(np.uint16))], prefix="nm")
    write(tmp_path, ct_slices(), prefix="ct")
    (tmp_path / "notes.txt").write_text("synthetic", encoding="utf-8")
    result = run_suv([tmp_path], injections=None, profile=None)
    assert sorted((row["modality"], row["status"]) for row in result.rows) == [
        ("NM", "ok"),
        ("PT", "ok"),
        ("PT", "refused"),
    ]
    assert any("(CT, 3 files): not quantitative" in warning for warning in result.warnings)
    assert any("1 of 13 files are not DICOM" in warning for warning in result.warnings)


def test_a_screenshot_of_a_pet_is_skipped_with_a_note(tmp_path: Path) -> None:
    shot = pet_slices(1, SOPClassUID="1.2.840.10008.5.1.4.1.1.7")
    shot[0].file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    result = run_suv([write(tmp_path, shot)], injections=None, profile=None)
    assert result.rows == ()
    assert "(PT, 1 files): not quantitative, skipped" in result.warnings[0]


def test_an_nm_object_with_decy_and_no_reference_is_refused_until_the_site_states_it(tmp_path: Path) -> None:
    refused = one(tmp_path, [nm_recon(CorrectedImage=["ATTN", "SCAT", "DECY"])])
    assert "Decay Correction (0054,1102): expected NONE, START or ADMIN" in refused["reason"]
    stated = QuantProfile(decay_correction="ADMIN")
    row = ok(one(tmp_path / "b", [nm_recon(CorrectedImage=["ATTN", "SCAT", "DECY"])], profile=stated))
    assert row["factor_suvbw"] == pytest.approx(75000 / 7.4e9)


def test_a_series_of_which_every_file_is_truncated_is_a_refused_row(tmp_path: Path) -> None:
    for path in write(tmp_path, pet_slices(2)).iterdir():
        path.write_bytes(path.read_bytes()[:-20])
    (row,) = run_suv([tmp_path], injections=None, profile=None).rows
    assert row["status"] == "refused"
    assert "all 2 files of the series are damaged: truncated" in row["reason"]


def test_a_folder_without_dicom_is_unusable(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("synthetic", encoding="utf-8")
    with pytest.raises(UnusableInputError, match="no DICOM in 1 files"):
        run_suv([tmp_path], injections=None, profile=None)


@pytest.mark.real_data
@pytest.mark.skipif(REAL is None, reason="not run: no real data")
@pytest.mark.parametrize(
    ("scan", "suv_max", "budget_pct", "warned"),
    [("SCAN_001", 29.4188, 18.7, ["scan 3.7 h after injection"]), ("SCAN_002", 44.7627, 13.8, [])],
)
def test_the_real_lutetium_pair_has_its_published_factor_maximum_and_budget(
    scan: str, suv_max: float, budget_pct: float, warned: list[str]
) -> None:
    folder = Path(str(REAL)) / "spect_lu177_xspect" / scan
    (row,) = run_suv([folder], injections=None, profile=None).rows
    assert ok(row)["factor_suvbw"] == pytest.approx(1.28961874e-5, rel=1e-6)
    assert row["suvbw_max"] == pytest.approx(suv_max, abs=5e-5)
    assert row["activity_budget_pct"] == pytest.approx(budget_pct, abs=0.05)
    assert [text.split(",")[0] for text in row["warnings"]] == warned


@pytest.mark.real_data
@pytest.mark.skipif(REAL is None, reason="not run: no real data")
def test_all_ten_real_pet_series_are_suv_already() -> None:
    rows = run_suv([Path(str(REAL)) / "pet_sts"], injections=None, profile=None).rows
    assert [(row["status"], row["units"], row["factor_suvbw"]) for row in rows] == [("ok", "GML", 1.0)] * 10
