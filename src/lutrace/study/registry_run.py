"""A study on a registry folder: freeze or open a snapshot, run, and the page that leads to what was made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import lutrace
from lutrace.core import Progress, UnsupportedError, silent
from lutrace.protocol import Protocol
from lutrace.registry import Registry, Snapshot, open_snapshot
from lutrace.report import IndexEntry, IndexMeta, ReleasePolicy, render_index
from lutrace.study.run import RunResult, run_study
from lutrace.study.shipped import load_protocol

BACKENDS = ("duckdb",)
_COVER = "forest.png"


def run_registry_study(
    protocol: str | Protocol,
    registry: Path,
    out: Path,
    *,
    snapshot: str | None = None,
    data_cut: dt.date | None = None,
    backend: str = "duckdb",
    min_cell: int | None = None,
    progress: Progress = silent,
) -> RunResult:
    """Run a protocol (a shipped name, a YAML file, or the document) on a registry folder, frozen now by default.

    `snapshot` is the digest of an earlier frozen state; `min_cell` hides counts below it and every row of one person.
    Raises UnsupportedError for another backend, and what reading the protocol, the registry and `run_study` raise.
    """
    if backend not in BACKENDS:
        raise UnsupportedError(f"backend {backend!r} is not built yet; expected {' or '.join(BACKENDS)}")
    study = protocol if isinstance(protocol, Protocol) else load_protocol(protocol)
    facts = _freeze(registry) if snapshot is None else open_snapshot(registry, snapshot)
    policy = ReleasePolicy(min_cell=min_cell, patient_level=min_cell is None)
    return run_study(study, facts, out, data_cut=data_cut, policy=policy, progress=progress)


def write_demo_index(
    out: Path, results: Sequence[tuple[str, RunResult]], *, key_numbers: Sequence[tuple[str, str]] = ()
) -> Path:
    """Write `index.html` into `out`: the reports, each with its key numbers and a picture; gives its path."""
    entries = [_entry(result) for _, result in results]
    meta = results[0][1].report_input.meta
    pictures = tuple(picture for _, result in results for picture in result.report_input.pictures)
    index_meta = IndexMeta(
        title="lutrace: a virtual radioligand-therapy centre",
        intro=(
            "Scans (DICOM), records (FHIR) and letters of patients who do not exist were made, read, measured and "
            "analysed. Every number in a report leads to the rows behind it."
            if meta.synthetic
            else "Scans and records were read, measured and analysed. Every number leads to the rows behind it."
        ),
        centre=meta.centre,
        lutrace_version=lutrace.__version__,
        synthetic=meta.synthetic,
        snapshot_digest=meta.snapshot_digest,
        key_numbers=tuple(key_numbers),
        pictures=pictures,
    )
    return render_index(out, entries, index_meta)


def _freeze(registry: Path) -> Snapshot:
    with Registry.open(registry, write=True) as opened:
        return opened.freeze()


def _entry(result: RunResult) -> IndexEntry:
    given = result.report_input
    cover = next((path for path in result.report.figures if path.name == _COVER), None)
    return IndexEntry(
        title=given.title,
        path=result.report.html,
        summary=(given.subtitle, *(f"{label}: {text}" for label, text in given.spec.key_numbers)),
        png=cover.read_bytes() if cover is not None else None,
        alt="Hazard ratios with their intervals",
    )
