"""A registry written as a REDCap project, and read back by the mapping beside it: through files and through the API."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest
from tests.ehr.test_redcap_api import TOKEN, StartDouble, start

from lutrace.cli.app import run
from lutrace.core import Row, Source
from lutrace.ehr.redcap_dictionary import read_dictionary
from lutrace.ehr.redcap_output import REDCAP_HEADINGS, make_redcap_project
from lutrace.ingest import run_init
from lutrace.registry import FactBatch, Registry
from lutrace.tables import FACT_TABLES

__all__ = ["start"]
DAY = dt.date(2023, 3, 1)
KEYED = {"record_key": "0" * 20, "source_locator": "row 1"}
ROWS: dict[str, list[Row]] = {
    "patients": [
        {"patient_id": "P-1", "birth_year": 1950, "sex": "male", "site": "Hügelklinik", "synthetic": True},
        {"patient_id": "P-2", "birth_year": None, "sex": None, "site": None, "synthetic": True},
    ],
    "labs": [
        {
            "patient_id": "P-1",
            "date": DAY,
            "time": "08:30",
            "analyte": "haemoglobin",
            "loinc": "718-7",
            "value_text": "8.0",
            "comparator": None,
            "unit": "mmol/L",
            "value": 12.8912,
            "canonical_unit": "g/dL",
            "lln": 13.53576,
            "uln": 17.40312,
            **KEYED,
        },
        {
            "patient_id": "P-1",
            "date": DAY,
            "time": None,
            "analyte": "psa",
            "loinc": None,
            "value_text": "<0,02",
            "comparator": "<",
            "unit": "ng/mL",
            "value": 0.02,
            "canonical_unit": "ng/mL",
            "lln": None,
            "uln": None,
            **KEYED,
        },
    ],
    "cycles": [
        {
            "patient_id": "P-1",
            "cycle": 1,
            "administered_date": DAY,
            "agent": "lu177_psma_617",
            "administered_mbq": 7399.123456789,
            "injection_datetime": dt.datetime(2023, 3, 1, 10, 30),
            "weight_kg": 81.5,
            "source_locator": "row 1",
        }
    ],
    "treatments": [
        {
            "patient_id": "P-1",
            "agent": "docetaxel",
            "agent_class": "taxane",
            "begin_date": dt.date(2021, 5, 1),
            "begin_date_precision": "month",
            "end_date": DAY,
            "end_date_precision": "day",
            "stop_reason": "progression",
            **KEYED,
        }
    ],
    "questionnaires": [
        {"patient_id": "P-2", "date": DAY, "instrument": "xq", "item": "XQ1", "answer": 7.0, "source_locator": "row 1"}
    ],
    "follow_up": [
        {
            "patient_id": "P-1",
            "status": "dead",
            "date": dt.date(2024, 1, 1),
            "date_precision": "year",
            "cause": None,
            "basis": "record",
            "source_locator": "row 1",
        }
    ],
    "disease_events": [
        {
            "patient_id": "P-1",
            "kind": "psa_progression",
            "date": DAY,
            "date_precision": "day",
            "basis": 'rise, "confirmed"; see letter',
            **KEYED,
        }
    ],
}
OWN = {"row_id", "source_id", "source_locator", "changed_by", "record_key", "patient_id"}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the project of a registry that holds the rows above; the registry lies beside it."""
    base = tmp_path_factory.mktemp("written")
    run_init(base / "first")
    with Registry.open(base / "first", write=True) as registry:
        report = registry.add(FactBatch(Source("table", "a" * 64), ROWS))
        assert report.quarantined == 0
    assert run(["export", "redcap", str(base / "first"), str(base / "project")]) == 0
    return base / "project"


def text_of(path: Path) -> io.StringIO:
    """The lines of a file."""
    return io.StringIO(path.read_text(encoding="utf-8"), newline="")


def contents(folder: Path) -> dict[str, list[Any]]:
    """All facts of a registry without pseudonyms and provenance."""
    with Registry.open(folder, write=False) as registry:
        return {
            name: sorted(
                (tuple(sorted((k, v) for k, v in row.items() if k not in OWN)) for row in registry.rows(table)),
                key=repr,
            )
            for name, table in FACT_TABLES.items()
            if registry.rows(table) and name not in ("overrides", "reviews")
        }


def told(folder: Path) -> dict[str, list[Any]]:
    """The contents with results as numbers: a text with a decimal comma is written with a point."""
    return {
        name: [tuple((k, v.replace(",", ".")) if k == "value_text" else (k, v) for k, v in row) for row in rows]
        for name, rows in contents(folder).items()
    }


def test_the_project_read_back_holds_the_same_facts(written: Path, tmp_path: Path) -> None:
    run_init(tmp_path / "second")
    call = ["add", "redcap", str(written), "--registry", str(tmp_path / "second")]
    call += ["--mapping", str(written / "mapping.yaml")]
    assert run(call) == 0
    assert told(tmp_path / "second") == told(written.parent / "first")
    assert set(contents(tmp_path / "second")) == set(ROWS)


def test_the_project_goes_through_the_api_of_another_machine_and_back(
    written: Path, tmp_path: Path, start: StartDouble
) -> None:
    names = ("field_name", "form_name", "section_header", "field_type", "field_label", "select_choices_or_calculations")
    names += ("field_note", "text_validation_type_or_show_slider_number", "text_validation_min", "text_validation_max")
    names += ("identifier",)
    metadata = [
        dict(zip(names, row, strict=False)) for row in list(csv.reader(text_of(written / "data_dictionary.csv")))[1:]
    ]
    double = start([], repeating=list(csv.DictReader(text_of(written / "repeating_forms.csv"))))
    assert double.ask(content="metadata", data=json.dumps(metadata)) == len(metadata)
    records = list(csv.DictReader(text_of(written / "data.csv")))
    assert double.ask(content="record", data=json.dumps(records)) == {"count": 2}
    (tmp_path / "token").write_text(TOKEN, encoding="utf-8")
    run_init(tmp_path / "second")
    call = ["add", "redcap", double.url, "--registry", str(tmp_path / "second")]
    call += ["--mapping", str(written / "mapping.yaml"), "--token-file", str(tmp_path / "token")]
    assert run(call) == 0
    assert told(tmp_path / "second") == told(written.parent / "first")


def test_the_data_are_raw_codes_and_their_fields_are_in_the_dictionary(written: Path) -> None:
    known = read_dictionary(written / "data_dictionary.csv")
    assert list(next(csv.reader(text_of(written / "data_dictionary.csv")))) == list(REDCAP_HEADINGS)
    for row in csv.DictReader(text_of(written / "data.csv")):
        for name, text in row.items():
            field, _ = known.by_column.get(name, (None, None))
            if field is not None and field.choices and text:
                assert text in field.choices
    assert known.by_name["cycles_agent"].choices["1"] == "lu177_psma_617"
    assert known.by_name["cycles_administered_date"].is_identifier


def test_limits_are_in_the_unit_of_the_result_and_numbers_have_no_exponent() -> None:
    tiny = {**ROWS["cycles"][0], "residual_mbq": 0.00001}
    project = make_redcap_project({"labs": ROWS["labs"], "cycles": [tiny]})
    lab = next(row for row in project.data if row["labs_analyte"] == "haemoglobin")
    assert (lab["labs_value"], lab["labs_unit"], lab["labs_lln"], lab["labs_uln"]) == ("8.0", "mmol/L", "8.4", "10.8")
    assert next(row for row in project.data if row["cycles_cycle"])["cycles_residual_mbq"] == "0.00001"
