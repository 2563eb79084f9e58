"""One DICOM element read as text, number or moment: fast on undecoded bytes, tolerant of old spellings."""

from __future__ import annotations

import datetime as dt
import functools
import logging
import re
import struct
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pydicom
import pydicom.config
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag, Tag

from lutrace.core import UnusableInputError

# Clinical files break length and character rules that no number of ours depends on: reading judges values itself.
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE

logging.getLogger("pydicom").addHandler(logging.NullHandler())

PARSE_ERRORS = (
    BytesLengthException,
    EOFError,
    OSError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    NotImplementedError,
    struct.error,
)
"""What pydicom raises on damaged headers, while parsing and while decoding an element later."""

_DATE = re.compile(r"^(\d{4})[.\-]?(\d{2})[.\-]?(\d{2})$")
_TIME = re.compile(r"^(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.(\d*))?)?)?$")
_ZONE = re.compile(r"([+-])(\d{2})(\d{2})$")


@contextmanager
def quiet_parsing() -> Iterator[None]:
    """Without pydicom's warnings about the form of a file: what matters of it is judged by our own readers.

    Warning filters belong to the process: enter this in the thread that starts the others.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def element_text(dataset: Dataset, tag: int) -> str | None:
    """The element's value as stripped text, values joined by a backslash; None when absent or empty."""
    element = _element(dataset, tag)
    value = element.value if element is not None else None
    if value is None:
        return None
    if isinstance(value, bytes):
        text = value.decode("latin-1")
    elif isinstance(value, str):
        text = value
    elif isinstance(value, Iterable):
        text = "\\".join(str(part) for part in value)
    else:
        text = str(value)
    return text.strip(" \0\r\n\t") or None


def element_code(dataset: Dataset, tag: int) -> str | None:
    """The element's coded word (CS) in capitals, as the standard writes it; None when absent or empty."""
    text = element_text(dataset, tag)
    return text.upper() if text is not None else None


def decoded_text(dataset: Dataset, tag: int) -> str | None:
    """The element's value as text in its own character set (names); None when absent or empty."""
    value = dataset[tag].value if tag in dataset else None
    if isinstance(value, MultiValue):  # a backslash in a text of one value
        value = "\\".join(str(part) for part in value)
    return str(value).strip() or None if value is not None else None


def element_texts(dataset: Dataset, tag: int) -> tuple[str, ...]:
    """The element's values as stripped texts; empty when absent."""
    text = element_text(dataset, tag)
    return tuple(part.strip() for part in text.split("\\")) if text else ()


def element_numbers(dataset: Dataset, tag: int, name: str) -> tuple[float, ...]:
    """The values of a DS, IS, FD or FL element; empty when absent. Raises UnusableInputError naming a malformed one."""
    element = _element(dataset, tag)
    if element is None:
        return ()
    if isinstance(element, RawDataElement) and element.VR not in (None, "DS", "IS", "UN"):
        element = dataset[tag]
    if not isinstance(element, RawDataElement) and element.value is not None:
        value = element.value
        if not isinstance(value, str | bytes):
            return tuple(float(v) for v in value) if isinstance(value, Iterable) else (float(value),)
    parts = element_texts(dataset, tag)
    try:
        return tuple(float(part.rstrip("\0 ")) for part in parts)
    except ValueError as error:
        raise UnusableInputError(f"{name} {format_tag(tag)}: expected numbers, found {parts!r}") from error


def element_number(dataset: Dataset, tag: int, name: str) -> float | None:
    """The first value of a numeric element, or None."""
    values = element_numbers(dataset, tag, name)
    return values[0] if values else None


def element_integer(dataset: Dataset, tag: int, name: str) -> int | None:
    """A US, SS, UL or IS element as an integer, or None. Raises UnusableInputError when it is no integer."""
    element = _element(dataset, tag)
    if element is None:
        return None
    if isinstance(element, RawDataElement) and element.VR == "US" and len(element.value or b"") == 2:
        return int(struct.unpack("<H" if element.is_little_endian else ">H", element.value or b"")[0])
    value = dataset[tag].value
    try:
        return None if value is None or value == "" else int(value)
    except (TypeError, ValueError) as error:
        raise UnusableInputError(f"{name} {format_tag(tag)}: expected a whole number, found {value!r}") from error


def sequence_items(dataset: Dataset, tag: int) -> tuple[Dataset, ...]:
    """The items of a sequence; empty when absent."""
    if tag not in dataset:
        return ()
    value = dataset[tag].value
    return tuple(value) if value is not None else ()


def private_text(dataset: Dataset, group: int, creator: str, offset: int) -> str | None:
    """A private element's value as text, found by its creator's block wherever that lies; None when absent."""
    tag = private_tag(dataset, group, creator, offset)
    return element_text(dataset, tag) if tag is not None else None


def private_number(dataset: Dataset, group: int, creator: str, offset: int) -> float | None:
    """A private numeric element, found by its creator's block; None when absent."""
    tag = private_tag(dataset, group, creator, offset)
    return element_number(dataset, tag, creator) if tag is not None else None


def private_tag(dataset: Dataset, group: int, creator: str, offset: int) -> int | None:
    """The tag of a private element: the block whose creator (gggg,0010-00FF) is `creator`. DICOM PS3.5 7.8.1."""
    for block in range(0x10, 0x100):
        if element_text(dataset, (group << 16) | block) == creator:
            tag = (group << 16) | (block << 8) | offset
            return tag if tag in dataset else None
    return None


def parse_date(text: str | None) -> dt.date | None:
    """A DA value, also in the ACR-NEMA spelling 2018.11.15; None for nothing or no date."""
    match = _DATE.match(text) if text else None
    if match is None:
        return None
    try:
        return dt.date(*(int(part) for part in match.groups()))
    except ValueError:
        return None


def parse_time(text: str | None) -> dt.time | None:
    """A TM value, also with colons, without minutes or seconds, to any fraction; None for nothing or no time."""
    match = _TIME.match(text) if text else None
    if match is None:
        return None
    hour, minute, second, fraction = match.groups()
    try:
        return dt.time(int(hour), int(minute or 0), min(int(second or 0), 59), int((fraction or "0")[:6].ljust(6, "0")))
    except ValueError:
        return None


def parse_moment(text: str | None, *, zone: str | None = None) -> dt.datetime | None:
    """A DT value on the scanner's clock; its own offset is converted to `zone` (0008,0201) where both are there.

    >>> parse_moment("20181115092200.5")
    datetime.datetime(2018, 11, 15, 9, 22, 0, 500000)
    """
    if not text:
        return None
    own = _ZONE.search(text)
    body = text[: own.start()] if own else text
    date, time = parse_date(body[:8]), parse_time(body[8:])
    if date is None or time is None:
        return None
    moment = dt.datetime.combine(date, time)
    local = _ZONE.search(zone) if zone else None
    if own is not None and local is not None:
        moment += _offset(local) - _offset(own)
    return moment


def has_offset(text: str) -> bool:
    """Whether a DT value carries its own offset from UTC."""
    return _ZONE.search(text) is not None


def combine_moment(date: str | None, time: str | None) -> dt.datetime | None:
    """A DA and a TM value as one moment; None unless both are there."""
    day, clock = parse_date(date), parse_time(time)
    return dt.datetime.combine(day, clock) if day is not None and clock is not None else None


@functools.cache
def tag_of(number: int) -> BaseTag:
    """A tag as pydicom's datasets hold it: the same object for the same number, which they find fastest."""
    return Tag(number)


def format_tag(tag: int) -> str:
    """A tag as the standard writes it.

    >>> format_tag(0x00281053)
    '(0028,1053)'
    """
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def _element(dataset: Dataset, tag: int) -> DataElement | RawDataElement | None:
    """The element, still undecoded where nothing asked for it before; None when absent."""
    try:
        return dataset.get_item(tag_of(tag))
    except KeyError:
        return None


def _offset(match: re.Match[str]) -> dt.timedelta:
    sign, hours, minutes = match.groups()
    return dt.timedelta(hours=int(hours), minutes=int(minutes)) * (1 if sign == "+" else -1)
