"""Each virtual camera writes the same SUV in its own way: read back with our reader, against the truth."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from lutrace.dicom import SeriesImage, index_folder, is_image_series, read_masks, read_series
from lutrace.imaging import Mask
from lutrace.physics import compute_counts_to_bq_ml, compute_suv_factor
from lutrace.virtual import SPECT_CALIBRATION, simulate_patients
from lutrace.virtual.anatomy import build_body
from lutrace.virtual.examinations import Scene, spect_kind_of, write_pet, write_spect
from lutrace.virtual.lesions import Lesion
from lutrace.virtual.timeline import Patient, make_patient
from lutrace.virtual.uptake import draw_organ_factors, pet_uptake, spect_uptake

LESION = Lesion("L01", "bone", "sacrum", (0.0, 60.0, 38.0), (20.0, 20.0, 20.0), 10.0, 15.0, True, False)


def scene(number: int) -> Scene:
    patient = make_patient(simulate_patients(1, seed=6), 0, np.random.default_rng(1))
    patient = replace(patient, number=number, identifier=f"SYN-{number:04d}")
    return Scene(patient, build_body(patient.height_cm, 84.0), (LESION,), seed=1)


def emission(folder: Path) -> SeriesImage:
    series = [one for one in index_folder([folder]).series if is_image_series(one)]
    images = [read_series(one) for one in series]
    (found,) = [image for image in images if image.facts is not None]
    return found


def suv_of(image: SeriesImage) -> np.ndarray:
    facts = image.facts
    assert facts is not None
    if facts.units == "CNTS":
        assert facts.counting is not None
        facts = replace(facts, counts_to_bq_ml=compute_counts_to_bq_ml(facts.counting, SPECT_CALIBRATION))
    factor = compute_suv_factor(facts)
    assert not factor.warnings
    slices = np.array(factor.slice_factors or (1.0,), np.float32)[:, None, None]
    return np.asarray(image.volume.array * np.float32(factor.factor_suvbw) * slices)


def liver_of(folder: Path, image: SeriesImage) -> Mask:
    return next(mask for mask in read_masks(folder / "SEG", image.volume.geometry) if mask.name == "liver")


def administered(patient: Patient) -> tuple[dt.datetime, float]:
    one = patient.administrations[0]
    return one.injection + dt.timedelta(hours=24), one.net_bq


@pytest.mark.parametrize(("number", "kind"), [(1, "pt_admin"), (2, "pt_start"), (3, "nm_map"), (4, "nm_counts")])
def test_every_camera_gives_the_painted_suv_back(tmp_path: Path, number: int, kind: str) -> None:
    here = scene(number)
    assert spect_kind_of(here.patient) == kind
    rng = np.random.default_rng(3)
    uptake = spect_uptake(draw_organ_factors(rng, 0.0), rng)
    start, net = administered(here.patient)
    truth = write_spect(here, here.patient.administrations[0], start, uptake=uptake, folder=tmp_path, rng=rng)
    image = emission(tmp_path)
    suv = suv_of(image)
    place = np.rint(image.volume.geometry.to_index(np.array([truth["lesions"][0]["centre_mm"]]))[0]).astype(int)
    assert suv[tuple(place)] == pytest.approx(15.0, rel=0.15)
    assert suv[liver_of(tmp_path, image).array].mean() == pytest.approx(uptake.of("liver"), rel=0.15)
    assert truth["ttv_ml"] == pytest.approx(LESION.volume_ml, rel=0.01)
    assert image.facts is not None
    assert image.facts.injected_bq == pytest.approx(net, rel=1e-9)


def test_the_pet_gives_the_painted_suv_back_and_its_beds_have_their_own_times(tmp_path: Path) -> None:
    here = scene(2)
    rng = np.random.default_rng(4)
    uptake = pet_uptake(draw_organ_factors(rng, 0.0))
    write_pet(here, uptake=uptake, folder=tmp_path, rng=rng)
    image = emission(tmp_path)
    suv = suv_of(image)
    assert suv[liver_of(tmp_path, image).array].mean() == pytest.approx(uptake.of("liver"), rel=0.15)
    assert image.facts is not None
    assert len({frame.acquisition_start for frame in image.facts.frames}) >= 4


def test_every_object_says_that_it_is_synthetic_and_for_research(tmp_path: Path) -> None:
    here = scene(3)
    rng = np.random.default_rng(3)
    uptake = spect_uptake(draw_organ_factors(rng, 0.0), rng)
    start, _ = administered(here.patient)
    write_spect(here, here.patient.administrations[0], start, uptake=uptake, folder=tmp_path, rng=rng)
    for path in sorted(tmp_path.rglob("*.dcm"))[::40]:
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
        assert str(dataset.PatientName).startswith("SYNTHETIC")
        assert dataset.PatientID == "SYN-0003"
        assert dataset.ContentQualification == "RESEARCH"
        if dataset.Modality != "SEG":
            assert "SYNTHETIC" in dataset.PatientComments and "SYNTHETIC" in dataset.ImageComments


def test_a_patient_full_of_tumour_shows_no_more_activity_than_he_was_given(tmp_path: Path) -> None:
    vast = replace(LESION, half_mm=(120.0, 90.0, 120.0), suv_pet=40.0)
    here = replace(scene(2), lesions=(vast,))
    rng = np.random.default_rng(4)
    uptake = pet_uptake(draw_organ_factors(rng, 0.0))
    truth = write_pet(here, uptake=uptake, folder=tmp_path, rng=rng)
    image = emission(tmp_path)
    suv = suv_of(image)
    weight_g = 1000 * here.patient.administrations[0].weight_kg
    assert suv.sum() * image.volume.geometry.voxel_volume_ml / weight_g == pytest.approx(0.95, rel=0.01)
    assert truth["lesions"][0]["suv_pet"] < 40.0
    place = np.rint(image.volume.geometry.to_index(np.array([truth["lesions"][0]["centre_mm"]]))[0]).astype(int)
    assert suv[tuple(place)] == pytest.approx(truth["lesions"][0]["suv_pet"], rel=0.15)
    share = truth["lesions"][0]["suv_pet"] / 40.0
    assert truth["organ_suv"]["liver"] == pytest.approx(uptake.of("liver") * share, rel=1e-3)
