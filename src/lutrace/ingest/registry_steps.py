"""`lutrace init|check|upgrade`: make a registry, ask it what is missing or contradictory, bring it to this version."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from lutrace.core import Row
from lutrace.ingest.file_names import shown_file_name
from lutrace.ingest.profile import parse_profile, profile_template
from lutrace.registry import QualityFinding, Registry
from lutrace.terms import instruments

FINDING_COLUMNS = ("finding_id", "check", "severity", "status", "table", "row_id", "patient_id", "file", "place",
                   "found", "remedy", "answer", "reason")  # fmt: skip
MERGE_COLUMNS = ("verdict", "table", "patient_id", "kept_row_id", "kept_source", "dropped_row_id", "dropped_source",
                 "file", "place", "differences", "filled", "rule")  # fmt: skip
ITEMS = tuple(
    (one.name, item, float(low), float(high))
    for one in instruments()
    for item in one.items
    for low, high in ((one.low, one.high), *((code, code) for code in one.missing))
)
"""The questions of the vocabulary with the ranges of what may stand for an answer."""


def run_init(folder: Path, *, profile_text: str | None = None) -> None:
    """Make an empty registry with a commented site profile, or with the one given.

    Raises UnusableInputError where there is a registry already, ProtocolError when the profile given is wrong.
    """
    if profile_text is not None:
        parse_profile(profile_text)
    Registry.create(folder, profile_text=profile_text or profile_template())


def run_upgrade(registry_folder: Path) -> list[str]:
    """Bring a registry of an older version to this version's tables; what was done, one line each.

    Nothing is lost but columns that this version does not have; `lutrace measure` measures scans anew.
    Raises UnusableInputError, with nothing changed, where a new column would have to be guessed.
    """
    return Registry.upgrade(registry_folder)


def run_check(registry_folder: Path) -> list[Row]:
    """What the data-quality queries find in the rows that count: rows of FINDING_COLUMNS.

    `file` is the name of the file that the row was read from, withheld where it holds a patient's, and `place` its row
    or resource in there; both are empty for what was measured. `status` is open, answered (`reason` says why) or
    settled by the site profile. Raises ProtocolError when the site profile is wrong.
    """
    with Registry.open(registry_folder, write=False) as registry:
        parse_profile(registry.profile_text)
        paths, people = registry.source_places()
        findings = registry.check(ITEMS)
    return [_shown_finding(finding, _file(paths, finding.source_id, people)) for finding in findings]


def run_merges(registry_folder: Path) -> list[Row]:
    """The rows of sources that were left for those of other sources, with the reason: rows of MERGE_COLUMNS."""
    with Registry.open(registry_folder, write=False) as registry:
        paths, people = registry.source_places()
        merges = registry.merges()
    return [_shown_merge(row, _file(paths, row["dropped_source_id"], people)) for row in merges]


def is_open(finding: Row) -> bool:
    """Whether a finding waits for somebody: it is neither answered nor settled, and more than a note."""
    return bool(finding["status"] == "open" and finding["severity"] != "note")


def _file(paths: dict[str, Path], source_id: str | None, people: Sequence[str]) -> str | None:
    path = paths.get(source_id or "")
    return None if path is None else shown_file_name(path, people)


def _shown_finding(finding: QualityFinding, file: str | None) -> Row:
    answer = "acknowledge" if finding.status == "answered" else None
    row = {**dataclasses.asdict(finding), "finding_id": finding.finding_id, "file": file, "answer": answer}
    return {name: row[name] for name in FINDING_COLUMNS}


def _shown_merge(merge: Row, file: str | None) -> Row:
    differences = json.loads(merge["differences"] or "{}")
    told = {
        "file": file,
        "place": merge["dropped_locator"],
        "differences": "; ".join(f"{name} {new}, not {old}" for name, (new, old) in sorted(differences.items()))
        or None,
        "filled": ", ".join(json.loads(merge["filled"] or "[]")) or None,
    }
    return {name: told.get(name, merge.get(name)) for name in MERGE_COLUMNS}
