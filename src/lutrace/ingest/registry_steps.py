"""`lutrace init|check|upgrade`: make a registry, ask it what is missing or contradictory, bring it to this version."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from lutrace.core import Row
from lutrace.ingest.file_names import shown_file_name
from lutrace.ingest.profile import parse_profile, profile_template
from lutrace.registry import QualityFinding, Registry

FINDING_COLUMNS = ("check", "severity", "table", "row_id", "patient_id", "file", "place", "found", "remedy")


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
    """What the data-quality queries find: rows of `check severity table row_id patient_id file place found remedy`.

    `file` is the name of the file that the row was read from, withheld where it holds a patient's, and `place` its row
    or resource in there; both are empty for what was measured. Raises ProtocolError when the site profile is wrong.
    """
    with Registry.open(registry_folder, write=False) as registry:
        parse_profile(registry.profile_text)
        paths, people = registry.source_places()
        return [_shown(finding, paths.get(finding.source_id or ""), people) for finding in registry.check()]


def _shown(finding: QualityFinding, path: Path | None, people: Sequence[str]) -> Row:
    row = dataclasses.asdict(finding)
    row["file"] = None if path is None else shown_file_name(path, people)
    return {name: row[name] for name in FINDING_COLUMNS}
