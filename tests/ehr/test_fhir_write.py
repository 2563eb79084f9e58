"""Rows written as FHIR: values that count, units, and a check that finds what does not read back."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from lutrace.core import Row
from lutrace.ehr import fhir_profile as profile
from lutrace.ehr import find_changes, make_fhir, read_fhir
from lutrace.ehr.fhir_writing import Resources
from lutrace.tables import FACT_TABLES

D = dt.date


def row(table: str, **cells: Any) -> Row:
    """A stored row, its other columns empty."""
    return dict.fromkeys(FACT_TABLES[table].by_name) | {"patient_id": "P-1", "row_id": f"{table}-{cells}"} | cells


PATIENT = row("patients", birth_year=1950, synthetic=False)


def made_of(table: str, *rows: Row) -> Resources:
    """What the rows of one patient become."""
    return make_fhir({"patients": [PATIENT], table: rows})


def psa(text: str, value: float, **cells: Any) -> Row:
    """A PSA of one day, reported in ng/ml."""
    given = {"date": D(2022, 3, 1), "analyte": "psa", "value_text": text, "unit": "ng/ml", "canonical_unit": "ng/mL"}
    return row("labs", **{**given, "value": value, **cells})


@pytest.mark.parametrize(
    ("lab", "stated", "reported"),
    [
        (psa("12.5", 12.5), {"value": 12.5, "unit": "ng/ml"}, None),
        (psa("12", 12.0), {"value": 12, "unit": "ng/ml"}, None),
        (psa("12,50", 12.5), {"value": 12.5, "unit": "ng/ml"}, "12,50"),
        (psa("<0,02", 0.02, comparator="<"), {"value": 0.02, "unit": "ng/ml", "comparator": "<"}, "<0,02"),
        (psa("> 5 000", 5000.0, comparator=">"), {"value": 5000.0, "unit": "ng/ml", "comparator": ">"}, "> 5 000"),
    ],
)
def test_a_result_is_a_quantity_and_keeps_its_text(
    lab: Row, stated: dict[str, Any], reported: str | None, tmp_path: Path
) -> None:
    made = made_of("labs", lab)
    observation = made.by_type["Observation"][0]
    assert observation["valueQuantity"] == stated
    said = [one["valueString"] for one in observation.get("extension", []) if one["url"] == profile.AS_REPORTED]
    assert said == ([reported] if reported is not None else [])
    made.write(tmp_path)
    assert find_changes(tmp_path, {"patients": [PATIENT], "labs": [lab | {"loinc": "2857-1"}]}, set()) == {}


def test_a_corrected_value_is_written_and_not_the_text_that_it_corrects(tmp_path: Path) -> None:
    lab = psa("125", 12.5, loinc="2857-1")
    made = made_of("labs", lab)
    ucum = {"system": "http://unitsofmeasure.org", "code": "ng/mL"}
    assert made.by_type["Observation"][0]["valueQuantity"] == {"value": 12.5, "unit": "ng/mL", **ucum}
    made.write(tmp_path)
    assert find_changes(tmp_path, {"patients": [PATIENT], "labs": [lab]}, set()) == {
        ("labs", "value_text", "reads back as another value"): 1,
        ("labs", "unit", "reads back as another value"): 1,
    }


def test_a_text_that_contradicts_its_quantity_is_refused(tmp_path: Path) -> None:
    made = made_of("labs", psa("12,50", 12.5))
    made.by_type["Observation"][0]["valueQuantity"]["value"] = 125.0
    made.write(tmp_path)
    faults = [fault for batch in read_fhir(tmp_path) for fault in batch.faults]
    assert [(fault.table, fault.column) for fault in faults] == [("labs", "value_text")]


def test_the_check_finds_a_lost_row_another_value_and_a_row_too_many(tmp_path: Path) -> None:
    first, second = psa("1", 1.0, loinc="2857-1"), psa("2", 2.0, loinc="2857-1", date=D(2022, 4, 1))
    made_of("labs", first, second).write(tmp_path)
    tables = {"patients": [PATIENT], "labs": [first, second]}
    assert find_changes(tmp_path, tables, set()) == {}
    assert find_changes(tmp_path, tables, {second["row_id"]}) == {("labs", "", "a row is read that was none"): 1}
    lines = (tmp_path / "Observation.ndjson").read_text(encoding="utf-8").splitlines()
    changed = json.loads(lines[0])
    changed["valueQuantity"]["value"] = 3
    (tmp_path / "Observation.ndjson").write_text(json.dumps(changed) + "\n", encoding="utf-8")
    assert find_changes(tmp_path, tables, set()) == {
        ("labs", "value_text", "reads back as another value"): 1,
        ("labs", "value", "reads back as another value"): 1,
        ("labs", "", "the row is not read back"): 1,
    }


def test_rows_of_nobody_who_is_written_are_left_and_counted() -> None:
    made = make_fhir({"patients": [], "labs": [psa("1", 1.0)], "scans": [row("scans")]})
    assert not made.by_type
    why = "the patient is not among the patients written"
    assert made.left == {("labs", "patient_id", why): 1, ("scans", "patient_id", why): 1}


def test_a_stay_that_ended_in_a_hospice_stands_in_the_encounter_of_its_day() -> None:
    contact = row("contacts", date=D(2022, 5, 1), kind="admission")
    end = row("dispositions", date=D(2022, 5, 1), date_precision="day", code_system="fhir_discharge", code="hosp")
    made = make_fhir({"patients": [PATIENT], "contacts": [contact], "dispositions": [end]})
    stay = made.by_type["Encounter"][0]
    assert stay["hospitalization"]["dischargeDisposition"]["coding"][0]["code"] == "hosp"
    assert not made.left
