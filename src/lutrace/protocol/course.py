"""When radioligand therapy counts as over, and which statements say why."""

from __future__ import annotations

from typing import Literal

from lutrace.core import Days, Field, FrozenModel


class CourseRules(FrozenModel):
    """How the course is read from a registry.

    planned_cycles: with so many doses treatment is completed, unless a record says why it ended by then.
    longest_pause: a dose later than that after the one before belongs to another line (rechallenge); without a dose for
    so long and without a record, treatment has stopped and the reason is not recorded. All else of lines is said by
    `history.lines` of the study.
    letters: which stop reasons found in letters count: those a person `reviewed`, `all` that are neither negated,
    uncertain nor of the past, or `none`.
    """

    planned_cycles: int = Field(default=6, ge=1, le=30)
    longest_pause: Days = Field(default=112.0, ge=1)
    letters: Literal["reviewed", "all", "none"] = "reviewed"
