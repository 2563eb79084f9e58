"""The front page of several runs: what was made, the numbers that sum it up, and where the reports are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import lutrace
from lutrace.report import IndexEntry, IndexMeta, ReportPicture, render_index
from lutrace.study.run import RunResult
from lutrace.study.shipped import load_protocol

_INTRO = (
    "A virtual radioligand-therapy centre: DICOM PSMA-PET/CT and 177Lu SPECT/CT, FHIR records and letters of patients "
    "who do not exist. lutrace read the scans and records into a registry, measured uptake and tumour volume, followed "
    "lesions from cycle to cycle, froze the state, and ran the study. Each number of a report opens the rows behind it."
)


def write_demo_index(
    out: Path, runs: Sequence[tuple[str, RunResult]], *, key_numbers: Sequence[tuple[str, str]] = ()
) -> Path:
    """Write `out/index.html` for runs given with the name of their protocol; returns its path."""
    entries, pictures = [], []
    for name, run in runs:
        protocol = load_protocol(name)
        by_name = {path.stem: path for path in run.report.figures if path.suffix == ".png"}
        shown = next((by_name[stem] for stem in ("forest", "km_os_ttv_c2", "flow") if stem in by_name), None)
        entries.append(
            IndexEntry(
                title=protocol.title,
                path=run.report.html,
                summary=(
                    protocol.subtitle,
                    protocol.question,
                    *(f"{key.label}: {key.value} ({key.detail})" for key in run.report_input.spec.key_numbers),
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
        title="lutrace: a virtual centre, from scans to evidence",
        intro=_INTRO,
        centre="Virtual centre (synthetic)",
        lutrace_version=lutrace.__version__,
        synthetic=True,
        key_numbers=tuple(key_numbers),
        pictures=tuple(pictures),
    )
    return render_index(out, entries, meta)
