"""The report of the first study counts RECIP classes at the landmarks; the gate hides small counts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.study.conftest import Rows, run_computed

from lutrace.report import ReleasePolicy
from lutrace.study import RunResult, load_protocol, run_study


def expected_classes(rows: Rows, cycle: int) -> Counter[str]:
    """RECIP of each patient by plain arithmetic on the constructed rows."""
    volumes = {row["scan_id"]: row["tumour_auto_ml"] for row in rows["tumour_burdens"]}
    new = {
        row["followup_scan_id"]
        for row in rows["lesion_links"]
        if row["status"] == "new" and row["baseline_scan_id"].endswith("-s1")
    }
    counts: Counter[str] = Counter()
    for scan in (scan for scan in volumes if scan.endswith(f"-s{cycle}")):
        change = 100 * (volumes[scan] / volumes[f"{scan[:-1]}1"] - 1)
        if change <= -30 and scan not in new:
            counts["PR"] += 1
        elif change >= 20 and scan in new:
            counts["PD"] += 1
        else:
            counts["SD"] += 1
    return counts


def test_the_report_counts_recip_classes_at_both_landmarks(first_study: RunResult, abstract_rows: Rows) -> None:
    rows = [row for row in first_study.computation.tables["summaries"] if row["table"] == "response"]
    found = {(row["group"], row["level"]): row["value"] for row in rows if row["variable"] == "recip"}
    for landmark, cycle in (("C2", 2), ("C3", 3)):
        expected = expected_classes(abstract_rows, cycle)
        assert {level: found[landmark, level] for level in ("PR", "SD", "PD")} == {
            level: float(expected[level]) for level in ("PR", "SD", "PD")
        }
        assert found[landmark, "CR"] == found[landmark, "not_evaluable"] == 0.0
    html = first_study.report.html.read_text(encoding="utf-8")
    assert "RECIP rules applied to SPECT" in html
    assert "These rules were made for PSMA-PET" in html


@pytest.mark.slow
def test_small_counts_of_response_are_hidden_by_the_gate(
    first_study: RunResult, abstract_facts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_computed(monkeypatch, first_study)
    policy = ReleasePolicy(min_cell=5, patient_level=False)
    run_study(load_protocol("early-spect-response"), abstract_facts, tmp_path / "out", policy=policy)
    text = (tmp_path / "out" / "tables" / "response_classes.csv").read_text(encoding="utf-8")
    counts = [int(word) for line in text.splitlines()[1:] for word in line.split(",") if word.strip().isdigit()]
    assert not [one for one in counts if 0 < one < 5]
