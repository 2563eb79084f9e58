"""Laboratory results in a short table: analyte or LOINC, value and unit as reported."""

from __future__ import annotations

import re
from typing import Literal

from lutrace.core import Row, UnusableInputError
from lutrace.ehr.fhir_elements import RecordError
from lutrace.ehr.table_cells import parse_cell
from lutrace.tables import LABS
from lutrace.terms import (
    Analyte,
    analyte_named,
    analyte_of_loinc,
    canonical_lab,
    canonical_limit,
    fhir_words,
    split_result,
)

_REMEDY = "correct the result, its unit or its analyte in the table"
_CLOCK = re.compile(r"^([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?$")


def complete_lab(cells: Row, decimal: Literal[".", ","] | None) -> Row:
    """The full labs row of a short one; limits of normal are in the row's own unit.

    Raises RecordError with all that is wrong with the row.
    """
    analyte = _analyte(cells)
    date, _ = parse_cell(cells.get("date"), LABS.by_name["date"], decimal)
    for name, value in (("patient_id", cells.get("patient_id")), ("date", date), ("value", cells.get("value"))):
        if value is None:
            raise RecordError(name, f"{name} is empty", _REMEDY)
    value_text, unit = str(cells["value"]).strip(), None if cells.get("unit") is None else str(cells["unit"])
    if unit is None:
        value_text, unit = _with_its_unit(value_text)
    is_typed = isinstance(cells["value"], int | float)
    try:
        lab = canonical_lab(analyte.name, value_text, unit, decimal="." if is_typed else decimal)
    except UnusableInputError as error:
        raise RecordError("value" if unit else "unit", str(error), _REMEDY) from error
    limits = {name: parse_cell(cells.get(name), LABS.by_name[name], decimal)[0] for name in ("lln", "uln")}
    return {
        "patient_id": str(cells["patient_id"]),
        "date": date,
        "time": _clock(cells),
        "analyte": analyte.name,
        "loinc": None if cells.get("loinc") is None else str(cells["loinc"]).strip(),
        "value_text": value_text,
        "comparator": lab.comparator,
        "unit": unit,
        "value": lab.value,
        "canonical_unit": lab.canonical_unit,
        **{name: None if value is None else canonical_limit(analyte, value, unit) for name, value in limits.items()},
    }


def _with_its_unit(value_text: str) -> tuple[str, str | None]:
    """Value and unit where the result holds both; a text that is no result stays for the check of numbers."""
    try:
        return split_result(value_text)
    except UnusableInputError:
        return value_text, None


def _analyte(cells: Row) -> Analyte:
    loinc, name = cells.get("loinc"), cells.get("analyte")
    coded = analyte_of_loinc(str(loinc).strip()) if loinc is not None else None
    named = analyte_named(str(name)) if name is not None else None
    if coded is not None and named is not None and coded.name != named.name:
        raise RecordError("analyte", f"analyte {named.name} and loinc of {coded.name} contradict each other", _REMEDY)
    found = coded or named
    if loinc is not None and not fhir_words().is_code("LOINC", str(loinc).strip()):
        raise RecordError("loinc", "loinc is no code of LOINC", "write it as 2857-1, or leave it empty")
    if found is None:
        raise RecordError("analyte", "neither analyte nor loinc is in the vocabulary", _REMEDY)
    return found


def _clock(cells: Row) -> str | None:
    if cells.get("time") is None:
        return None
    match = _CLOCK.match(str(cells["time"]))
    if match is None:
        raise RecordError("time", "time must be a clock time such as 08:30", "write HH:MM")
    return f"{int(match.group(1)):02d}:{match.group(2)}"
