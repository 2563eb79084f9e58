"""`lutrace run` and `lutrace demo`: from a registry, or from nothing, to a report.

Corridors are imported when their command runs: `lutrace --help` answers at once.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lutrace.cli import response_commands
from lutrace.cli.bars import progress_bars
from lutrace.cli.demo_commands import demo
from lutrace.cli.show import say, show_json, tell
from lutrace.core import UnusableInputError

if TYPE_CHECKING:
    from lutrace.study import RunResult


def register(app: typer.Typer) -> None:
    """Add these commands, and that of response."""
    app.command("run")(run)
    app.command("demo", short_help="Make virtual centres, measure them and run the studies.")(demo)
    response_commands.register(app)


def run(
    protocol: Annotated[str, typer.Argument(help="study file (YAML), or the name of a shipped study")],
    registry: Annotated[Path, typer.Option("--registry", help="folder made by `lutrace init`")],
    out: Annotated[Path, typer.Option("--out", help="folder for results.json and the report")],
    snapshot: Annotated[str | None, typer.Option(help="digest of a frozen state (default: freeze now)")] = None,
    data_cut: Annotated[str | None, typer.Option(help="last day that counts as known, as 2024-06-30")] = None,
    backend: Annotated[str, typer.Option(help="where it is computed: duckdb, spark or postgres")] = "duckdb",
    min_cell: Annotated[
        int | None, typer.Option(min=2, help="hide counts below this, and every row of a single patient")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")] = False,
) -> None:
    """Cohort, endpoints, models and report of a study."""
    from lutrace.study import run_registry_study

    with progress_bars() as progress:
        result = run_registry_study(
            protocol,
            registry,
            out,
            snapshot=snapshot,
            data_cut=_day(data_cut),
            backend=backend,
            min_cell=min_cell,
            progress=progress,
        )
    _show_run(result, as_json=as_json)


def _show_run(result: RunResult, *, as_json: bool) -> None:
    from lutrace.study import summarise_notices

    if as_json:
        notices = [f"{notice.where}: {notice.text}" for notice in result.computation.notices]
        show_json(
            {
                "estimates": result.computation.tables["estimates"],
                "warnings": notices,
                "report": str(result.report.html),
                "results": str(result.results),
            }
        )
        return
    for line in summarise_notices(result):
        say(line)
    tell(str(result.report.html))


def _day(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise UnusableInputError(f"--data-cut expects a day such as 2024-06-30, got {text!r}") from error
