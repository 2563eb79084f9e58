"""A table of text as CSV, XLSX and LaTeX: the same cells in each, with its notes and the banner below."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lutrace.core import Row, write_rows
from lutrace.report.column_widths import find_widths_in
from lutrace.report.packaging import write_without_clock
from lutrace.report.text_table import Cell, TextTable

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "−": r"\ensuremath{-}",
    "–": "--",
    "≥": r"\ensuremath{\geq}",
    "≤": r"\ensuremath{\leq}",
    "·": r"\textperiodcentered{}",
    "[": "{[}",
    "]": "{]}",
    "→": r"\ensuremath{\rightarrow}",
    "√": r"\ensuremath{\surd}",
    "×": r"\ensuremath{\times}",
    "±": r"\ensuremath{\pm}",
    "≈": r"\ensuremath{\approx}",
    "Δ": r"\ensuremath{\Delta}",
    "µ": r"\ensuremath{\mu}",
    "²": r"\textsuperscript{2}",
    "…": r"\ldots{}",
    "—": "---",
}
"""What TeX would run, and signs that its fonts lack; brackets in braces, for a line may begin with one."""
_FORMULA = ("=", "+", "-", "@")


def write_table_files(table: TextTable, folder: Path, banner: Sequence[str]) -> tuple[Path, ...]:
    """Write `table` as CSV, XLSX and LaTeX into `folder`; gives the three paths."""
    rows = _as_rows(table, banner)
    csv_path, xlsx_path, tex_path = (folder / f"{table.name}{ending}" for ending in (".csv", ".xlsx", ".tex"))
    write_rows(csv_path, rows, table.headers)
    write_rows(xlsx_path, rows, table.headers)
    write_without_clock(xlsx_path, xlsx_path.read_bytes())
    tex_path.write_text(format_latex(table, banner), encoding="utf-8", newline="\n")
    return csv_path, xlsx_path, tex_path


def format_latex(table: TextTable, banner: Sequence[str]) -> str:
    """The table as a LaTeX `table` (packages booktabs and tabularx), labelled `tab:<name>`."""
    width = len(table.headers)
    columns = "".join(_column(table, place, share) for place, share in enumerate(_shares(table)))
    lines = [
        *(f"% {line}" for line in banner),
        r"\begin{table}",
        r"\footnotesize",
        rf"\caption{{{_latex(table.caption)}}}",
        rf"\label{{tab:{table.name}}}",
        rf"\begin{{tabularx}}{{\linewidth}}{{{columns}}}",
        r"\toprule",
        " & ".join(_latex(header) for header in table.headers) + r" \\",
        r"\midrule",
        *(_latex_line(line, width) for line in table.lines),
        r"\bottomrule",
        r"\end{tabularx}",
        *(rf"\par {_latex(note)}" for note in (*table.notes, *banner)),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _shares(table: TextTable) -> list[float]:
    """The width of each column as a multiple of the mean width."""
    widths = find_widths_in(table)
    return [width * len(widths) / sum(widths) for width in widths]


def _column(table: TextTable, place: int, share: float) -> str:
    """A column of words or of numbers; both break lines, so that a wide table stays on the page."""
    side = "right" if table.is_wordy(place) else "left"
    return rf">{{\hsize={share:.3f}\hsize\ragged{side}\arraybackslash}}X"


def _latex_line(line: Sequence[Cell], width: int) -> str:
    cells = [r"\quad " * cell.indent + _latex(cell.text) for cell in line]
    cells = [rf"\textbf{{{text}}}" if cell.strong else text for cell, text in zip(line, cells, strict=True)]
    if len(line) == 1 and width > 1:
        return rf"\multicolumn{{{width}}}{{l}}{{{cells[0]}}} \\"
    return " & ".join(cells) + r" \\"


def _latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


def _as_rows(table: TextTable, banner: Sequence[str]) -> list[Row]:
    first = table.headers[0]
    body = [dict(zip(table.headers, map(inert, texts), strict=True)) for texts in table.texts()[1:]]
    below = [{first: inert(text)} for text in (table.caption, *table.notes, *banner)]
    return [*body, {}, *below]


def inert(text: str) -> str:
    """The text, unless a spreadsheet would run it as a formula: then behind an apostrophe."""
    return f"'{text}" if text.startswith(_FORMULA) else text
