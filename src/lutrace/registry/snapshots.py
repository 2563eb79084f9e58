"""Frozen states: Parquet files with a manifest, named by the digest of what they say."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from lutrace.core import ContradictionError, Row, Table, UnusableInputError, canonical_json, digest_of, digest_of_file
from lutrace.registry.content import table_digest
from lutrace.registry.corrections import compute_patches
from lutrace.registry.engines import Engine, connect_engine
from lutrace.registry.images import FOLDER as IMAGES_FOLDER
from lutrace.registry.images import TEMPORARY, ImageStore
from lutrace.registry.precedence import SourceRules
from lutrace.registry.precedence_rows import counting_rows
from lutrace.registry.schema import SCHEMA_VERSION, column_list, quoted
from lutrace.tables import FACT_TABLES, MERGES, PICTURES, SOURCES

FOLDER = "snapshots"
MANIFEST = "manifest.json"
FROZEN_TABLES: dict[str, Table] = {**FACT_TABLES, SOURCES.name: SOURCES, MERGES.name: MERGES}


@dataclass(frozen=True)
class Snapshot:
    """A frozen state of a registry: its Parquet files on the engine that computes, pictures from the image store."""

    folder: Path
    digest: str
    engine: Engine = "duckdb"

    def table(self, declared: Table) -> ir.Table:
        """The rows of a declared fact table, all its columns, as an ibis expression.

        A snapshot of an older version has no rows of a table that came later.
        """
        if declared.name not in FROZEN_TABLES:
            raise UnusableInputError(f"a snapshot holds no table {declared.name}")
        if declared.name not in self._held:
            return ibis.memtable(declared.arrow_schema.empty_table())
        table: ir.Table = self._backend.table(declared.name)
        return table

    def picture(self, picture_id: str) -> bytes:
        """The PNG of a row of `pictures`."""
        rows = pq.read_table(
            self.folder / f"{PICTURES.name}.parquet",
            columns=["png_digest"],
            filters=[("picture_id", "=", picture_id)],
        ).to_pylist()
        if not rows:
            raise UnusableInputError(f"the snapshot holds no picture {picture_id}")
        return ImageStore(self.folder.parents[1] / IMAGES_FOLDER).get_png_by_digest(rows[0]["png_digest"])

    @cached_property
    def manifest(self) -> Row:
        """Schema version, and per table its digest, number of rows and file."""
        return _read_manifest(self.folder)

    @cached_property
    def _backend(self) -> Any:
        return connect_engine(self.engine, self.folder, self._held, digest=self.digest)

    @cached_property
    def _held(self) -> dict[str, Table]:
        found = FROZEN_TABLES.items()
        return {name: table for name, table in found if (self.folder / f"{name}.parquet").is_file()}


def freeze(connection: duckdb.DuckDBPyConnection, folder: Path, rules: SourceRules) -> Snapshot:
    """Write the rows that count of all fact tables; returns the snapshot, which may have been there already."""
    with counting_rows(connection, rules, compute_patches(connection)):
        frozen = {name: _frozen_table(connection, table) for name, table in sorted(FROZEN_TABLES.items())}
    contents = {
        name: {"digest": table_digest(FROZEN_TABLES[name], rows), "rows": rows.num_rows}
        for name, rows in frozen.items()
    }
    digest = digest_of({"schema_version": SCHEMA_VERSION, "tables": contents})
    place = folder / FOLDER / digest
    if not place.exists():
        _write(place, frozen, contents)
    return open_snapshot(folder, digest)


def list_snapshots(folder: Path) -> list[Snapshot]:
    """The snapshots of a registry folder, sorted by digest."""
    places = sorted((folder / FOLDER).glob(f"*/{MANIFEST}"))
    return [
        Snapshot(place.parent, place.parent.name) for place in places if not place.parent.name.startswith(TEMPORARY)
    ]


def open_snapshot(folder: Path, digest: str) -> Snapshot:
    """The snapshot with this digest (or its first characters, at least eight) of a registry folder.

    Raises UnusableInputError when there is none or several, ContradictionError when a file is not what was frozen.
    """
    found = [one for one in list_snapshots(folder) if len(digest) >= 8 and one.digest.startswith(digest)]
    if len(found) != 1:
        raise UnusableInputError(f"{len(found)} snapshots are named {digest!r}; `lutrace snapshots` lists them")
    snapshot = found[0]
    manifest = snapshot.manifest
    stated = {name: {"digest": one["digest"], "rows": one["rows"]} for name, one in manifest["tables"].items()}
    if digest_of({"schema_version": manifest["schema_version"], "tables": stated}) != snapshot.digest:
        raise ContradictionError(f"the manifest of snapshot {snapshot.digest[:12]} was changed; freeze again")
    for name, one in manifest["tables"].items():
        path = snapshot.folder / f"{name}.parquet"
        if not path.is_file() or digest_of_file(path) != one["file_sha256"]:
            raise ContradictionError(f"{name}.parquet of snapshot {snapshot.digest[:12]} was changed; freeze again")
    return snapshot


def remove_orphans(folder: Path) -> None:
    """Remove snapshots that a killed process left half written."""
    for path in (folder / FOLDER).glob(f"{TEMPORARY}*"):
        shutil.rmtree(path)


def _frozen_table(connection: duckdb.DuckDBPyConnection, table: Table) -> pa.Table:
    last = ", row_id" if "row_id" in table.by_name else ""
    order = ", ".join(f"{quoted(name)} NULLS FIRST" for name in table.key) + last
    schema = pa.schema([pa.field(column.name, column.arrow_type) for column in table.columns])
    found = connection.sql(f"SELECT {column_list(table)} FROM {quoted(table.name)} ORDER BY {order}")
    return found.to_arrow_table().cast(schema)


def _write(place: Path, frozen: dict[str, pa.Table], contents: dict[str, Row]) -> None:
    temporary = place.with_name(f"{TEMPORARY}{place.name}")
    if temporary.exists():
        shutil.rmtree(temporary)
    temporary.mkdir(parents=True)
    tables: dict[str, Row] = {}
    for name, rows in frozen.items():
        path = temporary / f"{name}.parquet"
        pq.write_table(rows, path, compression="zstd")
        tables[name] = {**contents[name], "file_sha256": digest_of_file(path)}
    manifest = canonical_json({"schema_version": SCHEMA_VERSION, "tables": tables})
    (temporary / MANIFEST).write_text(manifest, encoding="utf-8")
    temporary.replace(place)


def _read_manifest(folder: Path) -> Row:
    try:
        content: Row = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ContradictionError(f"the manifest of snapshot {folder.name[:12]} cannot be read; freeze again") from error
    return content
