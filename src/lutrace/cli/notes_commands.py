"""`lutrace assert` and `lutrace extract`: what clinical sentences say of concepts, and the facts in letters.

The corridor is imported when the command runs: `lutrace --help` answers at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lutrace.cli.show import show_json, show_rows, tell
from lutrace.core import Row, check_is_other_file, write_rows

if TYPE_CHECKING:
    from lutrace.ingest import AssertResult, ExtractResult

MOST_SHOWN = 40
"""Rows that people see; files and JSON hold all."""


LANGUAGE_HELP = "en or de, for rows that do not say it; else the words tell"
SHOWN = ("note_id", "fact", "value", "unit", "date", "quote", "negated", "uncertain", "historical")
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")]
Out = Annotated[Path | None, typer.Option("--out", help="write the same rows to a CSV, TSV, XLSX or Parquet file")]
Language = Annotated[str | None, typer.Option("--language", help=LANGUAGE_HELP)]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("assert", short_help="What sentences deny, doubt or date.")(assert_)
    app.command("extract", short_help="Facts in letters, each with the place that states it.")(extract)


def assert_(
    sentences: Annotated[
        Path, typer.Argument(help="CSV, TSV, XLSX or Parquet: id, sentence, concept [language: en or de]")
    ],
    language: Language = None,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", help="table of what people found (id, negated, ...): precision and recall"),
    ] = None,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Say of each concept whether its sentence denies it, doubts it, puts it in the past, or means another person.

    Rules in English and German decide, and each answer names the phrase that made it. Exit status 1 where a concept
    does not stand in its sentence.
    """
    from lutrace.ingest import run_assert

    if out is not None:
        check_is_other_file(out, sentences, *([labels] if labels is not None else []))
    result = run_assert(sentences, language=language, labels=labels)
    _show("assertions", result.rows, None, result, as_json=as_json, out=out)
    if result.unanswered:
        raise typer.Exit(1)


def extract(
    letters: Annotated[
        Path, typer.Argument(help="table (note_id, text [patient_id, date, language]), or a folder of text files")
    ],
    language: Language = None,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", help="table of what people found (note_id, fact, value): precision and recall"),
    ] = None,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Find facts in letters: sites, Gleason, therapies, cycles, PSA, progression, toxicity, stop, death and others.

    A row per fact, with the characters of the letter that state it, its date as told, and whether the sentence denies
    it, doubts it, or puts it in the past. Rules propose; nothing enters an endpoint unreviewed.
    """
    from lutrace.ingest import run_extract

    if out is not None and letters.is_file():
        check_is_other_file(out, letters, *([labels] if labels is not None else []))
    result = run_extract(letters, language=language, labels=labels)
    _show("facts", result.rows, SHOWN, result, as_json=as_json, out=out)


def _show(
    noun: str,
    rows: Sequence[Row],
    columns: Sequence[str] | None,
    result: AssertResult | ExtractResult,
    *,
    as_json: bool,
    out: Path | None,
) -> None:
    if out is not None:
        write_rows(out, rows)
    if as_json:
        more = {"agreement": result.agreement} if result.agreement else {}
        show_json({noun: rows, **more, "warnings": result.warnings})
    elif result.agreement:
        show_rows("agreement", result.agreement, warnings=result.warnings)
    else:
        show_rows(noun, rows[:MOST_SHOWN], warnings=result.warnings, columns=columns)
        if len(rows) > MOST_SHOWN:
            tell(f"{len(rows) - MOST_SHOWN} more rows; --out FILE or --json gives all")
