"""Tables of text put together: side by side (merge) or below each other (stack)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from lutrace.report.text_table import Cell, TextTable
from lutrace.report.wording import EMPTY

_MARK = re.compile(r" \[(\d+)\]$")
_MARKED_NOTE = re.compile(r"^\[(\d+)\] (.*)$", re.DOTALL)
Line = tuple[Cell, ...]


def merge_tables(name: str, caption: str, parts: Sequence[TextTable], notes: Sequence[str] = ()) -> TextTable:
    """The tables side by side: lines of one name under one heading meet, and the caption of each is in its headers.

    Lines that only a later table has stand at the end of their heading.
    """
    parts, told = _with_joint_marks(_without_own_heads(parts))
    places: dict[str, dict[str, dict[tuple[str, int], list[Line | None]]]] = {}
    for number, part in enumerate(parts):
        for (head, variable, own), line in _by_place(part):
            of_variable = places.setdefault(head, {}).setdefault(variable, {})
            of_variable.setdefault(own, [None] * len(parts))[number] = line
    lines: list[Line] = []
    for head, by_variable in places.items():
        lines += [(Cell(head, strong=True),)] if head else []
        lines += [_merged_line(found, parts) for by_name in by_variable.values() for found in by_name.values()]
    headers = (parts[0].headers[0], *(f"{text}, {part.caption}" for part in parts for text in part.headers[1:]))
    words, before = [], 0
    for part in parts:
        words += [before + place for place in part.words]
        before += len(part.headers) - 1
    return TextTable(name, caption, headers, tuple(lines), (*told, *notes), tuple(words))


def _without_own_heads(parts: Sequence[TextTable]) -> list[TextTable]:
    """The tables without their headings where each has one only and they differ: the captions tell them apart."""
    heads = [{line[0].text for line in part.lines if _is_head(line, part)} for part in parts]
    if any(len(own) != 1 for own in heads) or len(set.union(*heads)) == 1:
        return list(parts)
    return [replace(part, lines=tuple(line for line in part.lines if not _is_head(line, part))) for part in parts]


def _is_head(line: Line, table: TextTable) -> bool:
    return len(line) == 1 and len(table.headers) > 1


def _by_place(table: TextTable) -> list[tuple[tuple[str, str, tuple[str, int]], Line]]:
    """Each line with its place: the spanning line above it, the variable that it is a level of, its name, counted."""
    head, variable, found = "", "", list[tuple[tuple[str, str, tuple[str, int]], Line]]()
    seen: Counter[tuple[str, str, str]] = Counter()
    for line in table.lines:
        if _is_head(line, table):
            head, variable = line[0].text, ""
            continue
        if not line[0].indent:
            variable = line[0].text
        own = (head, variable, line[0].text)
        seen[own] += 1
        found.append(((head, variable, (line[0].text, seen[own])), line))
    return found


def _merged_line(found: Sequence[Line | None], parts: Sequence[TextTable]) -> Line:
    first = next(line[0] for line in found if line is not None)
    cells: list[Cell] = []
    for line, part in zip(found, parts, strict=True):
        cells += line[1:] if line is not None else [Cell(EMPTY)] * (len(part.headers) - 1)
    return (first, *cells)


def stack_tables(name: str, caption: str, parts: Sequence[TextTable], notes: Sequence[str] = ()) -> TextTable:
    """The tables below each other, each under its caption; columns of one name are one, others stay empty."""
    parts, told = _with_joint_marks(parts)
    headers = tuple(dict.fromkeys((parts[0].headers[0], *(text for part in parts for text in part.headers[1:]))))
    words = {part.headers[place] for part in parts for place in part.words}
    lines: list[Line] = []
    for part in parts:
        lines.append((Cell(part.caption, strong=True),))
        for line in part.lines:
            deeper = replace(line[0], indent=line[0].indent + 1)
            if len(line) == 1:
                lines.append((deeper,))
                continue
            own = dict(zip(part.headers[1:], line[1:], strict=True))
            lines.append((deeper, *(own.get(header, Cell(EMPTY)) for header in headers[1:])))
    places = tuple(place for place, header in enumerate(headers) if header in words)
    return TextTable(name, caption, headers, tuple(lines), (*told, *notes), places)


def _with_joint_marks(parts: Sequence[TextTable]) -> tuple[list[TextTable], tuple[str, ...]]:
    """The tables with one numbering of their footnotes, and the footnotes; those not of all tables name their own."""
    numbers: dict[str, int] = {}
    plain: dict[str, list[str]] = {}
    marked: list[TextTable] = []
    for part in parts:
        found = [_MARKED_NOTE.match(note) for note in part.notes]
        own = {one[1]: numbers.setdefault(one[2], len(numbers) + 1) for one in found if one}
        for note in part.notes:
            if not _MARKED_NOTE.match(note):
                plain.setdefault(note, []).append(part.caption)
        marked.append(replace(part, lines=tuple(tuple(_renumbered(cell, own) for cell in line) for line in part.lines)))
    shared = [note for note, of in plain.items() if len(of) == len(parts)]
    single = [f"{', '.join(of)}: {note}" for note, of in plain.items() if len(of) < len(parts)]
    return marked, (*shared, *single, *(f"[{number}] {text}" for text, number in numbers.items()))


def _renumbered(cell: Cell, numbers: dict[str, int]) -> Cell:
    found = _MARK.search(cell.text)
    if found is None or found[1] not in numbers:
        return cell
    return replace(cell, text=f"{cell.text[: found.start()]} [{numbers[found[1]]}]")
