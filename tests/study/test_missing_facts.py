"""Before the first run: which facts a study needs of a patient and the registry does not have."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from lutrace.cli.app import run
from lutrace.core import ProtocolError, Row, Source, read_rows
from lutrace.protocol import parse_protocol
from lutrace.registry import FactBatch, Registry
from lutrace.study import find_missing, shipped_names, shipped_text
from lutrace.study.needs import find_needs

FIRST, SECOND = dt.date(2022, 1, 10), dt.date(2022, 2, 21)
MORE = """
  - {kind: toxicity, name: tox, label: Toxicity}
  - {kind: time_to_worsening, name: ttw, label: Worsening, instrument: fact-p, scale: fact_p}
  - {kind: ttnt, name: ttnt, label: Next treatment}
"""
DERIVED = """
derived:
  - {kind: mcrpc, name: mcrpc, label: mCRPC}
  - {kind: grade_groups, name: grades, label: Grade groups}
  - {kind: sites, name: sites, label: Sites}
"""


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """Three synthetic patients: one of whom everything but the scans is known, one with gaps, one without cycles."""
    folder = tmp_path / "registry"
    Registry.create(folder, profile_text="centre: Synthetic\n")
    rows: dict[str, list[Row]] = {
        "patients": [{"patient_id": name, "synthetic": True} for name in ("P-A", "P-B", "P-C")],
        "cycles": [_cycle(name, number) for name in ("P-A", "P-B") for number in (1, 2)],
        "labs": [
            _psa("P-A", dt.date(2022, 1, 3)),
            _psa("P-A", dt.date(2022, 2, 20)),
            _psa("P-B", dt.date(2021, 10, 1)),
        ],
        "follow_up": [_alive("P-A", dt.date(2023, 1, 1)), _alive("P-B", FIRST)],
    }
    rows["cycles"][3] |= {"administered_mbq": None, "weight_kg": None}
    with Registry.open(folder, write=True) as opened:
        opened.add(FactBatch(Source("table", "0" * 64), rows))
    return folder


def _cycle(name: str, number: int) -> dict[str, Any]:
    return {
        "patient_id": name,
        "cycle": number,
        "administered_date": (FIRST, SECOND)[number - 1],
        "agent": "lu177_psma_617",
        "administered_mbq": 7400.0,
        "weight_kg": 80.0,
    }


def _psa(name: str, day: dt.date) -> dict[str, Any]:
    value = {"analyte": "psa", "value_text": "9", "unit": "ng/mL", "value": 9.0, "canonical_unit": "ng/mL"}
    return {"patient_id": name, "date": day, "record_key": f"{name}{day}", **value}


def _alive(name: str, day: dt.date) -> dict[str, Any]:
    return {"patient_id": name, "status": "alive", "date": day, "date_precision": "day", "basis": "contact"}


def test_what_the_shipped_study_needs_is_told_for_each_patient(registry: Path) -> None:
    found = find_missing(registry, "early-spect-response")

    told = {(row["patient_id"], row["need"]) for row in found.rows}
    assert told == {
        ("P-A", "SPECT of cycle 1"),
        ("P-A", "SPECT of cycle 2"),
        ("P-B", "SPECT of cycle 1"),
        ("P-B", "SPECT of cycle 2"),
        ("P-B", "cycle activity"),
        ("P-B", "weight"),
        ("P-B", "baseline PSA"),
        ("P-B", "PSA at C2"),
        ("P-B", "vital status"),
        ("P-C", "cycles"),
    }
    words = {(row["patient_id"], row["need"]): row["missing"] for row in found.rows}
    assert words["P-B", "baseline PSA"] == "PSA in the 60 days before cycle 1"
    assert words["P-B", "PSA at C2"] == "PSA at SPECT of cycle 2: none from 2022-01-17 to 2022-02-28"
    assert words["P-B", "weight"] == "weight at cycle 2"
    assert {"study": "early-spect-response", "need": "baseline PSA", "patients": 1, "of": 3} in found.counts
    of_all = find_missing(registry)
    assert {row["study"] for row in of_all.counts} == set(shipped_names()), "without a name: every shipped study"
    assert [row for row in of_all.rows if row["study"] == "early-spect-response"] == list(found.rows)


def test_needs_follow_the_study_file_and_not_a_list(registry: Path, tmp_path: Path) -> None:
    text = shipped_text("early-spect-response").replace("# A hazard ratio means nothing", f"{MORE}\n# A hazard", 1)
    study = tmp_path / "own.yaml"
    study.write_text(text + DERIVED, encoding="utf-8")

    found = find_missing(registry, str(study))

    of_a = {row["need"] for row in found.rows if row["patient_id"] == "P-A"}
    blood = ("haemoglobin", "platelets", "leukocytes", "neutrophils")
    assert of_a == {
        "SPECT of cycle 1",
        "SPECT of cycle 2",
        *(f"baseline {analyte}" for analyte in blood),
        *(f"{analyte} per cycle" for analyte in blood),
        "baseline fact-p",
        "fact-p on therapy",
        "treatments",
        "mCRPC date",
        "Gleason score",
        "metastases",
    }
    assert "haemoglobin after cycle 1, 2" in {row["missing"] for row in found.rows}


def test_a_study_that_asks_for_other_windows_needs_other_days(registry: Path) -> None:
    text = shipped_text("early-spect-response").replace("fallback: 60 days", "fallback: 120 days")
    needs = find_needs(parse_protocol(text, "own.yaml"))

    assert needs.psa_fallback_days == 120.0
    assert (needs.scans, needs.plan, needs.minimum_cycles, needs.labs) == ((1, 2, 3), "suv3", 2, None)
    assert needs.vital_status and not needs.mcrpc and needs.questionnaires == {}


def test_an_unknown_study_is_named(registry: Path) -> None:
    with pytest.raises(ProtocolError, match="no such protocol; did you mean early-spect-response"):
        find_missing(registry, "early-spect-respons")


def test_the_command_counts_patients_and_lists_them_without_a_name(
    registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "missing.csv"

    status = run(["check", "--registry", str(registry), "--missing", "early-spect-response", "--out", str(out)])
    told = capsys.readouterr().out
    as_json = run(["check", "--registry", str(registry), "--missing", "early-spect-response", "--json"])
    answer = json.loads(capsys.readouterr().out)

    assert (status, as_json) == (1, 1)
    assert "vital status" in told
    assert [row["need"] for row in answer["missing"]] == [row["need"] for row in read_rows(out)]
    assert {"study": "early-spect-response", "need": "SPECT of cycle 2", "patients": 2, "of": 3} in answer["counts"]
    assert run(["check", "early-spect-response", "--registry", str(registry)]) == 2
    assert "goes with --missing" in capsys.readouterr().err
