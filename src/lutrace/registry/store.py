"""The registry: one DuckDB file, an image store, an identities file and a site profile in one folder."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir

from lutrace.core import RegistryBusyError, Row, Table, UnusableInputError
from lutrace.registry import corrections, linking, quality, review_log, snapshots
from lutrace.registry.batch import AddReport, FactBatch
from lutrace.registry.checking import CheckedRows, check_rows
from lutrace.registry.identities import FILE_NAME as IDENTITIES_FILE
from lutrace.registry.identities import Identities
from lutrace.registry.images import FOLDER as IMAGES_FOLDER
from lutrace.registry.images import TEMPORARY, ImageStore
from lutrace.registry.merging import enter_source, merge_quarantine, merge_rows, remove_restated
from lutrace.registry.precedence import SourceRules, parse_source_rules
from lutrace.registry.precedence_rows import counting_rows, read_merges
from lutrace.registry.refused_cells import remove_raw_cells, write_anew
from lutrace.registry.schema import check_schema, create_schema, transaction, upgrade_schema
from lutrace.registry.texts import StoredLetter, read_letters
from lutrace.tables import FACT_TABLES, MERGED_TABLES, OVERRIDES, REVIEWS

FILE_NAME = "registry.duckdb"
PROFILE_FILE = "site.yaml"
WRITER_FILE = "writer.json"

_open_here: set[Path] = set()
_open_here_lock = threading.Lock()


class Registry:
    """A registry that is open, for reading or as its one writer. Use it as a context manager."""

    def __init__(
        self, folder: Path, connection: duckdb.DuckDBPyConnection, *, write: bool, dry_run: bool = False
    ) -> None:
        """Hold an open file; `Registry.open` makes one."""
        self.folder = folder
        self.writable = write
        self.dry_run = dry_run
        self.images = ImageStore(folder / IMAGES_FOLDER)
        if dry_run:
            self.images = ImageStore(Path(tempfile.mkdtemp(prefix="lutrace-")), below=folder / IMAGES_FOLDER)
        self._connection = connection
        self._identities: Identities | None = None
        self._backend: Any = None

    @staticmethod
    def create(folder: Path, *, profile_text: str, secret: bytes | None = None) -> None:
        """Make an empty registry; `secret` keys the pseudonyms (drawn at random when None).

        Raises UnusableInputError when the folder holds a registry already, or files that are not of a registry.
        """
        _check_is_free(folder)
        folder.mkdir(parents=True, exist_ok=True)
        ImageStore(folder / IMAGES_FOLDER).create()
        (folder / snapshots.FOLDER).mkdir(exist_ok=True)
        if not (folder / PROFILE_FILE).exists():
            (folder / PROFILE_FILE).write_text(profile_text, encoding="utf-8", newline="\n")
        workplace = folder / f"{TEMPORARY}create"
        workplace.mkdir(exist_ok=True)
        for name in (IDENTITIES_FILE, FILE_NAME):
            (workplace / name).unlink(missing_ok=True)
        if not (folder / IDENTITIES_FILE).exists():
            Identities.create(workplace, secret)
            (workplace / IDENTITIES_FILE).replace(folder / IDENTITIES_FILE)
        with duckdb.connect(str(workplace / FILE_NAME)) as connection:
            create_schema(connection)
        (workplace / FILE_NAME).replace(folder / FILE_NAME)
        workplace.rmdir()

    @staticmethod
    def open(folder: Path, *, write: bool, dry_run: bool = False) -> Registry:
        """Open a registry; a writer's `dry_run` takes everything back when it closes.

        Raises UnusableInputError without a registry or with one of another schema version, and RegistryBusyError while
        another process writes it (since when is said).
        """
        connection = _connect(folder, write=write)
        with ExitStack() as undo:
            undo.callback(_disconnect, folder, connection, write=write)
            check_schema(connection)
            if write and remove_raw_cells(connection):
                undo.pop_all().close()
                write_anew(folder / FILE_NAME)
                return Registry.open(folder, write=True, dry_run=dry_run)
            if write:
                ImageStore(folder / IMAGES_FOLDER).remove_orphans()
                snapshots.remove_orphans(folder)
                _write_writer_file(folder)
            if dry_run:
                connection.begin()
            undo.pop_all()
        return Registry(folder, connection, write=write, dry_run=dry_run)

    @staticmethod
    def upgrade(folder: Path) -> list[str]:
        """Bring an older registry to this version's tables; returns what was done, one line each."""
        connection = _connect(folder, write=True)
        try:
            done = upgrade_schema(connection)
            is_cleaned = remove_raw_cells(connection)
        finally:
            _disconnect(folder, connection, write=True)
        if not is_cleaned:
            return done
        write_anew(folder / FILE_NAME)
        return [*done, "quarantine: the cells of refused rows are kept by their shape only"]

    def __enter__(self) -> Registry:
        """Give the registry itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Write what is new to the identities file and let the next writer in."""
        if self._identities is not None:
            self._identities.close()
            self._identities = None
        if self.dry_run:
            self._connection.rollback()
            shutil.rmtree(self.images.folder, ignore_errors=True)
        _disconnect(self.folder, self._connection, write=self.writable)

    @property
    def profile_text(self) -> str:
        """The site profile as it stands in the folder."""
        return (self.folder / PROFILE_FILE).read_text(encoding="utf-8")

    @property
    def _source_rules(self) -> SourceRules:
        return parse_source_rules(self.profile_text)

    @property
    def identities(self) -> Identities:
        """The identities file; only a writer opens it."""
        self._check_writable()
        if self._identities is None:
            self._identities = Identities.open(self.folder, dry_run=self.dry_run)
        return self._identities

    def pseudonym(self, kind: str, identifier: str) -> str:
        """The pseudonym of a real identifier (kind: patient, series, study, frame, mask, picture, note, user)."""
        return self.identities.pseudonym(kind, identifier)

    def table(self, declared: Table) -> ir.Table:
        """The rows of a declared table as their sources gave them, as an ibis expression."""
        if self._backend is None:
            self._backend = ibis.duckdb.from_connection(self._connection)
        table: ir.Table = self._backend.table(declared.name)
        return table

    def rows(self, declared: Table, *, corrected: bool = False, **equal: Any) -> list[Row]:
        """The rows whose columns equal the values given, sorted by key.

        `corrected` gives the rows that count: overrides applied, in tables of records also reviews, and of several
        sources' rows of one fact the one believed.
        """
        if not corrected:
            return corrections.select_rows(self._connection, declared, equal)
        patches = (
            corrections.compute_patches(self._connection)
            if declared.name in MERGED_TABLES
            else corrections.compute_override_patches(self._connection, declared)
        )
        with counting_rows(self._connection, self._source_rules, patches, [declared]):
            return corrections.select_rows(self._connection, declared, equal)

    def merges(self) -> list[Row]:
        """What became of the rows of several sources that state one fact: rows of MERGES, contradictions first."""
        patches = corrections.compute_patches(self._connection)
        with counting_rows(self._connection, self._source_rules, patches):
            return read_merges(self._connection)

    def add(self, batch: FactBatch, *, path: Path | None = None) -> AddReport:
        """Check and store the rows of one source in one transaction.

        `path` is where the source was read: what an earlier version of the same file left in quarantine leaves it.
        Adding the same batch twice changes nothing.
        """
        self._check_writable()
        return self._add(batch, path, is_latest=False)

    def link_patients(self, identifier: str, same_as: str) -> str | None:
        """Keep that two identifiers are of one person; what had to be done, in words, None when it was known.

        Where both were met as different patients, all rows of the one go to the other, whose pseudonym stays: that of
        `same_as`, unless corrections or reviews name the other. Raises ContradictionError when they name both, or when
        one source says different things of the two; then nothing is changed. Two that were linked are never parted.
        """
        self._check_writable()
        known = [self.identities.known("patient", one) for one in (same_as, identifier)]
        wanted, other = known
        if wanted is None or other is None:
            self.identities.link("patient", [same_as, identifier])
            return None
        if wanted == other:
            return None
        lasting, leaving = linking.choose_lasting(self._connection, wanted, other)
        with self._transaction():
            moved = linking.move_rows(self._connection, leaving, lasting)
        self.identities.join_patients(leaving, lasting)
        told = ", ".join(f"{name} {n}" for name, n in moved.items()) or "none"
        return f"{leaving} and {lasting} are one person: the rows of {leaving} are now of {lasting} ({told})"

    def override(self, row: Row) -> str:
        """Store a correction: a row of `overrides` without its id; returns the id. The corrected row stays as it is.

        Raises TableError when the target is not in the registry or its column cannot hold the new value.
        """
        self._check_writable()
        return corrections.add_override(self._connection, row, self._add_own)

    def append_review(self, row: Row) -> str:
        """Append one act to the review log: a row of `reviews` without review_id, previous_review_id and sequence.

        Returns the review_id. Raises TableError when the act breaks a rule.
        """
        self._check_writable()
        return review_log.append(self._connection, row, self._add_own)

    def standing_reviews(self, table: Table, *, applied: bool = False) -> list[Row]:
        """The acts on rows of a table that stand, in their order; `applied` leaves out those of rows changed since."""
        acts = review_log.standing_acts(self._connection, table)
        if not applied:
            return acts
        stale = {row["review_id"] for row in review_log.stale_acts(self._connection)}
        return [row for row in acts if row["review_id"] not in stale]

    def freeze(self) -> snapshots.Snapshot:
        """Apply overrides and reviews and write the state as a snapshot; the same content gives the same digest."""
        return snapshots.freeze(self._connection, self.folder, self._source_rules)

    def snapshots(self) -> list[snapshots.Snapshot]:
        """The snapshots of this registry, sorted by digest."""
        return snapshots.list_snapshots(self.folder)

    def check(self, items: Sequence[quality.ItemRange] = ()) -> list[quality.QualityFinding]:
        """What the data-quality queries find in the rows that count, with what to do and what was answered.

        `items` are the questions of the vocabulary with the range of their answers.
        """
        held = self._identities
        namesakes = Identities.read_namesakes(self.folder) if held is None else held.namesakes()
        return quality.find_all(self._connection, self._source_rules, items=items, namesakes=namesakes)

    def answer(self, finding: quality.QualityFinding, *, reason: str, made_by: str, made_at: dt.datetime) -> str:
        """Keep that a person has seen a finding and why it may stay; returns the answer's id. Said twice, kept once."""
        self._check_writable()
        return corrections.add_answer(
            self._connection,
            {
                "finding_id": finding.finding_id,
                "check": finding.check,
                "table": finding.table,
                "target_row_id": finding.row_id,
                "patient_id": finding.patient_id,
                "reason": reason,
                "made_by": made_by,
                "made_at": made_at,
            },
        )

    def stored_row_id(self, finding: quality.QualityFinding) -> str:
        """The stored row that a finding is of, to correct or reject it; raises TableError where there is none."""
        return corrections.stored_row_id(self._connection, finding.table, finding.row_id, finding.source_id)

    def source_places(self) -> tuple[dict[str, Path], list[str]]:
        """Where each source was read last, by source, and the names and identifiers that no message may show."""
        return Identities.read_places(self.folder)

    def letters(self, note_ids: Sequence[str] | None = None) -> dict[str, StoredLetter]:
        """The letters of these pseudonyms (all when None), for a person who reviews them; never for a message."""
        return read_letters(self.folder / IDENTITIES_FILE, note_ids)

    def _check_writable(self) -> None:
        if not self.writable:
            raise UnusableInputError("the registry is open for reading only; open it for writing")

    def _add_own(self, batch: FactBatch) -> AddReport:
        return self._add(batch, None, is_latest=True, own=True)

    def _add(self, batch: FactBatch, path: Path | None, *, is_latest: bool, own: bool = False) -> AddReport:
        checked = self._check_batch(batch, own=own)
        refused = [*batch.faults, *(one for rows in checked for one in rows.refused)]
        superseded: list[str] = []
        if self._identities is not None or path is not None:
            self.identities.commit()
        if path is not None:
            superseded = self.identities.remember_path(batch.source.digest, path)
        report = AddReport()
        for one in refused:
            report = report.plus(AddReport(quarantined=1, by_table={one.table: AddReport(quarantined=1)}))
        named = {one.table for one in batch.replaces}
        with self._transaction():
            ordinal = enter_source(self._connection, batch, is_latest=is_latest or bool(named))
            for rows in checked:
                mine = [one for one in batch.replaces if one.table == rows.table.name]
                merged = merge_rows(self._connection, rows.table, rows.good, ordinal=ordinal, replaces=mine)
                report = report.plus(replace(merged, by_table={rows.table.name: merged}))
            if batch.restated:
                given = [one for rows in checked for one in rows.good["row_id"].to_pylist()]
                removed = remove_restated(self._connection, batch, given, ordinal=ordinal)
                for name, count in removed.items():
                    report = report.plus(AddReport(removed=count, by_table={name: AddReport(removed=count)}))
            merge_quarantine(self._connection, batch, refused, superseded)
        return report

    def _check_batch(self, batch: FactBatch, *, own: bool) -> list[CheckedRows]:
        names = [*batch.rows, *(one.table for one in batch.replaces if one.table not in batch.rows)]
        unknown = [name for name in names if name not in FACT_TABLES]
        if unknown:
            raise UnusableInputError(f"no fact table is called {', '.join(unknown)}")
        closed = [name for name in (OVERRIDES.name, REVIEWS.name) if name in names]
        if closed and not own:
            raise UnusableInputError(f"{', '.join(closed)}: use Registry.override and Registry.append_review")
        return [check_rows(FACT_TABLES[name], batch.rows.get(name, ()), batch.source.digest) for name in names]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if self.dry_run:
            yield
            return
        with transaction(self._connection):
            yield


def _check_is_free(folder: Path) -> None:
    """Raise unless a registry may be made here: a new or empty folder, or what a stopped `create` left in it."""
    if (folder / FILE_NAME).exists():
        raise UnusableInputError(f"{folder.name} holds a registry already; choose another folder")
    if folder.exists() and not folder.is_dir():
        raise UnusableInputError(f"{folder.name} is a file; choose a new folder for the registry")
    own = {PROFILE_FILE, IDENTITIES_FILE, IMAGES_FOLDER, snapshots.FOLDER, f"{TEMPORARY}create"}
    others = [path for path in folder.iterdir() if path.name not in own] if folder.exists() else []
    if others:
        raise UnusableInputError(
            f"{folder.name} holds {len(others)} other {'file' if len(others) == 1 else 'files'}; a registry needs a "
            "folder of its own: choose a new or empty one"
        )


def _connect(folder: Path, *, write: bool) -> duckdb.DuckDBPyConnection:
    path = (folder / FILE_NAME).resolve()
    if not path.is_file():
        raise UnusableInputError(f"{folder.name} holds no registry; make one with `lutrace init`")
    with _open_here_lock:
        if path in _open_here:
            raise RegistryBusyError("this process writes the registry already; close it first")
        try:
            connection = duckdb.connect(str(path), read_only=not write)
        except (duckdb.IOException, duckdb.ConnectionException) as error:
            if _is_lock(error):
                raise RegistryBusyError(_busy_words(folder)) from error
            raise UnusableInputError(
                f"{FILE_NAME} cannot be opened: it is not a DuckDB file of this version"
            ) from error
        if write:
            _open_here.add(path)
    return connection


def _disconnect(folder: Path, connection: duckdb.DuckDBPyConnection, *, write: bool) -> None:
    if write:
        (folder / WRITER_FILE).unlink(missing_ok=True)
    connection.close()
    with _open_here_lock:
        _open_here.discard((folder / FILE_NAME).resolve())


def _is_lock(error: duckdb.Error) -> bool:
    words = str(error)
    return any(
        one in words for one in ("Could not set lock", "being used by another process", "different configuration")
    )


def _busy_words(folder: Path) -> str:
    try:
        told = json.loads((folder / WRITER_FILE).read_text(encoding="utf-8"))
        since = f"since {told['since']} (process {told['process']})"
    except (OSError, ValueError, KeyError, TypeError):
        since = "or reads it"
    return f"another process writes the registry, {since}; wait until it is done, or stop it"


def _write_writer_file(folder: Path) -> None:
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    temporary = folder / f"{TEMPORARY}{os.getpid()}-{WRITER_FILE}"
    temporary.write_text(json.dumps({"process": os.getpid(), "since": now}), encoding="utf-8")
    temporary.replace(folder / WRITER_FILE)
