"""The trail of one computation: its steps, cross-checks and warnings, collected in the order in which they happen."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from lutrace.physics.facts import Step


@dataclass
class Trail:
    """Collects what a computation did; each entry names the facts that it used as `tag = value`."""

    steps: list[Step] = field(default_factory=list)
    checks: list[Step] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def step(self, name: str, result: str, *facts: str) -> None:
        """Record a step of the way."""
        self.steps.append(Step(name, facts, result))

    def check(self, name: str, result: str, *facts: str) -> None:
        """Record a cross-check, passed or not."""
        self.checks.append(Step(name, facts, result))

    def warn(self, message: str) -> None:
        """Record a warning once."""
        if message not in self.warnings:
            self.warnings.append(message)


def format_moment(moment: dt.datetime | None) -> str:
    """A date-time for messages, ISO 8601 to the millisecond where it has one."""
    if moment is None:
        return "absent"
    return moment.isoformat(sep=" ", timespec="milliseconds" if moment.microsecond else "seconds")
