"""The command `lutrace` in this process: the same function that the installed command calls."""

from __future__ import annotations

import contextlib
import io


def run_command(arguments: list[str]) -> None:
    """Run it in silence; a call or an input that it cannot use raises with what it said."""
    from lutrace.cli.app import run

    said = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
        status = run(arguments)
    if status == 2:
        raise RuntimeError(said.getvalue())
