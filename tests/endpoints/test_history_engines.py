"""Lines, cycles, mCRPC, grade groups and sites are one expression: DuckDB, PostgreSQL and Spark give the same rows."""

from __future__ import annotations

import random
from dataclasses import replace

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest
from tests.conftest import day, freeze_by_hand
from tests.engines import check_same, names_for_spark, read_rows_of
from tests.spec.line_patient import Given, treatment_rows

from lutrace.core import Row
from lutrace.endpoints import (
    check_series,
    choose_mcrpc_dates,
    compare_mcrpc_dates,
    count_prior_regimens,
    derive_grade_groups,
    derive_line_agents,
    derive_lines,
    derive_mcrpc_dates,
    derive_sites,
    find_line_queries,
    find_setting_queries,
    list_cycle_statements,
    reconcile_cycles,
)
from lutrace.registry import Snapshot
from lutrace.tables import FACT_TABLES, Facts

AGENTS = ("docetaxel", "cabazitaxel", "abiraterone", "enzalutamide", "carboplatin", "cisplatin", "radium_223")
PATIENTS = tuple(f"p{number:02d}" for number in range(14))


def random_rows() -> dict[str, list[Row]]:
    """Fourteen patients with treatments, cycles, statements, PSA, testosterone, deprivation and diagnoses."""
    chance = random.Random(5)
    tables: dict[str, list[Row]] = {name: [] for name in FACT_TABLES}
    for name in PATIENTS:
        given: list[Given] = []
        for _ in range(chance.randint(1, 7)):
            begin = chance.randint(0, 900)
            end = None if chance.random() < 0.2 else begin + chance.choice((0, 21, 90, 200))
            given.append((chance.choice(AGENTS), begin, end))
        first = chance.randint(900, 1000)
        given += [("lu177_psma_617", first + 42 * cycle, None) for cycle in range(chance.randint(0, 4))]
        given.append(("leuprorelin", chance.randint(-400, 0), None))
        for table, rows in treatment_rows(given, name).items():
            tables[table] += rows
        tables["labs"] += _labs(name, chance)
        tables["diagnoses"] += _diagnoses(name, chance)
        tables["cycle_statements"] += _statements(name, chance, first)
    return tables


def _labs(name: str, chance: random.Random) -> list[Row]:
    shared = {"patient_id": name, "canonical_unit": "ng/mL", "analyte": "psa"}
    level = chance.uniform(0.5, 4)
    rows: list[Row] = []
    for number in range(12):
        level *= chance.choice((0.8, 1.2, 1.6))
        rows.append({**shared, "date": day(60 * number), "value": round(level, 2), "row_id": f"labs:{name}{number}"})
    low = {**shared, "analyte": "testosterone", "canonical_unit": "ng/dL", "date": day(100)}
    return [*rows, {**low, "value": chance.choice((10.0, 300.0)), "row_id": f"labs:{name}t"}]


def _diagnoses(name: str, chance: random.Random) -> list[Row]:
    known = {"patient_id": name, "date": day(chance.randint(-500, 300)), "date_precision": "month"}
    pattern = chance.choice(((3, 4, 7), (4, 4, None), (None, None, 7), (3, 3, 4)))
    score = dict(zip(("gleason_primary", "gleason_secondary", "gleason_sum"), pattern, strict=True))
    return [
        {
            **known,
            "milestone": "metastatic",
            "code": "C79.5",
            "method": "code",
            **score,
            "row_id": f"diagnoses:{name}m",
        },
        {**known, "milestone": "crpc", "method": chance.choice(("code", "physician")), "row_id": f"diagnoses:{name}c"},
    ]


def _statements(name: str, chance: random.Random, first: int) -> list[Row]:
    said = {"patient_id": name, "begin_precision": "day", "agent": "lu177_psma_other"}
    one = {**said, "kind": "letter", "scope": "cycle", "begin_date": day(first + chance.randint(-5, 5))}
    whole = {**said, "kind": "radiotherapy", "scope": "series", "begin_date": day(first), "end_date": day(first + 130)}
    return [
        {**one, "activity_mbq": 7000.0, "row_id": f"cycle_statements:{name}l"},
        {**whole, "activity_mbq": 22000.0, "row_id": f"cycle_statements:{name}s"},
    ]


def expressions(facts: Facts) -> dict[str, ir.Table]:
    dates = derive_mcrpc_dates(facts)
    choices = choose_mcrpc_dates(dates)
    agents = derive_line_agents(facts)
    known = {
        "patient_id": list(PATIENTS),
        "crpc_date": [day(400 + 10 * number) for number in range(len(PATIENTS))],
        "crpc_precision": ["day", "month", "year", "month", "day", "year", "month"] * 2,
        "metastatic_date": [day(0)] * len(PATIENTS),
        "metastatic_precision": ["month", "day"] * 7,
    }
    lines = derive_lines(agents, ibis.memtable(pa.table(known)))
    index = ibis.memtable(pa.table({"patient_id": list(PATIENTS), "index_date": [day(950)] * len(PATIENTS)}))
    statements = list_cycle_statements(facts)
    cycles = reconcile_cycles(statements)
    return {
        "line_agents": agents,
        "lines": lines,
        "prior_regimens": count_prior_regimens(agents, lines, index),
        "line_queries": find_line_queries(facts).union(find_setting_queries(agents, lines)),
        "cycles": cycles,
        "series": check_series(statements, cycles),
        "mcrpc_dates": dates,
        "mcrpc_choices": choices,
        "agreement": compare_mcrpc_dates(dates),
        "grade_groups": derive_grade_groups(facts),
        "sites": derive_sites(facts, index),
    }


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """The fourteen patients as the Parquet files of a snapshot."""
    return freeze_by_hand(random_rows(), tmp_path_factory.mktemp("history"))


@pytest.fixture(scope="module")
def ours(frozen: Snapshot) -> dict[str, list[Row]]:
    return read_rows_of(expressions(frozen))


def test_every_row_points_to_rows_that_exist(ours: dict[str, list[Row]]) -> None:
    known = {f"{name}:{row['row_id']}" for name, rows in random_rows().items() for row in rows if "row_id" in row}
    named = [word for row in (*ours["lines"], *ours["cycles"]) for word in row["evidence"].split()]
    named += [f"{row['source_table']}:{row['source_row']}" for row in (*ours["mcrpc_dates"], *ours["sites"])]
    assert len(named) > 100
    assert set(named) <= known


@pytest.mark.server("postgresql")
@pytest.mark.usefixtures("on_postgres")
def test_postgresql_gives_the_rows_of_duckdb(frozen: Snapshot, ours: dict[str, list[Row]]) -> None:
    theirs = read_rows_of(expressions(replace(frozen, engine="postgres")))
    check_same(ours, theirs)
    assert theirs.keys() == ours.keys()


@pytest.mark.server("default-jre-headless")
@pytest.mark.usefixtures("spark_session")
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning")
def test_spark_gives_the_rows_of_duckdb(frozen: Snapshot, ours: dict[str, list[Row]]) -> None:
    made = expressions(replace(frozen, engine="spark"))
    check_same(ours, read_rows_of(made, names_for_spark(("line_agents", "cycles", "sites"), made)))
