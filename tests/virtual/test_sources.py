"""The same virtual patients in every form of records: what a registry holds of each is the truth, field by field."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from lutrace.cli.app import run
from lutrace.core import Row, UnusableInputError
from lutrace.ingest import run_init
from lutrace.registry import Registry
from lutrace.tables import FACT_TABLES
from lutrace.virtual import compare_facts, make_sources, make_true_facts, read_facts
from lutrace.virtual.chart import Chart
from lutrace.virtual.tables import MAPPINGS as TABLE_MAPPINGS

N, SEED = 6, 31
COMMANDS = {
    "fhir": [["fhir", "fhir"]],
    "omop": [["omop", "omop"]],
    "redcap": [["redcap", "redcap/dictionary.csv", "redcap/data.csv", "--mapping", "redcap/mapping.yaml"]],
    "tables": [
        ["table", f"tables/{file}", "--mapping", f"tables/{mapping}"] for file, mapping in TABLE_MAPPINGS.items()
    ],
    "notes": [["notes", "notes/letters.csv"]],
}


@dataclass(frozen=True)
class Written:
    folder: Path
    charts: tuple[Chart, ...]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("sources") / "all"
    return Written(folder, make_sources(folder, patients=N, seed=SEED))


def fill(registry: Path, folder: Path, source: str) -> None:
    """A registry filled from one form by its command; nothing may be refused."""
    if not registry.exists():
        run_init(registry, profile_text=(folder / "site.yaml").read_text(encoding="utf-8"))
    for arguments in COMMANDS[source]:
        kind, *others = arguments
        paths = [one if one.startswith("--") else str(folder / one) for one in others]
        assert run(["add", kind, *paths, "--registry", str(registry)]) == 0, (source, arguments)


def tables_of(registry: Path, charts: tuple[Chart, ...]) -> tuple[dict[str, list[Row]], dict[str, str]]:
    with Registry.open(registry, write=True) as opened:
        people = {opened.pseudonym("patient", one.patient.identifier): one.patient.identifier for one in charts}
        return {name: list(opened.rows(table)) for name, table in FACT_TABLES.items()}, people


def disagreeing(registry: Path, charts: tuple[Chart, ...]) -> dict[str, tuple[object, ...]]:
    tables, people = tables_of(registry, charts)
    results = compare_facts(make_true_facts(charts), read_facts(tables, people))
    assert sum(one.true for one in results) > 250 * len(charts)
    return {one.field: one.faults[:3] for one in results if not one.agrees}


@pytest.mark.parametrize("source", ["fhir", "omop", "redcap", "tables"])
def test_the_registry_from_each_form_is_the_truth_on_every_field(written: Written, source: str, tmp_path: Path) -> None:
    fill(tmp_path / "registry", written.folder, source)
    left = disagreeing(tmp_path / "registry", written.charts)
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
    found["fracture", "SYN-0001", written.charts[0].patient.last_date] = True
    results = {one.field: one for one in compare_facts(true, found)}
    told = {one.field: (one.true - one.right, one.found - one.right) for one in results.values() if not one.agrees}
    assert told == {"cycle: activity": (1, 1), "weight": (1, 0), "fracture": (0, 1)}


def test_sources_are_written_into_a_new_folder_only(written: Written) -> None:
    with pytest.raises(UnusableInputError, match="must be empty"):
        make_sources(written.folder, patients=1)
