"""One model of a table as text: what every format shows, cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """The text of a cell; `link` is the number of its evidence, `indent` its depth, `strong` if it is a head."""

    text: str
    link: int | None = None
    indent: int = 0
    strong: bool = False


@dataclass(frozen=True)
class TextTable:
    """A table of texts. The first cell of a line names it; a line of one cell spans the width and heads those below.

    `words` are the places of further columns that hold words: the others hold numbers and stand at the right.
    """

    name: str
    caption: str
    headers: tuple[str, ...]
    lines: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    words: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Check that each line spans the width or fills it, and that each header stands once."""
        if len(set(self.headers)) != len(self.headers):
            raise ValueError(f"{self.name}: a header stands twice")
        for line in self.lines:
            if len(line) not in (1, len(self.headers)):
                raise ValueError(f"{self.name}: a line has {len(line)} cells, expected {len(self.headers)} or 1")

    def is_wordy(self, place: int) -> bool:
        """Whether a column holds words, not numbers."""
        return place == 0 or place in self.words

    def texts(self) -> list[list[str]]:
        """All cells as texts, the header first; a spanning line has empty cells after its first."""
        width = len(self.headers)
        body = [[cell.text for cell in line] + [""] * (width - len(line)) for line in self.lines]
        return [list(self.headers), *body]


def mark_notes(texts: Sequence[str], name: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Marks for cells by text (` [1]`), and a footnote for each; a text that all share has no mark: `Method: ...`."""
    told = list(dict.fromkeys(texts))
    if len(told) == 1:
        return {told[0]: ""}, (f"{name}: {told[0]}.",)
    marks = {text: f" [{number}]" for number, text in enumerate(told, start=1)}
    return marks, tuple(f"{mark.strip()} {text}." for text, mark in marks.items())
