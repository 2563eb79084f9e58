"""The same virtual patients in every form of records: what a registry holds of each is the truth, field by field."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.virtual.source_registry import Written, fill

from lutrace.core import UnusableInputError
from lutrace.registry import Registry
from lutrace.tables import FACT_TABLES
from lutrace.virtual import compare_facts, make_sources, make_true_facts, read_facts


@pytest.mark.parametrize("source", ["fhir", "omop", "redcap", "tables"])
def test_the_registry_from_each_form_is_the_truth_on_every_field(written: Written, source: str, tmp_path: Path) -> None:
    fill(tmp_path / "registry", written.folder, source)
    with Registry.open(tmp_path / "registry", write=True) as opened:
        people = {opened.pseudonym("patient", one.patient.identifier): one.patient.identifier for one in written.charts}
        tables = {name: opened.rows(table) for name, table in FACT_TABLES.items()}
    results = compare_facts(make_true_facts(written.charts), read_facts(tables, people))
    assert sum(one.true for one in results) > 250 * len(written.charts)
    left = {one.field: one.faults for one in results if not one.agrees}
    if source == "omop":  # the model has no place for how exactly a day is known
        by_month = {one.patient.identifier for one in written.charts if one.death and one.death.precision == "month"}
        assert by_month
        assert {fault[1] for fault in left.pop("death")} == by_month
    assert left == {}


def test_a_wrong_a_missing_and_an_invented_fact_are_told(written: Written) -> None:
    true = make_true_facts(written.charts)
    activity = next(key for key in true if key[0] == "cycle: activity")
    weight = next(key for key in true if key[0] == "weight")
    found = {key: value for key, value in true.items() if key != weight}
    found[activity] = true[activity] * 1.01
    found["fracture", "SYN-0001", written.charts[0].patient.birth_date] = True
    results = {one.field: one for one in compare_facts(true, found)}
    told = {one.field: (one.true - one.right, one.found - one.right) for one in results.values() if not one.agrees}
    assert told == {"cycle: activity": (1, 1), "weight": (1, 0), "fracture": (0, 1)}


def test_sources_are_written_into_a_new_folder_only(written: Written) -> None:
    with pytest.raises(UnusableInputError, match="must be empty"):
        make_sources(written.folder, patients=1)
