"""FHIR R4 resources that are being made from rows of the registry: ids, subjects, elements, and what has no place."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lutrace.core import Row, digest_of
from lutrace.ehr import fhir_profile as profile

Resource = dict[str, Any]
WRITTEN_TYPES = (
    "AdverseEvent",
    "Condition",
    "Encounter",
    "MedicationAdministration",
    "MedicationStatement",
    "Observation",
    "Patient",
    "Procedure",
    "QuestionnaireResponse",
)
"""The types of resources that an export holds, each in a file of its own."""
_WIDTH = {"year": 4, "month": 7, "day": 10}
_UCUM = frozenset(
    [
        "ng/mL",
        "ng/dL",
        "ng/L",
        "ug/L",
        "ug/dL",
        "ug/mL",
        "g/dL",
        "g/L",
        "mg/dL",
        "mg/L",
        "mmol/L",
        "umol/L",
        "nmol/L",
        "pmol/L",
        "U/L",
        "mL/min",
        "%",
        "10*9/L",
        "10*12/L",
        "10*6/L",
        "10*3/uL",
        "MBq",
        "mm",
        "cm",
        "kg",
        "kg/m2",
    ]
)
"""Units whose spelling is a case-sensitive code of UCUM; others are written as words without a code."""


@dataclass
class Resources:
    """What is written: resources by type, whether each patient is made up, and what has no place."""

    by_type: dict[str, list[Resource]] = field(default_factory=lambda: defaultdict(list))
    synthetic: dict[str, bool] = field(default_factory=dict)
    left: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """What was not carried, or not whole: table, column and why, with the number of rows."""
    unwritten: set[str] = field(default_factory=set)
    """The `row_id` of every row that gives no resource."""

    def add(self, kind: str, row: Row, *names: object, **elements: Any) -> Resource:
        """A resource of the patient of `row`, which is given back; elements without content are left out.

        Its id depends on the row alone; `names` tell several resources of one row apart. `class_` is written as class.
        """
        patient = row["patient_id"]
        resource: Resource = {"resourceType": kind, "id": id_of(kind, row, *names)}
        if self.synthetic.get(patient):
            resource["meta"] = {"security": [coding(profile.TEST_DATA_SYSTEM, "HTEST", "test health data")]}
        if kind != "Patient":
            elements["subject"] = {"reference": f"Patient/{patient_id(patient)}"}
        for name, value in elements.items():
            if value is not None and value != [] and value != {}:
                resource[name.rstrip("_")] = value
        self.by_type[kind].append(resource)
        return resource

    def leave(self, table: str, row: Row, column: str, why: str) -> None:
        """Count a row that has no place in FHIR."""
        self.left[table, column, why] += 1
        self.unwritten.add(row["row_id"])

    def write(self, folder: Path) -> list[Path]:
        """One NDJSON file for each type that has resources."""
        written = []
        for kind in sorted(self.by_type):
            path = folder / f"{kind}.ndjson"
            with path.open("w", encoding="utf-8", newline="\n") as file:
                for resource in self.by_type[kind]:
                    file.write(json.dumps(resource, ensure_ascii=False, allow_nan=False) + "\n")
            written.append(path)
        return written


def id_of(kind: str, row: Row, *names: object) -> str:
    """The id of the resource that a row gives."""
    return patient_id(row["patient_id"]) if kind == "Patient" else digest_of([kind, row["row_id"], *names])[:32]


def patient_id(pseudonym: str) -> str:
    """The id of the Patient of a pseudonym."""
    return digest_of(["Patient", pseudonym])[:32]


def coding(system: str, code: str, display: str | None = None) -> Resource:
    """A Coding."""
    return {"system": system, "code": code} | ({"display": display} if display is not None else {})


def concept(system: str, code: str, display: str | None = None) -> Resource:
    """A CodeableConcept of one code."""
    return {"coding": [coding(system, code, display)]} | ({"text": display} if display is not None else {})


def words(text: str | None) -> Resource | None:
    """A CodeableConcept in words alone; None without any."""
    return {"text": text} if text is not None else None


def quantity(value: float | None, unit: str) -> Resource | None:
    """A Quantity, with its UCUM code where the unit is spelt as one; None without a value."""
    if value is None:
        return None
    coded = {"system": profile.UCUM, "code": unit} if unit in _UCUM else {}
    return {"value": value, "unit": unit, **coded}


def partial(date: dt.date | None, precision: str | None) -> str | None:
    """A FHIR date as exact as it is known; None without one."""
    return None if date is None else date.isoformat()[: _WIDTH[precision or "day"]]


def period(row: Row) -> Resource:
    """The Period of the begin and end of a row; empty without either."""
    begin = partial(row["begin_date"], row["begin_date_precision"])
    end = partial(row["end_date"], row["end_date_precision"])
    return {name: value for name, value in (("start", begin), ("end", end)) if value is not None}


def clock(moment: dt.datetime | None) -> str | None:
    """A FHIR dateTime of a wall clock; FHIR asks for a zone, and the registry knows none: Z stands for the site's."""
    return None if moment is None else f"{moment.isoformat(timespec='seconds')}Z"


def extensions(*pairs: tuple[str, str, Any]) -> list[Resource]:
    """Extensions of url, name and value, without those that have no value."""
    return [{"url": url, name: value} for url, name, value in pairs if value is not None]


def by_day(rows: Iterable[Row], column: str) -> dict[tuple[str, dt.date], list[Row]]:
    """The rows of each patient and day."""
    found: dict[tuple[str, dt.date], list[Row]] = defaultdict(list)
    for row in rows:
        found[row["patient_id"], row[column]].append(row)
    return found
