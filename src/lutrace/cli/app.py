"""The command `lutrace`: registers the commands and turns errors into one paragraph and an exit status."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import typer
import typer.exceptions
import typer.main

from lutrace import __version__
from lutrace.cli.show import RESEARCH_ONLY, say, tell
from lutrace.core import LutraceError, tell_file

app = typer.Typer(
    name="lutrace",
    help=f"From a radioligand-therapy centre's scans and records to evidence, every number traceable. {RESEARCH_ONLY}",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        tell(f"lutrace {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="show the version"),
) -> None:
    """Hold what all commands share."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 a check or a fact failed, 2 the call or the input is unusable."""
    sys.exit(run(arguments))


@functools.cache
def build_command() -> Callable[..., Any]:
    """The command with every subcommand in the order of the help; built once in a process."""
    from lutrace.cli import (
        add_commands,
        claims_commands,
        deidentify_commands,
        diff_commands,
        export_commands,
        fit_commands,
        grade_commands,
        notes_commands,
        pacs_commands,
        psa_commands,
        registry_commands,
        score_commands,
        single_steps,
        study_commands,
    )

    modules = (
        single_steps,
        registry_commands,
        add_commands,
        study_commands,
        claims_commands,
        diff_commands,
        grade_commands,
        score_commands,
        psa_commands,
        fit_commands,
        notes_commands,
        export_commands,
        deidentify_commands,
        pacs_commands,
    )
    for module in modules:
        module.register(app)
    return typer.main.get_command(app)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; every error that lutrace foresees is one paragraph."""
    command = build_command()
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")
    given = list(arguments) if arguments is not None else sys.argv[1:]
    try:
        status = command(args=given or ["--help"], prog_name="lutrace", standalone_mode=False)
    except LutraceError as error:
        say(f"error: {error}")
        return error.exit_status
    except OSError as error:
        say(f"error: {_place_of(error)}: {error.strerror or type(error).__name__}; choose another place, or free it")
        return 2
    except typer.exceptions.Exit as stop:
        return stop.exit_code
    except typer.exceptions.TyperException as error:
        told = getattr(error, "format_message", None)
        say(f"error: {told() if told is not None else error}")
        return 2
    except (typer.Abort, KeyboardInterrupt):
        say("error: stopped; run the same command again to go on")
        return 130
    return status if isinstance(status, int) else 0


def _place_of(error: OSError) -> str:
    """The file that the system refused, as far as it says."""
    return tell_file(Path(str(error.filename))) if error.filename else "a file"
