"""Words of a clinical sentence, folded for comparison, and which language it is in."""

from __future__ import annotations

import functools
import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lutrace.terms import ASSERTION_LANGUAGES, assertion_rules

if TYPE_CHECKING:
    from spacy.language import Language

_FOLDED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "\u2019": "'", "\u2013": "-", "\u2014": "-"})
_WORD = re.compile(r"[^\W\d_][\w.]*")


def fold(text: str) -> str:
    """The text in small letters, with ae, oe, ue and ss for umlauts and sharp s.

    >>> fold("Nicht auszuschließen: Läsion")
    'nicht auszuschliessen: laesion'
    """
    return text.lower().translate(_FOLDED)


@functools.cache
def words_of(language: str) -> Language:
    """The tokenizer of spaCy for a language, without any model."""
    import spacy  # takes a second, and only letters need it

    blank = spacy.blank(language)
    setattr(blank.vocab, "lex_attr_getters", {})  # noqa: B010 - not typed; only the words themselves are used: their shapes cost half of the time
    short = "|".join(re.escape(one) for one in _abbreviations(language))
    if short:
        known = re.compile(short)
        setattr(blank.tokenizer, "token_match", lambda text: known.fullmatch(fold(text)))  # noqa: B010 - typed Any
    return blank


@dataclass(frozen=True)
class Words:
    """The words of a sentence: as they stand, folded for comparison, and the character at which each begins."""

    text: str
    texts: tuple[str, ...]
    norms: tuple[str, ...]
    begins: tuple[int, ...]

    def __len__(self) -> int:
        """How many words there are."""
        return len(self.norms)

    def at(self, place: tuple[int, int]) -> tuple[int, int]:
        """The words [begin, end) that hold characters [begin, end) of the text."""
        last = bisect_left(self.begins, place[1])
        first = max(bisect_right(self.begins, place[0]) - 1, 0)
        while first + 1 < last and self.begins[first] + len(self.texts[first]) <= place[0]:
            first += 1
        return first, last

    def between(self, begin: int, end: int) -> str:
        """The text of words [begin, end)."""
        return self.text[self.begins[begin] : self.begins[end - 1] + len(self.texts[end - 1])]


def read_words(text: str, language: str) -> Words:
    """The words of a text; the full stop at its end is a word, and never missing."""
    ended = text.rstrip()
    ends_in_short = fold(ended).endswith(_short_ends(language))
    body = ended[:-1] if ended.endswith(".") and not ends_in_short else ended
    whole = body if body[-1:] in "!?;:" and body else f"{body} ."
    words = [(token.text, token.idx) for token in words_of(language).tokenizer(whole)]
    texts = tuple(word for word, _begin in words)
    return Words(whole, texts, tuple(_folded(word) for word in texts), tuple(begin for _word, begin in words))


@functools.lru_cache(maxsize=65536)
def _folded(word: str) -> str:
    return fold(word)


@functools.cache
def _short_ends(language: str) -> tuple[str, ...]:
    return tuple(f" {one}" for one in _abbreviations(language))


def find_language(text: str) -> str | None:
    """The language whose everyday words stand most often in a text: `en`, `de`, or None where none stands out.

    >>> find_language("Kein Anhalt für Metastasen in der Leber."), find_language("No metastases in the liver.")
    ('de', 'en')
    """
    words = [fold(word).rstrip(".") for word in _WORD.findall(text)]
    counts = {language: sum(word in _common(language) for word in words) for language in ASSERTION_LANGUAGES}
    counts["de"] += len(re.findall("[äöüß]", text))
    best = max(counts, key=lambda language: counts[language])
    return best if list(counts.values()).count(counts[best]) == 1 else None


@functools.cache
def _abbreviations(language: str) -> list[str]:
    """Words with a full stop that are one word: those listed, and those among the phrases."""
    rules = assertion_rules(language)
    phrases = (*(phrase for rule in rules.rules for phrase in rule.phrases), *rules.ends, *rules.closes)
    parts = {part for phrase in phrases for part in phrase.split() if part.endswith(".") and part.strip(".")}
    return sorted((*parts, *rules.abbreviations), key=len, reverse=True)


@functools.cache
def _common(language: str) -> frozenset[str]:
    return frozenset(assertion_rules(language).common)
