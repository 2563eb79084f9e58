"""A small CDM of persons who do not exist, as DuckDB file, Parquet or CSV folder, or PostgreSQL schema."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from lutrace.ehr import OmopSettings, RecordBatch, read_omop
from lutrace.ehr.omop_tables import READ_TABLES
from lutrace.registry import open_foreign

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
BEGIN = dt.date(2022, 3, 1)


def day(number: int) -> dt.date:
    """A date by its day, counted from the first cycle."""
    return BEGIN + dt.timedelta(days=number)


def person(number: int = 1, **cells: Any) -> dict[str, Any]:
    return {
        "person_id": number,
        "gender_concept_id": 8507,
        "year_of_birth": 1950,
        "person_source_value": f"SYN-{number}",
        **cells,
    }


def lab(number: int, **cells: Any) -> dict[str, Any]:
    """A PSA of 12.5 ng/mL on the day before the first cycle."""
    return {
        "measurement_id": number,
        "person_id": 1,
        "measurement_concept_id": 3013603,
        "measurement_date": day(-1),
        "value_as_number": 12.5,
        "unit_source_value": "ng/mL",
        **cells,
    }


def condition(number: int, code: str = "ICD10CM:C61", **cells: Any) -> dict[str, Any]:
    return {
        "condition_occurrence_id": number,
        "person_id": 1,
        "condition_start_date": dt.date(2018, 5, 2),
        "condition_source_value": code,
        **cells,
    }


def drug(number: int, name: str, begin: dt.date, end: dt.date | None = None, **cells: Any) -> dict[str, Any]:
    return {
        "drug_exposure_id": number,
        "person_id": 1,
        "drug_source_value": name,
        "drug_exposure_start_date": begin,
        "drug_exposure_end_date": end or begin,
        **cells,
    }


def observation(number: int, source_value: str, date: dt.date, **cells: Any) -> dict[str, Any]:
    return {
        "observation_id": number,
        "person_id": 1,
        "observation_date": date,
        "observation_source_value": source_value,
        **cells,
    }


def arrow(name: str, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows as a table of the model; what is required and not given is 0, the concept of no match."""
    table = READ_TABLES[name]
    filled = [
        {one.name: row.get(one.name, 0 if one.required and one.kind == "int" else None) for one in table.columns}
        for row in rows
    ]
    schema = pa.schema([pa.field(field.name, field.type) for field in table.arrow_schema])
    return pa.Table.from_pylist(filled, schema=schema)


def write_parquet(folder: Path, rows: Rows) -> Path:
    folder.mkdir(exist_ok=True)
    for name, given in rows.items():
        pq.write_table(arrow(name, given), folder / f"{name}.parquet")
    return folder


def write_csv(folder: Path, rows: Rows) -> Path:
    """As CSV with names of files and columns in capitals, as many exports have them."""
    folder.mkdir(exist_ok=True)
    for name, given in rows.items():
        table = arrow(name, given)
        pc.write_csv(table.rename_columns([one.upper() for one in table.column_names]), folder / f"{name.upper()}.csv")
    return folder


def write_duckdb(path: Path, rows: Rows, schema: str | None = None) -> Path:
    backend = ibis.duckdb.connect(path)
    if schema is not None:
        backend.create_database(schema)
    for name, given in rows.items():
        backend.create_table(name, arrow(name, given), database=schema)
    backend.disconnect()
    return path


def read_source(source: Path | str, settings: OmopSettings | None = None, schema: str | None = None) -> RecordBatch:
    """The one batch that a small source gives."""
    with open_foreign(str(source), schema=schema) as opened:
        batches = list(read_omop(opened.tables, opened.digest, settings))
    assert len(batches) == 1
    return batches[0]


def plain(batch: RecordBatch) -> dict[str, list[dict[str, Any]]]:
    """The rows by table without what is empty, in an order that does not depend on the engine."""
    return {
        name: sorted(({key: one for key, one in row.items() if one is not None} for row in rows), key=str)
        for name, rows in batch.rows.items()
    }
