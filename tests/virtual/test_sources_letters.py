"""Letters of virtual patients beside what they state, and the page of sources beside its stored numbers."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from tests.virtual.source_registry import Written, fill
from validation.virtual_centre.compare_sources import PAGE, STORED, with_tables

from lutrace.ingest import run_extract
from lutrace.registry import Registry
from lutrace.tables import TEXT_FINDINGS


def test_most_facts_of_the_letters_are_found_and_few_others(written: Written) -> None:
    notes = written.folder / "notes"
    result = run_extract(notes / "letters.csv", labels=notes / "letter_facts.csv")
    often = [row for row in result.agreement if row["positives"] >= 8]
    assert {"metastasis_site", "psa", "rlt_cycle", "therapy", "stop_reason", "activity"} <= {
        row["fact"] for row in often
    }
    assert {row["fact"] for row in often if row["recall"] < 0.6 or row["precision"] < 0.8} == set()
    counts = Counter(row["tp"] == row["positives"] == row["found"] for row in result.agreement)
    assert counts[True] >= 10


def test_letters_in_a_registry_give_the_facts_of_extract_and_none_is_reviewed(written: Written, tmp_path: Path) -> None:
    fill(tmp_path / "table", written.folder, "notes")
    with Registry.open(tmp_path / "table", write=True) as opened:
        rows = opened.rows(TEXT_FINDINGS)
        people = {opened.pseudonym("patient", one.patient.identifier) for one in written.charts}
    assert {row["patient_id"] for row in rows} == people
    assert not any(row["reviewed"] for row in rows)
    found = run_extract(written.folder / "notes" / "letters.csv").rows
    assert Counter(row["fact"] for row in rows) == Counter(row["fact"] for row in found)


def test_the_page_of_sources_shows_the_stored_numbers() -> None:
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    text = PAGE.read_text(encoding="utf-8")
    assert with_tables(stored, text) == text
    left = {
        (form, field) for form, fields in stored["fields"].items() for field, one in fields.items() if len(set(one)) > 1
    }
    assert left == {("omop", "death")}
