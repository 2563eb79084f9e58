"""Numbers in the texts of a report: named by their key in results.json, never typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

PARTS = ("value", "interval", "low", "high", "p", "q", "n", "N", "events", "unit", "percent")
_BOUND = re.compile(r"\{([^{}|]*)(?:\|([^{}|]*))?\}")
_PERSONS = r"(?:patients|men|cases|responders|completers|deaths|events)"
_TYPED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<![\w.])\d+ ?/ ?\d+(?![\w.]*\d| ?(?:mg|ml|mL|dL|L)\b)",
        r"\b\d+ of (?:the )?\d+\b",
        r"\(\d+(?:\.\d+)? ?%\)",
        r"\b\d+\.\d+ ?%",
        rf"\b\d+ ?% of (?:the |all )?{_PERSONS}",
        rf"\b(?:in|of) \d+ {_PERSONS}",
        r"\b[nN] ?= ?\d+",
        r"\bp ?(?:=|<|>|≤|≥) ?0?\.\d+",
        r"\b(?:HR|OR|hazard ratio|odds ratio|kappa|r ?=)[^.\d{}]{0,14}\d+\.\d+",
        r"\b95 ?% ?(?:CI|confidence interval)[:,]? ?\(?\d+",
        r"\d(?:\.\d+)? ?\(\d+(?:\.\d+)? ?(?:-|–|to|,) ?\d+(?:\.\d+)?\)",
        r"\bmedian[^.\d{}]{0,40}(?:was|is|of|:) \d+",
    )
)


@dataclass(frozen=True)
class BoundNumber:
    """A number that a text names: the key, and which part of it (empty: all of it, as a reader says it)."""

    key: str
    part: str


def find_bound(text: str) -> Iterator[tuple[BoundNumber, tuple[int, int]]]:
    """The numbers that a text names as `{key}` or `{key|part}`, each with its place in the text."""
    for found in _BOUND.finditer(text):
        yield BoundNumber(found[1].strip(), (found[2] or "").strip()), found.span()


def find_typed(text: str) -> list[str]:
    """What in a text looks like a result typed by hand: shares, p values, ratios, intervals, medians.

    >>> find_typed("Of 66 patients 33 (50 %) responded within 84 days; {psa50/C2/psa50/psa50/unadjusted} is bound.")
    ['Of 66 patients', '(50 %)']
    """
    plain = _BOUND.sub(" ", text)
    found = {(one.start(), one.end()): one[0].strip() for pattern in _TYPED for one in pattern.finditer(plain)}
    return [text for (begin, end), text in sorted(found.items()) if not _is_inside(begin, end, found)]


def _is_inside(begin: int, end: int, places: dict[tuple[int, int], str]) -> bool:
    return any((low, high) != (begin, end) and low <= begin and end <= high for low, high in places)
