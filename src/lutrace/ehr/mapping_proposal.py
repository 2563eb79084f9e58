"""A mapping proposed from headings and cells: each line with its reason, what is unsure left open for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lutrace.core import (
    Row,
    TableContent,
    UnusableInputError,
    has_decimal_comma,
    read_sheet_names,
    read_table,
    tell_file,
)
from lutrace.ehr.mapping import OPEN
from lutrace.ehr.mapping_columns import Profile, profile_of
from lutrace.ehr.mapping_dates import find_date_order
from lutrace.ehr.mapping_headings import TURNED, is_turned, resembles, says_something
from lutrace.ehr.mapping_proposed_lines import LIKELY, SURE, ProposedRule, Shared, quoted
from lutrace.ehr.mapping_proposed_rules import propose_rules
from lutrace.terms import headings, plain_words

_FEWEST_KNOWN = 2
_LAST_HEADING = 10
"""Rows among which the heading is looked for where the first one is none."""


@dataclass
class _Page:
    """Lines of the file, each with what explains it."""

    lines: list[tuple[str, str]] = field(default_factory=list)

    def put(self, line: str, why: str = "") -> None:
        self.lines.append((line, why))

    def text(self) -> str:
        return "".join(f"{line}  # {why}\n" if why else f"{line}\n" for line, why in self.lines)


@dataclass(frozen=True)
class _Sheet:
    """One sheet of a workbook, or the only table of a file (sheet None), with the rules that it suggests."""

    sheet: str | None
    header_row: int
    content: TableContent
    identifier: tuple[str, str]
    others: Sequence[Profile]
    rules: Sequence[ProposedRule]


def propose_mapping(path: Path) -> str:
    """The text of a mapping for one table file, to be read by a person; lines with `?` are open.

    Every sheet of a workbook is looked at. Where the first row names nothing known, one of the next rows is taken for
    the heading. Raises UnusableInputError when the table holds no rows, or nothing in it is known to this house.
    """
    names = read_sheet_names(path) if path.suffix.lower() == ".xlsx" else ()
    looked_at = [_looked_at(path, sheet) for sheet in (names if len(names) > 1 else (None,))]
    sheets = [one for one in looked_at if one is not None]
    if not sheets:
        raise UnusableInputError(f"{tell_file(path)}: holds no rows to propose a mapping from; name a table with rows")
    known = [one for one in sheets if one.rules]
    if not known and any(is_turned(one.content.names, _first_cells(one.content)) for one in sheets):
        raise UnusableInputError(f"{tell_file(path)}: {TURNED}")
    if not known:
        raise UnusableInputError(
            f"{tell_file(path)}: no heading is known here; write the mapping by hand "
            "(docs/how-to/read-your-own-tables.md)"
        )
    first = known[0]
    page = _Page()
    for one in sheets:
        of_sheet = f" of the sheet {quoted(one.sheet)}" if one.sheet is not None else ""
        page.put(f"# Proposed from {len(one.content.names)} headings and {len(one.content.rows)} rows{of_sheet}.")
    page.put(f"# Read each line with its reason; settle each {OPEN}.")
    page.put(f"source: {quoted(path.name)}")
    for note in first.content.notes:
        page.put(f"# {note}")
    read = _read_by(first.rules)
    _put_writing(page, tell_file(path), first.content.rows, [one for one in first.others if one.column in read])
    page.put(f"patient_id: {quoted(first.identifier[0])}", first.identifier[1])
    page.put("rules:")
    for one in known:
        _put_rules(page, one, first)
    _put_rest(
        page, [profile for one in sheets for profile in one.others], [rule for one in known for rule in one.rules]
    )
    return page.text()


def _looked_at(path: Path, sheet: str | None) -> _Sheet | None:
    """A sheet with what it suggests; None without rows."""
    try:
        header_row, content = _with_heading(path, sheet)
    except UnusableInputError:
        if sheet is None:
            raise
        return None
    if not content.rows:
        return None
    profiles = [profile_of(column, content.rows) for column in content.names]
    identifier = _identifier(profiles)
    others = [one for one in profiles if one.column != identifier[0] and one.seen]
    return _Sheet(sheet, header_row, content, identifier, others, propose_rules(others, Shared.of(others)))


def _put_rules(page: _Page, one: _Sheet, first: _Sheet) -> None:
    """The rules of a sheet; a sheet whose patients stand under another heading needs a mapping of its own."""
    if one.identifier[0] != first.identifier[0]:
        page.put(f"  # the sheet {quoted(str(one.sheet))} names patients otherwise: write a mapping of its own for it")
        return
    for rule in one.rules:
        rule.put(page.put)
        if one.sheet is not None:
            page.put(f"    sheet: {quoted(one.sheet)}")
        if one.header_row != 1:
            page.put(
                f"    header_rows: [{one.header_row}]", f"{LIKELY}: the first row whose cells are headings known here"
            )


def _with_heading(path: Path, sheet: str | None) -> tuple[int, TableContent]:
    """The table by the row that names most columns known here; the first row where none of the next does better."""
    first = read_table(path, sheet=sheet)
    best, found, most = 1, first, _n_known(first)
    if most < _FEWEST_KNOWN and path.suffix.lower() != ".parquet":
        for number in range(2, _LAST_HEADING + 1):
            try:
                content = read_table(path, sheet=sheet, header_rows=(number,))
            except UnusableInputError:
                break
            if _n_known(content) > most:
                best, found, most = number, content, _n_known(content)
    return best, found


def _first_cells(content: TableContent) -> list[object]:
    return [record[content.names[0]] for _, record in content.rows]


def _n_known(content: TableContent) -> int:
    """How many headings say something."""
    return sum(map(says_something, content.names))


def count_open(text: str) -> int:
    """How many lines of a proposed mapping are open."""
    lines = (line.split(" #")[0] for line in text.splitlines() if not line.startswith("#"))
    return sum(f'"{OPEN}"' in line for line in lines)


def _identifier(profiles: Sequence[Profile]) -> tuple[str, str]:
    known = headings().identifier
    named = [one for one in profiles if one.heading.words in known]
    if not named:
        cases = [one.column for one in profiles if one.heading.words in headings().cases]
        hint = f"{cases[0]} counts cases, not patients" if cases else "no heading names the patient"
        return OPEN, f"open: {hint}; state the column"
    best = min(named, key=lambda one: (known.index(one.heading.words), -one.filled))
    if len(named) > 1:
        return best.column, f"{LIKELY}: {len(named)} headings name a patient, this one the clearest"
    return best.column, f"{SURE}: heading"


def _read_by(rules: Sequence[ProposedRule]) -> set[str]:
    return {column for rule in rules for column in rule.reads()}


def _put_writing(page: _Page, name: str, rows: Sequence[tuple[int, Row]], profiles: Sequence[Profile]) -> None:
    """How the table is written: decimal sign, order of dates, codes for nothing known."""
    columns = [one.column for one in profiles if one.numbers and not one.mostly(one.dates)]
    try:
        comma = has_decimal_comma(name, rows, columns)
    except UnusableInputError:
        page.put(f'decimal: "{OPEN}"', "open: a point before three digits stands beside decimal commas")
    else:
        if comma:
            page.put('decimal: ","', f"{SURE}: decimal commas, and no decimal point")
    _put_dates(page, rows, [one for one in profiles if one.mostly(one.dates)])
    missing = dict.fromkeys(word for one in profiles for word in one.unknown)
    if missing:
        page.put(f"missing: [{', '.join(map(quoted, missing))}]", f"{LIKELY}: stand for nothing known")


def _put_dates(page: _Page, rows: Sequence[tuple[int, Row]], profiles: Sequence[Profile]) -> None:
    orders = {one.column: find_date_order(record.get(one.column) for _, record in rows) for one in profiles}
    proven = {order for order, _ in orders.values() if order is not None}
    doubtful = [column for column, (order, why) in orders.items() if order is None and "such" not in why]
    if len(proven) == 1 and doubtful:
        by = next(column for column, (order, _) in orders.items() if order is not None)
        page.put(f"dates: {proven.pop()}", f"{LIKELY}: proven by the column {by}, the other dates tell nothing")
    elif len(proven) == 1:
        page.put(
            f"dates: {proven.pop()}", f"{SURE}: {next(why for order, why in orders.values() if order is not None)}"
        )
    elif doubtful:
        page.put(f'dates: "{OPEN}"', "open: dmy or mdy? no number above 12 tells day from month")
    cells = [str(record.get(one.column) or "") for one in profiles for _, record in rows]
    if any(_has_short_year(cell) for cell in cells):
        page.put(f'short_years_from: "{OPEN}"', "open: years have two digits; state the first year that they can mean")


def _has_short_year(cell: str) -> bool:
    parts = cell.replace("/", ".").replace("-", ".").split(".")
    return len(parts) == 3 and all(part.isdigit() and len(part) <= 2 for part in parts)


def _put_rest(page: _Page, profiles: Sequence[Profile], rules: Sequence[ProposedRule]) -> None:
    read = _read_by(rules)
    left = {one.column: one for one in profiles if one.column not in read}.values()
    if left:
        page.put("not_read:")
    for one in left:
        meant = resembles(one.heading)
        if meant is not None:
            page.put(f'  {quoted(one.column)}: "{OPEN}"', f"open: may be {meant}; write a rule, or why it is not read")
        elif plain_words(one.column) in headings().cases:
            page.put(f"  {quoted(one.column)}: number of a case")
        else:
            page.put(f"  {quoted(one.column)}: no heading known here")
