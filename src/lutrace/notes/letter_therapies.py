"""Therapies in a sentence: drugs, when they began and ended, cycles of radioligands, and why therapy stopped."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence

from lutrace.notes.dates import FoundDate
from lutrace.notes.phrases import phrase_pattern
from lutrace.notes.stated import Stated
from lutrace.notes.triggers import Triggers, make_triggers
from lutrace.terms import drugs, find_drugs, letter_facts

_ORDINALS = {"erst": 1, "first": 1, "zweit": 2, "second": 2, "dritt": 3, "third": 3, "viert": 4, "fourth": 4,
             "fuenft": 5, "fünft": 5, "fifth": 5, "sechst": 6, "sixth": 6}  # fmt: skip
_ORDINAL = "|".join(_ORDINALS)
_CYCLE = re.compile(
    r"\b(?:(?P<a>\d{1,2})(?:\.|st|nd|rd|th)\s*(?:\w+\s+){0,2}?(?:zyklus|gabe|kurs|therapiezyklus|cycle|course)"
    rf"|(?P<c>{_ORDINAL})(?:e[nrms]?)?\s+(?:\w+\s+)?(?:therapie)?(?:zyklus|gabe|kurs|cycle|course)"
    r"|(?:zyklus|cycle|gabe)\s*(?:nr\.?\s*|no\.?\s*)?(?P<b>\d{1,2}))\b",
    re.IGNORECASE,
)
_LIGAND = re.compile(
    r"177\s*-?\s*lu|lu\s*-?\s*177|lutetium|lu-?psma|psma-?lu|radioligand|\brlt\b|\bprlt\b|psma-(?:617|i&t)",
    re.IGNORECASE,
)
_WRITTEN = re.compile(
    r"(?:177[\s-]?lu|lu(?:tetium)?[\s-]?(?:177)?)[\s-]?psma(?:[\s-]?(?P<kind>617|i\s?&\s?t))?\b", re.IGNORECASE
)
_KINDS = {"617": "lu177_psma_617", "i&t": "lu177_psma_it", "": "lu177_psma_other"}
_NAMED_KINDS = tuple(name for kind, name in _KINDS.items() if kind)
_TO = re.compile(r"\s*(?:[-–]|bis|to|until|till|through|and|und)\s*", re.IGNORECASE)
_SINCE = re.compile(
    r"\b(?:seit|ab|von|from|since|begonnen|beginn|started|starting|begun|between|zwischen)\b[\s\w:]{0,12}\Z", re.I
)
_UNTIL = re.compile(
    r"\b(?:bis|until|till|through|beendet|abgebrochen|abgesetzt|abbruch|gestoppt|stopped|discontinued|ended|terminated)\b"
    r"(?:\s+(?:due|because|wegen|wg\.?|bei|in|im|on|am)\b|[\s\w:-]){0,40}\Z",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[;•]|\.\s|\n\s*[-*•]")
_JOINT = re.compile(
    r"[,;•\n]|\.\s|\b(?:und|and|then|dann|danach|anschlie(?:ß|ss)end|gefolgt von|followed by|thereafter|subsequently)"
    r"\b",
    re.IGNORECASE,
)
"""What parts a sentence into what each part says of one therapy."""
_OPENING = re.compile(
    r"\W*(?:(?:therapie|therapy|treatment|behandlung|he|er|the patient|der patient|pat\.?)\s+)?"
    r"(?:(?:seit|ab|von|from|since|between|zwischen|bis|until|till|through)\b[\s:]*)?(?:ca\.\s*|etwa\s+|about\s+)?",
    re.IGNORECASE,
)
"""How a part of a sentence begins in front of the date of the drug behind it."""
_GIVEN = re.compile(
    r"(?:(?!\b(?:unter|under|on|during|nach|after|bei|at|trotz|despite|before|vor|vom|ohne|without|kein\w*|no|not|nicht"
    r"|progress\w*|psa)\b)[^.;•\n]){0,60}",
    re.IGNORECASE,
)
"""What stands between a date and the drug that was given from then on, or until then."""


def find_therapies(sentence: str, words: frozenset[str]) -> Iterator[Stated]:
    """The drugs and cycles that a sentence of these words names, and why it says that therapy stopped."""
    for name, begin, end in find_named(sentence, words):
        yield Stated("therapy", name, None, begin, end)
    if any(letter.isdigit() for letter in sentence) or not words.isdisjoint(_ordinal_words()):
        yield from _cycles(sentence)
    if _stop_triggers().of(words):
        yield from _stops(sentence)


def find_named(sentence: str, words: frozenset[str]) -> list[tuple[str, int, int]]:
    """The drugs of a sentence, each with its place, in their order."""
    found = [(drug.name, begin, end) for drug, begin, end in find_drugs(sentence)] if _drug_triggers().of(words) else []
    if _LIGAND.search(sentence) is not None:
        for match in _WRITTEN.finditer(sentence):
            kind = _KINDS["".join((match["kind"] or "").lower().split())]
            apart = [one for one in found if one[2] <= match.start() or match.end() <= one[1] or one[0] in _NAMED_KINDS]
            if kind != _KINDS[""] or len(apart) == len(found):
                found = [
                    *(one for one in apart if one[1] >= match.end() or one[2] <= match.start()),
                    (kind, *match.span()),
                ]
    return sorted(found, key=lambda one: one[1])


def find_spans(sentence: str, words: frozenset[str], dates: Sequence[FoundDate]) -> Iterator[Stated]:
    """When each drug of a sentence began and ended, by the dates behind it in its clause, or in front of it."""
    named = find_named(sentence, words)
    if not named:
        return
    periods = _periods(sentence, dates)
    for first, last in periods:
        drug = _drug_of(sentence, (first.begin, last.end), named, periods)
        if drug is None:
            continue
        name, begin, end = drug
        head = sentence[end if end <= first.begin else 0 : first.begin]
        if first is not last or _SINCE.search(head) is not None:
            yield Stated("therapy_begin", name, None, begin, end, date=(first.begin, first.end))
        if first is not last or (_SINCE.search(head) is None and _UNTIL.search(head) is not None):
            yield Stated("therapy_end", name, None, begin, end, date=(last.begin, last.end))


def _periods(sentence: str, dates: Sequence[FoundDate]) -> list[tuple[FoundDate, FoundDate]]:
    """The dates of a sentence, those from one to another as one period; else a date begins and ends its own."""
    periods: list[tuple[FoundDate, FoundDate]] = []
    for one in dates:
        first, last = periods[-1] if periods else (None, None)
        if first is not None and first is last and _TO.fullmatch(sentence[first.end : one.begin]) is not None:
            periods[-1] = (first, one)
        else:
            periods.append((one, one))
    return periods


def _drug_of(
    sentence: str,
    place: tuple[int, int],
    named: Sequence[tuple[str, int, int]],
    periods: Sequence[tuple[FoundDate, FoundDate]],
) -> tuple[str, int, int] | None:
    """The drug that a period in characters [begin, end) is of.

    That is the last in front of it in its part of the sentence; else the first behind it, which the part must give to
    the period by what it says; else the last in front of its part.
    """
    begin, end = place
    before = next((one for one in reversed(named) if one[2] <= begin), None)
    behind = next((one for one in named if one[1] >= end), None)
    joints = [
        match
        for match in _JOINT.finditer(sentence)
        if not any(first.begin <= match.start() < last.end for first, last in periods)
    ]
    start = max((match.end() for match in joints if match.end() <= begin), default=0)
    if before is not None and before[2] > start:
        return before
    if behind is not None and _GIVEN.fullmatch(sentence[end : behind[1]]) is not None:
        opens = _OPENING.fullmatch(sentence[start:begin]) is not None
        parted = any(end <= match.start() < behind[1] for match in joints)
        if opens and (before is None or not parted):
            return behind
    if before is None or _CLAUSE.search(sentence, before[2], begin) is not None:
        return None
    return before


def _cycles(sentence: str) -> Iterator[Stated]:
    for match in _CYCLE.finditer(sentence):
        if _LIGAND.search(sentence) is not None:
            number = match["a"] or match["b"] or str(_ORDINALS[match["c"].lower()])
            yield Stated("rlt_cycle", number, None, *match.span())


def _stops(sentence: str) -> Iterator[Stated]:
    for value, pattern in _stop_patterns():
        for match in pattern.finditer(sentence):
            yield Stated("stop_reason", value, None, *match.span())


@functools.cache
def _ordinal_words() -> frozenset[str]:
    return frozenset(f"{stem}{end}" for stem in _ORDINALS for end in ("", "e", "er", "en", "es", "em"))


@functools.cache
def _drug_triggers() -> Triggers:
    return make_triggers([[name for drug in drugs() for name in (drug.name, *drug.names)]])


@functools.cache
def _stop_triggers() -> Triggers:
    return make_triggers([letter_facts().stops])


@functools.cache
def _stop_patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """A word of stopping with a reason in reach, in either order, within a clause."""
    facts = letter_facts()
    verb = "|".join(phrase_pattern(one) for one in facts.stops)
    link = "|".join(phrase_pattern(one) for one in facts.stop_links)
    few, gap = r"(?:[\s-]+[\w-]+){0,3}?[\s-]+", r"(?:[\s(-]+[\w.-]+){0,6}?[\s(-]+"
    patterns = []
    for value, reasons in facts.stop_reasons.items():
        reason = f"(?:{'|'.join(phrase_pattern(one) for one in reasons)})"
        told = rf"(?:{link})(?:{few}|[\s-]+){reason}"
        text = rf"(?:{verb}){gap}{told}|{told}{gap}(?:{verb})"
        patterns.append((value, re.compile(text, re.IGNORECASE)))
    return tuple(patterns)
