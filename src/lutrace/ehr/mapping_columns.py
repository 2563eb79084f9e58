"""What the cells of a column look like: dates, numbers, words of the vocabulary; for a proposed mapping."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lutrace.core import Row, UnusableInputError
from lutrace.ehr.mapping_dates import is_date_text
from lutrace.ehr.mapping_headings import Heading, parse_heading
from lutrace.terms import drugs_in_text, headings, parse_reported_value, plain_words, split_result

LOOKED_AT = 2000
"""Cells of a column that are looked at; the order of dates is proven by all of them."""
_SERIALS = (20000.0, 60000.0)
"""Days that a spreadsheet counts for 1954 to 2064."""
_CODES = (-9.0, -99.0, -999.0, -9999.0, 999.0, 9999.0)
"""Numbers that stand for nothing known in tables of studies."""
_MOST_DISTINCT = 300


@dataclass(frozen=True)
class Profile:
    """One column: its heading, how many cells are filled, and how many of those looked at are what.

    `words` counts the cells where they are few different ones, `unknown` are those that stand for nothing known.
    """

    heading: Heading
    filled: int
    seen: int
    dates: int
    numbers: int
    with_unit: int
    serials: int
    drugs: int
    words: Counter[str]
    unknown: tuple[str, ...]
    middle: float | None

    @property
    def column(self) -> str:
        """The column's name in the file."""
        return self.heading.column

    def mostly(self, count: int, share: float = 0.9) -> bool:
        """Whether nine of ten cells (or another share) that hold something known are among `count`."""
        known = self.seen - sum(self.words.get(one, 0) for one in self.unknown)
        return known > 0 and count >= share * known


def profile_of(column: str, records: Sequence[tuple[int, Row]]) -> Profile:
    """The look of one column of a table."""
    filled = [record[column] for _, record in records if record.get(column) is not None]
    cells = filled[:LOOKED_AT]
    texts = Counter(str(cell).strip() for cell in cells)
    numbers = {text: value for text in texts if (value := _number(text)) is not None}
    values = sorted(value for text, value in numbers.items() for _ in range(texts[text]))
    unknown = [text for text in texts if plain_words(text) in headings().missing]
    codes = [text for text, value in numbers.items() if value in _CODES and len(values) > texts[text]]
    return Profile(
        heading=parse_heading(column),
        filled=len(filled),
        seen=len(cells),
        dates=sum(count for text, count in texts.items() if is_date_text(text)),
        numbers=len(values),
        with_unit=sum(count for text, count in texts.items() if text not in numbers and _has_unit(text)),
        serials=sum(_SERIALS[0] <= value <= _SERIALS[1] for value in values),
        drugs=sum(count for text, count in texts.items() if drugs_in_text(text)),
        words=texts if len(texts) <= _MOST_DISTINCT else Counter({one: texts[one] for one in (*unknown, *codes)}),
        unknown=(*unknown, *codes),
        middle=values[len(values) // 2] if values else None,
    )


def _number(text: str) -> float | None:
    """A cell as a number, a doubtful comma taken for the decimal sign: here only the size of numbers is of interest."""
    try:
        return parse_reported_value(text, decimal="," if "," in text and "." not in text else None).value
    except UnusableInputError:
        return None


def _has_unit(text: Any) -> bool:
    try:
        return split_result(str(text))[1] is not None
    except UnusableInputError:
        return False
