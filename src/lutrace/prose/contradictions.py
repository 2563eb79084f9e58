"""All contradictions between the numbers of a text, or within the cells of a table."""

from __future__ import annotations

from collections.abc import Iterable

from lutrace.prose.faults import Fault
from lutrace.prose.interval_faults import find_interval_faults
from lutrace.prose.part_faults import find_part_faults
from lutrace.prose.reading import ReadText, read_text
from lutrace.prose.repeat_faults import find_repeat_faults
from lutrace.prose.share_faults import find_share_faults


def find_contradictions(text: str) -> tuple[Fault, ...]:
    """The contradictions of an English text, certain ones first, then by sentence.

    A share against its percentage, parts against their whole, one fact with two percentages, a group that changes
    without a word, more than all, ends of an interval in the wrong order, an estimate outside, an interval that its
    p value denies. What the text leaves open is no contradiction.
    """
    return find_contradictions_of(read_text(text))


def find_contradictions_of(read: ReadText) -> tuple[Fault, ...]:
    """The contradictions of a text that has been read."""
    faults: Iterable[Fault] = (
        *find_share_faults(read),
        *find_part_faults(read),
        *find_repeat_faults(read),
        *find_interval_faults(read),
    )
    ordered = sorted(faults, key=lambda fault: (fault.severity != "certain", fault.sentence))
    return tuple(dict.fromkeys(ordered))
