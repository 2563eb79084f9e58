"""The injections table that `lutrace suv` takes: one row per administration, checked as a whole."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lutrace.core import (
    ContradictionError,
    MissingFactError,
    Row,
    TableError,
    UnusableInputError,
    read_numbered_rows,
    tell_cell,
    tell_file,
    with_decimal_points,
)
from lutrace.physics import InjectionRecord, compute_net_injected_bq

_NUMBERS = ("administered_mbq", "residual_mbq", "weight_kg")
_MOMENTS = ("assay_datetime", "residual_datetime", "injection_datetime")


@dataclass(frozen=True)
class Injection:
    """One row: activities in MBq, weight in kg; `row` is its number in the file, for messages."""

    row: int
    patient_id: str
    administered_mbq: float | None
    assay_datetime: dt.datetime | None
    residual_mbq: float | None
    residual_datetime: dt.datetime | None
    injection_datetime: dt.datetime | None
    weight_kg: float | None


def read_injections(path: Path) -> tuple[Injection, ...]:
    """The rows of an injections table: `patient_id`, and of `cycle administered_mbq assay_datetime residual_mbq
    residual_datetime injection_datetime weight_kg` what is known.

    Raises UnusableInputError without the column patient_id, TableError with all faults of the cells.
    """
    rows = read_numbered_rows(path)
    if rows and "patient_id" not in rows[0][1]:
        raise UnusableInputError(f"{tell_file(path)}: expected a column patient_id among its {len(rows[0][1])} columns")
    faults: list[str] = []
    parsed = [_injection(number, row, faults) for number, row in with_decimal_points(path, rows, _NUMBERS)]
    if faults:
        raise TableError(path.name, faults)
    return tuple(one for one in parsed if one is not None)


def records_of(injections: Sequence[Injection], patient_id: str | None, *, half_life_s: float) -> list[InjectionRecord]:
    """The records of one patient, each activity net of its residual at the injection, for a half-life in seconds."""
    return [_record(one, half_life_s) for one in injections if one.patient_id == patient_id]


def _record(one: Injection, half_life_s: float) -> InjectionRecord:
    origin = f"injections row {one.row}"
    if one.administered_mbq is None:
        return InjectionRecord(origin, None, one.injection_datetime, None, one.weight_kg)
    try:
        injected_bq = compute_net_injected_bq(
            one.administered_mbq,
            half_life_s=half_life_s,
            injection_datetime=one.injection_datetime,
            assay_datetime=one.assay_datetime,
            residual_mbq=one.residual_mbq,
            residual_datetime=one.residual_datetime,
        )
    except (ContradictionError, MissingFactError) as error:
        raise type(error)(f"{origin}: {error}") from error
    return InjectionRecord(origin, injected_bq, one.injection_datetime, None, one.weight_kg)


def _injection(number: int, row: Row, faults: list[str]) -> Injection | None:
    patient_id = row.get("patient_id")
    if patient_id is None:
        faults.append(f"row {number}: patient_id is empty")
        return None
    numbers = {name: _number(number, name, row.get(name), faults) for name in _NUMBERS}
    moments = {name: _moment(number, name, row.get(name), faults) for name in _MOMENTS}
    return Injection(
        row=number,
        patient_id=str(patient_id),
        administered_mbq=numbers["administered_mbq"],
        assay_datetime=moments["assay_datetime"],
        residual_mbq=numbers["residual_mbq"],
        residual_datetime=moments["residual_datetime"],
        injection_datetime=moments["injection_datetime"],
        weight_kg=numbers["weight_kg"],
    )


def _number(number: int, name: str, cell: Any, faults: list[str]) -> float | None:
    if cell is None:
        return None
    try:
        value = float(cell)
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value) or value < 0:
        faults.append(f"row {number}: {name} must be a number of at least 0, got {tell_cell(cell)}")
        return None
    return value


def _moment(number: int, name: str, cell: Any, faults: list[str]) -> dt.datetime | None:
    if cell is None or isinstance(cell, dt.datetime):
        return cell
    try:
        moment = dt.datetime.fromisoformat(str(cell))
    except ValueError:
        moment = None
    if moment is None or (moment.time() == dt.time() and len(str(cell)) <= 10):
        faults.append(
            f"row {number}: {name} must be a date with a time such as 2023-05-17T09:30, got {tell_cell(cell)}"
        )
        return None
    return moment.replace(tzinfo=None)
