"""A table of laboratory results on disk, in portions, each distinct name, unit and number read by the vocabulary."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lutrace.core import UnusableInputError
from lutrace.study.text_columns import INPUT_ROW, find_empty_cells, read_date, read_each_once, read_text_portions
from lutrace.terms import (
    ReportedValue,
    analyte_named,
    analyte_of_loinc,
    ctcae_term_names,
    parse_reported_value,
)

NAMING = ("analyte", "loinc", "term")
NUMBERS = ("value", "lln", "uln", "baseline_value")
FLAGS = ("baseline_abnormal", "baseline_record")
_YES = {"yes", "y", "true", "t", "1", "1.0", "ja", "j", "abnormal"}
_NO = {"no", "n", "false", "f", "0", "0.0", "nein", "normal"}
_JOIN = "\x1f"
_DAY_LENGTH = len("2023-05-17")
_PLAIN = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
"""What Arrow takes for a number: a cell is one whatever the others of its column are."""


@dataclass(frozen=True)
class LabPortion:
    """Rows as they stand in the file (`given`, all text), and what the vocabulary makes of them (`read`).

    Both have `input_row`, the number of the row in the file as a spreadsheet counts it. `analytes` are those found.
    """

    given: pa.Table
    read: pa.Table
    analytes: frozenset[str]


def read_lab_portions(path: Path) -> Iterator[LabPortion]:
    """The laboratory results of a CSV, TSV, XLSX or Parquet file, in the order of the file; at least one portion.

    Raises UnusableInputError for a file that cannot be read or lacks a column; a cell that cannot be read is a `fault`
    of its row.
    """
    return (_read_portion(path, given) for given in read_text_portions(path))


def _read_portion(path: Path, given: pa.Table) -> LabPortion:
    names = [name for name in NAMING if name in given.column_names]
    missing = [name for name in ("patient_id", "date", "value", "unit") if name not in given.column_names]
    if missing or not names:
        wanted = [*missing, *([] if names else ["analyte (or term, or loinc)"])]
        raise UnusableInputError(
            f"{path.name}: expected the columns patient_id, date, analyte (or term, or loinc), value, unit, lln, uln; "
            f"missing: {', '.join(wanted)}"
        )
    resolved = _resolve(given, names)
    date, date_fault = read_each_once(given["date"], _date, [pa.string(), pa.string()])
    columns: dict[str, Any] = {INPUT_ROW: given[INPUT_ROW], "patient_id": given["patient_id"], "date": date}
    faults = [*(find_empty_cells(given, name) for name in ("patient_id", "date")), date_fault, resolved.pop("fault")]
    columns |= resolved
    faults.append(_no_day(columns["analyte"], date))
    for name in (name for name in NUMBERS if name in given.column_names):
        number, comparator, fault = _numbers(given[name], name)
        columns[name] = number
        faults.append(fault)
        if name == "value":
            columns["comparator"] = comparator
    for name in (name for name in FLAGS if name in given.column_names):
        columns[name], fault = _flags(given[name], name)
        faults.append(fault)
    columns["fault"] = pc.coalesce(*faults)
    found = frozenset(name for name in pc.unique(columns["analyte"]).to_pylist() if name is not None)
    return LabPortion(given, pa.table(columns), found)


def _date(text: str) -> tuple[str | None, str | None]:
    """The date as ISO text, no more precise than it is known, and what is wrong with it."""
    date, fault = read_date(text)
    return (str(date), None) if date is not None else (None, f"date: {fault}")


def _no_day(analyte: Any, date: Any) -> Any:
    """The fault of total calcium whose date is no day: the albumin of the same month may be that of another day."""
    vague = pc.and_(pc.equal(analyte, "calcium"), pc.less(pc.utf8_length(date), _DAY_LENGTH))
    told = "total calcium: the date is not known to the day, so the albumin of that day is not known"
    return pc.if_else(pc.fill_null(vague, False), told, pa.scalar(None, pa.string()))


def _resolve(given: pa.Table, names: Sequence[str]) -> dict[str, Any]:
    """What each row measures: `analyte factor molar wanted_direction fault`, each distinct naming resolved once."""
    parts = [given[name].cast(pa.string()) for name in (*names, "unit")]
    key = pc.binary_join_element_wise(*parts, _JOIN, null_handling="replace", null_replacement="")
    encoded = key.combine_chunks().dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    found = [_resolve_one(dict(zip((*names, "unit"), text.split(_JOIN), strict=True))) for text in texts]
    kinds = {
        "analyte": pa.string(),
        "factor": pa.float64(),
        "molar": pa.bool_(),
        "wanted_direction": pa.string(),
        "fault": pa.string(),
    }
    return {
        name: pa.array([one.get(name) for one in found], kind).take(encoded.indices) for name, kind in kinds.items()
    }


def _resolve_one(cells: dict[str, str]) -> dict[str, Any]:
    unit = cells["unit"]
    name, loinc, term = (cells.get(column) or "" for column in NAMING)
    named = analyte_named(name) if name else None
    coded = analyte_of_loinc(loinc) if loinc else None
    pairs = ctcae_term_names().get(term.lower(), ()) if term else ()
    meant = named or coded or (analyte_named(term) if term and not pairs else None)
    if named is not None and coded is not None and named.name != coded.name:
        return {"fault": f"analyte {named.name} and loinc of {coded.name} contradict each other"}
    direction = None
    if pairs:
        fitting = [pair for pair in pairs if meant is None or pair[0] == meant.name]
        if len(fitting) != 1:
            told = ", ".join(pair[0] for pair in pairs)
            return {"fault": f"the term is about {told}; name one of them as analyte"}
        meant, direction = analyte_named(fitting[0][0]), fitting[0][1]
    if meant is None:
        return {"fault": "neither analyte, loinc nor term is in the vocabulary"}
    try:
        factor = meant.factor(unit or None)
    except UnusableInputError as error:
        return {"analyte": meant.name, "wanted_direction": direction, "fault": str(error)}
    return {
        "analyte": meant.name,
        "factor": factor,
        "molar": meant.is_molar(unit),
        "wanted_direction": direction,
    }


def _numbers(column: pa.ChunkedArray, name: str) -> tuple[Any, Any, Any]:
    """Numbers, comparators and faults of a column of text; a column of plain numbers is read at once."""
    nothing = pa.nulls(len(column), pa.string())
    try:
        plain = column.cast(pa.float64())
    except pa.ArrowInvalid:
        plain = None
    if plain is not None and pc.all(pc.is_finite(plain)).as_py() is not False:
        return plain, nothing, nothing
    encoded = column.combine_chunks().dictionary_encode()
    values: list[float | None] = []
    signs: list[str | None] = []
    faults: list[str | None] = []
    for text in encoded.dictionary.to_pylist():
        value, sign, fault = _number(text, name)
        values.append(value)
        signs.append(sign)
        faults.append(fault)
    taken = [pa.array(values, pa.float64()), pa.array(signs, pa.string()), pa.array(faults, pa.string())]
    return tuple(array.take(encoded.indices) for array in taken)


def _number(text: str, name: str) -> tuple[float | None, str | None, str | None]:
    try:
        reported = ReportedValue(float(text)) if _PLAIN.fullmatch(text) else parse_reported_value(text)
    except UnusableInputError as error:
        told = str(error).removeprefix("value: ")
        return None, None, f"{name}: {told}"
    if not math.isfinite(reported.value):
        return None, None, f"{name}: the number is too large"
    return reported.value, reported.comparator, None


def _flags(column: pa.ChunkedArray, name: str) -> tuple[Any, Any]:
    encoded = column.combine_chunks().dictionary_encode()
    pairs = [_flag(text, name) for text in encoded.dictionary.to_pylist()]
    values = pa.array([value for value, _ in pairs], pa.bool_()).take(encoded.indices)
    return values, pa.array([fault for _, fault in pairs], pa.string()).take(encoded.indices)


def _flag(text: str, name: str) -> tuple[bool | None, str | None]:
    word = text.strip().lower()
    if word in _YES or word in _NO:
        return word in _YES, None
    return (None, None) if word in {"", "na", "unknown"} else (None, f"{name}: expected yes, no or nothing")
