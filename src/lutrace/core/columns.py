"""What a declared table is: columns with type, unit, codes, null rule, meaning and disclosure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pyarrow as pa

from lutrace.core.digests import digest_of


class Type(StrEnum):
    """The types that a column can have; each maps to one Arrow type."""

    TEXT = "text"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    DATE = "date"
    DATETIME = "datetime"
    JSON = "json"


class Disclosure(StrEnum):
    """What a value says about a person, and so what may be done with it outside the registry."""

    OPEN = "open"
    """Says nothing about one person (a rule's name, a digest)."""
    PSEUDONYM = "pseudonym"
    """Names a person or record inside this registry only."""
    SENSITIVE = "sensitive"
    """A health fact of one person: leaves only in aggregates or under the data-use rules."""
    DATE = "date"
    """A calendar date of one person: leaves only as an interval or shifted."""
    FREE_TEXT = "free_text"
    """May hold anything: never leaves."""


_ARROW: dict[Type, pa.DataType] = {
    Type.TEXT: pa.string(),
    Type.INT: pa.int64(),
    Type.FLOAT: pa.float64(),
    Type.BOOL: pa.bool_(),
    Type.DATE: pa.date32(),
    Type.DATETIME: pa.timestamp("us"),
    Type.JSON: pa.string(),
}


@dataclass(frozen=True)
class Column:
    """One column, declared once; code asks this declaration.

    `null` is the null rule in words when the column may be empty, and None when it must hold a value.
    `codes` lists the allowed values; `low` and `high` bound a number (inclusive). Date-times are without zone:
    the local clock of the site.
    """

    name: str
    type: Type
    meaning: str
    unit: str | None = None
    codes: tuple[str, ...] | None = None
    null: str | None = None
    low: float | None = None
    high: float | None = None
    disclosure: Disclosure = Disclosure.SENSITIVE

    @property
    def arrow_type(self) -> pa.DataType:
        """The Arrow type that stores this column."""
        return _ARROW[self.type]


@dataclass(frozen=True)
class Table:
    """One declared table. `key` names the columns that identify a row; `kind` says which side of the waist fills it."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    kind: str = "fact"
    by_name: dict[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check that names are unique and that the key exists."""
        by_name = {column.name: column for column in self.columns}
        if len(by_name) != len(self.columns):
            raise ValueError(f"{self.name}: a column is declared twice")
        missing = [name for name in self.key if name not in by_name]
        if missing:
            raise ValueError(f"{self.name}: key names no column: {missing}")
        object.__setattr__(self, "by_name", by_name)

    @property
    def arrow_schema(self) -> pa.Schema:
        """The Arrow schema of the table, in declared order."""
        return pa.schema(
            [pa.field(column.name, column.arrow_type, nullable=column.null is not None) for column in self.columns]
        )

    def row_id(self, row: Mapping[str, Any]) -> str:
        """The stable name of a row: the table and twenty hex digits of the digest of its key values."""
        return f"{self.name}:{digest_of([row.get(name) for name in self.key])[:20]}"

    def as_document(self) -> dict[str, Any]:
        """The declaration as plain data, for the manual and for `lutrace schema`."""
        return {
            "table": self.name,
            "meaning": self.meaning,
            "key": list(self.key),
            "columns": [
                {
                    "name": column.name,
                    "type": column.type.value,
                    "unit": column.unit,
                    "codes": list(column.codes) if column.codes else None,
                    "null": column.null,
                    "meaning": column.meaning,
                    "disclosure": column.disclosure.value,
                }
                for column in self.columns
            ],
        }
