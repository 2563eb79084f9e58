"""Dates moved by whole days and UIDs replaced by keyed digests: the same in, the same out."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re

_DATE = re.compile(r"^(\d{4})([.\-]?)(\d{2})\2(\d{2})$")
_MOMENT = re.compile(r"^(\d{4})(\d{2})?(\d{2})?(.*)$")
_STANDARD = "1.2.840.10008."
_OLDEST = 89


def shift_date(text: str, days: int) -> str | None:
    """A DA value moved by whole days, in its own spelling; None when it is no date.

    >>> shift_date("20240228", 2)
    '20240301'
    """
    match = _DATE.match(text.strip())
    if match is None:
        return None
    year, dot, month, day = match.groups()
    moved = _moved(int(year), int(month), int(day), days)
    return f"{moved.year:04d}{dot}{moved.month:02d}{dot}{moved.day:02d}" if moved is not None else None


def shift_moment(text: str, days: int) -> str | None:
    """A DT value moved by whole days; its clock and its offset from UTC stay. None when it begins with no date.

    A year or a month alone is moved from its middle, and stays as exact as it was.

    >>> shift_moment("20231231235959.5+0100", 1)
    '20240101235959.5+0100'
    """
    match = _MOMENT.match(text.strip())
    if match is None:
        return None
    year, month, day, rest = match.groups()
    if day is None and rest:
        return None
    moved = _moved(int(year), int(month or 7), int(day or 15), days)
    if moved is None:
        return None
    digits = f"{moved.year:04d}{moved.month:02d}{moved.day:02d}"
    return digits[: 8 if day else 6 if month else 4] + rest


def replace_uid(uid: str, key: bytes) -> str:
    """A UID under 2.25 that stands for this one; without the key nobody can tell which. PS3.5 B.2.

    UIDs that the standard itself defines (classes, transfer syntaxes, well-known frames) stay.
    """
    plain = uid.strip(" \0")
    if not plain or plain.startswith(_STANDARD):
        return plain
    return f"2.25.{int.from_bytes(hmac.digest(key, plain.encode(), hashlib.sha256)[:16], 'big')}"


def cap_age(text: str) -> str:
    """An AS value; above 89 years it becomes 90 years, for few people are as old."""
    match = re.match(r"^(\d{3})Y$", text.strip())
    return "090Y" if match is not None and int(match.group(1)) > _OLDEST else text


def _moved(year: int, month: int, day: int, days: int) -> dt.date | None:
    try:
        return dt.date(year, month, day) + dt.timedelta(days=days)
    except (ValueError, OverflowError):
        return None
