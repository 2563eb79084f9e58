"""What a clinical sentence says of a concept: denied, doubted, past, not real yet, another person's."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lutrace.notes.concepts import find_concept
from lutrace.notes.cues import CLOSE, END, Cue, ending, find_cues
from lutrace.notes.language import fold, read_words
from lutrace.terms import AssertionLabel, AssertionRules, assertion_rules

if TYPE_CHECKING:
    from spacy.tokens import Doc

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
    doc = read_words(sentence, language)
    concept = _words_at(doc, place)
    cues = (*find_cues(doc, language, concept), *_headings(doc))
    verbs = {word.i for word in doc if word.norm_ in rules.verbs}
    reaching = [cue for cue in cues if cue.label not in _SILENT and _reaches(cue, concept, doc, cues, verbs)]
    around = [cue for cue in reaching if cue.rule.side == "around"]
    reaching = [cue for cue in reaching if not _is_taken_for_granted(cue, reaching, concept)]
    found: dict[str, list[tuple[str, str]]] = {}
    for cue in reaching:
        if not any(_is_part(cue, other) for other in around):
            text = doc[cue.begin : cue.end].text.removesuffix(" .").rstrip(",;")
            found.setdefault(cue.label, []).append((text, cue.phrase))
    told = {
        "heading": _heading(sentence, place, rules),
        "end of the word": _ending(doc, concept[1], place, rules),
        "kind of condition": _kind(doc, place, rules),
    }
    for rule, said in told.items():
        for label, text in said:
            found.setdefault(label, []).append((text, rule))
    dropped = {label for over, labels in _OVERRULED.items() if over in found for label in labels}
    kept = {label: found[label] for label in LABELS if label in found.keys() - dropped}
    rules_told = dict.fromkeys(rule for pairs in kept.values() for _text, rule in pairs)
    triggers = {label: tuple(dict.fromkeys(text for text, _rule in pairs)) for label, pairs in kept.items()}
    return Assertion(triggers, "; ".join(rules_told))


def _is_part(cue: Cue, around: Cue) -> bool:
    """Whether a phrase holds the first or the last word of one that stands around the concept."""
    edges = (around.begin, around.end - 1)
    return cue.rule.side != "around" and any(cue.begin <= word < cue.end for word in edges)


def _is_taken_for_granted(cue: Cue, cues: Sequence[Cue], concept: tuple[int, int]) -> bool:
    """Whether a phrase right before the concept takes it for granted, so that no denial or doubt beyond reaches it."""
    if cue.label not in ("negated", "uncertain"):
        return False
    return any(one.label == "stated" and not one.end <= cue.begin < concept[0] for one in cues)


def _words_at(doc: Doc, place: tuple[int, int]) -> tuple[int, int]:
    inside = [word.i for word in doc if word.idx < place[1] and word.idx + len(word) > place[0]]
    return inside[0], inside[-1] + 1


def _reaches(cue: Cue, concept: tuple[int, int], doc: Doc, cues: Sequence[Cue], verbs: set[int]) -> bool:
    begin, end = concept
    side = cue.rule.side
    if side == "around":
        return cue.begin < begin and end < cue.end
    before = cue.end <= begin and side in ("before", "either")
    if not before and not (cue.begin >= end and side in ("after", "either")):
        return False
    between = range(cue.end, begin) if before else range(end, cue.begin)
    words = list(between) if before else _without_relative(between, doc)
    if len(words) > cue.rule.reach or (cue.rule.verb_ends and not verbs.isdisjoint(words)):
        return False
    if cue.rule.comma_ends and any(doc[word].norm_ == "," for word in words):
        return False
    barriers = (END, CLOSE) if before else (END,)
    kept = assertion_rules(str(doc.lang_)).keeps.get(cue.label, ())  # type: ignore[call-overload]
    ended = any(
        one.label in barriers and one.phrase not in kept and between.start <= one.begin and one.end <= between.stop
        for one in cues
    )
    if ended or cue.label in _OVER_CLAUSES:
        return not ended
    return not any(doc[word].norm_ in _PARTS for word in words) or _is_listed(
        before, concept, between, doc, cues, verbs
    )


def _without_relative(between: range, doc: Doc) -> list[int]:
    """The words between concept and phrase, without a relative clause that stands between two commas."""
    relatives = assertion_rules(str(doc.lang_)).relatives
    commas = [word for word in between if doc[word].norm_ == ","]
    for first, last in itertools.pairwise(commas):
        if any(doc[word].norm_ in relatives for word in (first + 1, first + 2)):
            return [word for word in between if not first <= word <= last]
    return list(between)


def _is_listed(
    before: bool, concept: tuple[int, int], between: range, doc: Doc, cues: Sequence[Cue], verbs: set[int]
) -> bool:
    """Whether the part between commas that holds the concept is an item of a list, and no clause of its own."""
    commas = [word.i for word in doc if word.norm_ in _PARTS]
    start = max((comma for comma in commas if comma < concept[0]), default=-1) + 1
    stop = min((comma for comma in commas if comma >= concept[1]), default=len(doc))
    if not verbs.isdisjoint(range(start, stop)):
        return False
    leading = [doc[word] for word in range(start, concept[0]) if doc[word].norm_ not in _JOINS]
    trailing = [doc[word] for word in range(concept[1], stop) if doc[word].norm_ not in _JOINS]
    joined = any(doc[word].norm_ in _JOINS for word in range(between.start, stop))
    if before:
        speaks = any(one.label in LABELS and start <= one.begin and one.end <= concept[0] for one in cues)
        return len(leading) <= _LISTED and (joined or len(trailing) <= _FOLLOWED) and not speaks
    return joined or len(leading) + len(trailing) <= 1


def _headings(doc: Doc) -> list[Cue]:
    """The headings of a text, as what ends a sentence before them."""
    found = []
    for match in _HEADING.finditer(doc.text):
        begin, end = _words_at(doc, match.span(1))
        found.append(Cue(ending(END), begin, end, match.group(1)))
    return found


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


def _ending(doc: Doc, end: int, place: tuple[int, int], rules: AssertionRules) -> list[tuple[AssertionLabel, str]]:
    word = doc[end - 1]
    if word.i > 0 and doc[word.i - 1].norm_ in ("nicht", "not"):
        return []
    rest = fold(word.text[place[1] - word.idx :]).lstrip("-")
    return [(label, word.text) for label, endings in rules.suffixes.items() if rest and rest in endings]


def _kind(doc: Doc, place: tuple[int, int], rules: AssertionRules) -> list[tuple[AssertionLabel, str]]:
    """What the concept itself tells: a habit, or a condition for life that a line names alone."""
    text = doc.text[slice(*place)]
    words = fold(text).split()
    alone = not any(word.is_alpha and not place[0] <= word.idx < place[1] for word in doc)
    known = any(_holds(words, name) for name in rules.habits)
    known |= alone and any(_holds(words, name) and len(words) == len(name.split()) for name in rules.lasting)
    return [("historical", text)] if known else []


def _holds(words: Sequence[str], name: str) -> bool:
    parts = name.split()
    runs = (words[start : start + len(parts)] for start in range(len(words) - len(parts) + 1))
    return any(all(_fits(word, part) for word, part in zip(run, parts, strict=True)) for run in runs)


def _fits(word: str, part: str) -> bool:
    return word == part or (part.endswith("*") and word.startswith(part[:-1]))
