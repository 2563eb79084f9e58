"""Sites of metastases in a sentence: in compounds, beside the word, in lists, and denied as a place without any."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from lutrace.notes.phrases import open_pattern, phrase_pattern
from lutrace.notes.stated import Stated
from lutrace.notes.triggers import Triggers, make_triggers
from lutrace.terms import letter_facts

FACT = "metastasis_site"
_AND = r"(?:,|/|&|\+|\b(?:und|and|oder|or|sowie|noch|nor|as well as)\b|\bbzw\.)"
_LISTED = re.compile(r"metastas|filia|sites? of (?:disease|metast)|metastatic sites?", re.IGNORECASE)
"""Headings under which a site alone is a site of metastases."""


def find_sites(sentence: str, words: frozenset[str], heading: str | None) -> Iterator[Stated]:
    """The sites that a sentence of these words names, under its own heading if it has one."""
    numbers = _triggers().of(words)
    if not numbers:
        return
    listed = heading is not None and _LISTED.search(heading) is not None and sentence.lstrip().startswith(heading)
    if not listed and _word().search(sentence) is None:
        return
    for number in sorted(numbers):
        yield from _of_site(number, sentence, listed=listed)


def _of_site(number: int, sentence: str, *, listed: bool) -> Iterator[Stated]:
    site, stem = _sites()[number]
    compound, joint, after, free, alone = _patterns(stem)
    for match in free.finditer(sentence):
        yield Stated(FACT, site, None, *match.span("site"), denied=match["free"])
    for match in compound.finditer(sentence):
        yield Stated(FACT, site, None, *match.span())
    for match in (*joint.finditer(sentence), *after.finditer(sentence)):
        yield Stated(FACT, site, None, *match.span("site"))
    if listed:
        for match in alone.finditer(sentence):
            yield Stated(FACT, site, None, *match.span())


@functools.cache
def _sites() -> tuple[tuple[str, str], ...]:
    return tuple(
        (site, "(?:" + "|".join(phrase_pattern(f"{stem}*").removesuffix(r"\w*") for stem in stems) + ")")
        for site, stems in letter_facts().stems.items()
    )


@functools.cache
def _triggers() -> Triggers:
    return make_triggers([[f"{stem}*" for stem in stems] for stems in letter_facts().stems.values()])


@functools.cache
def _word() -> re.Pattern[str]:
    return re.compile(open_pattern(letter_facts().metastases), re.IGNORECASE)


@functools.cache
def _patterns(stem: str) -> tuple[re.Pattern[str], ...]:
    """A site in a compound, joined to another one, after the word, free of them, and alone."""
    metastasis = rf"{open_pattern(letter_facts().metastases)}\w*"
    any_site = "(?:" + "|".join(one for _site, one in _sites()) + r")\w{0,8}"
    named = rf"(?P<site>{stem}\w{{0,8}})"
    more = rf"(?:\s*-?\s*{_AND}\s*(?:\w+\s+)?{any_site})"
    inside = r"(?:\W+\w+){0,2}?\W+(?:in|im|of|to|der|des|within)(?:[^\w.;]+\w+){0,5}?[^\w.;]+"
    free = (
        r"(?P<free>(?:metast\w+|filia\w*)-?\s?fre[ie]\w*|metastasis-free|"
        r"(?:ohne|without|free of)\s+(?:\w+\s+)?metast\w+)"
    )
    beside = "(?:(?:" + "|".join(map(phrase_pattern, letter_facts().beside_sites)) + r")\s+)*"
    joined = rf"-?(?:\s*\([^()\n]{{0,30}}\))?(?:\s*{_AND})+\s*"
    item = rf"{beside}(?:{any_site}|\w+)"
    last = rf"{beside}(?:{any_site}[\s-]*|\w+?)"
    texts = (
        rf"(?<!\w){stem}\w{{0,5}}?[\s-]*{metastasis}",
        rf"(?<!\w){named}{joined}(?:{item}{joined})*?{last}{metastasis}",
        rf"{metastasis}{inside}{named}(?!\w)",
        rf"(?<!\w){named}(?!\w){more}*\s*(?:\w+\s+)?{free}",
        rf"(?<!\w){stem}\w{{0,8}}",
    )
    return tuple(re.compile(text, re.IGNORECASE) for text in texts)
