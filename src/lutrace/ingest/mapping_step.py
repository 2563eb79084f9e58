"""`lutrace add table`: tables of a centre, under declared names or by a mapping, with an account of every row."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lutrace.core import (
    Disclosure,
    Progress,
    Row,
    Table,
    Type,
    UnusableInputError,
    check_is_table_file,
    silent,
    suggest,
    tell_cell,
    tell_file,
)
from lutrace.ehr import (
    RecordBatch,
    TableMapping,
    count_open,
    propose_mapping,
    read_mapped_rows,
    read_mapping,
    read_table_rows,
)
from lutrace.ingest.file_names import shown_file_name
from lutrace.ingest.identifiers_step import is_identifiers, link_identifiers, shared_numbers
from lutrace.ingest.profile import SiteProfile, parse_profile
from lutrace.ingest.records_step import add_records
from lutrace.ingest.results import AddResult
from lutrace.registry import Registry
from lutrace.tables import FACT_TABLES, PROVENANCE, QUARANTINE
from lutrace.terms import table_mapping_names, table_mapping_text, tell

_TABLE_ENDINGS = (".csv", ".tsv", ".xlsx", ".parquet")
_NOT_TOLD = frozenset(
    {"patient_id", "record_key", "value_text", "comparator", "canonical_unit"} | {column.name for column in PROVENANCE}
)
_NUMBERS = re.compile(r"\d+")


def run_add_table(
    registry_folder: Path,
    sources: Sequence[Path],
    *,
    table: str | None = None,
    mapping: Path | None = None,
    dry_run: bool = False,
    progress: Progress = silent,
) -> AddResult:
    """Read tables (CSV, TSV, TXT, XLSX, Parquet) into the registry, by a `mapping` or under declared names.

    Without a mapping the columns are those of a fact table, which `table` or the file's name says. A dry run answers
    with an account of every row in `explained`: `file row table outcome words remedy`, without identifiers. What a file
    gave before under another mapping, and gives no longer, leaves the registry. A file called identifiers says which
    identifiers are of one person; it is read first, and `told` says what was joined.

    Raises UnusableInputError when a file is of no known table or lacks a column, ProtocolError for a wrong mapping.
    """
    if mapping is not None and table is not None:
        raise UnusableInputError("--table goes without --mapping, whose rules name their tables")
    stated = None if mapping is None else read_mapping(mapping)
    files = [file for path in sources for file in _table_files(path, mapped=stated is not None)]
    with Registry.open(registry_folder, write=True, dry_run=dry_run) as registry:
        profile = parse_profile(registry.profile_text)
        systems = profile.identifier_systems.values()
        of_people = [file for file in files if is_identifiers(file, table)]
        linked = [link_identifiers(registry, file, systems=systems) for file in of_people]
        files = [file for file in files if not is_identifiers(file, table)]
        batches = ((file, _read(file, table, stated)) for file in files)
        result = add_with_account(registry, profile, batches, progress, total=len(files), dry_run=dry_run)
        told = tuple(words for said, _ in linked for words in said)
        doubts = shared_numbers([row for _, rows in linked for row in rows])
        return replace(result, told=told, warnings=(*doubts, *result.warnings))


def add_with_account(
    registry: Registry,
    profile: SiteProfile,
    batches: Iterable[tuple[Path | None, RecordBatch]],
    progress: Progress,
    *,
    total: int,
    dry_run: bool,
) -> AddResult:
    """Store batches that are all of their sources; a dry run answers with what becomes of every row."""
    read: list[tuple[Path | None, RecordBatch]] = []

    def kept() -> Iterator[tuple[Path | None, RecordBatch]]:
        for one in batches:
            if dry_run:
                read.append(one)
            yield one

    result = add_records(registry, profile, kept(), progress, total=total, whole_sources=True)
    if not dry_run:
        return result
    return result.with_account([row for file, batch in read for row in _explained(registry, file, batch)])


def run_propose_mapping(sources: Sequence[Path], out: Path, *, like: str | None = None) -> int:
    """Write a proposed mapping of one table to `out`; how many of its lines are open (`?`).

    `like` names a shipped mapping to start from instead of the headings. Raises UnusableInputError for several sources,
    for a table in which nothing is known, and for an unknown name.
    """
    if len(sources) != 1:
        raise UnusableInputError("--propose-mapping: expected one table; a mapping is of one kind of table")
    check_is_table_file(sources[0])
    if like is not None and like not in table_mapping_names():
        raise UnusableInputError(
            f"no shipped mapping is called {tell_cell(like)}; expected one of {', '.join(table_mapping_names())}"
        )
    text = propose_mapping(sources[0]) if like is None else table_mapping_text(like)
    out.write_text(text, encoding="utf-8")
    return count_open(text)


def _read(file: Path, table: str | None, mapping: TableMapping | None) -> RecordBatch:
    if mapping is None:
        return read_table_rows(file, _table_name(file, table))
    return read_mapped_rows(file, mapping)


def _table_files(path: Path, *, mapped: bool) -> list[Path]:
    endings = (*_TABLE_ENDINGS, ".txt") if mapped else _TABLE_ENDINGS
    if path.is_dir():
        found = sorted(file for file in path.iterdir() if file.suffix.lower() in endings)
        if not found:
            told = tell_file(path)
            raise UnusableInputError(f"{told}: holds no table ({', '.join(endings)}); name a folder with tables")
        return found
    check_is_table_file(path)
    return [path]


def _table_name(file: Path, table: str | None) -> str:
    name = table or file.stem.lower()
    if name not in FACT_TABLES:
        meant = suggest(name, FACT_TABLES)
        raise UnusableInputError(
            f"{tell_file(file)}: no fact table is called {tell_cell(name)}; {f'{meant} ' if meant else ''}"
            f"name the table with --table: {', '.join(FACT_TABLES)}; for columns of your own, let "
            "--propose-mapping FILE write a mapping"
        )
    return name


def _explained(registry: Registry, file: Path | None, batch: RecordBatch) -> list[Row]:
    """What becomes of every row of one file, in its order."""
    people = {str(row["patient_id"]) for rows in batch.rows.values() for row in rows if row.get("patient_id")}
    named = {part for one in batch.identities for part in (one.family, one.given) if part}
    name = "API" if file is None else shown_file_name(file, people | named)
    refused = registry.rows(QUARANTINE, source_id=batch.source.digest)
    out = {(one["table"], one["source_locator"]) for one in refused}
    told = [
        _account(name, one["source_locator"], one["table"], "refused", one["rule"], one["remedy"]) for one in refused
    ]
    stored: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for table, rows in batch.rows.items():
        for row in rows:
            if (table, row["source_locator"]) not in out:
                stored[(table, str(row["source_locator"]))].append(row)
    for (table, place), rows in stored.items():
        told += [_account(name, place, table, "stored", _words(FACT_TABLES[table], row), None) for row in rows]
    told += [_account(name, place, None, "no row", why, None) for place, why in batch.rowless]
    return sorted(told, key=lambda row: [int(one) for one in _NUMBERS.findall(str(row["row"]))[:2]])


def _account(file: str, place: str, table: str | None, outcome: str, words: str, remedy: str | None) -> Row:
    return {
        "file": file,
        "row": place.removeprefix("row "),
        "table": table,
        "outcome": outcome,
        "words": words,
        "remedy": remedy,
    }


def _words(table: Table, row: Row) -> str:
    """A row as people say it: what is known, with its unit, and no identifier."""
    parts = []
    for column in table.columns:
        value = row.get(column.name)
        if value is None or column.name in _NOT_TOLD or column.disclosure is Disclosure.FREE_TEXT:
            continue
        if column.type is Type.TEXT and column.codes is None:
            value = tell(value).strip("'")
        unit = row.get("canonical_unit") if column.unit == "canonical_unit" else column.unit
        sign = f"{row['comparator']} " if column.name == "value" and row.get("comparator") else ""
        words = f"{column.name} {sign}{_shown(value)}"
        parts.append(words if unit in (None, "1") or "named by" in str(unit) else f"{words} {unit}")
    return ", ".join(parts)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
