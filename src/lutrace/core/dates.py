"""Dates of the clinic: often known to the month or the year only, and kept so."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from typing import Literal

from lutrace.core.errors import UnusableInputError

Precision = Literal["day", "month", "year"]

DAYS_PER_MONTH = 30.4375
"""Days of a mean month, 365.25 / 12; all months in results are this long."""

_ISO = re.compile(r"^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$")


@dataclass(frozen=True, order=True)
class PartialDate:
    """A date known to the day, the month or the year."""

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        """Check that the parts form a real date."""
        if self.day is not None and self.month is None:
            raise UnusableInputError("a date with a day needs a month")
        dt.date(self.year, self.month or 1, self.day or 1)

    @property
    def precision(self) -> Precision:
        """`day`, `month` or `year`."""
        if self.day is not None:
            return "day"
        return "month" if self.month is not None else "year"

    def first_day(self) -> dt.date:
        """The earliest day that this date can mean."""
        return dt.date(self.year, self.month or 1, self.day or 1)

    def last_day(self) -> dt.date:
        """The latest day that this date can mean."""
        month = self.month or 12
        day = self.day or calendar.monthrange(self.year, month)[1]
        return dt.date(self.year, month, day)

    def __str__(self) -> str:
        """ISO 8601, no more precise than what is known."""
        if self.month is None:
            return f"{self.year:04d}"
        if self.day is None:
            return f"{self.year:04d}-{self.month:02d}"
        return f"{self.year:04d}-{self.month:02d}-{self.day:02d}"


def parse_partial_date(text: str) -> PartialDate:
    """A date from ISO 8601 text: `2023`, `2023-05`, `2023-05-17`, or a date-time whose time is dropped.

    Raises UnusableInputError when the text is no such date.

    >>> parse_partial_date("2023-05").precision
    'month'
    """
    head = text.strip().split("T")[0]
    match = _ISO.match(head)
    if match is None:
        raise UnusableInputError(f"expected a date like 2023, 2023-05 or 2023-05-17, got {text!r}")
    year, month, day = (int(part) if part else None for part in match.groups())
    assert year is not None
    try:
        return PartialDate(year, month, day)
    except ValueError as error:
        raise UnusableInputError(f"{text!r} is not a day of the calendar") from error
