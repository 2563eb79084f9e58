"""The same virtual patients in every form of records: what a registry holds of each is the truth, field by field."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from lutrace.core import Row, UnusableInputError
from lutrace.ingest import run_add_fhir, run_init
from lutrace.registry import Registry
from lutrace.tables import FACT_TABLES
from lutrace.virtual import compare_facts, make_sources, make_true_facts, read_facts
from lutrace.virtual.chart import Chart

N, SEED = 6, 1


@dataclass(frozen=True)
class Written:
    folder: Path
    charts: tuple[Chart, ...]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("sources") / "all"
    return Written(folder, make_sources(folder, patients=N, seed=SEED))


def disagreeing(registry: Path, charts: tuple[Chart, ...]) -> dict[str, tuple[object, ...]]:
    with Registry.open(registry, write=True) as opened:
        people = {opened.pseudonym("patient", one.patient.identifier): one.patient.identifier for one in charts}
        tables: dict[str, list[Row]] = {name: list(opened.rows(table)) for name, table in FACT_TABLES.items()}
    results = compare_facts(make_true_facts(charts), read_facts(tables, people))
    assert sum(one.true for one in results) > 250 * len(charts)
    return {one.field: one.faults[:3] for one in results if not one.agrees}


def test_the_registry_from_fhir_is_the_truth_on_every_field(written: Written, tmp_path: Path) -> None:
    run_init(tmp_path / "registry", profile_text=(written.folder / "site.yaml").read_text(encoding="utf-8"))
    result = run_add_fhir(tmp_path / "registry", [written.folder / "fhir"])
    assert result.quarantined == 0
    assert disagreeing(tmp_path / "registry", written.charts) == {}


def test_a_wrong_a_missing_and_an_invented_fact_are_told(written: Written) -> None:
    true = make_true_facts(written.charts)
    activity = next(key for key in true if key[0] == "cycle: activity")
    weight = next(key for key in true if key[0] == "weight")
    found = {key: value for key, value in true.items() if key != weight}
    found[activity] = true[activity] * 1.01
    found["fracture", "SYN-0001", written.charts[0].patient.last_date] = True
    results = {one.field: one for one in compare_facts(true, found)}
    told = {one.field: (one.true - one.right, one.found - one.right) for one in results.values() if not one.agrees}
    assert told == {"cycle: activity": (1, 1), "weight": (1, 0), "fracture": (0, 1)}


def test_sources_are_written_into_a_new_folder_only(written: Written) -> None:
    with pytest.raises(UnusableInputError, match="must be empty"):
        make_sources(written.folder, patients=1)
