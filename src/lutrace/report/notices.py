"""Notices that say the same of several places, put together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lutrace.report.contents import BLOCKING, Notice
from lutrace.report.wording import in_words, word

_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?: of \d+)?(?!\w)")
_SEVERITIES = {BLOCKING: 0, "warning": 1, "note": 2}
_OF_A_MODEL = 4
"""From this many names on, a place is that of a model: analysis, population, outcome, covariate."""


@dataclass(frozen=True)
class NoticeGroup:
    """One sentence and the places that it holds for, as text; `n` is their number."""

    severity: str
    text: str
    places: str
    n: int


def group_notices(notices: Sequence[Notice], labels: Mapping[str, str]) -> tuple[NoticeGroup, ...]:
    """Notices of one severity whose texts differ in numbers only become one, blocking ones first.

    Each number is then a range: `3.5 to 8.5 events per term, below 10`.
    """
    found: dict[tuple[str, str], list[Notice]] = {}
    for notice in sorted(notices, key=lambda one: _SEVERITIES.get(one.severity, len(_SEVERITIES))):
        found.setdefault((notice.severity, _NUMBER.sub("#", notice.text)), []).append(notice)
    return tuple(
        NoticeGroup(
            severity,
            in_words(labels, _with_ranges([notice.text for notice in own])),
            _join_places(list(dict.fromkeys(notice.where for notice in own)), labels),
            len(own),
        )
        for (severity, _), own in found.items()
    )


def _with_ranges(texts: Sequence[str]) -> str:
    """The first text, each number of it widened to the range that all texts have at that place."""
    columns = zip(*(_NUMBER.findall(text) for text in texts), strict=True)
    ranges = iter([_range_of(list(dict.fromkeys(column))) for column in columns])
    return _NUMBER.sub(lambda _: next(ranges), texts[0])


def _range_of(numbers: Sequence[str]) -> str:
    """`3.5 to 8.5`; shares are listed one by one."""
    if len(numbers) == 1:
        return numbers[0]
    if any(" of " in number for number in numbers):
        return " and ".join(numbers)
    ordered = sorted(numbers, key=float)
    return f"{ordered[0]} to {ordered[-1]}"


def _join_places(places: Sequence[str], labels: Mapping[str, str]) -> str:
    """The places in words; models of the same outcome and population share their head."""
    heads: dict[str, list[str]] = {}
    for place in places:
        names = [word(labels, name) for name in place.split(", ")]
        is_model = len(names) >= _OF_A_MODEL
        head, tail = (names[1:3], names[3:]) if is_model else (names, [])
        tails = heads.setdefault(", ".join(head), [])
        if tail:
            tails.append(" ".join(tail))
    return "; ".join(f"{head}: {', '.join(tails)}" if tails else head for head, tails in heads.items())
