"""The front page of several runs: what was made, the numbers that sum it up, and where the reports are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import lutrace
from lutrace.report import IndexEntry, IndexMeta, KeyNumber, ReportPicture, render_index
from lutrace.study.run import RunResult
from lutrace.study.shipped import load_protocol

_INTRO = (
    "Virtual radioligand-therapy centres: DICOM PSMA-PET/CT and 177Lu SPECT/CT, FHIR records, tables and letters of "
    "patients who do not exist. lutrace read the scans and records into registries, measured uptake and tumour volume, "
    "followed lesions from cycle to cycle, froze the state, and ran the studies. Each number of a report opens the "
    "rows behind it."
)
_SHOWN = ("forest", "swimmer", "alluvial", "beside_curves", "km_os_ttv_c2", "flow")
"""Figures that stand for a report, the first of them that it has."""
_MOST_NUMBERS = 5
"""So many key numbers of a report stand on the front page; the report has all."""


@dataclass(frozen=True)
class IndexedRun:
    """What the front page tells of a run: the name of its protocol, its report, figures and key numbers."""

    study: str
    html: Path
    figures: tuple[Path, ...]
    key_numbers: tuple[KeyNumber, ...]


def index_run(study: str, run: RunResult) -> IndexedRun:
    """What the front page tells of a run of the protocol of that name."""
    return IndexedRun(study, run.report.html, run.report.figures, run.report_input.spec.key_numbers)


def write_demo_index(out: Path, runs: Sequence[IndexedRun], *, key_numbers: Sequence[tuple[str, str]] = ()) -> Path:
    """Write `out/index.html` for these runs; returns its path."""
    entries, pictures = [], []
    for run in runs:
        protocol = load_protocol(run.study)
        by_name = {path.stem: path for path in run.figures if path.suffix == ".png"}
        shown = next((by_name[stem] for stem in _SHOWN if stem in by_name), None)
        entries.append(
            IndexEntry(
                title=protocol.title,
                path=run.html,
                summary=(
                    protocol.subtitle,
                    protocol.question,
                    *(f"{key.label}: {key.value} ({key.detail})" for key in run.key_numbers[:_MOST_NUMBERS]),
                ),
                png=shown.read_bytes() if shown is not None else None,
                alt=f"A figure of the report: {protocol.title}",
            )
        )
        if "examples" in by_name:
            pictures.append(
                ReportPicture(
                    png=by_name["examples"].read_bytes(),
                    caption="One synthetic patient: 177Lu SPECT after cycles 1, 2 and 3, lesions outlined (plan suv3)",
                )
            )
    meta = IndexMeta(
        title="lutrace: virtual centres, from scans to evidence",
        intro=_INTRO,
        centre="Virtual centres (synthetic)",
        lutrace_version=lutrace.__version__,
        synthetic=True,
        key_numbers=tuple(key_numbers),
        pictures=tuple(pictures),
    )
    return render_index(out, entries, meta)
