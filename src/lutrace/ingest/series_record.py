"""Which series were read from which files, and what the choice among them rests on: so that adding again reads little.

The record is a convenience beside the registry: without it every series is read again, and the rows are the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from lutrace.core import digest_of
from lutrace.dicom import Candidate, SeriesFiles

FILE_NAME = "series_read.jsonl"
_VERSION = "1"
"""Raised when reading changes what a row holds: every series is then read again."""


@dataclass(frozen=True)
class ReadSeries:
    """One series as it was read: the fingerprint of its files, and its candidate for the choice."""

    fingerprint: str
    candidate: Candidate


def fingerprint_of(series: SeriesFiles) -> str:
    """Digest of the files of a series by their size and time of change, without reading them."""
    files = sorted(
        [instance.sop_instance_uid, instance.size_bytes, instance.path.stat().st_mtime_ns]
        for instance in series.instances
    )
    return digest_of([_VERSION, files, len(series.faults)])


def read_series_record(registry_folder: Path) -> dict[str, ReadSeries]:
    """What was read before, by scan; a line that is half written or of another version is passed over."""
    path = registry_folder / FILE_NAME
    known: dict[str, ReadSeries] = {}
    if not path.is_file():
        return known
    names = {field.name for field in fields(Candidate)}
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            content = json.loads(line)
        except ValueError:
            continue
        if isinstance(content, dict) and set(content.get("candidate", ())) == names:
            candidate = Candidate(**content["candidate"])
            known[candidate.key] = ReadSeries(str(content.get("fingerprint")), candidate)
    return known


def append_series_record(registry_folder: Path, read: ReadSeries) -> None:
    """Add one series to the record."""
    content: Mapping[str, object] = {"fingerprint": read.fingerprint, "candidate": asdict(read.candidate)}
    with (registry_folder / FILE_NAME).open("a", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(content, ensure_ascii=True) + "\n")
