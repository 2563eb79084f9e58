"""cli knows the command line: it parses, asks a corridor, shows the answer, and decides nothing."""

from lutrace.cli.app import main

__all__ = ["main"]
