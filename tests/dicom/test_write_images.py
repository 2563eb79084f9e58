"""What the writers of PET, CT and NM objects write, read by SimpleITK, pydicom and our own reader."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from tests.dicom.build import SCANNED, header

from lutrace.core import MissingFactError, Source, UnusableInputError
from lutrace.dicom import (
    NmTiming,
    PetTiming,
    Tracer,
    index_folder,
    make_uid,
    read_series,
    write_ct_series,
    write_nm_series,
    write_pet_series,
)
from lutrace.imaging import Geometry, Volume
from lutrace.physics import compute_suv_factor

START = SCANNED
GEOMETRY = Geometry((7, 6, 5), (4.0, 4.5, 5.0), (-12.0, 8.5, -100.0), frame_of_reference=make_uid("frame"))
TRACER = Tracer("Lu-177", "177Lu-PSMA-617", 7.4e9, START - dt.timedelta(hours=24), 574300.0)


def volume(unit: str = "Bq/mL", top: float = 9e5, geometry: Geometry = GEOMETRY) -> Volume:
    array = np.random.default_rng(1).uniform(0, top, geometry.shape_zyx).astype(np.float32)
    return Volume(array, geometry, unit, Source("virtual", "0" * 64))


def write_pet(folder: Path, **changes: object) -> list[Path]:
    timing = PetTiming("ADMIN", (START,) * 5, 900.0)
    return write_pet_series(volume(), folder, header=header(), tracer=TRACER, timing=timing, **changes)  # type: ignore[arg-type]


def read_with_itk(folder: Path) -> SimpleITK.Image:
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


@pytest.mark.parametrize("slope_per_slice", [False, True])
def test_simpleitk_reads_the_pet_with_its_values_and_place(tmp_path: Path, slope_per_slice: bool) -> None:
    write_pet(tmp_path, slope_per_slice=slope_per_slice)
    image = read_with_itk(tmp_path)
    assert image.GetSize() == GEOMETRY.size_xyz
    assert image.GetSpacing() == pytest.approx(GEOMETRY.spacing_mm)
    assert image.GetOrigin() == pytest.approx(GEOMETRY.origin_mm)
    assert np.abs(SimpleITK.GetArrayFromImage(image) - volume().array).max() <= 0.51 * 9e5 / 65000


def test_simpleitk_reads_the_ct_in_hu(tmp_path: Path) -> None:
    ct = volume("HU", 1500.0).with_array(np.rint(volume("HU", 1500.0).array - 500), "HU")
    write_ct_series(ct, tmp_path, header=header())
    assert np.array_equal(SimpleITK.GetArrayFromImage(read_with_itk(tmp_path)), ct.array)


def test_our_reader_gets_back_an_oblique_pet_and_its_suv_factor(tmp_path: Path) -> None:
    c, s = np.cos(0.3), np.sin(0.3)
    oblique = replace(GEOMETRY, direction=(c, -s, 0, s, c, 0, 0, 0, 1))
    timing = PetTiming("ADMIN", (START,) * 5, 900.0)
    write_pet_series(volume(geometry=oblique), tmp_path, header=header(), tracer=TRACER, timing=timing)
    image = read_series(index_folder([tmp_path]).series[0])
    assert image.volume.geometry.same_grid(oblique, tolerance_mm=1e-3)
    assert image.volume.geometry.frame_of_reference == GEOMETRY.frame_of_reference
    assert image.facts is not None
    assert compute_suv_factor(image.facts).factor_suvbw == pytest.approx(80_000 / 7.4e9)


@pytest.mark.parametrize("correction", ["START", "ADMIN"])
def test_the_decay_factor_is_that_to_the_moment_that_the_correction_names(tmp_path: Path, correction: str) -> None:
    timing = PetTiming(correction, (START,) * 5, 900.0)  # type: ignore[arg-type]
    paths = write_pet_series(volume(), tmp_path, header=header(), tracer=TRACER, timing=timing)
    dataset = pydicom.dcmread(paths[0])
    since = float(dataset.FrameReferenceTime) / 1000 + (86400 if correction == "ADMIN" else 0)
    assert float(dataset.DecayFactor) == pytest.approx(2 ** (since / 574300))
    assert float(dataset.FrameReferenceTime) == pytest.approx(450_000, rel=1e-3)


def test_the_nm_object_carries_bq_ml_in_its_value_map_and_the_dose_in_mbq(tmp_path: Path) -> None:
    path = write_nm_series(
        volume(),
        tmp_path / "a.dcm",
        header=header(),
        tracer=TRACER,
        timing=NmTiming(START, 15.0, 120),
        decay_correction="NONE",
    )
    dataset = pydicom.dcmread(path)
    mapping = dataset.RealWorldValueMappingSequence[0]
    values = dataset.pixel_array * mapping.RealWorldValueSlope
    assert np.abs(values - volume().array).max() <= 0.51 * 9e5 / 65000
    assert mapping.MeasurementUnitsCodeSequence[0].CodingSchemeDesignator == "UCUM"
    assert float(dataset.RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose) == pytest.approx(7400)
    image = read_series(index_folder([tmp_path]).series[0])
    assert image.volume.geometry.same_grid(GEOMETRY)
    assert image.facts is not None and image.facts.injected_bq == pytest.approx(7.4e9)


def test_counts_are_stored_as_they_are(tmp_path: Path) -> None:
    counts = volume("counts", 900.0).with_array(np.rint(volume("counts", 900.0).array), "counts")
    timing = NmTiming(START, 15.0, 120)
    path = write_nm_series(counts, tmp_path / "a.dcm", header=header(), tracer=TRACER, timing=timing)
    dataset = pydicom.dcmread(path)
    assert np.array_equal(dataset.pixel_array, counts.array)
    assert "RealWorldValueMappingSequence" not in dataset


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two = (write_pet(tmp_path / name) for name in ("one", "two"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


def test_every_instance_has_its_own_uid_and_none_is_made_by_counting(tmp_path: Path) -> None:
    uids = [pydicom.dcmread(path).SOPInstanceUID for path in write_pet(tmp_path)]
    assert len(set(uids)) == 5
    assert len({uid.rsplit(".", 1)[1][:6] for uid in uids}) == 5


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"corrected": ("ATTN",)}, UnusableInputError, "contradicts CorrectedImage"),
        ({"corrected": ()}, UnusableInputError, "contradicts CorrectedImage"),
    ],
)
def test_a_contradiction_is_not_written(
    tmp_path: Path, change: dict[str, object], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        write_pet(tmp_path, **change)


def test_a_volume_in_another_unit_or_without_frame_of_reference_is_refused(tmp_path: Path) -> None:
    timing = PetTiming("ADMIN", (START,) * 5, 900.0)
    with pytest.raises(UnusableInputError, match="expected a volume in Bq/mL"):
        write_pet_series(volume("g/mL"), tmp_path, header=header(), tracer=TRACER, timing=timing)
    with pytest.raises(UnusableInputError, match="in HU"):
        write_ct_series(volume(), tmp_path, header=header())
    with pytest.raises(UnusableInputError, match="from Bq/mL or counts"):
        write_nm_series(volume("HU"), tmp_path / "a", header=header(), tracer=TRACER, timing=NmTiming(START, 15.0, 120))
    nameless = volume(geometry=replace(GEOMETRY, frame_of_reference=None))
    with pytest.raises(MissingFactError, match="frame of reference"):
        write_pet_series(nameless, tmp_path, header=header(), tracer=TRACER, timing=timing)
