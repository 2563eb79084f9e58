"""The part of JSON Schema (draft 2020-12) that a study's schema uses, checked as an editor does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_TYPES: Mapping[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}
KNOWN = frozenset(
    {
        *("type", "enum", "const", "pattern", "minLength", "maxLength", "minimum", "maximum"),
        *("exclusiveMinimum", "exclusiveMaximum", "items", "prefixItems", "minItems", "maxItems", "properties"),
        *("required", "additionalProperties", "anyOf", "oneOf", "$ref", "discriminator", "format"),
        *("title", "description", "default", "examples", "x-unit", "$schema", "$defs"),
    }
)


def find_faults(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """What of a document the schema does not allow, by place; a keyword not known here is a fault of the test."""
    assert set(schema) <= KNOWN, f"{place}: {sorted(set(schema) - KNOWN)}"
    if "$ref" in schema:
        yield from find_faults(value, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root, place)
        return
    for many in ("anyOf", "oneOf"):
        if many in schema:
            branches = [list(find_faults(value, branch, root, place)) for branch in schema[many]]
            fitting = sum(not faults for faults in branches)
            if fitting < 1 or (many == "oneOf" and fitting > 1):
                yield f"{place}: fits {fitting} of {len(branches)} ways; {min(branches, key=len)}"
    if "type" in schema and not _is(value, schema["type"]):
        yield f"{place}: expected {schema['type']}"
        return
    if value not in schema.get("enum", [value]) or value != schema.get("const", value):
        yield f"{place}: not among the values allowed"
    yield from _of_text_and_numbers(value, schema, place)
    if isinstance(value, list):
        yield from _of_list(value, schema, root, place)
    if isinstance(value, dict):
        yield from _of_object(value, schema, root, place)


def _is(value: Any, name: str) -> bool:
    return isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def _of_text_and_numbers(value: Any, schema: Mapping[str, Any], place: str) -> Iterator[str]:
    if isinstance(value, str):
        if "pattern" in schema and re.search(schema["pattern"], value) is None:
            yield f"{place}: not of the form {schema['pattern']}"
        if len(value) < schema.get("minLength", 0):
            yield f"{place}: too short"
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = schema.get("minimum", value), schema.get("maximum", value)
        above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
        if not low <= value <= high or (above is not None and value <= above) or (below is not None and value >= below):
            yield f"{place}: out of bounds"


def _of_list(value: list[Any], schema: Mapping[str, Any], root: Mapping[str, Any], place: str) -> Iterator[str]:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        yield f"{place}: has {len(value)} entries"
    first = schema.get("prefixItems", ())
    for number, item in enumerate(value):
        inner = first[number] if number < len(first) else schema.get("items", {})
        yield from find_faults(item, inner, root, f"{place}.{number}")


def _of_object(value: dict[str, Any], schema: Mapping[str, Any], root: Mapping[str, Any], place: str) -> Iterator[str]:
    properties, more = schema.get("properties", {}), schema.get("additionalProperties", True)
    yield from (f"{place}: {name} is missing" for name in schema.get("required", ()) if name not in value)
    for name, item in value.items():
        if name in properties:
            yield from find_faults(item, properties[name], root, f"{place}.{name}")
        elif more is False:
            yield f"{place}: there is no key {name}"
        elif isinstance(more, Mapping):
            yield from find_faults(item, more, root, f"{place}.{name}")
