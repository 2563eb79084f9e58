"""Where readers of OMOP put what they find: rows with patient, place and record key; faults; counts."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lutrace.core import Row, digest_of
from lutrace.ehr.fhir_elements import RecordError
from lutrace.ehr.fhir_output import Collected
from lutrace.ehr.omop_tables import READ_TABLES
from lutrace.tables import FACT_TABLES


@dataclass(frozen=True)
class CdmRow:
    """One row of a CDM table; cells are typed when they are asked for, so that a wrong one names its column."""

    table: str
    number: int
    cells: Mapping[str, Any]

    @property
    def locator(self) -> str:
        """The place: the record's own number; of PERSON and DEATH, where it is the patient's, that of the row."""
        key = READ_TABLES[self.table].key
        if self.table == "person" or key is None:
            return f"{self.table} row {self.number}"
        number = str(self.cells.get(key))[:20]
        return f"{key} {number}" if number.removesuffix(".0").isdecimal() else f"{self.table} row {self.number}"

    def integer(self, name: str) -> int | None:
        """The whole number in a column; refused when it is none."""
        found: int | None = _typed(self.cells.get(name), name, "int")
        return found

    def concept(self, name: str) -> int:
        """The concept in a column, 0 for none."""
        return self.integer(name) or 0

    def number_of(self, name: str) -> Decimal | None:
        """The number in a column as written; refused when it is none."""
        found: Decimal | None = _typed(self.cells.get(name), name, "num")
        return found

    def text(self, name: str) -> str | None:
        """The text in a column without blanks around it, None when empty."""
        value = self.cells.get(name)
        return None if value is None else str(value).strip() or None

    def day(self, name: str) -> dt.date | None:
        """The calendar day in a column; refused when it is none."""
        found: dt.date | None = _typed(self.cells.get(name), name, "date")
        return found

    def moment(self, name: str) -> dt.datetime | None:
        """Date and clock time in a column; None when empty, or at midnight, as a day without a clock is written."""
        found: dt.datetime | None = _typed(self.cells.get(name), name, "time")
        return None if found is None or found.time() == dt.time() else found.replace(tzinfo=None)

    def required_day(self, name: str) -> dt.date:
        """The day itself; refused when the column is empty."""
        found = self.day(name)
        if found is None:
            raise RecordError(name, f"{name} is empty", f"fill {name} in the CDM")
        return found


def _typed(value: Any, name: str, kind: str) -> Any:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        return _PARSERS[kind](value)
    except (ValueError, ArithmeticError, TypeError) as error:
        words = {"int": "a whole number", "num": "a number", "date": "a date", "time": "a date and time"}[kind]
        raise RecordError(name, f"{name} must be {words}, got other content", f"correct {name} in the CDM") from error


def _whole(value: Any) -> int:
    number = _number(value)
    if number != number.to_integral_value():
        raise ValueError
    return int(number)


def _number(value: Any) -> Decimal:
    number = Decimal(str(value).strip())
    if isinstance(value, bool) or not number.is_finite():
        raise ValueError
    return number


def _date(value: Any) -> dt.date:
    if isinstance(value, dt.datetime):
        return value.date()
    return value if isinstance(value, dt.date) else _time(value).date()


def _time(value: Any) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return value
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time())
    written = str(value).strip()
    if len(written) == 8 and written.isdecimal():
        written = f"{written[:4]}-{written[4:6]}-{written[6:]}"
    return dt.datetime.fromisoformat(written)


_PARSERS = {"int": _whole, "num": _number, "date": _date, "time": _time}


class PersonOutput:
    """What one person's records give; record keys tell equal rows of one day apart by their order."""

    def __init__(self, patient_id: str, collected: Collected, *, stable_ids: bool) -> None:
        """Bind the patient; `stable_ids`: the CDM keeps the number of a record from load to load."""
        self.patient_id = patient_id
        self.collected = collected
        self._stable_ids = stable_ids
        self._met: Counter[str] = Counter()

    def row(self, table: str, row: Row, source: CdmRow, place: str = "") -> None:
        """Add a row; patient, place and record key are filled in here."""
        filled = {"patient_id": self.patient_id, **row}
        if "record_key" in FACT_TABLES[table].by_name:
            filled["record_key"] = self._record_key(table, filled, source, place)
        self.collected.rows[table].append(filled | {"source_locator": source.locator + place})

    def unread(self, source: CdmRow, reason: str) -> None:
        """Count a record, or a part of it, as not read by design."""
        self.collected.unread[f"{source.table} ({reason})"] += 1

    @contextmanager
    def refusing(self, table: str, source: CdmRow, row: Row | None = None) -> Iterator[None]:
        """Turn an error of the record into a fault of `table`; `row` is what was read of it before."""
        with self.collected.refusing(table, source.locator, row):
            yield

    def _record_key(self, table: str, row: Row, source: CdmRow, place: str) -> str:
        """The digest of the record's number where that is stable, else of the row and its order among equal ones."""
        if self._stable_ids:
            return digest_of([source.locator + place])[:20]
        content = digest_of([table, {name: str(value) for name, value in row.items() if value is not None}])
        self._met[content] += 1
        return digest_of([content, self._met[content]])[:20]
