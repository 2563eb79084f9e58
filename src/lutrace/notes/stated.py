"""One statement of a fact inside a sentence, before it is asserted and dated."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stated:
    """A fact with its value and unit in characters [begin, end) of a sentence.

    `place` is what assertions speak of where that is not the whole span; `date` the characters of the date that the
    statement itself holds, `denied` the words by which it denies itself.
    """

    fact: str
    value: str
    unit: str | None
    begin: int
    end: int
    place: tuple[int, int] | None = None
    date: tuple[int, int] | None = None
    denied: str | None = None
