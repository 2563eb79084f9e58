"""The report as a Word document: native tables, figures, numbered captions, the banner on every page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import docx
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Inches, Pt, RGBColor

from lutrace.report.column_widths import PAGE_IN, find_widths_in, letter_size
from lutrace.report.contents import ReportInput, Section, blocking_texts
from lutrace.report.figure_files import RenderedFigure
from lutrace.report.packaging import write_without_clock
from lutrace.report.text_table import Cell, TextTable
from lutrace.report.wording import banner_lines, describe_data

_SOFT = RGBColor(0x5F, 0x6B, 0x7A)
_TALLEST_IN = 5.9
_ONE_PAGE = 18
"""A table of up to so many lines stays on one page."""


def write_report_document(
    path: Path,
    report_input: ReportInput,
    sections: Sequence[tuple[Section, Sequence[tuple[int, TextTable | RenderedFigure]]]],
    provenance: Sequence[tuple[str, str]],
) -> None:
    """Write the report as DOCX. `sections` pairs each section with its numbered tables and figures in order."""
    document = _new_document(report_input)
    document.add_heading(report_input.title, level=0)
    document.add_paragraph(report_input.subtitle)
    for text in blocking_texts(report_input):
        document.add_paragraph().add_run(f"Not to be published: {text}").bold = True
    for key in report_input.spec.key_numbers:
        paragraph = document.add_paragraph(style="List Bullet")
        paragraph.paragraph_format.space_after = Pt(1)
        paragraph.add_run(f"{key.label}: ")
        paragraph.add_run(key.value).bold = True
        if key.detail:
            run = paragraph.add_run(f" ({key.detail})")
            run.font.size, run.font.color.rgb = Pt(9), _SOFT
    if report_input.spec.abstract:
        document.add_heading("Abstract", level=1)
    for heading, text in report_input.spec.abstract:
        paragraph = document.add_paragraph()
        paragraph.add_run(f"{heading}: ").bold = True
        paragraph.add_run(text)
    for section, items in sections:
        document.add_heading(section.title, level=1)
        for text in section.text:
            document.add_paragraph(text)
        for number, item in items:
            if isinstance(item, TextTable):
                _add_table(document, number, item)
            else:
                _add_figure(document, number, item)
    if report_input.spec.methods:
        document.add_heading("Methods", level=1)
        for text in report_input.spec.methods:
            document.add_paragraph(text)
    _add_provenance(document, report_input, provenance)
    buffer = io.BytesIO()
    document.save(buffer)
    write_without_clock(path, buffer.getvalue())


def _new_document(report_input: ReportInput) -> Any:
    document = docx.Document()
    for section in document.sections:
        section.left_margin = section.right_margin = Inches(1.0)
        section.top_margin = section.bottom_margin = Inches(0.9)
        head = section.header.paragraphs[0]
        head.alignment = WD_ALIGN_PARAGRAPH.CENTER
        run = head.add_run(" · ".join(banner_lines(report_input.meta.synthetic)))
        run.font.size, run.bold, run.font.color.rgb = Pt(8), True, _SOFT
        _add_foot(section.footer.paragraphs[0], describe_data(report_input.meta))
    document.styles["Normal"].font.name = "Calibri"
    document.styles["Normal"].font.size = Pt(10.5)
    properties = document.core_properties
    properties.title, properties.author, properties.comments = report_input.title, "lutrace", ""
    return document


def _add_foot(paragraph: Any, text: str) -> None:
    """Whose data, and the number of the page, which Word fills in."""
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    number = OxmlElement("w:fldSimple")
    number.set(qn("w:instr"), "PAGE")
    for run in (paragraph.add_run(f"{text} Page "), paragraph.add_run("1")):
        run.font.size, run.font.color.rgb = Pt(8), _SOFT
    number.append(paragraph.runs[-1]._r)
    paragraph._p.append(number)


def _add_table(document: Any, number: int, table: TextTable) -> None:
    _add_caption(document, f"Table {number}. {table.caption}", keep=True)
    grid = document.add_table(rows=1, cols=len(table.headers))
    grid.alignment = WD_TABLE_ALIGNMENT.CENTER
    for place, (cell, header) in enumerate(zip(grid.rows[0].cells, table.headers, strict=True)):
        _write_cell(cell, Cell(header, strong=True), right=not table.is_wordy(place), size=letter_size(table))
        _rule(cell, ("top", "bottom"))
    _repeat_header(grid.rows[0])
    for line in table.lines:
        cells = grid.add_row().cells
        if len(line) == 1 and len(cells) > 1:
            cells[0].merge(cells[-1])
        for place, content in enumerate(line):
            _write_cell(cells[place], content, right=not table.is_wordy(place), size=letter_size(table))
    for cell in grid.rows[-1].cells:
        _rule(cell, ("top", "bottom") if len(grid.rows) == 1 else ("bottom",))
    _set_widths(grid, find_widths_in(table))
    _keep_together(grid.rows)
    for note in table.notes:
        _add_note(document, note)


def _keep_together(rows: Sequence[Any]) -> None:
    """No row breaks; a short table stays on one page, a long one keeps its header with its first lines."""
    for place, row in enumerate(rows):
        row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
        joined = place + 1 < len(rows) if len(rows) <= _ONE_PAGE else place <= 1
        for paragraph in row.cells[0].paragraphs if joined else ():
            paragraph.paragraph_format.keep_with_next = True


def _set_widths(grid: Any, widths_in: Sequence[float]) -> None:
    """Set the widths of columns, and of their cells in rows where none spans the table: Word asks for both."""
    for column, width in zip(grid.columns, widths_in, strict=True):
        column.width = Inches(width)
    for row in grid.rows:
        if len(row._tr.tc_lst) == len(widths_in):
            for cell, width in zip(row.cells, widths_in, strict=True):
                cell.width = Inches(width)


def _write_cell(cell: Any, content: Cell, *, right: bool, size: float) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_after = Pt(1)
    paragraph.paragraph_format.left_indent = Pt(9 * content.indent)
    if right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    run = paragraph.add_run(content.text)
    run.font.size, run.bold = Pt(size), content.strong


def _rule(cell: Any, edges: Sequence[str]) -> None:
    borders = OxmlElement("w:tcBorders")
    for edge in edges:
        line = OxmlElement(f"w:{edge}")
        for key, value in (("val", "single"), ("sz", "8"), ("space", "0"), ("color", "1F2933")):
            line.set(qn(f"w:{key}"), value)
        borders.append(line)
    cell._tc.get_or_add_tcPr().append(borders)


def _repeat_header(row: Any) -> None:
    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)


def _add_figure(document: Any, number: int, figure: RenderedFigure) -> None:
    shape = document.add_picture(io.BytesIO(figure.png), width=Inches(min(figure.width_in, PAGE_IN)))
    if shape.height > Inches(_TALLEST_IN):
        shape.width, shape.height = round(shape.width * Inches(_TALLEST_IN) / shape.height), Inches(_TALLEST_IN)
    shape._inline.docPr.set("descr", figure.alt)
    document.paragraphs[-1].paragraph_format.keep_with_next = True
    _add_caption(document, f"Figure {number}. {figure.caption}", keep=bool(figure.notes))
    for note in figure.notes:
        _add_note(document, note)


def _add_caption(document: Any, text: str, *, keep: bool) -> None:
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.keep_with_next = keep
    paragraph.paragraph_format.space_before = Pt(8)
    run = paragraph.add_run(text)
    run.bold, run.font.size = True, Pt(9.5)


def _add_note(document: Any, text: str) -> None:
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.space_after = Pt(1)
    run = paragraph.add_run(text)
    run.font.size, run.font.color.rgb = Pt(8), _SOFT


def _add_provenance(document: Any, report_input: ReportInput, provenance: Sequence[tuple[str, str]]) -> None:
    document.add_heading("Provenance", level=1)
    for label, value in provenance:
        paragraph = document.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(1)
        paragraph.add_run(f"{label}: ").bold = True
        paragraph.add_run(value)
    document.add_heading("Protocol", level=2)
    for line in report_input.meta.protocol_yaml.splitlines():
        paragraph = document.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(0)
        run = paragraph.add_run(line)
        run.font.name, run.font.size = "Consolas", Pt(7.5)
