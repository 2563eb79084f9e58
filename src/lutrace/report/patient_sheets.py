"""Pages of single patients: HTML, PDF and their rows as CSV, and an index of them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl

from lutrace.core import Row, write_rows
from lutrace.report.contents import IndexEntry, IndexMeta, ReportInput
from lutrace.report.figure_contents import PatientSheets
from lutrace.report.figure_files import METADATA
from lutrace.report.figure_style import fitted, width_in
from lutrace.report.figure_themes import SOFT, theme_named
from lutrace.report.material import Material
from lutrace.report.pages import format_patient_page, render_index
from lutrace.report.patient_sheet_figure import Fact, draw_sheet, list_facts
from lutrace.report.text_table import Cell, TextTable
from lutrace.report.timeline_figure import PatientRows

FOLDER = "patients"
"""The folder of the pages."""
_BANNER_PT = 6.5
_COLUMNS = ("patient_id", "drawn_as", "name", "begin_day", "end_day", "value", "unit", "detail", "source_row", "notice")


@dataclass(frozen=True)
class _Place:
    """What every page is made with, and where it goes."""

    spec: PatientSheets
    material: Material
    report_input: ReportInput
    folder: Path
    banner: Sequence[str]


@dataclass(frozen=True)
class _Page:
    """What was written of one patient, and what the index says of it."""

    patient: str
    paths: tuple[Path, ...]
    counts: tuple[int, int, int]


def render_sheets(
    spec: PatientSheets, material: Material, report_input: ReportInput, out: Path, banner: Sequence[str]
) -> tuple[TextTable, tuple[Path, ...]]:
    """Write `patients/S001.html`, `.pdf` and `.csv` for each patient into `out`, with `patients/index.html`.

    Gives the table of patients for the report, and the files, the index first.
    """
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    results, events = (material.derived(spec.timeline, name) for name in ("trajectories", "timeline_events"))
    states = material.derived(spec.course, "course_states") if spec.course else []
    bands, values = material.derived(spec.timeline, "grade_bands"), material.tables.get("endpoint_values", ())
    patients = sorted({row["patient_id"] for row in (*results, *events)})[: spec.first]
    place = _Place(spec, material, report_input, folder, banner)
    pages = []
    for patient in patients:
        own = ([row for row in rows if row["patient_id"] == patient] for rows in (results, events, states))
        facts = list_facts([row for row in values if row["patient_id"] == patient], material)
        pages.append(_write_page(place, PatientRows(patient, next(own), next(own), next(own), bands), facts))
    index = _write_index(spec, pages, report_input, folder)
    table = TextTable(
        spec.name,
        spec.caption,
        ("Patient", "Doses", "Results", "Values with a row"),
        tuple((Cell(page.patient), *(Cell(str(n)) for n in page.counts)) for page in pages),
        (f"One page for each patient in the folder {FOLDER}; facts and criteria, no recommendation.", *spec.notes),
    )
    return table, (index, *(path for page in pages for path in page.paths))


def _write_page(place: _Place, rows: PatientRows, facts: Sequence[Fact]) -> _Page:
    pictures = [
        one for one in place.material.pictures if (one.panel, one.patient_id) == (place.spec.name, rows.patient)
    ]
    saved = {}
    with mpl.rc_context(theme_named(place.material.theme).settings()):
        figure = draw_sheet(rows, facts, place.material, title=place.report_input.title, pictures=pictures)
        for line, text in enumerate(reversed(fitted(" · ".join(place.banner), width_in(), _BANNER_PT))):
            figure.text(0.5, 0.02 + 0.011 * line, text, fontsize=_BANNER_PT, color=SOFT, ha="center", va="bottom")
        for kind in ("svg", "pdf"):
            buffer = io.BytesIO()
            figure.savefig(buffer, format=kind, metadata=METADATA[kind])
            saved[kind] = buffer.getvalue()
    paths = {kind: place.folder / f"{rows.patient}.{kind}" for kind in ("html", "pdf", "csv")}
    paths["pdf"].write_bytes(saved["pdf"])
    write_rows(paths["csv"], [{**row, "notice": "; ".join(place.banner)} for row in _drawn(rows)], _COLUMNS)
    n_doses = sum(1 for row in rows.events if row["track"] == "dose")
    alt = f"Page of patient {rows.patient}: {n_doses} doses, {len(rows.results)} results, {len(rows.events)} events."
    page = format_patient_page(
        place.report_input,
        rows.patient,
        svg=saved["svg"],
        alt=alt,
        facts=facts,
        files=[paths["pdf"].name, paths["csv"].name],
    )
    paths["html"].write_text(page, encoding="utf-8", newline="\n")
    return _Page(rows.patient, tuple(paths.values()), (n_doses, len(rows.results), sum(1 for one in facts if one.row)))


def _drawn(rows: PatientRows) -> list[Row]:
    """Results, events and states in the same columns."""
    spans = [("result", row["series"], row["day"], None, row["value"], row["unit"], None, row) for row in rows.results]
    spans += [
        ("event", row["kind"], row["day"], row["end_day"], row["value"], row["unit"], row["detail"], row)
        for row in rows.events
    ]
    spans += [
        ("state", row["state"], row["entry_day"], row["exit_day"], None, None, row["detail"], row)
        for row in rows.states
    ]
    return [
        {
            **dict(zip(_COLUMNS[1:8], (what, name, begin, end, value, unit, detail), strict=True)),
            "patient_id": rows.patient,
            "source_row": row["source_row"],
        }
        for what, name, begin, end, value, unit, detail, row in spans
    ]


def _write_index(spec: PatientSheets, pages: Sequence[_Page], report_input: ReportInput, folder: Path) -> Path:
    meta = report_input.meta
    entries = [
        IndexEntry(f"Patient {page.patient}", page.paths[0], (f"{page.counts[0]} doses, {page.counts[1]} results",))
        for page in pages
    ]
    intro = f"{report_input.title}. A page for each patient: facts and criteria with their rows, no recommendation."
    head = IndexMeta(spec.caption, intro, meta.centre, meta.lutrace_version, meta.synthetic, meta.snapshot_digest)
    return render_index(folder, entries, head)
