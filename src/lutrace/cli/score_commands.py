"""`lutrace score`: questionnaires from raw answers to scales.

The corridor is imported when the command runs: `lutrace --help` answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lutrace.cli.show import show_rows, tell
from lutrace.core import check_is_other_file, write_rows

MOST_SHOWN = 40
"""Rows that people see; files and JSON hold all."""


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("score", short_help="Scales of answered questionnaires, with what is missing.")(score)


def score(
    answers: Annotated[
        Path, typer.Argument(help="CSV, TSV, XLSX or Parquet: patient_id, date, and a column per item id, raw answers")
    ],
    instrument: Annotated[
        str | None, typer.Option("--instrument", help="fact-p, bpi-sf, xq, xi (1-5), xi-3 (1-3) or sxi")
    ] = None,
    wide: Annotated[bool, typer.Option("--wide", help="one row per sheet, a column per scale")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="write the same rows to a CSV, TSV, XLSX or Parquet file")
    ] = None,
) -> None:
    """Score each sheet: a row per patient, day and scale, with answered items, validity and the reason.

    Raw answers go in, reversal is done here. An answer outside the instrument's range is an error, never a guess.
    """
    from lutrace.study import run_score, widen_scores

    if out is not None:
        check_is_other_file(out, answers)
    result = run_score(answers, instrument)
    rows = widen_scores(result.rows) if wide else result.rows
    if out is not None:
        write_rows(out, rows)
    shown = rows if as_json else rows[:MOST_SHOWN]
    show_rows("scores", shown, warnings=result.warnings, as_json=as_json)
    if len(shown) < len(rows):
        tell(f"{len(rows) - len(shown)} more rows; --out FILE or --json gives all")
