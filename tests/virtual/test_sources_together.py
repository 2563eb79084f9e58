"""All five forms of the same virtual patients in one registry: nothing counts twice, results are those of one."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from tests.virtual.source_registry import FORMS, Written, fill

from lutrace.endpoints import History, derive_death_dates
from lutrace.endpoints.psa.series import on_clock, psa_values
from lutrace.endpoints.psa.summary import summarise_psa
from lutrace.protocol import HistoryRules, PsaProgression, PsaRules
from lutrace.registry import Registry
from lutrace.tables import CYCLES, FACT_TABLES, LABS, MERGED_TABLES
from lutrace.virtual import compare_facts, make_true_facts, read_facts

CUT = dt.date(2024, 6, 28)
RECORDS = (*MERGED_TABLES, "reader_findings")
OWN_NAMES = ("row", "source", "evidence", "rule", "digest")
"""Parts of the names of columns that tell where a value comes from."""


@pytest.fixture(scope="module")
def mixed(written: Written, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry of all sources, that which is believed most added last."""
    registry = tmp_path_factory.mktemp("mixed") / "registry"
    for source in reversed(FORMS):
        fill(registry, written.folder, source)
    return registry


def derived(registry: Path, written: Written) -> dict[str, set[tuple[tuple[str, str], ...]]]:
    """PSA response, lines and deaths of a registry's snapshot, without where they come from."""
    with Registry.open(registry, write=True) as opened:
        frozen = opened.freeze()
        people = {opened.pseudonym("patient", one.patient.identifier): one.patient.identifier for one in written.charts}

    def rows(table: Any) -> set[tuple[tuple[str, str], ...]]:
        kept = [name for name in table.columns if not any(word in name for word in OWN_NAMES)]
        found = table.select(kept).to_pyarrow().to_pylist()
        return {tuple((k, str(people.get(v, v) if k == "patient_id" else v)) for k, v in row.items()) for row in found}

    first = frozen.table(CYCLES).group_by("patient_id").aggregate(c1_date=lambda t: t.administered_date.min())
    series = on_clock(psa_values(frozen.table(LABS)), first)
    return {
        "psa": rows(summarise_psa(series, PsaRules(), PsaProgression())),
        "lines": rows(History(frozen, HistoryRules(), CUT).lines),
        "deaths": rows(derive_death_dates(frozen, None, CUT)),
    }


def test_rows_that_count_are_the_truth_once_and_every_merge_is_explained(mixed: Path, written: Written) -> None:
    with Registry.open(mixed, write=True) as opened:
        people = {opened.pseudonym("patient", one.patient.identifier): one.patient.identifier for one in written.charts}
        tables = {name: opened.rows(table, corrected=True) for name, table in FACT_TABLES.items() if name in RECORDS}
        stored = {row["row_id"] for name in RECORDS for row in opened.rows(FACT_TABLES[name])}
        n_labs = len(opened.rows(LABS))
        merges = opened.merges()
    results = compare_facts(make_true_facts(written.charts), read_facts(tables, people))
    assert {one.field: one.faults[:3] for one in results if not one.agrees} == {}
    assert n_labs == 4 * len(tables["labs"]) == 4 * sum(len(one.patient.labs) for one in written.charts)
    assert {row["verdict"] for row in merges} == {"same"}
    assert all(row["rule"] and row["kept_source"] == "fhir" != row["dropped_source"] for row in merges)
    assert all(row["dropped_row_id"].split("~")[0] in stored for row in merges)


def test_psa_response_lines_and_survival_are_those_of_fhir_alone(mixed: Path, written: Written, tmp_path: Path) -> None:
    fill(tmp_path / "fhir", written.folder, "fhir")
    alone, together = derived(tmp_path / "fhir", written), derived(mixed, written)
    assert all(alone.values())
    assert together == alone
