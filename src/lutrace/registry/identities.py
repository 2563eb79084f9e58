"""The only file that knows who is who: real identifiers, names, birth dates and paths, each beside its pseudonym."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from lutrace.core import ContradictionError, MissingFactError, UnusableInputError
from lutrace.registry.texts import LetterStore

FILE_NAME = "identities.duckdb"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's 32 signs: none is mistaken for another."""

LARGEST_SHIFT_DAYS = 730

KINDS: dict[str, tuple[str, int]] = {
    "patient": ("P", 8),
    "series": ("S", 16),
    "study": ("E", 16),
    "frame": ("F", 16),
    "mask": ("M", 16),
    "picture": ("I", 16),
    "note": ("N", 16),
    "user": ("U", 8),
}
"""What has a pseudonym: its first letter and how many signs follow."""


class Identities:
    """The identities file of one registry, open for writing. New entries are kept together until `commit`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, *, dry_run: bool = False) -> None:
        """Hold an open file and read what it knows."""
        self._connection = connection
        self._dry_run = dry_run
        keys = connection.execute("SELECT secret FROM pseudonym_key").fetchall()
        if not keys:
            raise MissingFactError(f"{FILE_NAME} holds no key for pseudonyms; restore the file from a backup")
        self._secret = bytes(keys[0][0])
        self._known: dict[tuple[str, str], str] = {}
        self._taken: dict[str, tuple[str, str]] = {}
        for kind, identifier, pseudonym in connection.execute(
            "SELECT kind, identifier, pseudonym FROM pseudonyms"
        ).fetchall():
            self._known[kind, identifier] = pseudonym
            self._taken.setdefault(pseudonym, (kind, identifier))
        self._new: list[tuple[str, str, str]] = []
        self._people: dict[tuple[str, str, str], tuple[str | None, str | None, str | None]] = {}

    @staticmethod
    def create(folder: Path, secret: bytes | None = None) -> None:
        """Make an empty identities file; `secret` keys the pseudonyms (drawn at random when None)."""
        with duckdb.connect(str(folder / FILE_NAME)) as connection:
            connection.execute("CREATE TABLE pseudonym_key (secret BLOB NOT NULL)")
            connection.execute("INSERT INTO pseudonym_key VALUES (?)", [secret or secrets.token_bytes(32)])
            connection.execute(
                "CREATE TABLE pseudonyms "
                "(kind VARCHAR NOT NULL, identifier VARCHAR NOT NULL, pseudonym VARCHAR NOT NULL)"
            )
            connection.execute(
                "CREATE TABLE people "
                "(patient_id VARCHAR NOT NULL, system VARCHAR NOT NULL, identifier VARCHAR NOT NULL, "
                "family VARCHAR, given VARCHAR, birth_date VARCHAR)"
            )
            connection.execute("CREATE TABLE source_paths (source_id VARCHAR NOT NULL, path VARCHAR NOT NULL)")

    @staticmethod
    def open(folder: Path, *, dry_run: bool = False) -> Identities:
        """Open the identities file of a registry; `dry_run` takes all back on closing.

        Raises MissingFactError when the file is not there.
        """
        path = folder / FILE_NAME
        if not path.is_file():
            raise MissingFactError(
                f"{FILE_NAME} is not beside registry.duckdb; adding needs it: restore it from a backup"
            )
        connection = duckdb.connect(str(path))
        if dry_run:
            connection.begin()
        return Identities(connection, dry_run=dry_run)

    def close(self) -> None:
        """Write what is new and close the file."""
        self.commit()
        if self._dry_run:
            self._connection.rollback()
        self._connection.close()

    def commit(self) -> None:
        """Write all new pseudonyms and people: done before the rows that carry them are committed."""
        if self._new:
            self._append("pseudonyms", ("kind", "identifier", "pseudonym"), self._new)
            self._new.clear()
        if self._people:
            named = [(*who, *said) for who, said in self._people.items()]
            self._append(
                "people", ("patient_id", "system", "identifier", "family", "given", "birth_date"), named, keys=3
            )
            self._people.clear()

    def _append(self, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]], *, keys: int = 0) -> None:
        """Write rows at once, in place of those whose first `keys` columns are the same."""
        values = [pa.array(one, pa.string()) for one in zip(*rows, strict=True)]
        self._connection.register("incoming", pa.table(values, names=list(columns)))
        if keys:
            same = " AND ".join(f"{table}.{name} = incoming.{name}" for name in columns[:keys])
            self._connection.execute(f"DELETE FROM {table} USING incoming WHERE {same}")
        self._connection.execute(f"INSERT INTO {table} SELECT {', '.join(columns)} FROM incoming")
        self._connection.unregister("incoming")

    def pseudonym(self, kind: str, identifier: str) -> str:
        """The pseudonym of a real identifier: keyed, so that nobody without this file can compute it."""
        if kind not in KINDS:
            raise UnusableInputError(f"no pseudonyms of kind {kind!r}; expected one of {', '.join(KINDS)}")
        if not identifier:
            raise MissingFactError(f"the {kind} has no identifier; a pseudonym needs one: correct it at the source")
        found = self._known.get((kind, identifier))
        if found is None:
            found = self._draw(kind, identifier)
            self._remember(kind, identifier, found)
        return found

    def keyed(self, text: str) -> str:
        """Twenty hex digits that stand for `text`; without this file nobody can test what it was."""
        return hmac.new(self._secret, f"record\0{text}".encode(), hashlib.sha256).hexdigest()[:20]

    def derived_key(self, purpose: str) -> bytes:
        """Thirty-two bytes for one purpose: whoever has them cannot compute pseudonyms or the keys of others."""
        return hmac.digest(self._secret, f"key\0{purpose}".encode(), hashlib.sha256)

    def date_shift_days(self, patient_id: str) -> int:
        """The whole days, 1 to 730 forward or back, by which all dates of a patient move when they leave the house.

        The same for a patient (named by the pseudonym) for ever: it is kept here once it was asked for.
        """
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS date_shifts (patient_id VARCHAR NOT NULL, days INTEGER NOT NULL)"
        )
        found = self._connection.execute("SELECT days FROM date_shifts WHERE patient_id = ?", [patient_id]).fetchall()
        if found:
            return int(found[0][0])
        number = int.from_bytes(hmac.digest(self._secret, f"shift\0{patient_id}".encode(), hashlib.sha256)[:8], "big")
        days = 1 + number % LARGEST_SHIFT_DAYS
        days = days if (number >> 32) % 2 else -days
        self._connection.execute("INSERT INTO date_shifts VALUES (?, ?)", [patient_id, days])
        return days

    @property
    def letters(self) -> LetterStore:
        """The letters that this file holds."""
        return LetterStore(self._connection)

    def known_names(self, patient_id: str) -> tuple[list[str], list[str]]:
        """Names and identifiers on record for a patient: to look for them in what leaves, never for a message."""
        self.commit()
        rows = self._connection.execute(
            "SELECT family, given, identifier FROM people WHERE patient_id = ?", [patient_id]
        ).fetchall()
        linked = [one for (kind, one), known in self._known.items() if kind == "patient" and known == patient_id]
        names = [name for family, given, _ in rows for name in (family, given) if name]
        return names, [*linked, *(row[2] for row in rows)]

    def identifier(self, kind: str, pseudonym: str) -> str:
        """The real identifier behind a pseudonym; of several linked ones the first. Never for a message or a log."""
        found = self._taken.get(pseudonym)
        if found is None or found[0] != kind:
            raise MissingFactError(f"{pseudonym} is not the pseudonym of a {kind} in this registry")
        return found[1]

    def link(self, kind: str, identifiers: Sequence[str]) -> str:
        """The one pseudonym of several identifiers of the same person or thing, the first of which names it.

        Raises ContradictionError when two of them are already known as different ones.
        """
        known = sorted({self._known[kind, one] for one in identifiers if (kind, one) in self._known})
        if len(known) > 1:
            raise ContradictionError(
                f"{' and '.join(known)} are the same {kind} by this source, and two by earlier ones; "
                "add the records before the images, or name the identifier's system in the site profile"
            )
        pseudonym = known[0] if known else self.pseudonym(kind, identifiers[0])
        for one in identifiers:
            if (kind, one) not in self._known:
                self._remember(kind, one, pseudonym)
        return pseudonym

    def known(self, kind: str, identifier: str) -> str | None:
        """The pseudonym that an identifier has already; None for one that was never met."""
        return self._known.get((kind, identifier))

    def join_patients(self, leaving: str, lasting: str) -> None:
        """Let all that is known of one pseudonym be of another one; the dates of the lasting one keep their shift."""
        self.commit()
        for table in self._tables():
            if table == "pseudonyms":
                statement = "UPDATE pseudonyms SET pseudonym = ? WHERE kind = 'patient' AND pseudonym = ?"
            elif table in ("people", "letters"):
                statement = f"UPDATE {table} SET patient_id = ? WHERE patient_id = ?"
            else:
                continue
            self._connection.execute(statement, [lasting, leaving])
        self._known = {
            key: lasting if key[0] == "patient" and held == leaving else held for key, held in self._known.items()
        }

    def namesakes(self) -> list[tuple[str, str]]:
        """Pairs of pseudonyms that have one name and one day of birth: perhaps one person, never taken for one."""
        self.commit()
        return _namesakes(self._connection)

    @staticmethod
    def read_namesakes(folder: Path) -> list[tuple[str, str]]:
        """The same, for reading only; empty where the file is not beside the registry."""
        if not (folder / FILE_NAME).is_file():
            return []
        with duckdb.connect(str(folder / FILE_NAME), read_only=True) as connection:
            return _namesakes(connection)

    def _tables(self) -> list[str]:
        return [str(name) for (name,) in self._connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]

    def remember_person(
        self,
        patient_id: str,
        identifiers: Sequence[tuple[str, str]],
        *,
        family: str | None,
        given: str | None,
        birth_date: str | None,
    ) -> None:
        """Keep what a source says of who a patient is; saying it again replaces it."""
        for system, value in identifiers:
            self._people[patient_id, system, value] = (family, given, birth_date)

    def names_on_record(self) -> tuple[list[str], list[str]]:
        """The names of all people, and all identifiers of patients, to be kept out of texts."""
        self.commit()
        names = self._connection.execute("SELECT DISTINCT unnest([family, given]) FROM people").fetchall()
        numbers = self._connection.execute(
            "SELECT identifier FROM people UNION SELECT identifier FROM pseudonyms WHERE kind = 'patient'"
        ).fetchall()
        return [name for (name,) in names if name], [number for (number,) in numbers if number]

    def remember_path(self, source_id: str, path: Path) -> list[str]:
        """Keep where a source was read; returns the other sources that were read at the same path before."""
        place = str(path.resolve())
        earlier = [
            str(row[0])
            for row in self._connection.execute(
                "SELECT DISTINCT source_id FROM source_paths WHERE path = ? ORDER BY source_id", [place]
            ).fetchall()
        ]
        if source_id not in earlier:
            self._connection.execute("INSERT INTO source_paths VALUES (?, ?)", [source_id, place])
        return [one for one in earlier if one != source_id]

    @staticmethod
    def read_places(folder: Path) -> tuple[dict[str, Path], list[str]]:
        """Where each source was read last, by source, and all names and identifiers on record, to be kept from view.

        For reading only, while others read too; both are empty where the file is not beside the registry.
        """
        path = folder / FILE_NAME
        if not path.is_file():
            return {}, []
        with duckdb.connect(str(path), read_only=True) as connection:
            places = connection.execute("SELECT source_id, path FROM source_paths ORDER BY rowid").fetchall()
            people = connection.execute(
                "SELECT unnest([family, given, identifier]) FROM people "
                "UNION SELECT identifier FROM pseudonyms WHERE kind = 'patient'"
            ).fetchall()
        return {source: Path(place) for source, place in places}, sorted({name for (name,) in people if name})

    def _draw(self, kind: str, identifier: str) -> str:
        letter, length = KINDS[kind]
        number = int.from_bytes(hmac.digest(self._secret, f"{kind}\0{identifier}".encode(), hashlib.sha256), "big")
        signs = "".join(ALPHABET[(number >> shift) & 31] for shift in range(0, 250, 5))
        while f"{letter}-{signs[:length]}" in self._taken:
            length += 4
        return f"{letter}-{signs[:length]}"

    def _remember(self, kind: str, identifier: str, pseudonym: str) -> None:
        self._known[kind, identifier] = pseudonym
        self._taken.setdefault(pseudonym, (kind, identifier))
        self._new.append((kind, identifier, pseudonym))


def _namesakes(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    found = connection.execute(
        "WITH told AS (SELECT DISTINCT patient_id, lower(trim(family)) AS family, lower(trim(given)) AS given, "
        "birth_date FROM people WHERE family IS NOT NULL AND given IS NOT NULL AND birth_date IS NOT NULL) "
        "SELECT DISTINCT a.patient_id, b.patient_id FROM told a JOIN told b USING (family, given, birth_date) "
        "WHERE a.patient_id < b.patient_id ORDER BY ALL"
    ).fetchall()
    return [(str(one), str(other)) for one, other in found]
