"""In which unit a column of a plain table is: as declared, or as its header says; where neither does, that is told."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from lutrace.core import UnusableInputError, convert

_BRACKETS = re.compile(r"\A(.*\S)\s*(?:\[\s*([^\[\]\s][^\[\]]*)\]|\(\s*([^()\s][^()]*)\))\s*\Z")
_TIME = re.compile(r"(?:\A|.*[_ .])(days|weeks|months|years)\Z", re.IGNORECASE)


def find_unit(column: str, units: Mapping[str, str]) -> str | None:
    """The unit declared for a column, else that of its header: `age [years]`, `psa (ng/mL)`, `os_months`; or None.

    Round brackets count where a known unit stands in them: `psa (baseline)` says none.

    >>> find_unit("psa (ng/mL)", {}), find_unit("age", {"age": "years"}), find_unit("os_months", {}), find_unit("x", {})
    ('ng/mL', 'years', 'months', None)
    """
    if column in units:
        return units[column]
    told = _BRACKETS.match(column)
    if told is not None and (told[2] or _is_known(told[3])):
        return str(told[2] or told[3]).strip()
    named = _TIME.match(column)
    return None if named is None else named[1].lower()


def _is_known(unit: str) -> bool:
    try:
        convert(1.0, unit, unit)
    except UnusableInputError:
        return False
    return True


def name_without_unit(column: str) -> str:
    """The header without the unit in brackets.

    >>> name_without_unit("psa (ng/mL)")
    'psa'
    """
    told = _BRACKETS.match(column)
    return column if told is None else told[1]


def say_unit(column: str, unit: str) -> str:
    """The option that declares a unit, as a shell takes it.

    >>> say_unit("ph ecog", "1")
    "--unit 'ph ecog=1'"
    """
    return f"--unit {shlex.quote(f'{column}={unit}')}"


def warn_without_unit(table: str, columns: list[str]) -> tuple[str, ...]:
    """What to say where columns have no unit: their estimates are per 1 of them as written in the table."""
    if not columns:
        return ()
    names, first = ", ".join(dict.fromkeys(columns)), columns[0]
    return (
        f"{table}: {names}: unit not stated: an estimate is per 1 as the table writes it; say "
        f"{say_unit(first, 'years')} (or what it is), or write it into the header: {first} [years]; a score has none: "
        f"{say_unit(first, '1')}",
    )
