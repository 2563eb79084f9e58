"""`lutrace assert`: what clinical sentences say of the concepts in them.

The corridor is imported when the command runs: `lutrace --help` answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lutrace.cli.show import show_json, show_rows, tell
from lutrace.core import check_is_other_file, write_rows

MOST_SHOWN = 40
"""Rows that people see; files and JSON hold all."""


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("assert", short_help="Negated, uncertain, historical? What a sentence says of a concept.")(assert_)


def assert_(
    sentences: Annotated[
        Path, typer.Argument(help="CSV, TSV, XLSX or Parquet: id, sentence, concept [language: en or de]")
    ],
    language: Annotated[
        str | None,
        typer.Option("--language", help="en or de, for rows that do not say it; else the words tell"),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", help="table of what people found (id, negated, ...): precision and recall"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="write the same rows to a CSV, TSV, XLSX or Parquet file")
    ] = None,
) -> None:
    """Say of each concept whether its sentence denies it, doubts it, puts it in the past, or means another person.

    Rules in English and German decide, and each answer names the phrase that made it. Exit status 1 where a concept
    does not stand in its sentence.
    """
    from lutrace.ingest import run_assert

    if out is not None:
        check_is_other_file(out, sentences, *([labels] if labels is not None else []))
    result = run_assert(sentences, language=language, labels=labels)
    if out is not None:
        write_rows(out, result.rows)
    if as_json:
        more = {} if labels is None else {"agreement": result.agreement}
        show_json({"assertions": result.rows, **more, "warnings": result.warnings})
    elif labels is not None:
        show_rows("agreement", result.agreement, warnings=result.warnings)
    else:
        show_rows("assertions", result.rows[:MOST_SHOWN], warnings=result.warnings)
        if len(result.rows) > MOST_SHOWN:
            tell(f"{len(result.rows) - MOST_SHOWN} more rows; --out FILE or --json gives all")
    if result.unanswered:
        raise typer.Exit(1)
