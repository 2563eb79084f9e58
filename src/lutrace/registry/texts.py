"""Letters as their sources held them: they stand in the identities file, by pseudonym, and nowhere else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

import duckdb
import pyarrow as pa

_COLUMNS = """
    note_id VARCHAR NOT NULL, patient_id VARCHAR NOT NULL, text VARCHAR NOT NULL, source_id VARCHAR NOT NULL,
    source_locator VARCHAR, note_date VARCHAR, language VARCHAR, kind VARCHAR, read_by VARCHAR NOT NULL
"""


@dataclass(frozen=True)
class StoredLetter:
    """One letter: pseudonyms of text and patient, the text, where it was read, its day, and by what it was read.

    `read_by` is the version of the rules whose findings the registry holds.
    """

    note_id: str
    patient_id: str
    text: str
    source_id: str
    source_locator: str | None
    note_date: str | None
    language: str | None
    kind: str | None
    read_by: str

    @property
    def content(self) -> str:
        """A digest of all that findings depend on."""
        told = (self.patient_id, self.note_date or "", self.language or "", self.text)
        return hashlib.sha256("\0".join(told).encode()).hexdigest()


class LetterStore:
    """The letters of one identities file that is open for writing."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make the tables where the file is of an older version."""
        self._connection = connection
        connection.execute(f"CREATE TABLE IF NOT EXISTS letters ({_COLUMNS})")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS letter_versions "
            "(note_id VARCHAR NOT NULL, content VARCHAR NOT NULL, source_id VARCHAR NOT NULL)"
        )

    def find(self, note_ids: Sequence[str]) -> dict[str, StoredLetter]:
        """The letters of these pseudonyms that are held."""
        return {one.note_id: one for one in _select(self._connection, "list_contains(?, note_id)", list(note_ids))}

    def not_read_by(self, version: str) -> list[StoredLetter]:
        """The letters whose findings another version of the rules made, by pseudonym."""
        return list(_select(self._connection, "read_by <> ?", version))

    def had(self, letters: Sequence[StoredLetter]) -> set[str]:
        """The pseudonyms of those letters that the same source gave before in the same words."""
        with self._given(letters):
            found = self._connection.execute(
                "SELECT note_id FROM given JOIN letter_versions USING (note_id, content, source_id)"
            ).fetchall()
        return {str(note_id) for (note_id,) in found}

    def keep(self, letters: Sequence[StoredLetter]) -> None:
        """Hold letters, each in the place of its earlier version."""
        names = ", ".join(field.name for field in fields(StoredLetter))
        with self._given(letters):
            self._connection.execute("DELETE FROM letters WHERE note_id IN (SELECT note_id FROM given)")
            self._connection.execute(f"INSERT INTO letters ({names}) SELECT {names} FROM given")
            self._connection.execute(
                "INSERT INTO letter_versions SELECT note_id, content, source_id FROM given "
                "WHERE (note_id, content, source_id) NOT IN (SELECT (note_id, content, source_id) FROM letter_versions)"
            )

    @contextmanager
    def _given(self, letters: Sequence[StoredLetter]) -> Iterator[None]:
        names = [field.name for field in fields(StoredLetter)]
        columns = {name: pa.array([getattr(one, name) for one in letters], pa.string()) for name in names}
        self._connection.register(
            "given", pa.table({**columns, "content": pa.array([one.content for one in letters], pa.string())})
        )
        try:
            yield
        finally:
            self._connection.unregister("given")


def read_letters(identities_file: Path, note_ids: Sequence[str] | None = None) -> dict[str, StoredLetter]:
    """The letters of an identities file, by pseudonym, for a person who reviews them; empty where there are none."""
    if not identities_file.is_file():
        return {}
    with duckdb.connect(str(identities_file), read_only=True) as connection:
        held = connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'letters'").fetchall()
        if not held[0][0]:
            return {}
        chosen = ("true", None) if note_ids is None else ("list_contains(?, note_id)", list(note_ids))
        return {one.note_id: one for one in _select(connection, *chosen)}


def _select(connection: duckdb.DuckDBPyConnection, where: str, value: object) -> Iterator[StoredLetter]:
    names = ", ".join(field.name for field in fields(StoredLetter))
    values = [] if value is None else [value]
    rows = connection.execute(f"SELECT {names} FROM letters WHERE {where} ORDER BY note_id", values).fetchall()
    return (StoredLetter(*row) for row in rows)
