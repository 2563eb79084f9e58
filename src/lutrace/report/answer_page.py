"""The answer of a command as a page: paragraphs and plain tables under the banner of every page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lutrace.report.pages import format_template
from lutrace.report.wording import banner_lines


@dataclass(frozen=True)
class AnswerTable:
    """A table of texts with its caption; `words` are the places of columns that hold words."""

    caption: str
    headers: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    words: tuple[int, ...] = ()


@dataclass(frozen=True)
class AnswerPage:
    """What a page says: a title, a line below it, sections of a title with paragraphs and tables."""

    title: str
    subtitle: str
    sections: tuple[tuple[str, tuple[str, ...], tuple[AnswerTable, ...]], ...]
    synthetic: bool
    lutrace_version: str


def write_answer_page(path: Path, page: AnswerPage) -> None:
    """Write the page as one HTML file that asks for nothing outside and runs no script."""
    text = format_template(
        "answer.html",
        title=page.title,
        subtitle=page.subtitle,
        meta={"lutrace_version": page.lutrace_version},
        banner=banner_lines(page.synthetic),
        sections=page.sections,
        script_hash="",
    )
    path.write_text(text, encoding="utf-8", newline="\n")
