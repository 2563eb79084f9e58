"""A CDM that is being filled with rows of the registry: ids, persons, and what has no place in the model."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from lutrace.core import Row
from lutrace.ehr.omop_tables import CDM_SOURCE, WRITTEN_TABLES, CdmTable
from lutrace.terms import omop_concept_of, omop_meanings

EHR, ADMINISTERED, CLAIM, REGISTRY, NLP = (
    omop_meanings().types[one] for one in ("ehr", "administered", "claim", "registry", "text")
)
"""Types of records: EHR, EHR administration record, pharmacy claim, registry, natural language processing."""
Form = Literal["parquet", "csv"]


@dataclass
class Cdm:
    """The rows of all tables by name; each table counts its own ids, persons are numbered in order."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    persons: dict[str, int] = field(default_factory=dict)
    left: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """What was not carried, or not whole: table, column and why, with the number of rows."""

    def add(self, table: str, patient_id: str | None = None, **cells: Any) -> int:
        """A row with the next id of its table, which is given back; texts are cut to the width of their column."""
        declared = WRITTEN_TABLES[table]
        number = len(self.rows[table]) + 1
        row: Row = dict(cells)
        if declared.key is not None and declared.key not in row:
            row[declared.key] = number
        if patient_id is not None:
            row["person_id"] = self.persons[patient_id]
        for column in declared.columns:
            value = row.get(column.name)
            if column.length is not None and value is not None and len(value) > column.length:
                self.leave(table, column.name, f"cut to {column.length} characters")
                row[column.name] = value[: column.length]
        self.rows[table].append(row)
        return number

    def leave(self, table: str, column: str, why: str) -> None:
        """Count what has no place in the model."""
        self.left[table, column, why] += 1

    def observe(self, patient_id: str, source_value: str, date: dt.date, **cells: Any) -> int:
        """A row of OBSERVATION with a source value and no concept."""
        return self.add(
            "observation",
            patient_id,
            observation_concept_id=0,
            observation_date=date,
            observation_type_concept_id=EHR,
            observation_source_value=source_value,
            **cells,
        )

    def measure(self, patient_id: str, loinc: str, date: dt.date, **cells: Any) -> int:
        """A row of MEASUREMENT by its LOINC code, with the concept where it is in the shipped list."""
        concept = omop_concept_of("LOINC", loinc)
        return self.add(
            "measurement",
            patient_id,
            measurement_concept_id=concept,
            measurement_date=date,
            measurement_type_concept_id=EHR,
            measurement_source_value=f"LOINC:{loinc}",
            measurement_source_concept_id=concept,
            **cells,
        )

    def write(self, folder: Path, form: Form) -> list[Path]:
        """Every table of the model that is written, empty ones too, as one file each."""
        written = []
        for table in WRITTEN_TABLES.values():
            path = folder / f"{table.name}.{form}"
            _WRITERS[form](_arrow(table, self.rows[table.name]), path)
            written.append(path)
        return written


def add_periods(cdm: Cdm) -> None:
    """OBSERVATION_PERIOD: for each person the span of all days of the other tables."""
    days: dict[int, set[dt.date]] = defaultdict(set)
    for name, rows in cdm.rows.items():
        dates = [column.name for column in WRITTEN_TABLES[name].columns if column.kind == "date"]
        for row in rows:
            days[row.get("person_id", 0)] |= {row[one] for one in dates if row.get(one) is not None}
    for person in sorted(cdm.persons.values()):
        if days[person]:
            cdm.add(
                "observation_period",
                person_id=person,
                observation_period_start_date=min(days[person]),
                observation_period_end_date=max(days[person]),
                period_type_concept_id=EHR,
            )


def add_source(cdm: Cdm, *, centre: str, mark: str, day: dt.date) -> None:
    """CDM_SOURCE: what the CDM is made from."""
    cdm.add(
        CDM_SOURCE.name,
        cdm_source_name=centre,
        cdm_source_abbreviation=mark,
        cdm_holder=centre,
        source_description="registry of lutrace; pseudonyms; concepts of its shipped list, 0 where none is known",
        source_release_date=day,
        cdm_release_date=day,
        cdm_version="v5.4",
        cdm_version_concept_id=omop_meanings().cdm_version,
        vocabulary_version="none",
    )


def _arrow(table: CdmTable, rows: list[Row]) -> pa.Table:
    filled = [
        {one.name: row.get(one.name, 0 if one.required and one.kind == "int" else None) for one in table.columns}
        for row in rows
    ]
    return pa.Table.from_pylist(filled, schema=table.arrow_schema)


def _write_csv(table: pa.Table, path: Path) -> None:
    pc.write_csv(table, path)


def _write_parquet(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path)


_WRITERS: dict[Form, Callable[[pa.Table, Path], None]] = {"csv": _write_csv, "parquet": _write_parquet}
