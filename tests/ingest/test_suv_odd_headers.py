"""`lutrace suv` on headers as real archives hold them: old spellings, missing elements, odd encodings. Synthetic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from tests.dicom.build import drug, pet_slices, write
from tests.ingest.test_suv_step import AN_HOUR, HALF_LIFE_S, ok, one

from lutrace.ingest import run_suv
from lutrace.ingest.file_names import shown_file_name


@pytest.mark.parametrize(
    "changes",
    [
        {"Units": "bqml"},
        {"DecayCorrection": "start"},
        {"CorrectedImage": ["decy", "attn"]},
        {"SeriesTime": "110000.0000000", "AcquisitionTime": "110000.0000000"},
        {"SeriesTime": "11:00:00", "AcquisitionTime": "11:00:00"},
    ],
)
def test_old_spellings_of_codes_and_times_are_read(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert ok(one(tmp_path, pet_slices(3, **changes)))["factor_suvbw"] == pytest.approx(AN_HOUR, rel=1e-9)


def test_a_dose_outside_the_radiopharmaceutical_sequence_is_found_and_noted(tmp_path: Path) -> None:
    def flatten(dataset: Dataset, _: int) -> None:
        item = dataset.RadiopharmaceuticalInformationSequence[0]
        del dataset.RadiopharmaceuticalInformationSequence
        for element in item:
            dataset.add(element)

    row = ok(one(tmp_path, pet_slices(3, edit=flatten)))
    assert row["factor_suvbw"] == pytest.approx(AN_HOUR, rel=1e-9)
    assert any("outside Radiopharmaceutical Information" in step for step in row["steps"])


def test_whole_numbers_of_a_pet_without_rescale_slope_are_refused(tmp_path: Path) -> None:
    row = one(tmp_path, pet_slices(3, RescaleSlope=None))
    assert row["status"] == "refused"
    assert "Rescale Slope (0028,1053): expected a number" in row["reason"]


def test_a_dose_in_mbq_in_a_pet_object_warns(tmp_path: Path) -> None:
    row = ok(one(tmp_path, pet_slices(3, drug_item=drug(RadionuclideTotalDose=370.0))))
    assert row["factor_suvbw"] == pytest.approx(AN_HOUR, rel=1e-9)
    assert any("370 MBq, by magnitude" in warning for warning in row["warnings"])


@pytest.mark.parametrize("stated", [None, 0])
def test_a_half_life_from_the_radionuclide_warns(tmp_path: Path, stated: float | None) -> None:
    row = ok(one(tmp_path, pet_slices(3, drug_item=drug(RadionuclideHalfLife=stated))))
    assert row["factor_suvbw"] == pytest.approx(AN_HOUR, rel=1e-4)
    assert any("that of F-18" in warning for warning in row["warnings"])


@pytest.mark.parametrize(("written", "clock"), [("20230517080000+0000", "100000"), ("20230516233000-0030", "000000")])
def test_an_injection_in_utc_is_brought_to_the_clock_of_the_start_time(
    tmp_path: Path, written: str, clock: str
) -> None:
    item = drug(RadiopharmaceuticalStartDateTime=written, RadiopharmaceuticalStartTime=clock)
    row = ok(one(tmp_path, pet_slices(3, drug_item=item)))
    hours = 11 - int(clock[:2])
    assert row["factor_suvbw"] == pytest.approx(75000 / (370e6 * 2 ** (-3600 * hours / HALF_LIFE_S)), rel=1e-9)
    assert any("by start time (0018,1072)" in step for step in row["steps"])


def test_an_offset_without_any_zone_is_left_aside_and_noted(tmp_path: Path) -> None:
    item = drug(RadiopharmaceuticalStartDateTime="20230517100000+0100", RadiopharmaceuticalStartTime=None)
    row = ok(one(tmp_path, pet_slices(3, drug_item=item)))
    assert row["factor_suvbw"] == pytest.approx(AN_HOUR, rel=1e-9)
    assert any("read as the scanner's clock" in step for step in row["steps"])


def test_a_file_that_begins_with_its_meta_header_is_read(tmp_path: Path) -> None:
    folder = write(tmp_path / "dicom", pet_slices(3))
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[132:])
    (row,) = run_suv([folder], injections=None, profile=None).rows
    assert ok(row)["factor_suvbw"] == pytest.approx(AN_HOUR, rel=1e-9)


def test_a_file_that_is_there_twice_warns(tmp_path: Path) -> None:
    slices = pet_slices(3)
    row = ok(one(tmp_path, [*slices, slices[0]]))
    assert any("there twice" in warning for warning in row["warnings"])


def test_without_decay_correction_beds_of_different_times_warn_of_their_own_factors(tmp_path: Path) -> None:
    def later(dataset: Dataset, index: int) -> None:
        dataset.AcquisitionTime = f"11{index:02d}00"

    row = ok(one(tmp_path, pet_slices(3, edit=later, DecayCorrection="NONE", CorrectedImage=["ATTN"])))
    assert any("each slice has its own factor" in warning for warning in row["warnings"])


def test_a_damaged_file_named_after_the_patient_is_not_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "dicom", pet_slices(3))
    person = str(pydicom.dcmread(next(iter(folder.iterdir()))).PatientName)
    damaged = folder / f"{person}_7.dcm"
    damaged.write_bytes(next(iter(folder.iterdir())).read_bytes()[:900])
    result = run_suv([folder], injections=None, profile=None)
    assert any(".dcm (name withheld)" in warning for warning in result.warnings)
    assert person.split("^")[0] not in "".join(result.warnings)


def test_a_file_name_is_shown_unless_it_holds_a_part_of_a_name() -> None:
    assert shown_file_name(Path("im0003.dcm"), ["MUSTER^MAX", None, "03"]) == "im0003.dcm"
    assert shown_file_name(Path("scan 3.dcm"), ["MUSTER^MAX"]) == "scan 3.dcm"
    assert "imax" not in shown_file_name(Path("climax.dcm"), ["MUSTER^MAX"])
    assert "max" not in shown_file_name(Path("max_3.dcm"), ["MUSTER^MAX"])
    assert "uster" not in shown_file_name(Path("petmuster3.dcm"), ["Muster^Max"])


def test_negative_uptake_survives(tmp_path: Path) -> None:
    stored = np.full((3, 4, 6), -10, np.int16)
    stored[1, 2, 3] = 40
    row = ok(one(tmp_path, pet_slices(3, stored=stored)))
    assert row["suvbw_max"] == pytest.approx(40 * 2.5 * AN_HOUR, rel=1e-6)
    assert row["activity_budget_pct"] < 0


@pytest.mark.parametrize(
    ("name", "one_way", "other"),
    [
        ("PatientWeight", "75", "75.0"),
        ("SeriesTime", "110000", "110000.000"),
        ("CorrectedImage", ["DECY", "ATTN"], ["ATTN", "DECY"]),
    ],
)
def test_two_spellings_of_one_value_are_no_contradiction_within_a_series(
    tmp_path: Path, name: str, one_way: Any, other: Any
) -> None:
    def spell(dataset: Dataset, index: int) -> None:
        setattr(dataset, name, other if index % 2 else one_way)

    assert ok(one(tmp_path, pet_slices(3, edit=spell)))["factor_suvbw"] == pytest.approx(AN_HOUR, rel=1e-9)


def test_two_weights_within_a_series_are_refused(tmp_path: Path) -> None:
    def weigh(dataset: Dataset, index: int) -> None:
        dataset.PatientWeight = "75" if index else "85"

    row = one(tmp_path, pet_slices(3, edit=weigh))
    assert row["status"] == "refused"
    assert "Patient's Weight (0010,1030): expected one value in the whole series" in row["reason"]
