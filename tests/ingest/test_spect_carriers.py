"""One SPECT by three carriers: PT in Bq/mL, NM with a value map, NM counts with the site's calibration."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from tests.dicom.build import SCANNED, header

from lutrace.core import Row, Source
from lutrace.dicom import (
    NmTiming,
    PetTiming,
    Tracer,
    index_folder,
    make_uid,
    read_series,
    write_nm_series,
    write_pet_series,
)
from lutrace.imaging import Geometry, Volume
from lutrace.ingest import run_suv
from lutrace.physics import QuantProfile, SpectCalibration

START = SCANNED
T_HALF_S = 574_300.0
FRAME_S, VIEWS, DETECTORS = 15.0, 48, 2
TRACER = Tracer("Lu-177", "177Lu-PSMA-617", 7.4e9, START - dt.timedelta(hours=24), T_HALF_S)
SOURCE = Source("virtual", "0" * 64)


def during_the_scan(tracer: Tracer) -> float:
    """Mean activity while it was measured over the activity at injection, by hand."""
    rate = np.log(2) / T_HALF_S
    length_s = FRAME_S * VIEWS
    elapsed_s = (START - tracer.injection_datetime).total_seconds()
    return float(np.exp(-rate * elapsed_s) * (1 - np.exp(-rate * length_s)) / (rate * length_s))


def three_carriers(
    folder: Path, at_injection: np.ndarray, geometry: Geometry, *, tracer: Tracer, weight_kg: float
) -> list[Row]:
    """The rows of `lutrace suv` for one activity map (Bq/mL at the injection) written three ways."""
    measured = (at_injection * during_the_scan(tracer)).astype(np.float32)
    timing = NmTiming(START, FRAME_S, VIEWS, DETECTORS)
    voxel_ml = geometry.voxel_volume_ml
    per_count = 1e6 / (FRAME_S * VIEWS * DETECTORS) / 9.26 / voxel_ml
    scale = 60_000.0 * per_count / float(measured.max())  # fill 16 bits: a count is then 1/60000 of the maximum
    calibration = SpectCalibration(
        manufacturer="Siemens",
        value=9.26 * scale,
        unit="cps/MBq",
        counts_of="one_detector",
        calibration_date="2023-01-02",
    )

    def volume(array: np.ndarray, unit: str) -> Volume:
        return Volume(array.astype(np.float32), geometry, unit, SOURCE)

    slices = geometry.size_xyz[2]
    write_pet_series(
        volume(at_injection, "Bq/mL"), folder / "pt", header=header("pt", weight_kg=weight_kg), tracer=tracer,
        timing=PetTiming("ADMIN", (START,) * slices, FRAME_S * VIEWS),
    )  # fmt: skip
    write_nm_series(
        volume(measured, "Bq/mL"), folder / "nm" / "map.dcm", header=header("map", weight_kg=weight_kg),
        tracer=tracer, timing=timing,
    )  # fmt: skip
    write_nm_series(
        volume(np.round(measured / per_count * scale), "counts"), folder / "nm" / "counts.dcm",
        header=header("counts", weight_kg=weight_kg), tracer=tracer, timing=timing,
    )  # fmt: skip
    profile = QuantProfile(spect_calibrations=(calibration,))
    rows = run_suv([folder], injections=None, profile=profile).rows
    assert [row["status"] for row in rows] == ["ok"] * 3, [row["reason"] for row in rows]
    return list(rows)


def test_three_carriers_of_one_spect_give_one_suv(tmp_path: Path) -> None:
    geometry = Geometry((9, 8, 7), (4.8, 4.8, 4.8), (-20.0, -18.0, -100.0), frame_of_reference=make_uid("frame"))
    activity = np.random.default_rng(3).uniform(0, 2e6, geometry.shape_zyx)
    rows = three_carriers(tmp_path, activity, geometry, tracer=TRACER, weight_kg=80.0)
    by_hand = activity.max() / (7.4e9 / 80_000)
    for row in rows:
        assert row["suvbw_max"] == pytest.approx(by_hand, rel=2e-5)  # half a stored step is 8e-6
    assert {row["modality"] for row in rows} == {"PT", "NM"}
    assert {row["units"] for row in rows} == {"BQML", "CNTS"}


def test_the_wrong_convention_of_the_factor_is_a_factor_of_two(tmp_path: Path) -> None:
    """What the stated convention saves us from: the same number taken for both detectors halves nothing silently."""
    geometry = Geometry((6, 6, 5), (4.8, 4.8, 4.8), (0.0, 0.0, 0.0), frame_of_reference=make_uid("frame"))
    counts = Volume(np.full(geometry.shape_zyx, 500.0, np.float32), geometry, "counts", SOURCE)
    timing = NmTiming(START, FRAME_S, VIEWS, DETECTORS)
    write_nm_series(counts, tmp_path / "counts.dcm", header=header("two"), tracer=TRACER, timing=timing)
    found = []
    for convention in ("one_detector", "all_detectors"):
        one = SpectCalibration(
            manufacturer="Siemens", value=900.0, unit="cps/MBq", counts_of=convention, calibration_date="2023-01-02"
        )
        (row,) = run_suv([tmp_path], injections=None, profile=QuantProfile(spect_calibrations=(one,))).rows
        found.append(row["suvbw_max"])
        assert any(f"of {convention.replace('_', ' ')}" in step for step in row["steps"])
    assert found[1] == pytest.approx(2 * found[0])


@pytest.mark.real_data
def test_the_real_spect_rewritten_as_nm_keeps_its_suv(tmp_path: Path, real_data: Path) -> None:
    """xSPECT (PT, ADMIN) of a real patient, thinned to every fourth slice, as NM with a map and as NM counts."""
    (series,) = [
        one for one in index_folder([real_data / "spect_lu177_xspect" / "SCAN_001"]).series if one.modality == "PT"
    ]
    image = read_series(series)
    assert image.facts is not None
    assert image.facts.injected_bq is not None and image.facts.weight_kg is not None
    whole = image.volume
    geometry = Geometry(
        (whole.array.shape[2], whole.array.shape[1], whole.array[::4].shape[0]),
        (whole.geometry.spacing_mm[0], whole.geometry.spacing_mm[1], 4 * whole.geometry.spacing_mm[2]),
        whole.geometry.origin_mm,
        whole.geometry.direction,
        make_uid("real frame"),
    )
    tracer = Tracer("Lu-177", "177Lu", image.facts.injected_bq, START - dt.timedelta(hours=3.95), T_HALF_S)
    activity = whole.array[::4].astype(np.float64)
    rows = three_carriers(tmp_path, activity, geometry, tracer=tracer, weight_kg=image.facts.weight_kg)
    expected = activity.max() * 1.28961874e-5
    for row in rows:
        assert row["suvbw_max"] == pytest.approx(expected, rel=3e-5)
