"""The schema of a study file with words: what each key means, examples, defaults with their units."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lutrace.core import FrozenModel, read_document

_YES_OR_NO = (True, False, "yes", "no")
"""What is read as true or false: in YAML of today yes and no are texts."""
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class SchemaWords(FrozenModel):
    """What keys mean, and examples of values, by key."""

    version: str
    meanings: dict[str, str]
    examples: dict[str, tuple[Any, ...]]


@functools.cache
def schema_words() -> SchemaWords:
    """The words of the schema."""
    return read_document(Path(__file__).parent / "schema_words.yaml", SchemaWords)


def complete_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON Schema of a study with a description at every key, in the words of the models where they have some."""
    completed = _completed(schema)
    definitions = {name: _completed(one) for name, one in sorted(schema.get("$defs", {}).items())}
    return {"$schema": _DIALECT, **completed, "title": "Study of lutrace", "$defs": definitions}


def _completed(one: Mapping[str, Any]) -> dict[str, Any]:
    """One object of the schema with words at each of its keys."""
    whole = " ".join(str(one.get("description", "")).split())
    name = str(one.get("title", ""))
    properties = {key: _with_words(f"{name}.{key}", value, whole) for key, value in one.get("properties", {}).items()}
    return {**one, **({"description": whole} if whole else {}), **({"properties": properties} if properties else {})}


def _with_words(place: str, value: Mapping[str, Any], whole: str) -> dict[str, Any]:
    """A key at its place (`Covariate.unit`) with its words; `whole` are those of the object that it belongs to."""
    words, key = schema_words(), place.partition(".")[2]
    own = words.meanings.get(place) or _mentioned(key, whole) or words.meanings.get(key)
    quantity = next((part for part in (value, *value.get("anyOf", ())) if "x-unit" in part), None)
    if quantity is not None:
        meaning = f"{own or key.replace('_', ' ')} ({quantity['description']})"
    else:
        meaning = value.get("description") or own or _opening(whole)
    told: dict[str, Any] = {**value, "description": meaning}
    if told.get("type") == "boolean":
        del told["type"]
        told["enum"] = list(_YES_OR_NO)
    if key in words.examples and "examples" not in told:
        told["examples"] = list(words.examples[key])
    default = value.get("default")
    if quantity is not None and isinstance(default, int | float):
        told["default"] = f"{default:g} {quantity['x-unit']}"
    return told


def _mentioned(key: str, whole: str) -> str:
    """What the words of an object say of a key: the sentence that names it in backticks."""
    place = whole.find(f"`{key}`")
    if place < 0:
        return ""
    begin = max(whole.rfind(". ", 0, place) + 2, 0) if ". " in whole[:place] else 0
    end = whole.find(". ", place)
    return whole[begin : end + 1 if end >= 0 else len(whole)].strip()


def _opening(whole: str) -> str:
    """The first sentence of an object, for a key that nothing else explains."""
    end = whole.find(". ")
    return f"of: {whole[: end if end >= 0 else len(whole)].rstrip('.')}" if whole else ""
