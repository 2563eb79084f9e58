"""The output folder searched, byte by byte, for what the input says of its persons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from lutrace.core import Progress
from lutrace.dicom import Identifiers, IdentifierScan
from lutrace.ingest.workers import map_as_done

_PART = 200


@dataclass(frozen=True)
class Finding:
    """A file of the output that holds identifiers: how many of each kind, never which."""

    file: str
    kinds: Mapping[str, int]


@dataclass(frozen=True)
class FolderScan:
    """How much was searched, and what was found."""

    n_files: int
    n_bytes: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _Part:
    out: Path
    files: tuple[Path, ...]
    identifiers: Identifiers


def scan_folder(
    out: Path, identifiers: Identifiers, executor: Executor | None, *, jobs: int, progress: Progress
) -> FolderScan:
    """Search every byte of every file below `out`, and its path, for the identifiers."""
    files = sorted(path for path in out.rglob("*") if path.is_file())
    parts = [_Part(out, tuple(files[first : first + _PART]), identifiers) for first in range(0, len(files), _PART)]
    findings: list[Finding] = []
    pool = executor if len(parts) > 1 else None
    for done, (_, found) in enumerate(map_as_done(pool, _scan_part, parts, jobs=jobs), start=1):
        findings.extend(found)
        progress("search for identifiers", done, len(parts))
    size = sum(path.stat().st_size for path in files)
    return FolderScan(len(files), size, tuple(sorted(findings, key=lambda one: one.file)))


def _scan_part(part: _Part) -> Sequence[Finding]:
    scan = IdentifierScan(part.identifiers)
    findings = []
    for path in part.files:
        name = path.relative_to(part.out).as_posix()
        kinds = scan.find_in_file(path, name)
        if kinds:
            findings.append(Finding(name, kinds))
    return findings
