"""Dates of a column as a centre writes them, brought to ISO 8601; the order of day and month is stated or proven."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lutrace.core import PartialDate, UnusableInputError
from lutrace.ehr.fhir_elements import RecordError
from lutrace.ehr.mapping import DateOrder
from lutrace.terms import letter_facts

_CLOCK = r"(?:[T\s,]+(?P<clock>\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(?:Z|[+-]\d\d:?\d\d)?(?:\s*Uhr)?)?"
_ISO = re.compile(rf"^(?P<year>\d{{4}})(?:-(?P<month>\d{{2}})(?:-(?P<day>\d{{2}}){_CLOCK})?)?$")
_COMPACT = re.compile(rf"^(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d){_CLOCK}$")
_YEAR_FIRST = re.compile(rf"^(?P<year>\d{{4}})[./](?P<month>\d{{1,2}})[./](?P<day>\d{{1,2}}){_CLOCK}$")
_THREE = re.compile(rf"^(?P<first>\d{{1,2}})[./-]\s?(?P<second>\d{{1,2}})[./-]\s?(?P<year>\d{{4}}|\d\d){_CLOCK}$")
_MONTH_YEAR = re.compile(r"^(?P<month>\d{1,2})[./-](?P<year>\d{4})$")
_NAMED = re.compile(rf"^(?P<day>\d{{1,2}})\.?[\s-]*(?P<name>[^\W\d]{{3,9}})\.?[\s-]*(?P<year>\d{{4}}){_CLOCK}$")
_NAME_FIRST = re.compile(rf"^(?P<name>[^\W\d]{{3,9}})\.?\s+(?P<day>\d{{1,2}}),?\s+(?P<year>\d{{4}}){_CLOCK}$")
_NAME_YEAR = re.compile(r"^(?P<name>[^\W\d]{3,9})\.?[\s-]+(?P<year>\d{4})$")
_FORMS = (_ISO, _COMPACT, _YEAR_FIRST, _THREE, _MONTH_YEAR, _NAMED, _NAME_FIRST, _NAME_YEAR)
_SERIAL = re.compile(r"^\d{1,5}(?:\.\d+)?$")
_EPOCHS: dict[DateOrder, dt.datetime] = {
    "excel": dt.datetime(1899, 12, 30),
    "excel1904": dt.datetime(1904, 1, 1),
}
_FIRST_SURE_SERIAL = 61
"""Before it a spreadsheet counts a day that never was (29 February 1900)."""
_SHORT_YEARS = "short_years_from: 1950 (the first year that two digits can mean)"
_WRITE_ISO = "write it as 2023-05-17, or state dates (dmy, mdy, excel) in the mapping"


@dataclass(frozen=True)
class DateReader:
    """How the dates of one column are read: `order` as stated or proven (None: neither), `why` in words."""

    order: DateOrder | None
    why: str
    short_years_from: int | None = None

    def iso(self, cell: Any, name: str) -> str:
        """The date in ISO 8601, no more precise than it is told, with its clock time where there is one.

        Raises RecordError that names the column, what hinders, and the remedy.
        """
        if isinstance(cell, dt.date):
            return cell.isoformat()
        text = str(cell).strip()
        if self.order in _EPOCHS:
            return self._from_serial(text, name)
        match = _match(text)
        if match is None:
            raise RecordError(name, f"{name} is no date", _WRITE_ISO)
        parts = {key: value for key, value in match.groupdict().items() if value is not None}
        day, month = self._day_and_month(parts, name)
        try:
            date = PartialDate(self._year(parts["year"], name), month, day)
        except (ValueError, UnusableInputError) as error:
            raise RecordError(name, f"{name} is no day of the calendar", "correct the date at the source") from error
        clock = parts.get("clock")
        return f"{date}T{clock.zfill(len(clock) + (clock[1] == ':'))}" if clock else str(date)

    def _from_serial(self, text: str, name: str) -> str:
        if (match := _ISO.match(text)) is not None and match["month"]:
            return text.replace(" ", "T")
        if _SERIAL.match(text) is None or float(text) < _FIRST_SURE_SERIAL:
            raise RecordError(name, f"{name} is no day as a spreadsheet counts them", _WRITE_ISO)
        assert self.order is not None
        moment = _EPOCHS[self.order] + dt.timedelta(days=float(text))
        rounded = (moment + dt.timedelta(milliseconds=500)).replace(microsecond=0)
        return rounded.date().isoformat() if rounded.time() == dt.time() else rounded.isoformat()

    def _day_and_month(self, parts: dict[str, str], name: str) -> tuple[int | None, int | None]:
        if "name" in parts:
            named = _month_named(parts["name"])
            if named is None:
                raise RecordError(name, f"{name} names no month", _WRITE_ISO)
            return (int(parts["day"]) if "day" in parts else None), named
        if "first" not in parts:
            month, day = parts.get("month"), parts.get("day")
            return (None if day is None else int(day)), (None if month is None else int(month))
        first, second = int(parts["first"]), int(parts["second"])
        if self.order == "mdy":
            return second, first
        if self.order == "dmy" or (self.order is None and first == second):
            return first, second
        short = "" if len(parts["year"]) == 4 or self.short_years_from is not None else f" and {_SHORT_YEARS}"
        remedy = f"state dates: dmy or dates: mdy{short} in a mapping (--propose-mapping FILE), or write ISO dates"
        raise RecordError(name, f"{name} can mean two days ({self.why})", remedy)

    def _year(self, text: str, name: str) -> int:
        if len(text) == 4:
            return int(text)
        if self.short_years_from is None:
            remedy = f"state {_SHORT_YEARS} in a mapping (--propose-mapping FILE), or write four digits"
            raise RecordError(name, f"{name} has a year of two digits", remedy)
        start = self.short_years_from
        return start + (int(text) - start) % 100


def find_date_order(cells: Iterable[Any]) -> tuple[DateOrder | None, str]:
    """The order of day and month that the dates of a column prove, and why in words.

    A number above 12 in the first place proves `dmy` for the whole column, one in the second `mdy`; both, or neither,
    prove nothing. Years of two digits prove nothing either: their place is not known.
    """
    first = second = dates = 0
    for cell in cells:
        match = _THREE.match(str(cell).strip()) if cell is not None else None
        if match is None:
            continue
        dates += 1
        if len(match["year"]) == 4:
            first += int(match["first"]) > 12
            second += int(match["second"]) > 12
    if first and not second:
        return "dmy", f"day first: above 12 in {first} of {dates} dates"
    if second and not first:
        return "mdy", f"month first: the second number is above 12 in {second} of {dates} dates"
    if first and second:
        return None, f"the column holds both orders: above 12 stands first in {first} dates and second in {second}"
    return None, "no number above 12 tells day from month in this column" if dates else "no such date"


def is_date_text(cell: Any) -> bool:
    """Whether a cell looks like a date that is known at least to the month, in any order."""
    if isinstance(cell, dt.date):
        return True
    match = _match(str(cell).strip())
    return match is not None and (match.re is not _ISO or match["month"] is not None)


def _match(text: str) -> re.Match[str] | None:
    return next((match for form in _FORMS if (match := form.match(text)) is not None), None)


@functools.lru_cache(maxsize=256)
def _month_named(name: str) -> int | None:
    """The month of a German or English name, whole or cut after its third letter."""
    start = name.casefold().replace("ä", "ae")
    for number, names in enumerate(letter_facts().months, start=1):
        if any(one.startswith(start) for one in names.split()):
            return number
    return None
