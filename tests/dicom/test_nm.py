"""NM objects: detector geometry, signed spacing, real-world values, the unit of the activity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from tests.dicom.build import compressed, ct_slices, lutetium, nm_recon, ramp, write

from lutrace.core import ContradictionError, LutraceError, MissingFactError, UnsupportedError
from lutrace.dicom import SeriesImage, index_folder, read_series, read_suv
from lutrace.physics import QuantProfile, SpectCalibration, compute_suv_factor, reconcile

STORED = ramp(4).astype(np.uint16)


def read(folder: Path, dataset: Any) -> SeriesImage:
    (series,) = index_folder([write(folder, [dataset])]).series
    return read_series(series)


def test_the_mapping_makes_bq_ml_of_the_stored_values(tmp_path: Path) -> None:
    image = read(tmp_path, nm_recon())
    assert image.volume.unit == "Bq/mL"
    np.testing.assert_allclose(image.volume.array, STORED * 0.5, rtol=1e-6)


def test_a_mapping_applies_to_stored_values_whatever_the_rescale(tmp_path: Path) -> None:
    image = read(tmp_path, nm_recon(RescaleSlope=4, RescaleIntercept=-8))
    np.testing.assert_allclose(image.volume.array, STORED * 0.5, rtol=1e-5, atol=1e-2)


def test_without_a_mapping_voxels_are_counts(tmp_path: Path) -> None:
    image = read(tmp_path, nm_recon(mapping=None))
    assert image.volume.unit == "counts"
    with pytest.raises(MissingFactError, match="spect_calibrations"):
        compute_suv_factor(image.facts)  # type: ignore[arg-type]


def test_an_unknown_unit_of_the_mapping_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="found mm"):
        read(tmp_path, nm_recon(mapping=(1.0, "mm")))


def test_a_positive_spacing_stacks_along_the_normal(tmp_path: Path) -> None:
    image = read(tmp_path, nm_recon())
    assert image.volume.geometry.origin_mm == pytest.approx((-100, -110, 50))
    assert image.volume.geometry.spacing_mm == pytest.approx((4.8, 4.8, 4.8))
    assert image.volume.array[3, 0, 1] == 301 * 0.5


def test_a_negative_spacing_stacks_against_the_normal(tmp_path: Path) -> None:
    image = read(tmp_path, nm_recon(spacing_z_mm=-4.8))
    geometry = image.volume.geometry
    assert geometry.origin_mm == pytest.approx((-100, -110, 50 - 3 * 4.8))
    first_frame = geometry.to_mm(np.array([[3, 0, 0]], float))[0]
    np.testing.assert_allclose(first_frame, [-100, -110, 50], atol=1e-6)
    assert image.volume.array[3, 0, 1] == 1 * 0.5


def test_frames_follow_the_slice_vector(tmp_path: Path) -> None:
    image = read(tmp_path, nm_recon(SliceVector=[4, 3, 2, 1]))
    assert image.volume.array[0, 0, 1] == 301 * 0.5


def test_two_energy_windows_in_one_object_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="Slice Vector"):
        read(tmp_path, nm_recon(SliceVector=[1, 2, 1, 2]))


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("TOMO", "raw projections"),
        ("RECON GATED TOMO", "gated reconstruction"),
        ("WHOLE BODY", "planar"),
        ("STATIC", "planar"),
    ],
)
def test_anything_but_a_static_reconstruction_is_refused(tmp_path: Path, kind: str, reason: str) -> None:
    with pytest.raises(UnsupportedError, match=reason):
        read(tmp_path, nm_recon(ImageType=["ORIGINAL", "PRIMARY", kind, "EMISSION"]))


def test_absent_position_is_named(tmp_path: Path) -> None:
    def edit(dataset: Dataset, index: int) -> None:
        del dataset.DetectorInformationSequence[0].ImagePositionPatient

    with pytest.raises(MissingFactError, match=r"Detector Information \(0054,0022\)"):
        read(tmp_path, nm_recon(edit=edit))


@pytest.mark.parametrize("dose", [7400, 7.4e9])
def test_activity_is_read_as_mbq_or_bq_by_its_magnitude_and_the_choice_is_stated(tmp_path: Path, dose: float) -> None:
    facts = read(tmp_path, nm_recon(drug_item=lutetium(RadionuclideTotalDose=dose, RadionuclideHalfLife=None))).facts
    assert facts is not None
    assert facts.injected_bq == 7.4e9
    unit = "MBq, the unit of its object" if dose == 7400 else "Bq, by magnitude: an NM object should write MBq"
    assert any(note.endswith(unit) for note in facts.notes)


def test_an_activity_of_neither_unit_is_refused(tmp_path: Path) -> None:
    facts = read(tmp_path, nm_recon(drug_item=lutetium(RadionuclideTotalDose=200000))).facts
    assert facts is not None
    with pytest.raises(ContradictionError, match=r"expected 1e6 to 5e10 \(Bq\) or 1 to 5e4 \(MBq\)"):
        compute_suv_factor(facts)


def test_spect_is_taken_back_to_the_injection_by_its_own_start_and_length(tmp_path: Path) -> None:
    facts = read(tmp_path, nm_recon()).facts  # 11:00, two hours after the injection; 60 x 15 s per detector
    assert facts is not None
    factor = compute_suv_factor(facts)
    rate = np.log(2) / 574300
    expected = 75000 / 7.4e9 * np.exp(rate * 7200) * (rate * 900 / (1 - np.exp(-rate * 900)))
    assert factor.factor_suvbw == pytest.approx(expected, rel=1e-12)
    assert factor.slice_factors == ()


def test_ge_counts_the_frames_of_all_detectors_as_one_rotation(tmp_path: Path) -> None:
    facts = read(tmp_path, nm_recon(Manufacturer="GE MEDICAL SYSTEMS")).facts
    assert facts is not None
    assert facts.frames[0].duration_s == 450


def test_counts_become_activity_by_the_sites_calibration(tmp_path: Path) -> None:
    facts = read(tmp_path, nm_recon(mapping=None)).facts
    assert facts is not None
    calibration = SpectCalibration(
        manufacturer="Siemens", value=9.26, unit="cps/MBq", counts_of="one_detector", calibration_date="2023-01-02"
    )
    done = reconcile(facts, None, QuantProfile(spect_calibrations=(calibration,)))
    voxel_ml = 4.8**3 / 1000
    assert done.facts.counts_to_bq_ml == pytest.approx(1 / (15 * 60 * 2) / 9.26 * 1e6 / voxel_ml)
    assert compute_suv_factor(done.facts).factor_suvbw > 0


def test_corrections_absent_from_counts_are_asked_for(tmp_path: Path) -> None:
    facts = read(tmp_path, nm_recon(mapping=None, CorrectedImage=None)).facts
    assert facts is not None
    with pytest.raises(LutraceError, match="state corrections in the site profile"):
        compute_suv_factor(facts)


def test_suv_in_one_pass_is_the_volume_times_its_factor(tmp_path: Path) -> None:
    (series,) = index_folder([write(tmp_path, [nm_recon()])]).series
    image, factor = read_suv(series, compute_suv_factor)
    assert image.volume.unit == "g/mL"
    np.testing.assert_allclose(image.volume.array, STORED * 0.5 * factor.factor_suvbw, rtol=1e-6)


def test_ct_has_no_suv(tmp_path: Path) -> None:
    (series,) = index_folder([write(tmp_path, ct_slices())]).series
    with pytest.raises(UnsupportedError, match="an image in HU has no activity"):
        read_suv(series, compute_suv_factor)


def test_a_compressed_multi_frame_object_gives_the_same_voxels(tmp_path: Path) -> None:
    image = read(tmp_path, compressed([nm_recon()], "1.2.840.10008.1.2.5")[0])
    np.testing.assert_allclose(image.volume.array, STORED * 0.5, rtol=1e-6)


def test_a_single_frame_reconstruction_keeps_its_place(tmp_path: Path) -> None:
    image = read(tmp_path, nm_recon(stored=STORED[:1], SliceVector=[1]))
    assert image.volume.geometry.shape_zyx == (1, 4, 6)
