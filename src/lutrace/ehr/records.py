"""What a reader of records gives: rows of declared tables, who they are about, and what could not be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from lutrace.core import Row, Source


@dataclass(frozen=True)
class Identity:
    """What the source says of who a patient is; it goes to the identities file and nowhere else.

    `identifiers` are pairs of system and value, the one that rows carry in `patient_id` first.
    """

    identifiers: tuple[tuple[str, str], ...]
    family: str | None = None
    given: str | None = None
    birth_date: str | None = None


@dataclass(frozen=True)
class Fault:
    """A record that could not be turned into a row: it goes to quarantine.

    `locator` is its place in the source, `column` what broke the `rule` (None when the whole record did), `row` what
    could be read of it, without identifiers.
    """

    table: str
    locator: str
    column: str | None
    rule: str
    remedy: str
    row: Row = field(default_factory=dict)


@dataclass(frozen=True)
class Letter:
    """A clinical text as its source holds it; the text goes to the identities file, facts found in it to the registry.

    `key` names the text at its source (raw, like `patient_id`), `date` is the day it was written, as the source gives
    it (may be partial), `language` en or de when the source tells, `kind` the source's word for it.
    """

    key: str
    patient_id: str
    text: str
    source_locator: str
    date: str | None = None
    language: str | None = None
    kind: str | None = None


@dataclass(frozen=True)
class RecordBatch:
    """What one source (or a part of a long one) gives.

    `rows` are by table name and carry the source's raw patient identifier and a `source_locator`. `unread` counts, by
    name, the resources and codes that give no row by design; `notes` say in words what was inferred; `letters` are the
    texts that the source holds, whole. `rowless` are the places of records that give no row by design, with the reason,
    where the reader knows them. `restated` are the records (patient identifier and record key) that the source states
    whole in a dated version: rows that an earlier file gave of them and this one does not are no longer true.
    """

    source: Source
    rows: Mapping[str, Sequence[Row]]
    identities: Sequence[Identity] = ()
    faults: Sequence[Fault] = ()
    unread: Mapping[str, int] = field(default_factory=dict)
    notes: Sequence[str] = ()
    letters: Sequence[Letter] = ()
    rowless: Sequence[tuple[str, str]] = ()
    restated: Sequence[tuple[str, str]] = ()

    def plus(self, other: RecordBatch) -> RecordBatch:
        """Both parts of one source."""
        tables = dict.fromkeys([*self.rows, *other.rows])
        return replace(
            self,
            rows={name: (*self.rows.get(name, ()), *other.rows.get(name, ())) for name in tables},
            identities=(*self.identities, *other.identities),
            faults=(*self.faults, *other.faults),
            unread=dict(Counter(self.unread) + Counter(other.unread)),
            notes=(*self.notes, *(note for note in other.notes if note not in self.notes)),
            letters=(*self.letters, *other.letters),
            rowless=(*self.rowless, *other.rowless),
            restated=(*self.restated, *other.restated),
        )
