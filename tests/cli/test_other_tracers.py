"""A PET of another tracer in a registry: stored, never measured, and the reason is said at every turn."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.dicom.build import drug, pet_slices, write

from lutrace.cli.app import run
from lutrace.registry import Registry
from lutrace.tables import SCANS


@pytest.mark.parametrize(
    ("tracer", "reason"),
    [
        ("Fluorodeoxyglucose", "not measured: tracer fdg is no ligand of PSMA"),
        ("a new one", "not measured: the tracer's name in the header is not known as a ligand of PSMA"),
        (None, "not measured: PET whose header names no tracer"),
    ],
)
def test_its_reason_stands_in_the_scans_notes_and_measure_and_check_say_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tracer: str | None, reason: str
) -> None:
    registry = str(tmp_path / "registry")
    stored = np.full((6, 8, 8), 50, np.int16)
    write(tmp_path / "pet", pet_slices(6, stored=stored, drug_item=drug(Radiopharmaceutical=tracer)))
    assert run(["init", registry]) == 0
    assert run(["add", "dicom", str(tmp_path / "pet"), "--registry", registry]) == 0
    with Registry.open(Path(registry), write=False) as opened:
        (scan,) = opened.rows(SCANS)
    assert scan["purpose"] == "other"
    assert sum(note.startswith(reason) for note in json.loads(scan["notes"])) == 1
    capsys.readouterr()
    assert run(["measure", "--registry", registry, "--jobs", "1"]) == 0
    said = capsys.readouterr()
    assert said.out == "measured 0, up to date 0, refused 0, left out 1\n"
    assert f"warning: 1 scans {reason}" in said.err
    assert run(["check", "--registry", registry, "--json"]) == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    (found,) = [one for one in findings if one["check"] == "scan_not_measured"]
    assert found["found"].startswith(reason)
