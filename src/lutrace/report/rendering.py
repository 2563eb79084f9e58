"""The whole report: through the gate, into tables and figures, onto pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lutrace.core import write_rows
from lutrace.report.composition import compose_table
from lutrace.report.contents import (
    FigureSpec,
    KeyNumber,
    ReportFiles,
    ReportInput,
    Section,
    TableSpec,
)
from lutrace.report.disclosure import apply_disclosure, number_patients, release_notices, withhold_columns
from lutrace.report.documents import write_report_document
from lutrace.report.evidence import COLUMNS, index_evidence
from lutrace.report.figure_contents import PatientSheets
from lutrace.report.figure_files import RenderedFigure, may_be_shown, render_figure
from lutrace.report.material import Material
from lutrace.report.pages import format_report_page, place_figure, place_table
from lutrace.report.patient_sheets import FOLDER, render_sheets
from lutrace.report.row_files import release_row_tables, write_row_files
from lutrace.report.suppression import blur_counts
from lutrace.report.table_files import write_table_files
from lutrace.report.text_table import TextTable
from lutrace.report.wording import banner_lines, describe_data

EVIDENCE_FILE = "evidence.csv"
HTML_FILE, DOCX_FILE, ABSTRACT_FILE = "report.html", "report.docx", "abstract.txt"
REPORT_FILES = (HTML_FILE, DOCX_FILE, EVIDENCE_FILE, ABSTRACT_FILE)
REPORT_FOLDERS = ("tables", "figures", FOLDER)
REPORT_ENDINGS = (".csv", ".xlsx", ".tex", ".svg", ".png", ".pdf", ".html")
"""All that a report writes: files, folders, and the endings of the files in those."""


@dataclass
class _Made:
    """What has been made so far, counted for numbering."""

    tables: list[Path] = field(default_factory=list)
    figures: list[Path] = field(default_factory=list)
    n_tables: int = 0
    n_figures: int = 0


def render_report(report_input: ReportInput, out: Path) -> ReportFiles:
    """Write `report.html`, `report.docx`, `evidence.csv`, `tables/` and `figures/` into the new folder `out`.

    A study with an abstract has it as `abstract.txt` too.

    Rows pass the disclosure gate first: columns declared as dates or free text are withheld and named in the
    provenance, patients become study numbers, small counts are hidden as the policy asks. The same input gives the
    same bytes.
    Raises DisclosureError for what may not leave, MissingFactError for pictures that are not there.
    """
    report_input = _blurred(report_input)
    material, withheld = _release(report_input)
    banner = (*banner_lines(report_input.meta.synthetic), describe_data(report_input.meta))
    out.mkdir(parents=True, exist_ok=True)
    made = _Made()
    _check_names(report_input)
    placed: list[dict[str, Any]] = []
    documented: list[tuple[Section, list[tuple[int, TextTable | RenderedFigure]]]] = []
    for section in report_input.spec.sections:
        items = [item for item in section.items if may_be_shown(item, report_input.policy)]
        made_items = [_make(item, material, report_input, out, banner=banner, made=made) for item in items]
        placed.append({"title": section.title, "text": section.text, "shown": [place for place, _, _ in made_items]})
        documented.append((section, [(number, item) for _, number, item in made_items]))
    made.tables += write_row_files(report_input.row_tables, material.row_tables, out / "tables", banner)
    keys = [(key, _key_link(key, material)) for key in report_input.spec.key_numbers]
    provenance = _provenance(report_input, withheld)
    evidence = material.evidence.as_document() if material.evidence.rows else None
    abstract_path = _write_abstract(report_input, out, banner)
    page = format_report_page(report_input, placed, key_numbers=keys, provenance=provenance, evidence=evidence)
    html_path, docx_path = out / HTML_FILE, out / DOCX_FILE
    html_path.write_text(page, encoding="utf-8", newline="\n")
    write_report_document(docx_path, report_input, documented, provenance)
    evidence_path = _write_evidence(material, out, banner)
    return ReportFiles(html_path, docx_path, evidence_path, tuple(made.tables), tuple(made.figures), abstract_path)


def _release(report_input: ReportInput) -> tuple[Material, tuple[str, ...]]:
    """The rows that may leave, and the names of the columns that may not."""
    tables, withheld = withhold_columns(report_input.tables)
    evidence = report_input.evidence if report_input.policy.shows_persons else ()
    numbers = number_patients(tables, [row.patient_id for row in evidence])
    released = apply_disclosure(tables, min_cell=report_input.policy.min_cell, study_numbers=numbers)
    labels = report_input.spec.labels
    index = index_evidence(evidence, numbers, labels=labels, values_of=report_input.spec.values_of)
    cut = report_input.meta.data_cut
    material = Material(
        released,
        labels,
        index,
        report_input.notices,
        [replace(one, patient_id=numbers.get(one.patient_id, "")) for one in report_input.pictures],
        row_tables=release_row_tables(report_input, numbers),
        theme=report_input.theme,
        data_cut="" if cut is None else cut.isoformat(),
    )
    return material, withheld


def _blurred(report_input: ReportInput) -> ReportInput:
    """The input with small counts taken out of its sentences, when the policy asks for that."""
    min_cell, spec = report_input.policy.min_cell, report_input.spec
    if min_cell is None:
        return report_input
    key_numbers = tuple(
        replace(key, value=blur_counts(key.value, min_cell), detail=blur_counts(key.detail, min_cell))
        for key in spec.key_numbers
    )
    notices = release_notices(report_input.notices, min_cell=min_cell)
    return replace(report_input, spec=replace(spec, key_numbers=key_numbers), notices=notices)


def _key_link(key: KeyNumber, material: Material) -> int | None:
    return material.evidence.link(f"{key.label} · {material.word(key.population)}", key.population, key.endpoints)


def _check_names(report_input: ReportInput) -> None:
    names = [item.name for section in report_input.spec.sections for item in section.items]
    names += [one.name for one in report_input.row_tables]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"tables and figures need names of their own; twice: {', '.join(twice)}")
    bad = [name for name in names if not name.replace("-", "").replace("_", "").isalnum()]
    if bad:
        raise ValueError(f"names of tables and figures are file names of letters, digits, - and _; got {bad}")


def _make(
    item: TableSpec | FigureSpec | PatientSheets,
    material: Material,
    report_input: ReportInput,
    out: Path,
    *,
    banner: Sequence[str],
    made: _Made,
) -> tuple[dict[str, Any], int, TextTable | RenderedFigure]:
    if isinstance(item, PatientSheets):
        sheets, paths = render_sheets(item, material, report_input, out, banner)
        made.n_tables += 1
        made.figures += paths
        return place_table(sheets, made.n_tables, paths[:1], out), made.n_tables, sheets
    if isinstance(item, FigureSpec):
        figure = render_figure(item, material, out / "figures", banner)
        figure = replace(figure, notes=(*figure.notes, banner[-1]))
        made.n_figures += 1
        made.figures += figure.paths
        return place_figure(figure, made.n_figures, out), made.n_figures, figure
    table = compose_table(item, material)
    files = write_table_files(table, out / "tables", banner)
    table = replace(table, notes=(*table.notes, banner[-1]))
    made.n_tables += 1
    made.tables += files
    return place_table(table, made.n_tables, files, out), made.n_tables, table


def _provenance(report_input: ReportInput, withheld: Sequence[str]) -> list[tuple[str, str]]:
    meta, policy = report_input.meta, report_input.policy
    gate = [
        f"counts below {policy.min_cell} hidden" if policy.min_cell is not None else "no small count hidden",
        "patients as numbers of this report" if policy.shows_persons else "no row of one person",
        f"withheld: {', '.join(withheld)}" if withheld else "no column withheld",
    ]
    return [
        ("Centre", meta.centre),
        ("Data", "synthetic: made by a program, of no person" if meta.synthetic else "records of patients"),
        ("Data cut", meta.data_cut.isoformat() if meta.data_cut is not None else "none"),
        ("Snapshot", meta.snapshot_digest),
        ("Protocol", meta.protocol_digest),
        ("lutrace", meta.lutrace_version),
        *sorted(meta.versions.items()),
        ("Disclosure", "; ".join(gate)),
    ]


def _write_abstract(report_input: ReportInput, out: Path, banner: Sequence[str]) -> Path | None:
    """The abstract as plain text, its banner below; None for a study without one."""
    parts = report_input.spec.abstract
    if not parts:
        return None
    path = out / ABSTRACT_FILE
    texts = [report_input.title, *(f"{heading}: {text}" for heading, text in parts), "\n".join(banner)]
    path.write_text("\n\n".join(texts) + "\n", encoding="utf-8", newline="\n")
    return path


def _write_evidence(material: Material, out: Path, banner: Sequence[str]) -> Path | None:
    if not material.evidence.rows:
        return None
    path = out / EVIDENCE_FILE
    notice = "; ".join(banner)
    rows = [{**row, "notice": notice} for row in material.evidence.as_rows()]
    write_rows(path, rows, (*COLUMNS, "notice"))
    return path
