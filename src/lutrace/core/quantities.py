"""Quantities as fields of a document: people write `28 days`, code reads 28.0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from lutrace.core.errors import UnusableInputError
from lutrace.core.units import parse_quantity

_QUANTITY = r"^\s*[-+]?\d+(\.\d+)?([eE][-+]?\d+)?\s*[A-Za-zµ/%^0-9*.]+\s*$"
"""A number and a unit, as a pattern of JSON Schema."""


def _reader(unit: str) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        if not isinstance(value, str):
            raise ValueError(f"expected a number with its unit, such as '28 {unit}', got {value!r}")
        try:
            return parse_quantity(value, unit)
        except UnusableInputError as error:
            raise ValueError(f"expected a number of {unit}, such as '28 {unit}', got {value!r}") from error

    return read


def _writer(unit: str) -> Callable[[float], str]:
    return lambda value: f"{value!r} {unit}".replace(".0 ", " ")


def _schema(unit: str) -> WithJsonSchema:
    words = {"description": f"a number and a unit that can be expressed in {unit}", "examples": [f"28 {unit}"]}
    return WithJsonSchema({"type": "string", "pattern": _QUANTITY, **words, "x-unit": unit})


Days = Annotated[float, BeforeValidator(_reader("days")), PlainSerializer(_writer("days")), _schema("days")]
"""A span of time; the code sees days."""
Hours = Annotated[float, BeforeValidator(_reader("hours")), PlainSerializer(_writer("hours")), _schema("hours")]
"""A span of time; the code sees hours."""
Millilitres = Annotated[float, BeforeValidator(_reader("mL")), PlainSerializer(_writer("mL")), _schema("mL")]
"""A volume; the code sees mL."""
NanogramsPerMl = Annotated[
    float, BeforeValidator(_reader("ng/mL")), PlainSerializer(_writer("ng/mL")), _schema("ng/mL")
]
"""A concentration; the code sees ng/mL."""
Percent = Annotated[float, BeforeValidator(_reader("%")), PlainSerializer(_writer("%")), _schema("%")]
"""A share or a change; the code sees percent."""

__all__ = [
    "AfterValidator",
    "BeforeValidator",
    "Days",
    "Field",
    "Hours",
    "Millilitres",
    "NanogramsPerMl",
    "Percent",
    "PositiveFloat",
    "field_validator",
    "model_validator",
]

PositiveFloat = Annotated[float, Field(gt=0)]
"""A number above 0, for fields of documents."""
