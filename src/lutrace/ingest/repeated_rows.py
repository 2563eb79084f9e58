"""Rows of a table that speak of one thing which another row speaks of already."""

from __future__ import annotations

from collections.abc import Hashable, Iterable


def find_repeated(said: Iterable[tuple[int, Hashable]], words: str) -> list[str]:
    """A fault for each row that speaks of what an earlier row speaks of: rows with their number, `words` what to do.

    >>> find_repeated([(2, "a"), (3, "b"), (4, "a")], "say it once")
    ['row 4: the same as row 2; say it once']
    """
    first: dict[Hashable, int] = {}
    return [
        f"row {number}: the same as row {before}; {words}"
        for number, of in said
        if (before := first.setdefault(of, number)) != number
    ]
