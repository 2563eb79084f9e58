"""What ended the follow-up of each patient: the event of an outcome, what competed with it, or nothing yet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lutrace.core import DAYS_PER_MONTH, Row
from lutrace.models.outcome import entries_of
from lutrace.protocol import Outcome, OverallSurvival
from lutrace.stats import CompetingRisks, competing_of

DEATH, CENSORED = "death", "censored"
_SAME = 1e-6


def causes_of(rows: Sequence[Row], outcome: Outcome, *, separate: bool = False) -> list[str]:
    """The cause of each complete row: the outcome's name for its event, a category that competes, or censored.

    A death that an outcome counts among its events is `death` all the same; with `separate` each of its events is
    named by its category.
    """
    return [_cause(row, outcome, separate) for row in rows]


def _cause(row: Row, outcome: Outcome, separate: bool) -> str:
    category: str = row.get(f"{outcome.name}_category") or CENSORED
    if not row[f"{outcome.name}_event"]:
        return category
    if category == DEATH and not isinstance(outcome, OverallSurvival):
        return DEATH
    return category if separate and category != CENSORED else outcome.name


def competing_follow_up(rows: Sequence[Row], outcome: Outcome, causes: Sequence[str]) -> CompetingRisks:
    """The follow-up of complete rows to the first of several causes, in days, with delayed entry.

    Raises UnusableInputError when nothing but censoring is there.
    """
    days = np.array([row[f"{outcome.name}_days"] for row in rows], dtype=np.float64)
    return competing_of(days, np.array(causes, dtype=object), censored=CENSORED, entry=entries_of(rows))


def name_cause(cause: str, outcome: Outcome) -> str:
    """A cause in words: the label of the outcome for its own event."""
    return outcome.label if cause == outcome.name else cause.replace("_", " ")


def say_time(days: float) -> str:
    """A span in the largest unit of which it is a whole number.

    >>> say_time(182.625), say_time(84), say_time(100)
    ('6 months', '12 weeks', '100 days')
    """
    for length, name in ((DAYS_PER_MONTH, "month"), (7.0, "week")):
        number = days / length
        if abs(number - round(number)) < _SAME:
            return f"{round(number)} {name}{'' if round(number) == 1 else 's'}"
    return f"{days:g} day{'' if days == 1 else 's'}"
