"""Phrases of the vocabulary as patterns over a text as it was written, umlauts or not."""

from __future__ import annotations

import re

_EITHER = {"ae": "(?:ae|ä)", "oe": "(?:oe|ö)", "ue": "(?:ue|ü)", "ss": "(?:ss|ß)"}
_GAP = r"(?:\W+\w+){0,6}?\W+"


def compile_phrases(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all phrases, longest first; `*` ends a word in any way, `...` is up to six words.

    >>> bool(compile_phrases(("haemoglobin*",)).search("Hämoglobinwert"))
    True
    """
    return re.compile("|".join(sorted(map(phrase_pattern, phrases), key=len, reverse=True)), re.IGNORECASE)


def phrase_pattern(phrase: str) -> str:
    """The pattern of one phrase."""
    parts = [part.strip() for part in phrase.split("...")]
    return _GAP.join(r"[\s-]+".join(_word(word) for word in part.split()) for part in parts)


def _word(word: str) -> str:
    body = re.escape(word.rstrip("*"))
    for plain, either in _EITHER.items():
        body = body.replace(plain, either)
    return rf"(?<!\w){body}" + (r"\w*" if word.endswith("*") else r"(?!\w)")
