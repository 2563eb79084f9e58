"""What a clinical sentence says of a concept: denied, doubted, past, not real yet, another person's."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from lutrace.notes.concepts import find_concept
from lutrace.notes.cues import CLOSE, END, Cue, choose_cues, ending, find_phrases
from lutrace.notes.language import Words, fold, read_words
from lutrace.terms import AssertionLabel, AssertionRules, assertion_rules

_HEADING = re.compile(r"(?:^|[.!?;]\s|\s{2,}|\n)\s*([^\W\d_](?:(?!\s{2})[^:.;!?\n]){1,60}):(?=\s|$)")
LABELS: tuple[AssertionLabel, ...] = ("negated", "uncertain", "historical", "hypothetical", "other")
_SILENT = ("none", END, CLOSE)
_OVER_CLAUSES = ("hypothetical", "other")
"""Labels that a condition or a relative gives to all that follows from it."""
_OVERRULED: dict[str, tuple[AssertionLabel, ...]] = {"settled": ("uncertain",)}
_LISTED = 4
"""Words that a part of a list holds before its concept at most."""
_FOLLOWED = 2
"""And after it, where no "and" or "or" joins the list."""
_PARTS = (",", "(", ")", "-", ":")
_JOINS = ("und", "oder", "sowie", "and", "or", "noch", "nor", "bzw.")


@dataclass(frozen=True)
class Assertion:
    """What is said of one concept: the phrases that say it, by label, as they stand in the sentence.

    `rule` holds the phrases as the vocabulary has them, joined by `; `: it never holds words of the text.
    """

    triggers: dict[AssertionLabel, tuple[str, ...]] = field(default_factory=dict)
    rule: str = field(default="", compare=False)

    def says(self, label: AssertionLabel) -> bool:
        """Whether the sentence says so."""
        return label in self.triggers


def assert_concept(sentence: str, concept: str, language: str) -> Assertion | None:
    """What the sentence says of the concept; None where the concept does not stand in it.

    A phrase that is part of the concept itself says nothing about it: "no lesion" in "CT shows no lesion" is what is
    asserted. Source: the method of NegEx and ConText (Chapman 2001, Harkema 2009); phrases in `terms`.

    >>> assert_concept("Kein Anhalt für Lymphknotenmetastasen.", "Lymphknotenmetastasen", "de").triggers
    {'negated': ('Kein',)}
    """
    place = find_concept(sentence, concept)
    return None if place is None else assert_place(sentence, place, language)


def assert_place(sentence: str, place: tuple[int, int], language: str) -> Assertion:
    """What a sentence says of its characters [begin, end)."""
    rules = assertion_rules(language)
    read = _read(sentence, language)
    words = read.words
    concept = words.at(place)
    cues = (*choose_cues(read.phrases, concept), *read.headings)
    reaching = [cue for cue in cues if cue.label not in _SILENT and _reaches(cue, concept, read, cues)]
    around = [cue for cue in reaching if cue.rule.side == "around"]
    reaching = [cue for cue in reaching if not _is_taken_for_granted(cue, reaching, concept)]
    found: dict[str, list[tuple[str, str]]] = {}
    for cue in reaching:
        if not any(_is_part(cue, other) for other in around):
            text = words.between(cue.begin, cue.end).removesuffix(" .").rstrip(",;")
            found.setdefault(cue.label, []).append((text, cue.phrase))
    told = {
        "heading": _heading(sentence, place, rules),
        "end of the word": _ending(words, concept[1], place, rules),
        "kind of condition": _kind(words, place, rules),
    }
    for rule, said in told.items():
        for label, text in said:
            found.setdefault(label, []).append((text, rule))
    dropped = {label for over, labels in _OVERRULED.items() if over in found for label in labels}
    kept = {label: found[label] for label in LABELS if label in found.keys() - dropped}
    rules_told = dict.fromkeys(rule for pairs in kept.values() for _text, rule in pairs)
    triggers = {label: tuple(dict.fromkeys(text for text, _rule in pairs)) for label, pairs in kept.items()}
    return Assertion(triggers, "; ".join(rules_told))


@dataclass(frozen=True)
class _Read:
    """A sentence read once: its words, its phrases, its headings, which of its words are verbs."""

    language: str
    words: Words
    phrases: tuple[Cue, ...]
    headings: tuple[Cue, ...]
    verbs: frozenset[int]


@functools.lru_cache(maxsize=256)
def _read(sentence: str, language: str) -> _Read:
    words = read_words(sentence, language)
    known = _verbs(language)
    verbs = frozenset(number for number, norm in enumerate(words.norms) if norm in known)
    return _Read(language, words, find_phrases(words, language), _headings(words), verbs)


@functools.cache
def _verbs(language: str) -> frozenset[str]:
    return frozenset(assertion_rules(language).verbs)


def _is_part(cue: Cue, around: Cue) -> bool:
    """Whether a phrase holds the first or the last word of one that stands around the concept."""
    edges = (around.begin, around.end - 1)
    return cue.rule.side != "around" and any(cue.begin <= word < cue.end for word in edges)


def _is_taken_for_granted(cue: Cue, cues: Sequence[Cue], concept: tuple[int, int]) -> bool:
    """Whether a phrase right before the concept takes it for granted, so that no denial or doubt beyond reaches it."""
    if cue.label not in ("negated", "uncertain"):
        return False
    return any(one.label == "stated" and not one.end <= cue.begin < concept[0] for one in cues)


def _reaches(cue: Cue, concept: tuple[int, int], read: _Read, cues: Sequence[Cue]) -> bool:
    begin, end = concept
    side = cue.rule.side
    if side == "around":
        return cue.begin < begin and end < cue.end
    before = cue.end <= begin and side in ("before", "either")
    if not before and not (cue.begin >= end and side in ("after", "either")):
        return False
    between = range(cue.end, begin) if before else range(end, cue.begin)
    norms = read.words.norms
    words = list(between) if before else _without_relative(between, read)
    if len(words) > cue.rule.reach or (cue.rule.verb_ends and not read.verbs.isdisjoint(words)):
        return False
    if cue.rule.comma_ends and any(norms[word] == "," for word in words):
        return False
    barriers = (END, CLOSE) if before else (END,)
    kept = assertion_rules(read.language).keeps.get(cue.label, ())  # type: ignore[call-overload]
    ended = any(
        one.label in barriers and one.phrase not in kept and between.start <= one.begin and one.end <= between.stop
        for one in cues
    )
    if ended or cue.label in _OVER_CLAUSES:
        return not ended
    return not any(norms[word] in _PARTS for word in words) or _is_listed(before, concept, between, read, cues)


def _without_relative(between: range, read: _Read) -> list[int]:
    """The words between concept and phrase, without a relative clause that stands between two commas."""
    relatives = assertion_rules(read.language).relatives
    norms = read.words.norms
    commas = [word for word in between if norms[word] == ","]
    for first, last in itertools.pairwise(commas):
        if any(norms[word] in relatives for word in (first + 1, first + 2)):
            return [word for word in between if not first <= word <= last]
    return list(between)


def _is_listed(before: bool, concept: tuple[int, int], between: range, read: _Read, cues: Sequence[Cue]) -> bool:
    """Whether the part between commas that holds the concept is an item of a list, and no clause of its own."""
    norms = read.words.norms
    commas = [word for word, norm in enumerate(norms) if norm in _PARTS]
    start = max((comma for comma in commas if comma < concept[0]), default=-1) + 1
    stop = min((comma for comma in commas if comma >= concept[1]), default=len(norms))
    if not read.verbs.isdisjoint(range(start, stop)):
        return False
    leading = [word for word in range(start, concept[0]) if norms[word] not in _JOINS]
    trailing = [word for word in range(concept[1], stop) if norms[word] not in _JOINS]
    joined = any(norms[word] in _JOINS for word in range(between.start, stop))
    if before:
        speaks = any(one.label in LABELS and start <= one.begin and one.end <= concept[0] for one in cues)
        return len(leading) <= _LISTED and (joined or len(trailing) <= _FOLLOWED) and not speaks
    return joined or len(leading) + len(trailing) <= 1


def _headings(words: Words) -> tuple[Cue, ...]:
    """The headings of a text, as what ends a sentence before them."""
    return tuple(Cue(ending(END), *words.at(match.span(1)), match.group(1)) for match in _HEADING.finditer(words.text))


def _heading(sentence: str, place: tuple[int, int], rules: AssertionRules) -> list[tuple[AssertionLabel, str]]:
    above = [match for match in _HEADING.finditer(sentence) if match.end() <= place[0]]
    if not above:
        return []
    heading = fold(" ".join(above[-1].group(1).split()))
    return [
        (label, above[-1].group(1))
        for label, names in rules.headings.items()
        if any(heading == name or heading.endswith(f" {name}") for name in names)
    ]


def _ending(words: Words, end: int, place: tuple[int, int], rules: AssertionRules) -> list[tuple[AssertionLabel, str]]:
    last = end - 1
    if last > 0 and words.norms[last - 1] in ("nicht", "not"):
        return []
    rest = fold(words.texts[last][place[1] - words.begins[last] :]).lstrip("-")
    return [(label, words.texts[last]) for label, endings in rules.suffixes.items() if rest and rest in endings]


def _kind(words: Words, place: tuple[int, int], rules: AssertionRules) -> list[tuple[AssertionLabel, str]]:
    """What the concept itself tells: a habit, or a condition for life that a line names alone."""
    text = words.text[slice(*place)]
    named = fold(text).split()
    others = (begin for word, begin in zip(words.texts, words.begins, strict=True) if word.isalpha())
    known = _holds(named, rules.habits)
    if not known and all(place[0] <= begin < place[1] for begin in others):
        known = _holds(named, tuple(name for name in rules.lasting if len(name.split()) == len(named)))
    return [("historical", text)] if known else []


def _holds(words: Sequence[str], names: Sequence[str]) -> bool:
    """Whether the words of one of the names follow each other among these words."""
    for name in names:
        parts = name.split()
        for start in range(len(words) - len(parts) + 1):
            if all(_fits(words[start + place], part) for place, part in enumerate(parts)):
                return True
    return False


def _fits(word: str, part: str) -> bool:
    return word == part or (part.endswith("*") and word.startswith(part[:-1]))
