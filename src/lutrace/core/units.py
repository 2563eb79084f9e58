"""Quantities with units; pint does the arithmetic."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from lutrace.core.errors import UnusableInputError

if TYPE_CHECKING:
    import pint

_QUANTITY = re.compile(r"^\s*([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*([A-Za-zµ/%^0-9*.]+)\s*$")


@functools.cache
def unit_registry() -> pint.UnitRegistry[float]:
    """The one registry of units of this process; pint is imported here, since most commands convert nothing."""
    import pint

    return pint.UnitRegistry(cache_folder=None)


def convert(value: float, from_unit: str, to_unit: str) -> float:
    """`value` of `from_unit` expressed in `to_unit`.

    Raises UnusableInputError when a unit is unknown or the two do not measure the same thing.

    >>> round(convert(7.4, "GBq", "MBq"), 6)
    7400.0
    """
    import pint

    registry = unit_registry()
    try:
        return float(registry.Quantity(value, from_unit).to(to_unit).magnitude)
    except (pint.UndefinedUnitError, pint.DimensionalityError, pint.DefinitionSyntaxError) as error:
        raise UnusableInputError(f"cannot express {from_unit!r} in {to_unit!r}: {error}") from error


def parse_quantity(text: str, to_unit: str) -> float:
    """The magnitude in `to_unit` of a quantity written as `"7.4 GBq"` or `"6 weeks"`.

    >>> parse_quantity("6 weeks", "day")
    42.0
    """
    match = _QUANTITY.match(text)
    if match is None:
        raise UnusableInputError(f"expected a number and a unit such as '6 weeks', got {text!r}")
    return convert(float(match.group(1)), match.group(2), to_unit)
