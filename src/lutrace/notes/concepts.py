"""Where a concept stands in its sentence."""

from __future__ import annotations

import re


def find_concept(sentence: str, concept: str) -> tuple[int, int] | None:
    """The characters [begin, end) of a concept in a sentence, whatever the case and the spaces; None where it is not.

    A concept that stands there several times is the one in capitals, where others are not, else the first. Where only a
    part of its words stands there, the longest run of them counts.

    >>> find_concept("He denies fever and CHEST  PAIN.", "chest pain")
    (20, 31)
    """
    words = concept.split() if any(letter.isalnum() for letter in concept) else []
    for length in range(len(words), 0, -1):
        for start in range(len(words) - length + 1):
            part = words[start : start + length]
            if length < len(words) and len("".join(part)) < 4:
                continue
            found = _occurrences(sentence, part)
            if found:
                return _marked(sentence, found)
    return None


def _occurrences(sentence: str, words: list[str]) -> list[tuple[int, int]]:
    pattern = r"\s+".join(re.escape(word) for word in words)
    whole = rf"(?<!\w){pattern}(?!\w)"
    for expression in (whole, pattern):
        found = [match.span() for match in re.finditer(expression, sentence, re.IGNORECASE)]
        if found:
            return found
    return []


def _marked(sentence: str, found: list[tuple[int, int]]) -> tuple[int, int]:
    marked = [span for span in found if sentence[slice(*span)].isupper()]
    return marked[0] if 0 < len(marked) < len(found) else found[0]
