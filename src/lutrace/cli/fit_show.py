"""How the rows of a fitted model look to people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lutrace.cli.show import say_warnings, show_rows, tell
from lutrace.core import Row

if TYPE_CHECKING:
    from lutrace.study import PlainFit

MOST_SHOWN = 40
"""Rows that people see; files and JSON hold all."""
SHOWN = ("term", "cause", "state", "time", "measure", "estimate (interval)", "p", "unit", "events/n")


def show_fit(found: PlainFit) -> None:
    """Show estimates, checks, methods and warnings."""
    shown = [_for_people(row) for row in found.rows[:MOST_SHOWN]]
    names = [name for name in SHOWN if any(row.get(name) is not None for row in shown)]
    if len({row.get("cause") for row in shown}) == 1 and "cause" in names:
        names.remove("cause")
    show_rows("estimates", shown, columns=names)
    if len(shown) < len(found.rows):
        tell(f"{len(found.rows) - len(shown)} more rows; --out FILE or --json gives all")
    if found.checks:
        names = [name for name in found.checks[0] if any(row[name] not in (None, "") for row in found.checks)]
        show_rows("checks", found.checks, columns=names)
    tell(". ".join(dict.fromkeys(str(row["method"]) for row in found.rows)) + ".")
    say_warnings(found.warnings)


def _for_people(row: Row) -> Row:
    ends = ["not reached" if end is None else f"{end:.4g}" for end in (row["low"], row["high"])]
    interval = "" if row["low"] is None and row["high"] is None else f"({ends[0]} to {ends[1]})"
    estimate = "" if row["estimate"] is None else f"{row['estimate']:.4g}"
    counts = [str(count) for count in (row["events"], row["n"]) if count is not None]
    return {**row, "estimate (interval)": f"{estimate} {interval}".strip() or None, "events/n": "/".join(counts)}
