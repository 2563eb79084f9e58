"""What is wrong with a document that people write, in plain words: what was expected, found and probably meant."""

from __future__ import annotations

import difflib
import functools
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pydantic

_EXPECTED = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "date": "a day such as 2023-05-17",
    "datetime": "a date with a time such as 2023-05-17T09:30",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "dict": "keys with values",
    "model": "keys with values",
    "path": "the path of a file or folder",
}
"""By the beginning of the fault's type."""
_BOUNDS = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
}
_LENGTHS = {
    "too_short": ("min_length", "at least {} entries"),
    "too_long": ("max_length", "at most {} entries"),
    "string_too_short": ("min_length", "a text of at least {} characters"),
    "string_too_long": ("max_length", "a text of at most {} characters"),
}
_FORMS = {
    r"^[a-z0-9][a-z0-9-]*$": "a name of small letters, digits and hyphens, such as early-response",
    r"^[a-z0-9][a-z0-9_]*$": "a name of small letters, digits and underscores, such as overall_survival",
    r"^[A-Za-z][A-Za-z0-9_]*$": "a name of letters, digits and underscores that begins with a letter, such as C2",
    r"^[A-Za-z0-9][A-Za-z0-9_.-]*$": "a name of letters, digits, points, hyphens and underscores, such as suv4",
}
_LONGEST_SHOWN = 40
_NEARLY = 0.8

Tell = Callable[[str], str]
"""What a message repeats of a text of the document."""


def tell_as_it_is(text: str) -> str:
    """A text of a document that names no person: as it is, cut short."""
    return repr(text) if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN]


def describe_fault(fault: Mapping[str, Any], model: type[pydantic.BaseModel], tell: Tell = tell_as_it_is) -> str:
    """One fault of a document of this model as `expected ..., got ...`, with the name that was probably meant.

    `tell` says what a message may repeat of a text.
    """
    kind, facts, found = str(fault["type"]), fault.get("ctx", {}), fault.get("input")
    match kind:
        case "missing":
            return "is missing; add it"
        case "extra_forbidden":
            keys = _keys_at(model, fault["loc"][:-1])
            return f"there is no such key here; {suggest(str(fault['loc'][-1]), keys) or f'expected {_listed(keys)}'}"
        case "union_tag_invalid":
            allowed = [one.strip(" '") for one in str(facts["expected_tags"]).split(",")]
            return _wanted(f"{_tag(facts)} to be one of {_listed(allowed)}", facts["tag"], allowed, tell=tell)
        case "union_tag_not_found":
            return f"{_tag(facts)} is missing; it says what this is"
        case "literal_error" | "enum":
            allowed = [one.strip(" '") for one in str(facts["expected"]).replace(" or ", ",").split(",")]
            return _wanted(f"one of {_listed(allowed)}", found, allowed, tell=tell)
        case "value_error" | "assertion_error":
            return str(facts["error"])
        case "string_pattern_mismatch":
            form = _FORMS.get(str(facts["pattern"]), f"a text of the form {facts['pattern']}")
            return _wanted(form, found, tell=tell)
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return _wanted(f"a number {words} {facts[name]}", found, tell=tell)
    if kind in _LENGTHS:
        name, words = _LENGTHS[kind]
        return _wanted(words.format(facts[name]), found, tell=tell)
    expected = _EXPECTED.get(kind.split("_")[0])
    return _wanted(expected, found, tell=tell) if expected is not None else str(fault["msg"])


def suggest(name: str, known: Iterable[str]) -> str | None:
    """`did you mean ...?` with the known name closest to this one; None when none is close."""
    by_lower = {one.lower(): one for one in known}
    close = difflib.get_close_matches(name.lower(), list(by_lower), n=1, cutoff=0.6)
    return f"did you mean {by_lower[close[0]]}?" if close else None


def is_slip_of(name: str, known: Iterable[str]) -> bool:
    """Whether a text is nearly one of our names, and so a slip of the pen and nobody's name."""
    return bool(difflib.get_close_matches(name, list(known), n=1, cutoff=_NEARLY))


def _wanted(expected: str, found: Any, allowed: Iterable[str] = (), *, tell: Tell) -> str:
    meant = suggest(found, allowed) if isinstance(found, str) else None
    return f"expected {expected}, got {_shown(found, tell)}" + (f"; {meant}" if meant else "")


def _shown(value: Any, tell: Tell) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "keys with values"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, bool):
        return str(value).lower()
    return tell(value) if isinstance(value, str) else tell(str(value)).strip("'")


def _tag(facts: Mapping[str, Any]) -> str:
    return str(facts["discriminator"]).strip("'")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _keys_at(model: type[pydantic.BaseModel], location: Iterable[int | str]) -> list[str]:
    """The keys that a document may hold at a place: of every model that can stand there."""
    models = [model]
    for part in location:
        named = [one.model_fields[part] for one in models if isinstance(part, str) and part in one.model_fields]
        tagged = [one for one in models if _has_tag(one, part)]
        if named:
            models = [inner for field in named for inner in _models_in(field.annotation)]
        elif tagged:
            models = tagged
    return list(dict.fromkeys(name for one in models for name in one.model_fields))


def _has_tag(model: type[pydantic.BaseModel], tag: int | str) -> bool:
    """Whether a field of the model can only be this text: so a union tells its members apart."""
    return any(typing.get_args(field.annotation) == (tag,) for field in model.model_fields.values())


def _models_in(annotation: Any) -> list[type[pydantic.BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        return [annotation]
    return [found for inner in typing.get_args(annotation) for found in _models_in(inner)]


@functools.cache
def field_names(model: type[pydantic.BaseModel]) -> frozenset[str]:
    """The keys that a document of this model states, those of its parts too."""
    found: dict[type[pydantic.BaseModel], None] = {}
    waiting = [model]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found[one] = None
            waiting += [inner for field in one.model_fields.values() for inner in _models_in(field.annotation)]
    return frozenset(name for one in found for name in one.model_fields)
