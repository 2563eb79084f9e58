"""From a registry on disk to a report: freeze it, or take a state frozen before, and run a protocol on it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

from lutrace.core import Progress, UnusableInputError, silent
from lutrace.registry import ENGINES, Engine, Registry, Snapshot, open_snapshot
from lutrace.report import ReleasePolicy
from lutrace.study.run import RunResult, run_study
from lutrace.study.shipped import load_protocol


def run_registry_study(
    protocol: str,
    registry_folder: Path,
    out: Path,
    *,
    snapshot: str | None = None,
    data_cut: dt.date | None = None,
    backend: str = "duckdb",
    min_cell: int | None = None,
    progress: Progress = silent,
) -> RunResult:
    """Run a protocol (file or shipped name) on a registry; freezes first unless given the digest of a snapshot.

    `min_cell` hides counts below it, and with it all rows of single patients. Raises UnusableInputError for an unknown
    backend, and what `run_study` raises.
    """
    document = load_protocol(protocol)
    frozen = replace(frozen_state(registry_folder, snapshot), engine=engine_named(backend))
    policy = ReleasePolicy(min_cell=min_cell, patient_level=min_cell is None)
    return run_study(document, frozen, out, data_cut=data_cut, policy=policy, progress=progress)


def engine_named(backend: str) -> Engine:
    """The engine of this name. Raises UnusableInputError for another name."""
    for engine in ENGINES:
        if engine == backend:
            return engine
    raise UnusableInputError(f"expected --backend {', '.join(ENGINES)}, got {backend[:40]!r}")


def frozen_state(folder: Path, digest: str | None) -> Snapshot:
    """The snapshot with this digest, or one frozen now."""
    if digest is not None:
        return open_snapshot(folder, digest)
    with Registry.open(folder, write=True) as registry:
        return registry.freeze()
