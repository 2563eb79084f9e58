"""How wide the columns of a table are on paper, in Word and in LaTeX."""

from __future__ import annotations

from collections.abc import Sequence

from lutrace.report.text_table import TextTable

PAGE_IN = 6.5
"""Width of the text on a page."""
_CHARACTER_IN, _CELL_PADDING_IN = 0.0082, 0.16
"""Width of a letter for each point of its size, and of the empty edges of a cell."""
_FIRST_COLUMN_IN = 1.35
"""The least width of the column that names the lines."""
_WIDE = 7
"""From so many columns on a table has smaller letters."""
_WIDEST_WISH = 34


def find_widths_in(table: TextTable) -> list[float]:
    """Widths that fill the page: no word is broken where there is room, the rest goes by the longest text."""
    lines = [line for line in table.texts() if len(line) == 1 or any(line[1:])]
    columns = [[line[place] for line in lines if place < len(line)] for place in range(len(table.headers))]
    needed = [_needed(column, by_word=table.is_wordy(place)) for place, column in enumerate(columns)]
    narrowest = [_CHARACTER_IN * letter_size(table) * length + _CELL_PADDING_IN for length in needed]
    narrowest[0] = max(narrowest[0], _FIRST_COLUMN_IN)
    left = PAGE_IN - sum(narrowest)
    if left <= 0:
        return [PAGE_IN * width / sum(narrowest) for width in narrowest]
    longest = [max(len(text) for text in column) for column in columns]
    wishes = [min(max(whole - word, 0), _WIDEST_WISH) for whole, word in zip(longest, needed, strict=True)]
    total = sum(wishes)
    shares = [wish / total if total else 1 / len(wishes) for wish in wishes]
    return [width + left * share for width, share in zip(narrowest, shares, strict=True)]


def _needed(column: Sequence[str], *, by_word: bool) -> int:
    """The letters of the longest piece that stays on one line: a word of the header or of words, a whole number."""
    header, *texts = column
    pieces = (
        [*header.split(), *(word for text in texts for word in text.split())] if by_word else header.split() + texts
    )
    return max((len(piece) for piece in pieces), default=0)


def letter_size(table: TextTable) -> float:
    """Letters of a table in points."""
    return 8.5 if len(table.headers) < _WIDE else 7.5
