"""What is handed to the registry at once, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lutrace.core import Row, Source


@dataclass(frozen=True)
class RefusedRow:
    """A row that does not enter its table: it goes to quarantine with the rule that it broke and what to do.

    `locator` is its place in the source (None when the source is the place), `column` what broke the `rule` (None when
    the whole row did), `row` what could be read of it, without identifiers.
    """

    table: str
    locator: str | None
    column: str | None
    rule: str
    remedy: str
    row: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Replacement:
    """All rows of `table` whose columns hold the values of `where` are what this batch says, and no others.

    A scan that is measured again gives fewer lesions than before: the rows left over are removed.
    """

    table: str
    where: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class FactBatch:
    """The rows of one source, by table name; they carry pseudonyms only and no provenance but `source_locator`.

    `faults` are records of the source that could not be turned into rows; `replaces` the parts of tables that this
    batch states whole. A long source is stored part by part: `rows_before` counts rows and faults of the parts before
    this one. `restated` are records (patient and record_key) that this batch states whole in a dated version: their
    other rows, of earlier files of the same source name, leave. `source_name` is the name that the site profile gives
    the source, None where its kind names it.
    """

    source: Source
    rows: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    faults: Sequence[RefusedRow] = ()
    replaces: Sequence[Replacement] = ()
    source_name: str | None = None
    rows_before: int = 0
    restated: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class AddReport:
    """How many rows were added, updated, found unchanged, refused, and removed because a replacement left them out."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    quarantined: int = 0
    removed: int = 0
    by_table: Mapping[str, AddReport] = field(default_factory=dict)

    def plus(self, other: AddReport) -> AddReport:
        """The report of both."""
        names = sorted({*self.by_table, *other.by_table})
        nothing = AddReport()
        return AddReport(
            self.added + other.added,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.quarantined + other.quarantined,
            self.removed + other.removed,
            {name: self.by_table.get(name, nothing).plus(other.by_table.get(name, nothing)) for name in names},
        )
