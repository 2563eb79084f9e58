"""`lutrace fit`: one model on a plain table, a row per estimate.

The corridor is imported when a command runs: `lutrace --help` answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from lutrace.cli import fit_sites
from lutrace.cli.fit_catalogue import COMMANDS
from lutrace.cli.fit_show import show_fit
from lutrace.cli.show import show_json
from lutrace.core import UnusableInputError, check_is_other_file, write_rows

fit = typer.Typer(help="One model on a plain table, with every check.", no_args_is_help=False, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in COMMANDS:
        fit.command(command.name, short_help=command.short)(command.build(_run))
    fit_sites.register(fit)
    app.add_typer(fit, name="fit")


def _run(
    kind: str, table: Path, fields: dict[str, Any], *, as_json: bool, out: Path | None, made: Path | None = None
) -> None:
    from lutrace.study import FitCall, run_fit

    targets = [one for one in (out, made) if one is not None]
    if len(targets) > len({target.absolute() for target in targets}):
        raise UnusableInputError("--out and --table name one file; name two, so that none is lost")
    for target in targets:
        check_is_other_file(target, table)
    found = run_fit(table, FitCall(**{"kind": kind, **fields}))
    if out is not None:
        write_rows(out, found.records)
    if made is not None:
        write_rows(made, found.made)
    if as_json:
        show_json({"estimates": found.rows, "checks": found.checks, "warnings": found.warnings})
        return
    show_fit(found)
