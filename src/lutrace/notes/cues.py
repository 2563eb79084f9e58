"""Where a sentence holds phrases that deny, doubt or date: matched by spaCy over folded words."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lutrace.notes.language import fold, words_of
from lutrace.terms import AssertionRule, assertion_rules

if TYPE_CHECKING:
    from spacy.matcher import Matcher
    from spacy.tokens import Doc

END = "end"
CLOSE = "close"
_GAP = 6
_WIDE_GAP = 12
_STOPS = r"^(\.+|[,;:!?)])$"


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


def find_cues(doc: Doc, language: str, concept: tuple[int, int]) -> tuple[Cue, ...]:
    """The phrases of a sentence in the order they stand; where one holds another, it alone counts.

    A phrase that shares words with the concept, `concept` [begin, end), is part of it and none of them.
    """
    matcher, rules = _matcher(language)
    found = [
        Cue(rule, begin, end, phrase)
        for key, begin, end in matcher(doc)
        for rule, phrase in [rules[doc.vocab.strings[key]]]
    ]
    found = [cue for cue in found if cue.rule.side == "around" or cue.end <= concept[0] or cue.begin >= concept[1]]
    found = [cue for cue in found if cue.label != "none" or cue.rule.side == "either" or cue.end <= concept[0]]
    around = [cue for cue in found if cue.rule.side == "around"]
    kept = [cue for cue in found if cue.rule.side != "around" and not any(_beats(other, cue) for other in found)]
    return tuple(sorted((*kept, *around), key=lambda cue: (cue.begin, cue.end)))


def ending(label: str, phrases: tuple[str, ...] = ()) -> AssertionRule:
    """A rule that gives no label and ends others."""
    return AssertionRule.model_construct(label=label, phrases=phrases)


def _beats(other: Cue, cue: Cue) -> bool:
    shared = other.begin <= cue.begin and cue.end <= other.end
    longer = other.end - other.begin > cue.end - cue.begin
    return shared and longer and other.rule.side != "around"


@functools.cache
def _matcher(language: str) -> tuple[Matcher, dict[str, tuple[AssertionRule, str]]]:
    from spacy.matcher import Matcher  # takes a second, and only letters need it

    rules = assertion_rules(language)
    matcher = Matcher(words_of(language).vocab)
    known: dict[str, tuple[AssertionRule, str]] = {}
    for number, rule in enumerate((*rules.rules, ending(END, rules.ends), ending(CLOSE, rules.closes))):
        for phrase in rule.phrases:
            key = f"{number} {phrase}"
            known[key] = (rule, phrase)
            matcher.add(key, [_pattern(phrase, language, _WIDE_GAP if rule.side == "around" else _GAP)])
    return matcher, known


def _pattern(phrase: str, language: str, gap: int) -> list[dict[str, Any]]:
    """The pattern of a phrase: `...` words between, `|` the end of a clause, `#` a number, `*` any letters."""
    pattern: list[dict[str, Any]] = []
    for part in phrase.split():
        if part == "...":
            pattern.append({"NORM": {"NOT_IN": [".", ";"]}, "OP": f"{{0,{gap}}}"})
        elif part == "|":
            pattern.append({"NORM": {"REGEX": _STOPS}})
        elif "#" in part:
            pattern.append({"NORM": {"REGEX": "^" + re.escape(part).replace(r"\#", r"\d{1,2}") + "$"}})
        elif part.startswith("*"):
            pattern.append({"NORM": {"REGEX": f"{re.escape(part[1:])}$"}})
        else:
            words = [fold(token.text) for token in words_of(language).tokenizer(part.rstrip("*"))]
            pattern += [{"NORM": word} for word in words[:-1]]
            last = words[-1]
            pattern.append({"NORM": {"REGEX": f"^{re.escape(last)}"} if part.endswith("*") else last})
    return pattern
