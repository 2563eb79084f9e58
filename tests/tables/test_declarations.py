from __future__ import annotations

import pytest

from lutrace.core import Disclosure, Table
from lutrace.tables import FACT_TABLES, QUARANTINE, RESULT_TABLES, SOURCES

ALL = [*FACT_TABLES.values(), *RESULT_TABLES.values(), SOURCES, QUARANTINE]


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_every_column_says_what_it_means_and_every_number_its_unit(table: Table) -> None:
    for column in table.columns:
        assert column.meaning
        if column.type.value in {"int", "float"}:
            assert column.unit, f"{table.name}.{column.name} has no unit"


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_a_unit_in_a_name_is_the_declared_unit(table: Table) -> None:
    endings = {"_mm": "mm", "_ml": "mL", "_mbq": "MBq", "_bq": "Bq", "_kg": "kg", "_s": "s", "_days": "d", "_pct": "%"}
    for column in table.columns:
        for ending, unit in endings.items():
            if column.name.endswith(ending) and column.unit and not column.name.startswith("tlp_"):
                assert column.unit == unit, f"{table.name}.{column.name}"


@pytest.mark.parametrize("table", FACT_TABLES.values(), ids=lambda table: table.name)
def test_every_fact_carries_its_provenance(table: Table) -> None:
    assert {"row_id", "source_id", "source_locator", "changed_by"} <= set(table.by_name)


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_dates_are_declared_as_dates_of_a_person(table: Table) -> None:
    for column in table.columns:
        if column.type.value in {"date", "datetime"}:
            assert column.disclosure is Disclosure.DATE


def test_the_name_of_a_row_depends_on_its_key_only() -> None:
    cycles = FACT_TABLES["cycles"]
    first = cycles.row_id({"patient_id": "P", "cycle": 1, "agent": "a"})
    assert first == cycles.row_id({"patient_id": "P", "cycle": 1, "agent": "b"})
    assert first != cycles.row_id({"patient_id": "P", "cycle": 2, "agent": "a"})
