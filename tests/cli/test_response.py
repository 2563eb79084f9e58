"""`lutrace response` on a registry made of tables: two SPECT of one patient under two plans."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from lutrace.cli.app import run
from lutrace.core import Source, read_rows
from lutrace.registry import FactBatch, Registry

VOLUMES = {"suv3": (100.0, 60.0), "suv4": (50.0, 45.0)}
"""mL at cycles 1 and 2: -40 % by one threshold, -10 % by the other."""


@pytest.fixture
def registry(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    folder = tmp_path / "registry"
    assert run(["init", str(folder)]) == 0
    capsys.readouterr()
    return folder


def fill(folder: Path, cycles: tuple[int, ...] = (1, 2)) -> None:
    day = {1: dt.date(2024, 1, 10), 2: dt.date(2024, 2, 21)}
    common = {"patient_id": "P-1"}
    rows: dict[str, list[dict[str, Any]]] = {
        "scans": [
            common
            | {
                "scan_id": f"S-{c}",
                "study_key": f"E-{c}",
                "modality": "NM",
                "purpose": "rlt_spect",
                "cycle": c,
                "date": day[c],
                "tracer": "177Lu-PSMA-617",
                "units": "Bq/mL",
                "slices": 10,
                "rows": 10,
                "columns": 10,
                "spacing_x_mm": 4.0,
                "spacing_y_mm": 4.0,
                "spacing_z_mm": 4.0,
                "status": "usable",
                "notes": "[]",
                "pixel_digest": str(c) * 64,
            }
            for c in cycles
        ],
        "tumour_burdens": [
            common
            | {
                "scan_id": f"S-{c}",
                "plan": plan,
                "plan_digest": plan,
                "organs_given": True,
                "above_threshold_ml": volumes[c - 1],
                "tumour_auto_ml": volumes[c - 1],
                "uncertain_ml": 0.0,
                "lesions": 1,
                "field_of_view_mm": "[[0,40],[0,40],[0,40]]",
                "inputs_digest": "i",
            }
            for plan, volumes in VOLUMES.items()
            for c in cycles
        ],
        "lesion_links": [
            common
            | {
                "baseline_scan_id": "S-1",
                "followup_scan_id": "S-2",
                "plan": plan,
                "plan_digest": plan,
                "baseline_lesion": 1,
                "followup_lesion": 1,
                "status": "matched",
                "provisional": True,
            }
            for plan in VOLUMES
            if len(cycles) > 1
        ],
    }
    with Registry.open(folder, write=True) as opened:
        report = opened.add(FactBatch(Source("test", "0"), rows))
    assert report.quarantined == 0


def test_each_plan_has_its_category_and_both_stand_side_by_side(
    registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(registry)
    assert run(["response", "--registry", str(registry), "--rule", "recip-1.0", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert set(answer) == {"responses", "warnings", "snapshot"}
    found = {row["plan"]: row for row in answer["responses"]}
    assert {plan: row["category"] for plan, row in found.items()} == {"suv3": "PR", "suv4": "SD"}
    assert all(row["by_plan"] == {"suv3": "PR", "suv4": "SD"} for row in found.values())
    assert not found["suv3"]["plans_agree"]
    assert found["suv3"]["change_pct"] == pytest.approx(-40.0)
    assert found["suv3"]["days"] == 42
    assert any("nobody has reviewed" in one for one in answer["warnings"])
    assert any("made for PSMA-PET" in one for one in answer["warnings"])
    assert "2024-" not in json.dumps(answer["responses"])


def test_the_file_holds_the_same_rows_and_a_frozen_state_is_taken_again(
    registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(registry)
    call = ["response", "--registry", str(registry), "--rule", "recip-1.0", "--plan", "suv3"]
    assert run([*call, "--json"]) == 0
    snapshot = json.loads(capsys.readouterr().out)["snapshot"]
    out = tmp_path / "response.csv"
    assert run([*call, "--snapshot", snapshot[:12], "--out", str(out)]) == 0
    assert "recip-1.0" in capsys.readouterr().out
    (row,) = read_rows(out)
    assert (row["category"], row["plan"]) == ("PR", "suv3")
    assert "tumour volume, baseline = 100 mL [tumour_burdens " in row["inputs"]


@pytest.mark.parametrize(
    ("extra", "words"),
    [(["--rule", "recip-9"], "recip-1.0"), (["--plan", "liver"], "suv3, suv4")],
)
def test_an_unknown_rule_or_plan_is_refused_with_those_that_there_are(
    registry: Path, capsys: pytest.CaptureFixture[str], extra: list[str], words: str
) -> None:
    fill(registry)
    assert run(["response", "--registry", str(registry), *extra]) == 2
    assert words in capsys.readouterr().err


def test_a_registry_without_measured_scans_is_told(registry: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["response", "--registry", str(registry)]) == 1
    assert "lutrace measure" in capsys.readouterr().err


def test_nothing_to_rate_says_which_input_is_missing_for_how_many_patients(
    registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(registry, cycles=(1,))
    assert run(["response", "--registry", str(registry), "--rule", "recip-1.0", "--plan", "suv3"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("no scan to rate")
    (line,) = [line for line in said.err.splitlines() if "patients with scans have no category" in line]
    assert "recip-1.0, plan suv3: 1 of 1 patients" in line
    assert "1: no second scan of one modality" in line


def test_a_category_that_fails_names_its_input_and_counts_the_patients(
    registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(registry)
    assert run(["response", "--registry", str(registry), "--rule", "psa-recip-1.0", "--plan", "suv3"]) == 0
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "have no category" in line]
    assert "psa-recip-1.0, plan suv3: 1 of 1 patients" in line
    assert "PSA" in line.split("reason) ")[1]


def test_no_word_of_the_answer_recommends_a_treatment(registry: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(registry)
    assert run(["response", "--registry", str(registry), "--json"]) == 0
    said = capsys.readouterr().out.lower()
    for word in ("recommend", "should be treated", "eligible", "candidate for", "stop treatment"):
        assert word not in said
