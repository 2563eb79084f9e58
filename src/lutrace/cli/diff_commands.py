"""`lutrace diff`: what changed between two runs; `lutrace schema`: what a study file may hold.

The corridor is imported when the command runs: `lutrace --help` answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lutrace.cli.show import say, show_json, show_rows, tell

MOST_SHOWN = 40
"""Rows of a part that people see; files and JSON hold all."""


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("diff", short_help="What changed between two runs: numbers, patients, reasons.")(diff)
    app.command("schema", short_help="The JSON Schema of a study file, for editors.")(schema)


def diff(
    first: Annotated[Path, typer.Argument(metavar="OUT_A", help="folder of the earlier run")],
    second: Annotated[Path, typer.Argument(metavar="OUT_B", help="folder of the later run")],
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")] = False,
    to: Annotated[Path | None, typer.Option("--out", help="write a page (.html) with all that changed")] = None,
) -> None:
    """What changed from one run to another, such as from data lock to data lock.

    Snapshot, protocol, versions and data cut; keys of the study file; numbers by their key; why patients are left out
    or not evaluable; warnings; patients that entered, left or have another value. Patients are recognised by the rows
    behind their values and named by the study numbers of both reports; where a run holds no rows of persons, only
    counts are compared. The exit status is 0 whether anything changed or not.
    """
    from lutrace.core import UnusableInputError
    from lutrace.study import NOTHING_CHANGED, list_diff_parts, run_diff, write_diff_page

    if to is not None and to.suffix.lower() != ".html":
        raise UnusableInputError(f"{to.name}: expected a file that ends in .html; --json gives all rows to programs")
    found = run_diff(first, second)
    if to is not None:
        write_diff_page(to, found)
    if as_json:
        show_json({**vars(found), "changed": not found.is_empty})
        return
    if found.is_empty:
        tell(NOTHING_CHANGED)
    for title, columns, rows in list_diff_parts(found):
        if rows:
            tell(f"{title}: {len(rows)}")
            show_rows("row", rows[:MOST_SHOWN], columns=columns)
        if len(rows) > MOST_SHOWN:
            tell(f"and {len(rows) - MOST_SHOWN} more; --out FILE.html and --json hold all")
    if found.note:
        say(f"note: {found.note}")


def schema(
    to: Annotated[Path | None, typer.Option("--out", help="write it to this file instead of printing it")] = None,
) -> None:
    """Print the JSON Schema of a study file: keys, what each means, what is allowed.

    An editor with a YAML language server completes and checks a study whose first line is
    `# yaml-language-server: $schema=study.schema.json`. What a schema cannot tell (names that belong together, values
    after the index) is checked by `lutrace run`, with lines.
    """
    from lutrace.study import format_schema

    text = format_schema()
    if to is None:
        typer.echo(text, nl=False)
    else:
        to.write_text(text, encoding="utf-8", newline="\n")
