"""The phrases by which clinical sentences deny, doubt or date what they name, as versioned data per language."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated, Any, Literal

from lutrace.core import BeforeValidator, Field, FrozenModel, UnusableInputError, read_document

Label = Literal["negated", "uncertain", "historical", "hypothetical", "other"]
ASSERTION_LANGUAGES = ("en", "de")


def _parted(value: Any) -> Any:
    return tuple(value.split(" / ")) if isinstance(value, str) else value


Phrases = Annotated[tuple[str, ...], BeforeValidator(_parted)]
"""Phrases, parted by ` / ` in the file."""


class AssertionRule(FrozenModel):
    """Phrases of one meaning: the label that they give to concepts on one side, within `reach` words.

    Labels that give none: `none`, phrases that only look like another; `stated`, which take the concept for granted (no
    denial or doubt reaches it); `settled`, which end a doubt. `verb_ends`: a verb between phrase and
    concept ends it; `comma_ends`: a comma does.
    """

    label: Literal[Label, "none", "stated", "settled"]
    side: Literal["before", "after", "either", "around"] = "before"
    reach: int = Field(default=60, ge=1)
    verb_ends: bool = False
    comma_ends: bool = False
    phrases: Phrases


class AssertionRules(FrozenModel):
    """All phrases of a language, with what ends them, headings, endings of words, habits and conditions for life.

    `ends` end what stands before and after them, `closes` only what stands before. A part between commas that has one
    of `verbs` says what it says alone; a clause that one of `relatives` opens between two commas is read over.
    `abbreviations` do not end a sentence by their full stop. `forms` are words of which a phrase takes any: `{be}`.
    """

    version: str
    language: Literal["en", "de"]
    source: str
    common: Phrases
    forms: dict[str, Phrases]
    rules: tuple[AssertionRule, ...]
    ends: Phrases
    closes: Phrases = ()
    verbs: Phrases = ()
    relatives: Phrases = ()
    abbreviations: Phrases = ()
    keeps: dict[Label, Phrases]
    headings: dict[Label, Phrases]
    suffixes: dict[Label, Phrases]
    habits: Phrases = ()
    lasting: Phrases = ()


@functools.cache
def assertion_rules(language: str) -> AssertionRules:
    """The phrases of a language, `en` or `de`.

    >>> assertion_rules("de").language
    'de'

    Raises UnusableInputError for another language.
    """
    if language not in ASSERTION_LANGUAGES:
        raise UnusableInputError(f"language: found {language!r}, expected one of {', '.join(ASSERTION_LANGUAGES)}")
    return read_document(Path(__file__).parent / "data" / "assertion" / f"{language}.yaml", AssertionRules)
