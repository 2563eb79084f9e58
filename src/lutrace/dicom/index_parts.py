"""The index of a large folder, read in parts by worker processes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path

from lutrace.dicom.index import FolderIndex, SeriesFiles, index_folder

PART = 250
"""Files that a worker reads at a time: some tenths of a second."""


def index_in_parts(paths: Sequence[Path], executor: Executor | None) -> FolderIndex:
    """What `index_folder` gives for these paths, its files shared out among the workers of `executor`.

    Without an executor, or with few files, this process reads them. Raises what `index_folder` raises.
    """
    files = [file for path in paths for file in _files_of(path)]
    if executor is None or len(files) <= PART:
        return index_folder(files)
    parts = [files[start : start + PART] for start in range(0, len(files), PART)]
    return _joined(list(executor.map(index_folder, parts)))


def _files_of(path: Path) -> list[Path]:
    return sorted(child for child in path.rglob("*") if child.is_file()) if path.is_dir() else [path]


def _joined(parts: Sequence[FolderIndex]) -> FolderIndex:
    """One index of all parts, in their order."""
    found: dict[str, list[SeriesFiles]] = {}
    for part in parts:
        for series in part.series:
            found.setdefault(series.series_uid, []).append(series)
    faults = tuple(fault for part in parts for fault in part.faults)
    return FolderIndex(
        series=tuple(
            replace(
                pieces[0],
                instances=tuple(instance for piece in pieces for instance in piece.instances),
                faults=tuple(fault for fault in faults if fault.series_uid == uid),
            )
            for uid, pieces in found.items()
        ),
        faults=faults,
        n_files=sum(part.n_files for part in parts),
        n_not_dicom=sum(part.n_not_dicom for part in parts),
        n_directories=sum(part.n_directories for part in parts),
    )
