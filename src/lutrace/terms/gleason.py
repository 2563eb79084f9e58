"""Gleason scores in words and as ISUP grade groups: what a text or three numbers say, and what they leave open."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORD = r"gle?a?e?s?s?on|gleaon|glesson|gleasson|gleson|gs"
_PAIR = re.compile(r"(?<![\d.,])([1-5])\s*\+\s*([1-5])(?:\s*\+\s*([1-5]))?(?![\d])(?:\s*=\s*(10|[2-9])(?!\d))?")
_TOTAL = re.compile(
    rf"\b(?:{_WORD})\b[\s:-]*(?:score|sum(?:me)?|wert)?[\s:=-]*(?:von\s+|of\s+)?(10|[2-9])(?![\d+]|\s*\+)",
    re.IGNORECASE,
)
_NAMED = re.compile(rf"\b(?:{_WORD})\b", re.IGNORECASE)
_GROUP = re.compile(
    r"\b(?:isup|grade\s*group|gradgruppe|isup[- ]?(?:grad(?:e)?|gruppe|gg)(?:\s*group)?|gg)\b"
    r"[\s:-]*(?:grad(?:e|ing)?|gruppe|group)?[\s:=-]*([1-5])(?![\d+])",
    re.IGNORECASE,
)
_TERTIARY = re.compile(r"terti[aä]r\w*\D{0,25}([1-5])(?!\d)", re.IGNORECASE)
_OF_SUM = {8: 4, 9: 5, 10: 5}


@dataclass(frozen=True)
class GleasonReading:
    """What is known of one score: patterns, sum, ISUP grade group; `reason` says why there is no grade group."""

    primary: int | None
    secondary: int | None
    tertiary: int | None
    total: int | None
    grade_group: int | None
    reason: str | None


def grade_group_of(primary: int | None, secondary: int | None, total: int | None) -> tuple[int | None, str | None]:
    """The ISUP grade group (1 to 5) of patterns and sum, and why there is none.

    Source: ISUP 2014 consensus on grade groups, Epstein et al., Am J Surg Pathol 2016;40:244.

    >>> grade_group_of(3, 4, 7)
    (2, None)
    >>> grade_group_of(None, None, 7)
    (None, 'sum 7 without patterns: grade group 2 or 3')
    """
    known = primary is not None and secondary is not None
    if primary is not None and secondary is not None:
        if total is not None and total != primary + secondary:
            return None, "the sum is not that of its patterns"
        total = primary + secondary
    if total is None:
        return None, "no sum and not both patterns"
    if not 2 <= total <= 10:
        return None, "a sum is 2 to 10"
    if total <= 6:
        return 1, None
    if total == 7:
        if not known:
            return None, "sum 7 without patterns: grade group 2 or 3"
        group = {3: 2, 4: 3}.get(primary or 0)
        return group, None if group is not None else "sum 7 of patterns 2 and 5: no grade group"
    return _OF_SUM[total], None


def parse_gleason(text: str) -> GleasonReading | None:
    """The Gleason score or grade group that a text states, typing errors of the name included; None without one.

    Patterns without the name are read only when their sum follows. Of several different scores none is chosen. A stated
    grade group is taken where the score leaves it open, and refused where they disagree.

    >>> parse_gleason("Gleaon 8 (4+4)").grade_group
    4
    """
    named = _NAMED.search(text) is not None
    pairs = [match for match in _PAIR.finditer(text) if named or match.group(4)]
    totals = {int(match.group(1)) for match in _TOTAL.finditer(text)}
    groups = {int(match.group(1)) for match in _GROUP.finditer(text)}
    if not pairs and not totals and not groups:
        return None
    scores = {(int(match.group(1)), int(match.group(2))) for match in pairs}
    totals |= {int(match.group(4)) for match in pairs if match.group(4)}
    if len(scores) > 1 or len(groups) > 1 or (len(totals) > 1 and not scores):
        return GleasonReading(None, None, None, None, None, "several scores: which one counts is not said")
    primary, secondary = next(iter(scores), (None, None))
    total = next(iter(totals), None)
    if len(totals) > 1:
        return GleasonReading(primary, secondary, None, None, None, "the sum is not that of its patterns")
    group, reason = grade_group_of(primary, secondary, total)
    if primary is not None and secondary is not None and reason is None:
        total = primary + secondary
    if groups:
        stated = next(iter(groups))
        group, reason = _reconciled(stated, group, reason, total)
    return GleasonReading(primary, secondary, _tertiary(text, pairs), total, group, reason)


def _reconciled(stated: int, group: int | None, reason: str | None, total: int | None) -> tuple[int | None, str | None]:
    if group is not None and group != stated:
        return None, "score and grade group disagree"
    if group is None and total is not None and not (total == 7 and stated in (2, 3)):
        return None, reason or "score and grade group disagree"
    return stated, None


def _tertiary(text: str, pairs: list[re.Match[str]]) -> int | None:
    third = next((match.group(3) for match in pairs if match.group(3)), None)
    said = _TERTIARY.search(text)
    found = third or (said.group(1) if said else None)
    return int(found) if found is not None else None
