"""PSA results and index days from plain tables: every cell understood or refused, with the number of its row."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from lutrace.core import UnusableInputError
from lutrace.study.text_columns import INPUT_ROW, find_empty_cells, read_date, read_each_once, read_text_columns
from lutrace.terms import analyte_named, parse_reported_value, split_result

_VALUE = "psa_ng_ml"
_TIMES = {"date": ("date",), "day": ("day",)}
_INDEX_TIMES = {"date": ("date", "index_date"), "day": ("day", "index_day")}
_END_TIMES = {"date": ("end_date",), "day": ("end_day",)}
_DOSE_TIMES = {"date": ("date", "dose_date", "administered_date"), "day": ("day", "dose_day")}
_NO_VALUE = frozenset({"na", "n/a", "nan", "none", "null", ".", "-"})
_WHOLE = re.compile(r"[-+]?\d{1,7}(?:\.0*)?$")
_GROUP_OR_DECIMAL = re.compile(r"^[<>=≤≥\s]*[1-9]\d{0,2}[.,]\d{3}(?!\d)")
_EPOCH = dt.date(1970, 1, 1)
_ANALYTE = "psa"


@dataclass(frozen=True)
class PsaInput:
    """What was read. `results`: `patient_id time psa comparator psa_row turn [assay]`; `index`: `patient_id time end`.

    `time` counts days from an arbitrary origin. `patients` names everyone seen; `unplaced` says per patient why there
    is no index day; `excluded` counts refused rows per patient; `faults` names each by its row; `n_empty` rows had no
    value. `doses`: `patient_id time`.
    """

    results: pa.Table
    index: pa.Table
    doses: pa.Table
    patients: tuple[str, ...]
    unplaced: dict[str, str]
    excluded: dict[str, int]
    faults: tuple[str, ...]
    n_empty: int


def read_psa_input(path: Path, index: str, doses: Path | None = None) -> PsaInput:
    """The PSA table at `path`, with the index days of the file or column (or the one day) that `index` names.

    Raises UnusableInputError for files that cannot be read, missing columns, and dates beside days.
    """
    given = read_text_columns(path)
    _check_columns(path.name, given, ("patient_id", _VALUE))
    placed, kind, faults = _read_index(path, given, index)
    results, result_faults, n_empty = _read_results(path.name, given, kind)
    given_doses, dose_faults = _read_doses(doses, kind)
    index_table, unplaced = _one_per_patient(placed)
    every = {*_names(given["patient_id"]), *(one[0] for one in placed)}
    excluded: dict[str, int] = {}
    for patient, _ in result_faults:
        if patient is not None:
            excluded[patient] = excluded.get(patient, 0) + 1
    told = (*faults, *(fault for _, fault in result_faults), *dose_faults)
    return PsaInput(results, index_table, given_doses, tuple(sorted(every)), unplaced, excluded, tuple(told), n_empty)


def _names(column: pa.ChunkedArray) -> list[str]:
    return [name for name in pc.unique(column).to_pylist() if name is not None]


def _check_columns(name: str, table: pa.Table, wanted: Sequence[str]) -> None:
    missing = [column for column in wanted if column not in table.column_names]
    if missing:
        raise UnusableInputError(
            f"{name}: expected the columns {', '.join(wanted)} and date or day; missing: {', '.join(missing)}"
        )


def _time_column(name: str, table: pa.Table, times: Mapping[str, tuple[str, ...]], kind: str | None) -> tuple[str, str]:
    """The column that holds the time, and whether it holds dates or days."""
    kinds = [kind] if kind is not None else list(times)
    for one in kinds:
        for column in times[one]:
            if column in table.column_names:
                return column, one
    wanted = " or ".join(times[one][0] for one in kinds)
    why = f", as the index is in {kind}s" if kind is not None else ""
    raise UnusableInputError(f"{name}: expected a column {wanted}{why}; dates and days cannot be compared")


def read_time(text: str, kind: str) -> tuple[int | None, str | None]:
    """Days from the origin, or what is wrong: of a date to the day, or of a whole day number."""
    if kind == "day":
        if _WHOLE.match(text) is None:
            return None, "expected a whole number of days"
        return int(float(text)), None
    date, fault = read_date(text)
    if date is None:
        return None, fault
    if date.precision != "day":
        return None, f"the date is known to the {date.precision} only, and no day is assumed"
    return (date.first_day() - _EPOCH).days, None


def _times(column: pa.ChunkedArray, kind: str) -> Any:
    return read_each_once(column, lambda text: read_time(text, kind), [pa.int64(), pa.string()])


def _read_results(name: str, given: pa.Table, kind: str) -> tuple[pa.Table, list[tuple[str | None, str]], int]:
    column, _ = _time_column(name, given, _TIMES, kind)
    time, time_fault = _times(given[column], kind)
    decimal = _decimal_sign([text for text in pc.unique(given[_VALUE]).to_pylist() if text is not None])
    value, comparator, value_fault, empty = read_each_once(
        given[_VALUE],
        lambda text: read_result(text, decimal),
        [pa.float64(), pa.string(), pa.string(), pa.bool_()],
    )
    empty = pc.fill_null(empty, True)
    fault = pc.coalesce(
        find_empty_cells(given, "patient_id"), _said(_VALUE, value_fault),
        pc.if_else(empty, pa.scalar(None, pa.string()), find_empty_cells(given, column)),
        pc.if_else(empty, pa.scalar(None, pa.string()), _said(column, time_fault)),
    )  # fmt: skip
    good = pc.and_(pc.is_null(fault), pc.invert(empty))
    rows = pc.cast(given[INPUT_ROW], pa.string())
    columns = {
        "patient_id": given["patient_id"],
        "time": time,
        "psa": value,
        "comparator": comparator,
        "psa_row": rows,
        "turn": given[INPUT_ROW],
    }
    if "assay" in given.column_names:
        columns["assay"] = given["assay"]
    refused = pa.table({"patient_id": given["patient_id"], "row": given[INPUT_ROW], "fault": fault})
    refused = refused.filter(pc.is_valid(refused["fault"]))
    faults = [(one["patient_id"], f"{name}: row {one['row']}: {one['fault']}") for one in refused.to_pylist()]
    n_empty = pc.sum(pc.and_(empty, pc.is_null(fault))).as_py() or 0
    return pa.table(columns).filter(good), faults, n_empty


def _said(column: str, fault: Any) -> Any:
    """The fault with its column before it."""
    return pc.binary_join_element_wise(f"{column}: ", fault, "")


def read_result(text: str, decimal: Literal[".", ","] | None) -> tuple[float | None, str | None, str | None, bool]:
    """PSA in ng/mL, its comparator, what is wrong, and whether the cell says that there is no value."""
    if text.lower() in _NO_VALUE:
        return None, None, None, True
    try:
        number, unit = split_result(text)
        doubtful = _GROUP_OR_DECIMAL.match(number) is not None and "," not in number and decimal == ","
        if doubtful:
            return None, None, "a point before three digits where other numbers have a decimal comma", False
        reported = parse_reported_value(number, decimal=decimal)
        analyte = analyte_named(_ANALYTE)
        factor = analyte.factor(unit) if unit is not None and analyte is not None else 1.0
    except UnusableInputError as error:
        return None, None, str(error).removeprefix("value: "), False
    if reported.value < 0:
        return None, None, "a concentration cannot be below 0", False
    return reported.value * factor, reported.comparator, None, False


def _decimal_sign(texts: Sequence[str]) -> Literal[".", ","] | None:
    """The decimal sign of the column, where the cells that can be read in one way only all show the same."""
    clear = [text for text in texts if _GROUP_OR_DECIMAL.match(text) is None]
    commas, points = any("," in text for text in clear), any("." in text for text in clear)
    if commas == points:
        return None
    return "," if commas else "."


def _read_index(path: Path, given: pa.Table, index: str) -> tuple[list[tuple[str, Any]], str, list[str]]:
    """Patient with (time, end, fault) of each, whether in dates or days, and the faults by row."""
    file = Path(index)
    if index in given.column_names:
        if index in ("patient_id", _VALUE, *_TIMES):
            raise UnusableInputError(f"--index: {index} holds the results themselves; name the column of the index day")
        kind = _kind_of(path.name, given, index)
        return _placed(path.name, given, index, None, kind)
    if _WHOLE.match(index) and not file.is_file():
        _time_column(path.name, given, _TIMES, "day")
        return [(name, (int(float(index)), None, None)) for name in _names(given["patient_id"])], "day", []
    if not file.is_file() and file.suffix == "":
        known = ", ".join(name for name in given.column_names if name not in (INPUT_ROW, "patient_id", _VALUE))
        raise UnusableInputError(
            f"--index: expected a table file, a column of {path.name} ({known}) or a day number, got {index!r}"
        )
    table = read_text_columns(file)
    _check_columns(file.name, table, ("patient_id",))
    wanted = next((one for one in ("date", "day") if one in given.column_names and _has(table, one)), None)
    column, kind = _time_column(file.name, table, _INDEX_TIMES, wanted)
    end = next((name for name in _END_TIMES[kind] if name in table.column_names), None)
    return _placed(file.name, table, column, end, kind)


def _has(table: pa.Table, kind: str) -> bool:
    return any(name in table.column_names for name in _INDEX_TIMES[kind])


def _kind_of(name: str, given: pa.Table, index: str) -> str:
    """Whether an index column holds dates or days: what the results have; where they have both, what its cells show."""
    kinds = [kind for kind, columns in _TIMES.items() if columns[0] in given.column_names]
    if len(kinds) != 2:
        return _time_column(name, given, _TIMES, None)[1]
    first = next((text for text in pc.unique(given[index]).to_pylist() if text is not None), "")
    return "day" if _WHOLE.match(first) else "date"


def _placed(
    name: str, table: pa.Table, column: str, end: str | None, kind: str
) -> tuple[list[tuple[str, Any]], str, list[str]]:
    time, fault = _times(table[column], kind)
    ends, end_fault = _times(table[end], kind) if end is not None else (pa.nulls(len(table), pa.int64()),) * 2
    parts = {"patient_id": table["patient_id"], "time": time, "fault": fault, "end": ends, "end_fault": end_fault}
    numbered = pa.table({**parts, "row": table[INPUT_ROW]})
    placed: dict[tuple[str, Any], None] = {}
    faults = []
    distinct = numbered.group_by(["patient_id", "time", "fault", "end", "end_fault"]).aggregate([("row", "min")])
    for one in sorted(distinct.to_pylist(), key=lambda row: row["row_min"]):
        wrong = [(column, one["fault"]), (end, one["end_fault"])]
        faults += [f"{name}: row {one['row_min']}: {what}: {said}" for what, said in wrong if said is not None]
        if one["patient_id"] is not None:
            unreadable = one["fault"] is not None or one["end_fault"] is not None
            placed[one["patient_id"], (one["time"], one["end"], "unreadable" if unreadable else None)] = None
    return list(placed), kind, faults


def _one_per_patient(placed: Sequence[tuple[str, Any]]) -> tuple[pa.Table, dict[str, str]]:
    """`patient_id time end` of those with one index day, and why the others have none."""
    found: dict[str, set[tuple[int, int | None]]] = {}
    unreadable: set[str] = set()
    for patient, (time, end, fault) in placed:
        found.setdefault(patient, set())
        if fault is not None:
            unreadable.add(patient)
        elif time is not None:
            found[patient].add((time, end))
    reasons: dict[str, str] = {}
    rows = []
    for patient, times in found.items():
        if patient in unreadable:
            reasons[patient] = "the index day cannot be read"
        elif not times:
            reasons[patient] = "no index day"
        elif len(times) > 1:
            reasons[patient] = "more than one index day (or end) is given"
        else:
            ((time, end),) = times
            rows.append({"patient_id": patient, "time": time, "end": end})
    schema = pa.schema([("patient_id", pa.string()), ("time", pa.int64()), ("end", pa.int64())])
    return pa.Table.from_pylist(rows, schema=schema), reasons


def _read_doses(path: Path | None, kind: str) -> tuple[pa.Table, list[str]]:
    if path is None:
        return pa.table({"patient_id": pa.array([], pa.string()), "time": pa.array([], pa.int64())}), []
    table = read_text_columns(path)
    _check_columns(path.name, table, ("patient_id",))
    column, _ = _time_column(path.name, table, _DOSE_TIMES, kind)
    time, fault = _times(table[column], kind)
    rows = pa.table({"patient_id": table["patient_id"], "time": time, "fault": fault, "row": table[INPUT_ROW]})
    refused = rows.filter(pc.is_valid(rows["fault"])).to_pylist()
    kept = rows.filter(pc.and_(pc.is_valid(rows["time"]), pc.is_valid(rows["patient_id"])))
    faults = [f"{path.name}: row {one['row']}: {column}: {one['fault']}" for one in refused]
    return kept.select(["patient_id", "time"]), faults
