"""From a file of answers to its scores: items checked one by one, then scored in one query."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa

from lutrace.core import Row, TableError, UnusableInputError, read_numbered_rows
from lutrace.endpoints import score_wide
from lutrace.study.text_columns import read_date
from lutrace.terms import Instrument, instrument_named, instruments, instruments_of_items

COLUMNS = ("patient_id", "date")
ANSWER_COLUMNS = ("scale", "score", "n_answered", "n_items", "valid", "reason")
_NO_ANSWER = frozenset({"", "na", "n/a", "nan", "none", "null", "."})
_WHOLE = re.compile(r"[+-]?\d+(?:[.,]0*)?$")
_ROW = "__row"


@dataclass(frozen=True)
class ScoreResult:
    """A row per answered sheet and scale, in the order of the file, and what a reader must know of them."""

    rows: tuple[Row, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Sheets:
    """The file as read: numbered rows, the column of each item, and the columns that pass through."""

    name: str
    rows: Sequence[tuple[int, Row]]
    items: Mapping[str, str]
    others: Sequence[str]


def run_score(answers: Path, instrument: str | None) -> ScoreResult:
    """Scores of a table with `patient_id`, `date` and one column per item id (raw answers; reversal is done here).

    A row per sheet and scale: the columns of the file that are no items, `instrument`, `scale`, `score` (points of the
    scale), `n_answered`, `n_items`, `valid`, `reason`. Raises UnusableInputError for an unknown instrument, an
    instrument that the items leave open, or missing columns; TableError with row and item for every answer that is no
    whole number of the instrument's range and for every date that is none.
    """
    numbered = read_numbered_rows(answers)
    header = list(numbered[0][1]) if numbered else []
    if not numbered:
        raise UnusableInputError(f"{answers.name}: no answers; expected a row per patient and day under the header")
    chosen = _chosen(answers.name, instrument, header)
    sheets = _arranged(answers.name, numbered, header, chosen)
    table = _checked(sheets, chosen)
    scored = score_wide(ibis.memtable(table), chosen, [_ROW]).order_by([_ROW, "place"])
    found = scored.select(_ROW, *ANSWER_COLUMNS).to_pyarrow().to_pylist()
    rows = [_answer(row, numbered[row[_ROW]][1], sheets.others, chosen.name) for row in found]
    return ScoreResult(tuple(rows), tuple(_warnings(sheets, table, chosen)))


def _chosen(name: str, wanted: str | None, header: Sequence[str]) -> Instrument:
    known = ", ".join(instrument.name for instrument in instruments())
    if wanted is not None:
        found = instrument_named(wanted)
        if found is None:
            raise UnusableInputError(f"expected --instrument {known}, got {wanted!r}")
        return found
    every = {item for instrument in instruments() for item in instrument.items}
    fitting = instruments_of_items(frozenset(column.upper() for column in header) & every)
    names = " or ".join(f"{one.name} (answers {one.low:g}-{one.high:g})" for one in fitting)
    told = f"its items fit {names}" if fitting else f"expected one of {known}"
    raise UnusableInputError(f"{name}: say with --instrument which questionnaire this is: {told}")


def _arranged(name: str, rows: Sequence[tuple[int, Row]], header: Sequence[str], chosen: Instrument) -> _Sheets:
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        raise UnusableInputError(f"{name}: expected the columns {', '.join(COLUMNS)}; {', '.join(missing)} is missing")
    items: dict[str, str] = {}
    for column in header:
        item = column.upper()
        if item in chosen.items:
            if item in items:
                raise UnusableInputError(f"{name}: item {item} stands in two columns, {items[item]} and {column}")
            items[item] = column
    if not items:
        some = ", ".join(chosen.items[:3])
        raise UnusableInputError(f"{name}: no column is an item of {chosen.name} ({some}, ...); name them by item id")
    others = [column for column in header if column not in items.values()]
    taken = [column for column in others if column in ANSWER_COLUMNS]
    if taken:
        raise UnusableInputError(f"{name}: {', '.join(taken)} is a column of the answer; give it another name")
    return _Sheets(name, rows, items, others)


def _checked(sheets: _Sheets, chosen: Instrument) -> pa.Table:
    """The answers as whole numbers, empty where there is none; every fault of the file together."""
    faults = [fault for number, row in sheets.rows for fault in _row_faults(number, row, chosen)]
    columns: dict[str, Any] = {_ROW: pa.array(range(len(sheets.rows)), pa.int64())}
    for item in chosen.items:
        read: dict[Any, int | None] = {}
        values: list[int | None] = []
        column = sheets.items.get(item)
        for number, row in sheets.rows:
            cell = row[column] if column is not None else None
            if cell not in read:
                try:
                    read[cell] = _whole(cell, chosen)
                except ValueError:
                    faults.append(f"row {number}, item {item}: expected {_allowed(chosen)}, got {_shown(cell)}")
                    values.append(None)
                    continue
            values.append(read[cell])
        columns[item] = pa.array(values, pa.int64())
    if faults:
        raise TableError(sheets.name, faults)
    return pa.table(columns)


def _row_faults(number: int, row: Row, chosen: Instrument) -> list[str]:
    faults = []
    if row["patient_id"] is None:
        faults.append(f"row {number}: patient_id is empty")
    if row["date"] is None:
        faults.append(f"row {number}: date is empty; expected the day of the answers")
    else:
        _date, fault = read_date(str(row["date"]))
        if fault is not None:
            faults.append(f"row {number}, date: {fault}")
    said = row.get("instrument")
    if said is not None and str(said).strip().lower() != chosen.name:
        faults.append(f"row {number}: instrument is {said}, and --instrument says {chosen.name}; score each alone")
    return faults


def _whole(cell: Any, chosen: Instrument) -> int | None:
    """The raw answer, None for no answer. Raises ValueError for anything else."""
    text = "" if cell is None else str(cell).strip()
    if text.lower() in _NO_ANSWER:
        return None
    if _WHOLE.match(text) is None:
        raise ValueError(text)
    answer = int(re.split(r"[.,]", text)[0])
    if answer in chosen.missing:
        return None
    if not chosen.low <= answer <= chosen.high:
        raise ValueError(text)
    return answer


def _allowed(chosen: Instrument) -> str:
    codes = f", {' or '.join(str(code) for code in chosen.missing)}" if chosen.missing else ""
    return f"a whole number {chosen.low:g}-{chosen.high:g} ({chosen.label}), or for no answer NA{codes} or nothing"


def _shown(cell: Any) -> str:
    text = str(cell)
    return text if re.fullmatch(r"[+-]?[\d.,]{1,12}", text) else "a text that is no number"


def _answer(found: Row, sheet: Row, others: Sequence[str], instrument: str) -> Row:
    passed = {column: sheet[column] for column in others if column not in ("patient_id", "date", "instrument")}
    first = {"patient_id": sheet["patient_id"], "date": sheet["date"], "instrument": instrument}
    return {**first, **{name: found[name] for name in ANSWER_COLUMNS}, **passed}


def _warnings(sheets: _Sheets, table: pa.Table, chosen: Instrument) -> list[str]:
    told = []
    absent = [item for item in chosen.items if item not in sheets.items]
    if absent:
        told.append(f"{sheets.name} has no column {', '.join(absent)}; these items count as not answered")
    seen: set[tuple[str, str]] = set()
    doubled = 0
    for _number, row in sheets.rows:
        key = (str(row["patient_id"]), str(row["date"]))
        doubled += key in seen
        seen.add(key)
    if doubled:
        told.append(f"{doubled} rows have the patient and day of an earlier row; each was scored on its own")
    rivals = [one for one in instruments() if one.items == chosen.items and one.high < chosen.high]
    for rival in rivals:
        highest = max(max((v for v in column.to_pylist() if v is not None), default=0) for column in table.columns[1:])
        if highest <= rival.high:
            told.append(
                f"no answer is above {rival.high:g}: if the form had {rival.label}, use --instrument {rival.name}"
            )
    return told


def widen_scores(rows: Sequence[Row]) -> tuple[Row, ...]:
    """One row per sheet: its own columns, then `<scale>`, `<scale>_n_answered`, `<scale>_valid`, `<scale>_reason`."""
    sheets: list[Row] = []
    first = rows[0]["scale"] if rows else None
    for row in rows:
        if row["scale"] == first:
            sheets.append({name: value for name, value in row.items() if name not in ANSWER_COLUMNS})
        scale = row["scale"]
        sheets[-1] |= {scale: row["score"]}
        sheets[-1] |= {f"{scale}_{name}": row[name] for name in ("n_answered", "valid", "reason")}
    return tuple(sheets)
