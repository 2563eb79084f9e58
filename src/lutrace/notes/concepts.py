"""Where a concept stands in its sentence."""

from __future__ import annotations


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
    """Where words follow each other, as whole words where they do so anywhere; else inside longer words too."""
    text, parts = _small(sentence), [_small(word) for word in words]
    found: list[tuple[int, int]] = []
    begin = text.find(parts[0])
    while begin >= 0:
        end = _end(text, parts, begin)
        if end is not None:
            found.append((begin, end))
        begin = text.find(parts[0], begin + 1 if end is None else end)
    return [span for span in found if _is_whole(text, span)] or found


def _small(text: str) -> str:
    """The text in small letters, sign by sign: its places are those of the text."""
    small = text.lower()
    return small if len(small) == len(text) else "".join(low if len(low := one.lower()) == 1 else one for one in text)


def _end(text: str, parts: list[str], begin: int) -> int | None:
    """The end of the words that begin at a place; None where others follow."""
    end = begin + len(parts[0])
    for part in parts[1:]:
        start = end
        while start < len(text) and text[start].isspace():
            start += 1
        if start == end or not text.startswith(part, start):
            return None
        end = start + len(part)
    return end


def _is_whole(text: str, span: tuple[int, int]) -> bool:
    around = (text[span[0] - 1 : span[0]], text[span[1] : span[1] + 1])
    return not any(one.isalnum() or one == "_" for one in around)


def _marked(sentence: str, found: list[tuple[int, int]]) -> tuple[int, int]:
    marked = [span for span in found if sentence[slice(*span)].isupper()]
    return marked[0] if 0 < len(marked) < len(found) else found[0]
