"""Contradictions within the lines of a table of texts: a cell against itself, its column and its neighbours."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence

from lutrace.prose.faults import Fault
from lutrace.prose.figures import Figure, find_figures
from lutrace.prose.rounding import find_side, find_totals, format_share_of, is_share
from lutrace.prose.sentences import plain_characters

_SHARE = re.compile(r"^(\d+) \((\d+(?:\.\d+)?%)\)")
_FULL_SHARE = re.compile(r"^(\d+) ?(?:/|of) ?(\d+) \((\d+(?:\.\d+)? ?%)\)")
_COLUMN_TOTAL = re.compile(r"\bN = (\d+)\b")
_NUMBER = r"-?\d+(?:\.\d+)?"
_INTERVAL = re.compile(rf"^({_NUMBER}) ?%? \(({_NUMBER})(?:, | to |-)({_NUMBER}) ?%?\)")


def find_table_faults(texts: Sequence[Sequence[str]]) -> tuple[Fault, ...]:
    """The contradictions of a table: its header and its lines as texts, cell by cell.

    A share against its own total or the `N = ...` of its column, an estimate outside the interval that follows it, ends
    in the wrong order, and a percentage against the columns `n` and `n with` of its line. `sentence` counts the lines.
    """
    if not texts:
        return ()
    headers, *lines = [[plain_characters(cell) for cell in line] for line in texts]
    totals = [_total_of(header) for header in headers]
    found: list[Fault] = []
    for number, line in enumerate(lines, start=1):
        for cell, total in zip(line[1:], totals[1:], strict=True):
            found += [_fault(number, line[0], cell, *told) for told in _of_cell(cell, total)]
        found += [_fault(number, line[0], cell, *told) for cell, *told in _of_columns(headers, line)]
    return tuple(found)


def _fault(number: int, name: str, cell: str, rule: str, arithmetic: str) -> Fault:
    return Fault(rule, "certain", number, f"{name}: {cell}", arithmetic, "")


def _of_cell(cell: str, total: int | None) -> Iterator[tuple[str, str]]:
    full, share, interval = _FULL_SHARE.match(cell), _SHARE.match(cell), _INTERVAL.match(cell)
    if full is not None:
        n, of, percent = int(full[1]), int(full[2]), _figure(full[3])
        if n > of or not is_share(n, of, percent):
            yield "percentage", f"{format_share_of(n, of) if of else cell}, written as {percent.text}"
    elif share is not None:
        n, percent = int(share[1]), _figure(share[2])
        totals = find_totals(n, percent)
        if percent.value > 100 or (n > 0 and not totals):
            yield "no_whole_number", f"no group of which {n} are {percent.text}"
        elif total is not None and (n > total or (n > 0 and totals[0] > total)):
            yield "denominator", f"{n} are {percent.text} of at least {totals[0]}, and the column has {total}"
    elif interval is not None:
        value, low, high = (_figure(text) for text in interval.groups())
        if low.value > high.value:
            yield "order", f"the lower end {low.text} is above the upper {high.text}"
        elif side := find_side(value, low, high):
            yield "outside", f"{value.text} lies {side} {low.text} to {high.text}"


def _of_columns(headers: Sequence[str], line: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """The columns `n` and `n with` of a line against its percentage."""
    if "n" not in headers or "n with" not in headers or len(line) != len(headers):
        return
    whole, part = line[headers.index("n")], line[headers.index("n with")]
    cell = next((text for text in line[1:] if re.match(r"^\d+(?:\.\d+)?%", text)), None)
    if cell is None or not (whole.isdigit() and part.isdigit()) or int(whole) == 0:
        return
    n, of, percent = int(part), int(whole), _figure(cell)
    if n > of or not is_share(n, of, percent):
        yield cell, "percentage", f"{format_share_of(n, of)}, written as {percent.text}"


def _total_of(header: str) -> int | None:
    found = _COLUMN_TOTAL.search(header)
    return int(found[1]) if found is not None else None


@functools.lru_cache(maxsize=4096)
def _figure(text: str) -> Figure:
    return find_figures(text)[0]
