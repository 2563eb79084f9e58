"""How answers look: one JSON object, or a table for people; errors are one paragraph on standard error."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from lutrace.core import Row, write_rows

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

    `columns` chooses what people see; JSON and files hold every column.
    """
    if out is not None:
        write_rows(out, [as_plain(row) for row in rows])
    if as_json:
        show_json({noun: list(rows), "warnings": list(warnings)})
        return
    names = list(columns) if columns is not None else list(dict.fromkeys(name for row in rows for name in row))
    table = Table(title=None, header_style="bold")
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*[_cell(row.get(name)) for name in names])
    console = Console(width=None if sys.stdout.isatty() else 160, markup=False, highlight=False)
    console.print(table)
    say_warnings(warnings)


def show_choices(rows: Sequence[Row], *, most: int = 40) -> None:
    """Which series are used, and why; only their numbers when there are too many for a screen."""
    if len(rows) > most:
        used = sum(bool(row["used"]) for row in rows)
        tell(f"series used {used}, left {len(rows) - used}; --json says why, and so do the notes of each scan")
    elif rows:
        show_rows("choices", rows, columns=("study_key", "scan_id", "modality", "images", "used", "reason"))


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
        return f"{plain:.6g}"
    if isinstance(plain, list | dict):
        return f"{len(plain)} (see --json)" if plain else ""
    return str(plain)
