"""Where a sentence holds phrases that deny, doubt or date: one scan over its folded words finds them all."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from lutrace.notes.language import Words, fold, words_of
from lutrace.terms import AssertionRule, assertion_rules

END = "end"
CLOSE = "close"
_GAP = 6
_WIDE_GAP = 12
_STOP = re.compile(r"\.+|[,;:!?)]")
_UNCROSSED = (".", ";")
"""What `...` does not reach over."""


@dataclass(frozen=True)
class Cue:
    """A phrase in a sentence, its words [begin, end), and its rule (label `end`, `close`: it only ends others)."""

    rule: AssertionRule
    begin: int
    end: int
    phrase: str

    @property
    def label(self) -> str:
        """The label that it gives."""
        return self.rule.label


@dataclass(frozen=True)
class _Part:
    """One part of a phrase: a word, or its begin or end, any of some, a number, a stop, a gap of up to `gap` words."""

    word: str = ""
    kind: str = "word"
    gap: int = 0
    forms: tuple[str, ...] = ()

    def fits(self, norm: str) -> bool:
        """Whether a folded word is this part."""
        match self.kind:
            case "word":
                return norm == self.word
            case "begin":
                return norm.startswith(self.word)
            case "end":
                return norm.endswith(self.word)
            case "form":
                return norm in self.forms
            case "number":
                return _number(self.word).fullmatch(norm) is not None
        return _STOP.fullmatch(norm) is not None


@dataclass(frozen=True)
class _Phrase:
    """A phrase of a rule: its first part, by which it is looked up, and those after it."""

    rule: AssertionRule
    phrase: str
    first: _Part
    rest: tuple[_Part, ...]


def find_phrases(words: Words, language: str) -> tuple[Cue, ...]:
    """All phrases of a sentence in the order they stand, whatever is asked of it."""
    index = _index(language)
    norms, phrases = words.norms, index.phrases
    found: set[tuple[int, int, int]] = set()
    for begin, norm in enumerate(norms):
        for number in index.starting(norm):
            rest = phrases[number].rest
            if rest:
                found.update((begin, end, number) for end in _ends(rest, norms, begin + 1))
            else:
                found.add((begin, begin + 1, number))
    return tuple(Cue(phrases[number].rule, begin, end, phrases[number].phrase) for begin, end, number in sorted(found))


def choose_cues(found: tuple[Cue, ...], concept: tuple[int, int]) -> tuple[Cue, ...]:
    """The phrases that speak of the words `concept` [begin, end); where one holds another, it alone counts.

    A phrase that shares words with the concept is part of it and none of them.
    """
    begin, end = concept
    apart = [cue for cue in found if cue.rule.side == "around" or cue.end <= begin or cue.begin >= end]
    kept = [cue for cue in apart if cue.label != "none" or cue.rule.side == "either" or cue.end <= begin]
    around = [cue for cue in kept if cue.rule.side == "around"]
    beside = [cue for cue in kept if cue.rule.side != "around"]
    beside = [cue for cue in beside if not any(_beats(other, cue) for other in beside)]
    return tuple(sorted((*beside, *around), key=lambda cue: (cue.begin, cue.end)))


def ending(label: str, phrases: tuple[str, ...] = ()) -> AssertionRule:
    """A rule that gives no label and ends others."""
    return AssertionRule.model_construct(label=label, phrases=phrases)


def _beats(other: Cue, cue: Cue) -> bool:
    return other.begin <= cue.begin and cue.end <= other.end and other.end - other.begin > cue.end - cue.begin


@dataclass(frozen=True)
class _Index:
    """The phrases of a language by their first part."""

    phrases: tuple[_Phrase, ...]
    by_word: dict[str, list[int]]
    by_begin: dict[str, list[int]]
    others: list[int]

    def starting(self, norm: str) -> tuple[int, ...]:
        """The numbers of the phrases that may begin with a word; each word is looked up once."""
        return _starting(self, norm)

    def __hash__(self) -> int:
        """One index per language: the object itself."""
        return id(self)


@functools.lru_cache(maxsize=65536)
def _starting(index: _Index, norm: str) -> tuple[int, ...]:
    found = [*index.by_word.get(norm, ())]
    for length in range(1, len(norm) + 1):
        found += index.by_begin.get(norm[:length], ())
    found += [number for number in index.others if index.phrases[number].first.fits(norm)]
    return tuple(found)


def _ends(parts: tuple[_Part, ...], norms: tuple[str, ...], begin: int) -> Iterator[int]:
    """Where a phrase that begins at a word can end; a gap gives every way of filling it."""
    for place, part in enumerate(parts):
        if part.kind == "gap":
            following, rest = parts[place + 1], parts[place + 2 :]
            for word in range(begin, min(begin + part.gap + 1, len(norms))):
                if following.fits(norms[word]):
                    yield from _ends(rest, norms, word + 1)
                if norms[word] in _UNCROSSED:
                    return
            return
        if begin >= len(norms) or not part.fits(norms[begin]):
            return
        begin += 1
    yield begin


@functools.cache
def _index(language: str) -> _Index:
    rules = assertion_rules(language)
    phrases = tuple(
        _phrase(rule, phrase, language)
        for rule in (*rules.rules, ending(END, rules.ends), ending(CLOSE, rules.closes))
        for phrase in rule.phrases
    )
    by_word: dict[str, list[int]] = defaultdict(list)
    by_begin: dict[str, list[int]] = defaultdict(list)
    others: list[int] = []
    for number, one in enumerate(phrases):
        first = one.first
        for word in first.forms or (first.word,):
            place = {"word": by_word, "form": by_word, "begin": by_begin}.get(first.kind)
            (others if place is None else place[word]).append(number)
    return _Index(phrases, dict(by_word), dict(by_begin), others)


def _phrase(rule: AssertionRule, phrase: str, language: str) -> _Phrase:
    first, *rest = _parts(phrase, language, _WIDE_GAP if rule.side == "around" else _GAP)
    return _Phrase(rule, phrase, first, tuple(rest))


def _parts(phrase: str, language: str, gap: int) -> tuple[_Part, ...]:
    """The parts of a phrase: `...` words, `|` a clause's end, `#` a number, `*` any letters, `{be}` one of forms."""
    parts: list[_Part] = []
    for part in phrase.split():
        if part == "...":
            parts.append(_Part(kind="gap", gap=gap))
        elif part == "|":
            parts.append(_Part(kind="stop"))
        elif "#" in part:
            parts.append(_Part(part, "number"))
        elif part.startswith("{"):
            parts.append(_Part(kind="form", forms=assertion_rules(language).forms[part.strip("{}")]))
        elif part.startswith("*"):
            parts.append(_Part(part[1:], "end"))
        else:
            words = [fold(token.text) for token in words_of(language).tokenizer(part.rstrip("*"))]
            parts += [_Part(word) for word in words[:-1]]
            parts.append(_Part(words[-1], "begin" if part.endswith("*") else "word"))
    return tuple(parts)


@functools.cache
def _number(part: str) -> re.Pattern[str]:
    return re.compile(re.escape(part).replace(r"\#", r"\d{1,2}"))
