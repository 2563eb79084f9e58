from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.imaging.make import centres_mm, grid, volume

from lutrace.core import EstimationError, Row
from lutrace.imaging import PreparedScan, Registration, Volume
from lutrace.ingest import scan_motion
from lutrace.ingest.measure_task import PatientTask
from lutrace.ingest.profile import Networks, RegistrationKind
from lutrace.ingest.scan_motion import Motions
from lutrace.registry import ImageStore

GRID = grid((30, 24, 40), (8.0, 8.0, 8.0), (-120.0, -96.0, 0.0))
PLACES = np.asarray([(0.0, 20.0, 60.0), (-50.0, -20.0, 160.0), (40.0, 0.0, 240.0)])


def along(shift_mm: float) -> np.ndarray:
    return np.asarray(PLACES + np.asarray([0.0, 0.0, shift_mm]))


def scan(name: str, purpose: str, shift_mm: float) -> Row:
    return {"scan_id": name, "purpose": purpose, "frame_of_reference": f"frame {name}", "shift_mm": shift_mm}


PET, ONE, TWO = scan("PET", "psma_pet", 0.0), scan("ONE", "rlt_spect", 16.0), scan("TWO", "rlt_spect", -8.0)


def uptake(_task: PatientTask, row: Row) -> tuple[Volume, None]:
    array = np.full(GRID.shape_zyx, 0.5)
    for place in PLACES:
        away = np.linalg.norm(centres_mm(GRID) - place - (0, 0, row["shift_mm"]), axis=-1)
        array += 6.0 * np.exp(-(away**2) / 400.0)
    return volume(array, GRID), None


def bent(_fixed: PreparedScan, _moving: PreparedScan, rigid: Registration) -> Registration:
    return replace(rigid, method=f"{rigid.method}, bent")


def motions(monkeypatch: pytest.MonkeyPatch, kind: RegistrationKind, *scans: Row) -> Motions:
    monkeypatch.setattr(scan_motion, "quantify_scan", uptake)
    monkeypatch.setattr(scan_motion, "bend_prepared", bent)
    nothing: dict[str, Any] = dict.fromkeys(("cts", "masks", "cycles", "findings", "plans"), ())
    task = PatientTask(
        images=ImageStore(Path("nowhere")),
        patient_id="P-1",
        scans=scans,
        profile=None,
        networks=Networks(),
        registration=kind,
        inputs={},
        plan_inputs={},
        **nothing,
    )
    return Motions(task, scans)


def test_two_spect_are_bent_only_when_the_site_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    methods = {}
    for kind in ("rigid", "deformable"):
        found = motions(monkeypatch, kind, ONE, TWO).between(ONE, TWO)  # type: ignore[arg-type]
        assert found is not None
        methods[kind] = found.method
        assert found.to_moving(along(16)) == pytest.approx(along(-8), abs=3.0)
    assert methods == {"rigid": "rigid, correlation", "deformable": "rigid, correlation, bent"}


def test_the_uptake_of_pet_is_never_bent_to_that_of_spect(monkeypatch: pytest.MonkeyPatch) -> None:
    found = motions(monkeypatch, "deformable", PET, ONE, TWO).between(PET, ONE)
    assert found is not None
    assert "bent" not in found.method


def test_two_spect_without_ct_go_over_the_first_spect_and_not_over_the_pet(monkeypatch: pytest.MonkeyPatch) -> None:
    last = scan("LAST", "rlt_spect", 24.0)
    found = motions(monkeypatch, "deformable", PET, ONE, TWO, last).between(TWO, last)
    assert found is not None
    assert found.method.startswith("over the first scan")
    assert found.method.count("bent") == 2
    assert found.to_moving(along(-8)) == pytest.approx(along(24), abs=4.0)


def test_one_frame_of_reference_needs_no_registration(monkeypatch: pytest.MonkeyPatch) -> None:
    same = TWO | {"frame_of_reference": ONE["frame_of_reference"]}
    found = motions(monkeypatch, "deformable", ONE, same).between(ONE, same)
    assert found is not None
    assert found.method == "same frame of reference"


def test_a_registration_that_fails_is_none_and_not_a_motion(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_looks: PreparedScan, metric: str) -> Registration:
        raise EstimationError(f"{metric}: no overlap")

    made = motions(monkeypatch, "rigid", ONE, TWO)
    monkeypatch.setattr(scan_motion, "register_prepared", fail)
    assert made.between(ONE, TWO) is None
