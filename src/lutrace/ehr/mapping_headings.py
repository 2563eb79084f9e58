"""What the heading of a column says: an analyte with its unit, a fact, an item of a questionnaire, a cycle's number."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lutrace.terms import (
    Analyte,
    all_analytes,
    analyte_of_loinc,
    fact_of_heading,
    headings,
    instruments,
    plain_words,
)

_BRACKETS = re.compile(r"[(\[]\s*([^)\]]+?)\s*[)\]]")
_LOINC = re.compile(r"(?<![\d-])\d{1,5}-\d(?![\d-])")
_SIZES = {"kg": "kg", "g": "g", "cm": "cm", "m": "m", "gbq": "GBq", "mbq": "MBq", "mci": "mCi", "ml": "mL"}
"""Units of measures and activities, as they stand in headings, and how they are written."""
BASELINE = "baseline"
_MOST_UNIT_WORDS = 3
_FEWEST_TURNED = 2


@dataclass(frozen=True)
class Heading:
    """A heading taken apart. `group` is what columns of one occasion share: `cycle 2`, `baseline`; None without.

    `fact` is `table.column` of the vocabulary of headings, `unit` as written, `item` a questionnaire item.
    """

    column: str
    words: str
    group: str | None = None
    number: int | None = None
    analyte: Analyte | None = None
    fact: str | None = None
    item: str | None = None
    unit: str | None = None


def parse_heading(column: str) -> Heading:
    """The heading of one column taken apart.

    >>> found = parse_heading("C2 Hb (g/dl)")
    >>> found.group, found.analyte.name, found.unit
    ('cycle 2', 'haemoglobin', 'g/dl')
    """
    brackets = _BRACKETS.findall(column)
    bare = _BRACKETS.sub(" ", column).strip()
    item = _items().get(column.strip().upper())
    code = _LOINC.search(column)
    tokens = plain_words(bare).split()
    group, number, rest = _group(tokens) if code is None and item is None else (None, None, tokens)
    coded = analyte_of_loinc(code.group()) if code is not None else None
    analyte, unit = (coded, None) if coded is not None else _analyte(bare, rest)
    unit = next((one for one in brackets if analyte is None or analyte.knows(one)), unit)
    fact = None
    if analyte is None:
        fact, worded = _fact(bare, rest)
        unit = _SIZES.get((unit or worded or "").casefold(), unit or worded)
    return Heading(column, " ".join(tokens), group, number, analyte, fact, item, unit)


def says_something(words: str) -> bool:
    """Whether a heading is known here: an analyte, a fact, or what names a patient."""
    found = parse_heading(words)
    return found.analyte is not None or found.fact is not None or found.words in headings().identifier


def is_turned(names: Sequence[str], first_cells: Iterable[object]) -> bool:
    """Whether a table has its patients in columns: headings stand in the first column, and few in the first row."""
    beside = sum(says_something(str(cell)) for cell in first_cells if cell is not None)
    return beside >= _FEWEST_TURNED and beside > sum(map(says_something, names))


TURNED = (
    "the patients stand in its columns, and what is known of them in its rows; turn the table (in a spreadsheet: copy, "
    "paste transposed), so that each row is one patient or one result"
)
"""What is said of a table whose patients stand in columns."""


def resembles(heading: Heading) -> str | None:
    """What a heading that says nothing clear may mean: an analyte or fact whose words stand in it; None for nothing."""
    if heading.analyte is not None or heading.fact is not None:
        return heading.analyte.name if heading.analyte is not None else heading.fact
    words = f" {heading.words} "
    for spelling, analyte in _spellings().items():
        if len(spelling) > 2 and f" {spelling} " in words:
            return analyte.name
    for fact, texts in headings().facts.items():
        if any(len(text) > 3 and f" {text} " in words for text in texts):
            return fact
    return None


def _group(tokens: Sequence[str]) -> tuple[str | None, int | None, list[str]]:
    """The occasion that words name, its number, and the other words."""
    known = headings()
    for place, token in enumerate(tokens[:-1]):
        occasion = next((name for name, words in known.occasions.items() if token in words), None)
        if occasion is not None and tokens[place + 1].isdigit() and len(tokens[place + 1]) < 3:
            rest = [*tokens[:place], *tokens[place + 2 :]]
            rest = rest[2:] if rest[:1] == ["d"] and rest[1:2] == ["1"] else rest
            return f"{occasion} {int(tokens[place + 1])}", int(tokens[place + 1]), rest
    if len(tokens) > 1 and tokens[-1].isdigit() and len(tokens[-1]) < 3:
        return f"number {tokens[-1]}", int(tokens[-1]), list(tokens[:-1])
    for place, token in enumerate(tokens):
        if token in known.baseline_words and len(tokens) > 1:
            return BASELINE, None, [*tokens[:place], *tokens[place + 1 :]]
    return None, None, list(tokens)


def _analyte(bare: str, rest: Sequence[str]) -> tuple[Analyte | None, str | None]:
    """The analyte that words name, alone or before its unit (`Thrombozyten Tsd/µl`, `hb_g_dl`)."""
    named = _spellings().get(" ".join(rest))
    if named is not None:
        return named, None
    parts = re.split(r"[\s,_]+", bare)
    for count in range(1, min(_MOST_UNIT_WORDS, len(parts) - 1) + 1):
        head = _group(plain_words(" ".join(parts[:-count])).split())[2]
        named = _spellings().get(" ".join(head))
        for unit in (" ".join(parts[-count:]), "/".join(parts[-count:])):
            if named is not None and named.knows(unit):
                return named, unit
    return None, None


def _fact(bare: str, rest: Sequence[str]) -> tuple[str | None, str | None]:
    """The fact that words head, and a unit that ends them (`gewicht kg`)."""
    whole = " ".join(rest)
    found = fact_of_heading(whole) or fact_of_heading(plain_words(bare.casefold()))
    if found is not None:
        return found, whole if whole in ("gbq", "mbq", "kg", "cm") else None
    if len(rest) > 1 and rest[-1] in _SIZES:
        return fact_of_heading(" ".join(rest[:-1])), rest[-1]
    return None, None


@functools.cache
def _spellings() -> dict[str, Analyte]:
    return {
        plain_words(name): analyte
        for analyte in all_analytes()
        for name in (analyte.name, analyte.title, *analyte.synonyms)
    }


@functools.cache
def _items() -> dict[str, str]:
    """Items of questionnaires by their id in capitals."""
    return {item.upper(): item for instrument in instruments() for item in instrument.items}
