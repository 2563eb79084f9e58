"""Laboratory results as people write them: `<0.02`, `<0,02`, `46,79`, `> 5 000`, `1.234,5`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from lutrace.core import UnusableInputError

Comparator = Literal["<", "<=", ">", ">="]

_COMPARATORS: dict[str, Comparator] = {"<": "<", "<=": "<=", "≤": "<=", "=<": "<=", ">": ">", ">=": ">=", "≥": ">="}
_GAP = r"['’\s\u00a0\u202f]"
_NUMBER = rf"[-+]?(?:\d{{1,3}}(?:{_GAP}\d{{3}})+(?!\d)(?:[.,]\d+)?|\d(?:[\d.,]*\d)?)(?:[eE][-+]?\d+)?"
_UNIT = r"(?:10(?:\*\*|[*^]|[eE]\+?)\d|10[⁰¹²³⁴-⁹]|[^\d.,]).*"
_RESULT = re.compile(rf"^\s*(<=|>=|=<|<|>|≤|≥)?\s*({_NUMBER})\s*({_UNIT})?$", re.DOTALL)
_SEPARATORS = re.compile(_GAP)
_PLAIN = re.compile(r"^\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$")


@dataclass(frozen=True)
class ReportedValue:
    """A number as reported; `comparator` says that the truth lies below or above it, None that it is exact."""

    value: float
    comparator: Comparator | None = None


def parse_reported_value(text: str, *, decimal: Literal[".", ","] | None = None) -> ReportedValue:
    """The number in a laboratory result, in the result's own unit, and its comparator.

    A comma is a decimal sign unless the text allows another reading: `5,000` may be 5 or 5000 and is refused, `0,006`
    is 0.006 and `46,79` is 46.79; with `decimal` given there is no such doubt. Spaces and apostrophes group thousands.

    Raises UnusableInputError when the text is no number or can be read in two ways; the message never quotes it.

    >>> parse_reported_value("< 0,02")
    ReportedValue(value=0.02, comparator='<')
    >>> parse_reported_value("> 5 000").value
    5000.0
    """
    if _PLAIN.match(text) is not None and not (decimal == "," and "." in text):
        return ReportedValue(_finite(text))
    match = _RESULT.match(text)
    if match is None or match.group(3):
        raise UnusableInputError("value: expected a number such as 46.79, 46,79 or <0.02, got other text")
    comparator = _COMPARATORS[match.group(1)] if match.group(1) else None
    return ReportedValue(_number(match.group(2).strip(), decimal), comparator)


def split_result(text: str) -> tuple[str, str | None]:
    """The value and the unit of a result written together: `<0,02 ng/ml` gives `<0,02` and `ng/ml`.

    >>> split_result("46,79 ng/ml")
    ('46,79', 'ng/ml')
    """
    match = _RESULT.match(text)
    if match is None:
        raise UnusableInputError("value: expected a number and a unit such as <0.02 ng/mL, got other text")
    unit = (match.group(3) or "").strip() or None
    return f"{match.group(1) or ''}{match.group(2).strip()}", unit


def _number(text: str, decimal: Literal[".", ","] | None) -> float:
    sign = -1.0 if text.startswith("-") else 1.0
    digits = _SEPARATORS.sub("", text.lstrip("+-"))
    plain = _with_dot(digits, decimal)
    if _PLAIN.match(plain) is None:
        raise UnusableInputError("value: expected one number with one decimal sign")
    return sign * _finite(plain)


def _finite(plain: str) -> float:
    value = float(plain)
    if not math.isfinite(value):
        raise UnusableInputError("value: the number is too large")
    return value


def _with_dot(digits: str, decimal: Literal[".", ","] | None) -> str:
    if decimal is None:
        decimal = _decimal_sign(digits)
    grouping = "," if decimal == "." else "."
    whole, _, fraction = digits.partition(decimal)
    groups = whole.split(grouping)
    if grouping in fraction or (
        len(groups) > 1
        and (
            len(groups[0]) > 3
            or groups[0].startswith("0")
            or any(len(part) != 3 or not part.isdigit() for part in groups[1:])
        )
    ):
        raise UnusableInputError("value: the signs that group thousands do not stand every three digits")
    return f"{''.join(groups)}.{fraction}" if fraction else "".join(groups)


def _decimal_sign(digits: str) -> Literal[".", ","]:
    """The sign that comes last when both stand; a lone comma before three digits can be either and is refused."""
    dots, commas = digits.count("."), digits.count(",")
    if dots and commas:
        return "." if digits.rfind(".") > digits.rfind(",") else ","
    if dots > 1:
        return ","
    if commas > 1:
        return "."
    if commas:
        whole, _, fraction = digits.partition(",")
        if len(fraction) == 3 and whole.lstrip("0") != "" and len(whole) <= 3:
            raise UnusableInputError(
                "value: a comma before three digits can be a decimal sign or group thousands; say which: 5000 or 5.0"
            )
        return ","
    return "."
