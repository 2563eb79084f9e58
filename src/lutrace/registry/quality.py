"""What is missing, impossible or contradictory between rows, with the rows, what to do, and what was answered."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import duckdb
import pyarrow as pa

from lutrace.core import digest_of
from lutrace.registry.corrections import compute_patches
from lutrace.registry.precedence import SourceRules
from lutrace.registry.precedence_rows import counting_rows, read_merges
from lutrace.registry.quality_courses import COURSE_QUERIES
from lutrace.registry.quality_queries import QUERIES, Query
from lutrace.registry.quality_texts import TEXT_QUERIES
from lutrace.registry.refused_cells import holds_raw_cells, without_cells
from lutrace.registry.review_log import stale_acts
from lutrace.tables import FACT_TABLES

_MOST_PLACES = 10
_SETTLE = "say in the site profile which source is believed (precedence), or correct the row that is wrong"

Status = Literal["open", "answered", "settled"]
ItemRange = tuple[str, str, float, float]
"""Instrument, item, and the lowest and highest of a range of raw answers; an item may have several."""


@dataclass(frozen=True)
class QualityFinding:
    """One row that a query found: the query's name, the table and row, the patient, what is found, what to do.

    `source_id` and `place` are where the row was read; of rows in quarantine for one reason, the first places. `status`
    is open, answered by a person (`reason` says why it may stay), or settled by the site profile.
    """

    check: str
    severity: str
    table: str
    row_id: str
    patient_id: str | None
    found: str
    remedy: str
    source_id: str | None = None
    place: str | None = None
    status: Status = "open"
    reason: str | None = None

    @property
    def finding_id(self) -> str:
        """The same for the same finding of the same row, whenever it is asked for; another when the row has changed."""
        return f"{self.check}:{digest_of([self.row_id, self.found])[:10]}"


def find_all(
    connection: duckdb.DuckDBPyConnection,
    rules: SourceRules,
    *,
    items: Sequence[ItemRange] = (),
    namesakes: Sequence[tuple[str, str]] = (),
) -> list[QualityFinding]:
    """What every query finds in the rows that count, in the order of the queries and then by row.

    `items` are the questions that the vocabulary knows, `namesakes` pairs of patients of one name and day of birth.
    """
    elsewhere = [*_stale_overrides(connection), *_stale_reviews(connection)]
    elsewhere = [_with_place(connection, one) for one in elsewhere]
    with counting_rows(connection, rules, compute_patches(connection)):
        _load_items(connection, items)
        found = [one for query in (*QUERIES, *COURSE_QUERIES, *TEXT_QUERIES) for one in _ask(connection, query)]
        found += _between_sources(connection)
    answers = dict(connection.execute("SELECT finding_id, reason FROM answers ORDER BY made_at, answer_id").fetchall())
    every = [*found, *_namesakes(namesakes), *elsewhere, *_in_quarantine(connection)]
    return [
        replace(one, status="answered", reason=answers[one.finding_id]) if one.finding_id in answers else one
        for one in every
    ]


def _ask(connection: duckdb.DuckDBPyConnection, query: Query) -> list[QualityFinding]:
    """The findings of a query, each with the source of its row."""
    columns, join = "NULL, NULL", ""
    if query.table in FACT_TABLES:
        columns, join = "t.source_id, t.source_locator", f'LEFT JOIN "{query.table}" t ON t.row_id = q.row_id'
    rows = connection.execute(
        f"SELECT q.*, {columns} FROM ({query.sql}) q(row_id, patient_id, found) {join} ORDER BY q.row_id, q.found"
    ).fetchall()
    findings = []
    for row_id, patient_id, found, *place in rows:
        named = row_id.split(":")[0]
        table = named if named in FACT_TABLES else query.table
        findings.append(
            QualityFinding(query.check, query.severity, table, row_id, patient_id, str(found), query.remedy, *place)
        )
    return findings


def _load_items(connection: duckdb.DuckDBPyConnection, items: Sequence[ItemRange]) -> None:
    names = ("instrument", "item", "low", "high")
    kinds = (pa.string(), pa.string(), pa.float64(), pa.float64())
    given = {
        name: pa.array([item[number] for item in items], kind)
        for number, (name, kind) in enumerate(zip(names, kinds, strict=True))
    }
    connection.register("given_items", pa.table(given))
    connection.execute("CREATE TEMP TABLE known_items AS SELECT * FROM given_items")
    connection.unregister("given_items")


def _namesakes(pairs: Sequence[tuple[str, str]]) -> list[QualityFinding]:
    """Patients who may be one person: nothing is joined by name, a table of identifiers says so."""
    remedy = (
        "compare the records; if they are one person, say so in identifiers.csv (`lutrace add table`), else acknowledge"
    )
    words = "has name and day of birth of {}"
    return [
        QualityFinding("perhaps_one_person", "warning", "patients", f"patients:{one}", one, words.format(other), remedy)
        for one, other in pairs
    ]


def _between_sources(connection: duckdb.DuckDBPyConnection) -> list[QualityFinding]:
    """Where two sources say different things of one fact; settled where the site profile says whom to believe."""
    findings = []
    for row in read_merges(connection, verdicts=("contradiction", "both_kept", "renumbered")):
        told = json.loads(row["differences"])
        counted = row["verdict"] == "renumbered"
        words = [
            f"{name} {new} counted by date, {old} by {row['kept_source']}"
            if counted
            else f"{name} {new} by {row['kept_source']}, {old} by {row['dropped_source']}"
            for name, (new, old) in sorted(told.items())
        ]
        other = "" if counted else f" (the other row: {row['dropped_row_id']})"
        finding = QualityFinding(
            "numbered_anew" if counted else "contradicting_sources",
            "note" if counted else "error",
            row["table"],
            row["kept_row_id"],
            row["patient_id"],
            "; ".join(words) + other,
            "add what the one source lacks, or see `lutrace check --merges`" if counted else _SETTLE,
            status="settled" if row["stated"] else "open",
        )
        findings.append(_with_place(connection, finding))
    return findings


def _with_place(connection: duckdb.DuckDBPyConnection, finding: QualityFinding) -> QualityFinding:
    """The finding with the source of its row."""
    held = connection.execute(
        f'SELECT source_id, source_locator FROM "{finding.table}" WHERE row_id = ?', [finding.row_id]
    ).fetchall()
    return replace(finding, source_id=held[0][0], place=held[0][1]) if held else finding


def _in_quarantine(connection: duckdb.DuckDBPyConnection) -> list[QualityFinding]:
    """The rows in quarantine, those of one source and one reason together."""
    rows = connection.execute(
        'SELECT "table", rule, remedy, source_id, quarantine_id, source_locator FROM quarantine ORDER BY ALL'
    ).fetchall()
    told = without_cells if holds_raw_cells(connection) else str
    groups: dict[tuple[str, str, str, str], list[tuple[str, str | None]]] = {}
    for table, rule, remedy, source_id, quarantine_id, locator in rows:
        groups.setdefault((table, told(rule), remedy, source_id), []).append((quarantine_id, locator))
    return [
        QualityFinding(
            "rows_in_quarantine",
            "error",
            "quarantine",
            held[0][0],
            None,
            f"{len(held)} {'row' if len(held) == 1 else 'rows'} of {table}: {rule}",
            f"{remedy}; then add the file again",
            source_id,
            _places(held),
        )
        for (table, rule, remedy, source_id), held in groups.items()
    ]


def _places(held: Sequence[tuple[str, str | None]]) -> str | None:
    """The first places in the order of their numbers, and how many more there are."""
    places = sorted({locator for _, locator in held if locator is not None}, key=_natural)
    more = f" and {len(places) - _MOST_PLACES} more" if len(places) > _MOST_PLACES else ""
    return ", ".join(places[:_MOST_PLACES]) + more or None


def _natural(text: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", text)]


def _stale_reviews(connection: duckdb.DuckDBPyConnection) -> list[QualityFinding]:
    remedy = "the row was measured anew with another outcome, so the act is not applied: review the row again"
    return [
        QualityFinding(
            "review_of_a_changed_row",
            "error",
            "reviews",
            row["row_id"],
            row["patient_id"],
            f"{row['act']} of {row['target_row_id']}",
            remedy,
        )
        for row in stale_acts(connection)
    ]


def _stale_overrides(connection: duckdb.DuckDBPyConnection) -> list[QualityFinding]:
    remedy = "the corrected row is no longer in the registry: make the correction on the row that took its place"
    found = []
    for row_id, patient_id, table, target in connection.execute(
        'SELECT row_id, patient_id, "table", target_row_id FROM overrides ORDER BY row_id'
    ).fetchall():
        held = connection.execute(f'SELECT count(*) FROM "{table}" WHERE row_id = ?', [target]).fetchall()
        if not held[0][0]:
            found.append(
                QualityFinding(
                    "override_of_a_missing_row", "error", "overrides", row_id, patient_id, f"corrects {target}", remedy
                )
            )
    return found
