"""Phrases of the vocabulary as patterns over a text as it was written, umlauts or not."""

from __future__ import annotations

import re

_EITHER = {"ae": "(?:ae|ä)", "oe": "(?:oe|ö)", "ue": "(?:ue|ü)", "ss": "(?:ss|ß)"}
_GAP = r"(?:\s+[\w-]+){0,6}?[^\w.;]+"
"""Up to six words of the same clause."""


def compile_phrases(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all phrases, longest first; `*` leaves an end of a word open, `...` is up to six words.

    The words after the last `...` are the group `last` of that phrase: what is asserted of the phrase is said of them.

    >>> bool(compile_phrases(("haemoglobin*",)).search("Hämoglobinwert"))
    True
    """
    parts = sorted(map(phrase_pattern, phrases), key=len, reverse=True)
    return re.compile("|".join(parts), re.IGNORECASE)


def phrase_pattern(phrase: str) -> str:
    """The pattern of one phrase."""
    parts = [r"[\s-]+".join(_word(word) for word in part.split()) for part in phrase.split("...")]
    return parts[0] if len(parts) == 1 else f"{_GAP.join(parts[:-1])}{_GAP}({parts[-1]})"


def open_pattern(stems: tuple[str, ...]) -> str:
    """Stems as one pattern without ends: they may stand anywhere in a word."""
    return "(?:" + "|".join(_plain(stem.strip("*")) for stem in sorted(stems, key=len, reverse=True)) + ")"


def _plain(word: str) -> str:
    body = re.escape(word)
    for plain, either in _EITHER.items():
        body = body.replace(plain, either)
    return body


def _word(word: str) -> str:
    begin = r"(?<!\w)" + (r"\w*" if word.startswith("*") else "")
    return begin + _plain(word.strip("*")) + (r"\w*" if word.endswith("*") else r"(?!\w)")
