"""`lutrace assert` and `lutrace extract`: what clinical sentences say of concepts, and the facts in letters.

The corridor is imported when the command runs: `lutrace --help` answers at once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lutrace.cli.bars import progress_bars
from lutrace.cli.show import say_warnings, show_json, show_rows, tell
from lutrace.core import Row, UnusableInputError, check_is_other_file, write_rows

if TYPE_CHECKING:
    from lutrace.ingest import AssertResult, ExtractResult

MOST_SHOWN = 40
"""Rows that people see; files and JSON hold all."""


LANGUAGE_HELP = "en or de, for rows that do not say it; else the words tell"
QUOTED = "quotes are words of the letters and may name people: keep them where the letters are kept"
QUEUE_SHOWN = ("row_id", "note_id", "fact", "value", "date", "negated", "confidence", "why", "sentence")
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


def extract(  # noqa: PLR0913 - each parameter is an option
    letters: Annotated[
        Path | None,
        typer.Argument(help="table (note_id, text [patient_id, date, language]), or a folder of text files"),
    ] = None,
    language: Language = None,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", help="table of what people found (note_id, fact, value): precision and recall"),
    ] = None,
    registry: Annotated[
        Path | None, typer.Option(help="instead of letters: read those of a registry anew that older rules have read")
    ] = None,
    queue: Annotated[
        bool, typer.Option("--queue", help="with --registry: list the findings that nobody has reviewed")
    ] = False,
    reviewed: Annotated[
        Path | None,
        typer.Option(help="with --registry: table of the queue with decisions: accept, reject, correct, undo"),
    ] = None,
    by: Annotated[str | None, typer.Option(help="with --reviewed: who read the letters")] = None,
    propose_with: Annotated[
        str | None, typer.Option(help="with --registry: address of a language model that may propose (.../v1)")
    ] = None,
    model: Annotated[str | None, typer.Option(help="with --propose-with: the model's name")] = None,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Find facts in letters: sites, Gleason, therapies, cycles, PSA, progression, toxicity, stop, death and others.

    A row per fact, with the characters of the letter that state it, its date as told, and whether the sentence denies
    it, doubts it, or puts it in the past. Rules propose; nothing enters an endpoint unreviewed. With --registry, the
    letters that `lutrace add notes` stored are read, listed for review, and reviewed.
    """
    if (letters is None) == (registry is None):
        raise UnusableInputError("expected letters (a table or a folder), or --registry DIR, and not both")
    if registry is None and (queue or reviewed or by or propose_with):
        raise UnusableInputError("--queue, --reviewed, --by and --propose-with go with --registry")
    if registry is not None and (language is not None or labels is not None):
        raise UnusableInputError("--language and --labels go with letters, not with --registry")
    if letters is not None:
        _extract(letters, language, labels, as_json=as_json, out=out)
    elif registry is not None and queue:
        _show_queue(registry, as_json=as_json, out=out)
    elif registry is not None and reviewed is not None:
        _review(registry, reviewed, by, as_json=as_json)
    elif registry is not None and propose_with is not None:
        _propose(registry, propose_with, model, as_json=as_json)
    elif registry is not None:
        _read_again(registry, as_json=as_json)


def _extract(letters: Path, language: str | None, labels: Path | None, *, as_json: bool, out: Path | None) -> None:
    from lutrace.ingest import run_extract

    if out is not None and letters.is_file():
        check_is_other_file(out, letters, *([labels] if labels is not None else []))
    result = run_extract(letters, language=language, labels=labels)
    _show("facts", result.rows, SHOWN, result, as_json=as_json, out=out)


def _show_queue(registry: Path, *, as_json: bool, out: Path | None) -> None:
    from lutrace.ingest import run_queue

    rows = run_queue(registry)
    warnings = [QUOTED] if rows else []
    if out is not None:
        write_rows(out, rows)
    if as_json:
        show_json({"facts": rows, "warnings": warnings})
    else:
        show_rows("facts to review", rows[:MOST_SHOWN], warnings=warnings, columns=QUEUE_SHOWN)
        if len(rows) > MOST_SHOWN:
            tell(f"{len(rows) - MOST_SHOWN} more rows; --out FILE or --json gives all")


def _review(registry: Path, table: Path, by: str | None, *, as_json: bool) -> None:
    from lutrace.ingest import run_reviewed

    if not by:
        raise UnusableInputError("--reviewed needs --by NAME: a review says who made it")
    result = run_reviewed(registry, table, by=by, at=dt.datetime.now().replace(microsecond=0))
    if as_json:
        show_json({"acts": result.counts, "warnings": []})
    else:
        tell(", ".join(f"{word} {count}" for word, count in result.counts.items()) or "no row has a decision")


def _propose(registry: Path, address: str, model: str | None, *, as_json: bool) -> None:
    from lutrace.ingest import run_propose

    if not model:
        raise UnusableInputError("--propose-with needs --model NAME: a proposal says who made it")
    with progress_bars() as progress:
        result = run_propose(registry, address, model, progress=progress)
    warnings = [f"not taken: {why} ({count} times)" for why, count in sorted(result.refused.items())]
    counts = {name: getattr(result.report, name) for name in ("added", "updated", "unchanged", "quarantined")}
    if as_json:
        show_json({"letters": result.letters, "rows": counts, "warnings": warnings})
    else:
        tell(f"{result.letters} letters read by {model}; " + ", ".join(f"{name} {n}" for name, n in counts.items()))
        say_warnings(warnings)


def _read_again(registry: Path, *, as_json: bool) -> None:
    from lutrace.ingest import run_read_again

    result, n_letters = run_read_again(registry)
    counts = {name: getattr(result, name) for name in ("added", "updated", "unchanged", "quarantined")}
    if as_json:
        show_json({"letters": n_letters, "rows": counts, "warnings": result.warnings})
    else:
        tell(f"{n_letters} letters read anew; " + ", ".join(f"{name} {count}" for name, count in counts.items()))
        say_warnings(result.warnings)


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
