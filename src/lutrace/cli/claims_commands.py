"""`lutrace claims`: an abstract's numbers beside a run's, and its arithmetic.

The corridor is imported when the command runs: `lutrace --help` answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lutrace.cli.show import show_json, show_rows, tell
from lutrace.core import check_is_other_file, write_rows

if TYPE_CHECKING:
    from lutrace.study import ClaimsResult

CERTAIN = 1


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("claims", short_help="An abstract's numbers beside a run's, and its arithmetic.")(claims)


def claims(
    abstract: Annotated[Path, typer.Argument(metavar="ABSTRACT", help="the text of an abstract in English (UTF-8)")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="folder of a run, with its results.json")],
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")] = False,
    to: Annotated[
        Path | None,
        typer.Option("--out", help="write a page (.html), or the rows of all numbers (.csv, .tsv, .xlsx, .parquet)"),
    ] = None,
) -> None:
    """Every number of an abstract with its role, beside the run's number of the same measure, population and endpoint.

    Verdicts: equal after rounding, differs, not in this run, ambiguous (the keys that fit are listed, none is chosen),
    no result (a day, a threshold, a name). Contradictions between the numbers of the text stand below, each certain
    or to look at, with the arithmetic and what would be consistent.

    Exit status: 0 read, and nothing certain speaks against the text; 1 read, and a number differs or a contradiction is
    certain; 2 the text or the folder cannot be used.
    """
    from lutrace.study import run_claims, write_claims_page

    if to is not None:
        check_is_other_file(to, abstract)
    result = run_claims(abstract, out)
    if to is not None and to.suffix.lower() == ".html":
        write_claims_page(to, result)
    elif to is not None:
        write_rows(to, list(result.claims))
    if as_json:
        show_json({"claims": result.claims, "faults": result.faults, "warnings": _warnings(result)})
    else:
        _show(result)
    if not result.is_sound:
        raise typer.Exit(CERTAIN)


def _warnings(result: ClaimsResult) -> list[str]:
    return [f"sentence {fault['sentence']}: {fault['arithmetic']}" for fault in result.faults]


def _show(result: ClaimsResult) -> None:
    """The numbers that are results, then the contradictions."""
    compared = [row for row in result.claims if row["verdict"] != "no result"]
    columns = ("sentence", "claim", "run", "difference", "verdict", "key", "note")
    show_rows("claims", compared, columns=columns)
    tell(f"{len(result.claims) - len(compared)} further numbers are no results (days, thresholds, names); see --json")
    if not result.faults:
        tell("no contradiction was found between the numbers of the text")
        return
    show_rows("faults", result.faults, columns=("sentence", "severity", "arithmetic", "consistent", "quote"))
