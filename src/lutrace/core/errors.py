"""One class per cause that a user can act on; a message names the fact, the expectation, the finding, the remedy."""

from __future__ import annotations

from collections.abc import Sequence


class LutraceError(Exception):
    """Base of all errors that lutrace raises on purpose; `exit_status` is what the command line returns."""

    exit_status = 1


class UnusableInputError(LutraceError):
    """The call or its input cannot be used at all (no such file, unreadable, wrong columns): exit status 2."""

    exit_status = 2


class MissingFactError(LutraceError):
    """A fact that the computation needs is absent; no default is ever taken."""


class ContradictionError(LutraceError):
    """Two sources of one fact disagree by more than is tolerated."""


class UnsupportedError(LutraceError):
    """The input is valid, and lutrace does not read this kind of it (yet); the message says which."""


class ProtocolError(LutraceError):
    """The study file is wrong: the message names the line or key and what would be allowed."""

    exit_status = 2


class RegistryBusyError(LutraceError):
    """Another process writes this registry; the message says since when."""


class DisclosureError(LutraceError):
    """What was asked for would disclose a person; the message names the table and the rule."""


class EstimationError(LutraceError):
    """A model cannot be estimated from these data (no events, separation without Firth, no convergence)."""


class TableError(LutraceError):
    """All faults of one table, collected and reported together."""

    def __init__(self, table: str, faults: Sequence[str]) -> None:
        """Store the faults; the message lists the first ten and counts the rest."""
        self.table = table
        self.faults = tuple(faults)
        shown = "; ".join(self.faults[:10])
        more = f"; and {len(self.faults) - 10} more" if len(self.faults) > 10 else ""
        super().__init__(f"{table}: {shown}{more}")
