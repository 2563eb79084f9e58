"""How answers look: one JSON object, or a table for people; errors are one paragraph on standard error."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
import re
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from lutrace.core import Row, write_rows

PIPED_WIDTH = 100
"""Columns of a page where there is no terminal."""
_FOLDS_FROM = 20
"""Text longer than this may be folded in a table, down to this many columns."""
_LIST_LINES = 12
_NUMBER = re.compile(r"(> )?-?[\d.]+(e[-+]\d+)?")
RESEARCH_ONLY = "Research software, not a medical device."


def as_plain(value: Any) -> Any:
    """`value` in the types that JSON knows; NaN and infinity become null, date-times ISO 8601."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): as_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [as_plain(item) for item in value]
    if hasattr(value, "item"):
        return as_plain(value.item())
    return value


def show_json(content: Mapping[str, Any]) -> None:
    """Print one JSON object on standard output."""
    sys.stdout.write(json.dumps(as_plain(content), ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def show_rows(
    noun: str,
    rows: Sequence[Row],
    *,
    warnings: Sequence[str] = (),
    as_json: bool = False,
    out: Path | None = None,
    columns: Sequence[str] | None = None,
) -> None:
    """Show rows under their noun, and write the same rows to `out` when given.

    `columns` chooses what people see; JSON and files hold every column. What is too wide for the page is laid out row
    by row.
    """
    if out is not None:
        write_rows(out, [as_plain(row) for row in rows])
    if as_json:
        show_json({noun: list(rows), "warnings": list(warnings)})
        return
    names = list(columns) if columns is not None else list(dict.fromkeys(name for row in rows for name in row))
    console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, markup=False, highlight=False)
    if rows and _least_width(names, rows) > console.width:
        for number, row in enumerate(rows, start=1):
            _show_block(f"{noun} {number} of {len(rows)}", names, row, width=console.width)
    else:
        console.print(_table(names, rows))
    say_warnings(warnings)


def _table(names: Sequence[str], rows: Sequence[Row]) -> Table:
    table = Table(title=None, header_style="bold", box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for name in names:
        texts = [_cell(row.get(name)) for row in rows]
        longest = max((len(text) for text in texts), default=0)
        is_number = all(_NUMBER.fullmatch(text) for text in texts if text)
        table.add_column(
            name,
            overflow="fold",
            min_width=min(max(longest, len(name)), max(_FOLDS_FROM, len(name))),
            justify="right" if is_number else "left",
        )
    for row in rows:
        table.add_row(*[_cell(row.get(name)) for name in names])
    return table


def _least_width(names: Sequence[str], rows: Sequence[Row]) -> int:
    """The columns that a table needs when long texts are folded."""
    least = 0
    for name in names:
        longest = max(len(_cell(row.get(name))) for row in rows)
        least += max(len(name), min(longest, _FOLDS_FROM)) + 2
    return least


def _show_block(title: str, names: Sequence[str], row: Row, *, width: int) -> None:
    """One row as lines of name and value; what is empty is left out."""
    tell(title)
    indent = max((len(name) for name in names), default=0) + 4
    for name in names:
        for number, text in enumerate(_lines(row.get(name))):
            start = f"  {name}" if number == 0 else ""
            wrapped = textwrap.wrap(text, max(width - indent, _FOLDS_FROM), break_on_hyphens=False)
            for line in wrapped:
                tell(f"{start:<{indent}}{line}")
                start = ""
    tell("")


def _lines(value: Any) -> list[str]:
    """A value as lines: the items of a list one by one, as far as a reader will follow."""
    plain = as_plain(value)
    if not isinstance(plain, list):
        return [text] if (text := _cell(plain)) else []
    shown = [_cell(item) for item in plain[:_LIST_LINES]]
    more = len(plain) - len(shown)
    return [*shown, f"and {more} more (see --json)"] if more else shown


def show_choices(rows: Sequence[Row], *, most: int = 40) -> None:
    """Which series are used, and why; only their numbers when there are too many for a screen."""
    if len(rows) > most:
        used = sum(bool(row["used"]) for row in rows)
        tell(f"series used {used}, left {len(rows) - used}; --json says why, and so do the notes of each scan")
    elif rows:
        show_rows("choices", rows, columns=("study_key", "scan_id", "modality", "images", "used", "reason"))


def show_account(rows: Sequence[Row], *, most: int = 20) -> None:
    """What becomes of the first rows of a table; the refused ones before the others, and how many are not shown."""
    if not rows:
        return
    first = sorted(rows, key=lambda row: row["outcome"] != "refused")[:most]
    show_rows(
        "rows",
        first,
        columns=[
            name
            for name in ("file", "row", "table", "outcome", "words", "remedy")
            if name != "file" or len({row["file"] for row in rows}) > 1
        ],
    )
    if len(rows) > most:
        tell(f"and {len(rows) - most} more; --out FILE and --json hold all")


def say_warnings(warnings: Sequence[str]) -> None:
    """The warnings on standard error, the first forty in full."""
    for warning in warnings[:40]:
        say(f"warning: {warning}")
    if len(warnings) > 40:
        say(f"warning: and {len(warnings) - 40} more; --json lists all")


def say(line: str) -> None:
    """One line for people on standard error."""
    sys.stderr.write(line + "\n")


def tell(line: str) -> None:
    """One line of the answer on standard output."""
    sys.stdout.write(line + "\n")


def _cell(value: Any) -> str:
    plain = as_plain(value)
    if plain is None:
        return ""
    if isinstance(plain, bool):
        return "yes" if plain else "no"
    if isinstance(plain, float):
        return f"{plain:.5g}" if abs(plain) < 1e4 else f"{plain:.6g}"
    if isinstance(plain, list | dict):
        return f"{len(plain)} (see --json)" if plain else ""
    return str(plain)
