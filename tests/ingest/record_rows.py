"""A registry with a row or more of every table of records, and what of its rows tells no source: synthetic data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lutrace.core import Row, Source
from lutrace.ingest import run_init
from lutrace.registry import FactBatch, Registry
from lutrace.tables import FACT_TABLES, PROVENANCE

D = dt.date
PERIOD = {"begin_date_precision": "day", "end_date_precision": "day"}
ICD, MILESTONE = "http://hl7.org/fhir/sid/icd-10-cm", "urn:lutrace:CodeSystem:milestone"
ROWS: dict[str, list[dict[str, Any]]] = {
    "patients": [{"birth_year": 1950, "sex": "male", "synthetic": True}],
    "diagnoses": [
        {"milestone": "initial", "date": D(2018, 5, 1), "date_precision": "month", "method": "code", "code": "C61",
         "code_system": ICD, "gleason_primary": 4, "gleason_secondary": 3, "gleason_sum": 7, "t": "pT3b", "n": "cN1"},
        {"milestone": "metastatic", "date": D(2020, 1, 1), "date_precision": "year", "method": "registry",
         "code": "C79.5", "code_system": ICD},
        {"milestone": "mcrpc", "date": D(2021, 2, 3), "date_precision": "day", "method": "physician", "code": "mcrpc",
         "code_system": MILESTONE},
    ],
    "labs": [
        {"date": D(2022, 2, 28), "time": "08:30", "analyte": "psa", "loinc": "2857-1", "value_text": "<0,02",
         "comparator": "<", "unit": "ng/ml", "value": 0.02, "canonical_unit": "ng/mL", "uln": 4.0, "record_key": "a"},
        {"date": D(2022, 2, 28), "analyte": "haemoglobin", "loinc": "718-7", "value_text": "8,0", "unit": "mmol/l",
         "value": 12.8912, "canonical_unit": "g/dL", "lln": 13.5, "uln": 17.5, "record_key": "b"},
    ],
    "vitals": [
        {"date": D(2022, 3, 1), "measure": "weight_kg", "value": 81.5, "record_key": "a"},
        {"date": D(2022, 3, 1), "measure": "ecog", "value": 1.0, "record_key": "b"},
        {"date": D(2022, 3, 1), "measure": "height_cm", "value": 178.0, "record_key": "c"},
    ],
    "cycles": [
        {"cycle": 2, "administered_date": D(2022, 3, 1), "agent": "lu177_psma_617", "administered_mbq": 7421.5,
         "injection_datetime": dt.datetime(2022, 3, 1, 9, 30), "assay_datetime": dt.datetime(2022, 3, 1, 8, 55),
         "residual_mbq": 41.0, "residual_datetime": dt.datetime(2022, 3, 1, 9, 50), "weight_kg": 81.5},
    ],
    "cycle_statements": [
        {"kind": "procedure", "scope": "cycle", "begin_date": D(2022, 3, 2), "begin_precision": "day",
         "agent": "lu177_psma_other", "code_system": "ops", "code": "8-530.d0", "record_key": "a"},
        {"kind": "billing", "scope": "cycle", "begin_date": D(2022, 3, 1), "begin_precision": "day",
         "agent": "lu177_psma_617", "code_system": "hcpcs", "code": "A9607", "record_key": "b"},
    ],
    "treatments": [
        {"agent": "docetaxel", "agent_class": "taxane", "begin_date": D(2021, 3, 1), "end_date": D(2021, 7, 1),
         **PERIOD, "stop_reason": "progression", "record_key": "a"},
        {"agent": "enzalutamide", "agent_class": "arpi", "begin_date": D(2020, 2, 1), "begin_date_precision": "month",
         "record_key": "b"},
        {"agent": "prostatectomy", "agent_class": "other", "begin_date": D(2018, 6, 1), "end_date": D(2018, 6, 1),
         **PERIOD, "record_key": "c"},
        {"agent": "radiotherapy", "agent_class": "other", "begin_date": D(2019, 6, 1), "begin_date_precision": "day",
         "record_key": "d"},
    ],
    "medications": [
        {"kind": "adt", "agent": "leuprorelin", "begin_date": D(2020, 1, 1), "begin_date_precision": "day",
         "product": "eligard", "depot_days": 84, "record_key": "a"},
        {"kind": "bone_agent", "agent": "denosumab", "begin_date": D(2020, 1, 1), "end_date": D(2021, 1, 1), **PERIOD,
         "record_key": "b"},
    ],
    "support": [
        {"date": D(2022, 5, 1), "kind": "red_cells", "units": 2, "record_key": "a"},
        {"date": D(2022, 5, 1), "kind": "platelets", "units": 1, "record_key": "b"},
        {"date": D(2022, 5, 2), "kind": "g_csf", "record_key": "c"},
    ],
    "questionnaires": [
        {"date": D(2022, 3, 1), "instrument": "fact-p", "item": "GP1", "answer": 2.0},
        {"date": D(2022, 3, 1), "instrument": "xi-3", "item": "XI1", "answer": 3.0},
    ],
    "adverse_events": [
        {"term": "Dry mouth", "grade": 2, "criteria": "ctcae-5.0", "begin_date": D(2022, 4, 1),
         "begin_date_precision": "day", "end_date": D(2022, 6, 1), "reporter": "clinician", "attribution": "probable",
         "record_key": "a"},
    ],
    "contacts": [
        {"date": D(2022, 3, 1), "kind": "visit", "record_key": "a"},
        {"date": D(2022, 4, 1), "kind": "telephone", "record_key": "b"},
        {"date": D(2022, 5, 1), "kind": "letter", "record_key": "c"},
    ],
    "disease_events": [
        {"kind": "psa_progression", "date": D(2022, 8, 1), "date_precision": "month", "basis": "PCWG3",
         "record_key": "a"},
        {"kind": "fracture", "date": D(2022, 9, 3), "date_precision": "day", "record_key": "b"},
    ],
    "reader_findings": [
        {"date": D(2022, 7, 1), "kind": "ct_only_lesion", "site": "liver", "long_axis_mm": 21.0, "basis": "CT",
         "record_key": "a"},
        {"date": D(2022, 7, 1), "kind": "radiological_progression", "record_key": "b"},
    ],
    "dispositions": [
        {"date": D(2022, 6, 1), "date_precision": "day", "code_system": "cdisc_ncomplt", "code": "ADVERSE EVENT",
         "record_key": "a"},
    ],
    "follow_up": [
        {"status": "dead", "date": D(2023, 5, 17), "date_precision": "day", "basis": "record",
         "cause": "prostate_cancer"},
        {"status": "alive", "date": D(2023, 1, 2), "date_precision": "day", "basis": "contact"},
    ],
}  # fmt: skip


def make_registry(folder: Path, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> Path:
    """A registry of these rows, all of one patient; nothing may be refused."""
    run_init(folder)
    whole = {name: [{"patient_id": "P-1", **row} for row in given] for name, given in rows.items()}
    with Registry.open(folder, write=True) as registry:
        report = registry.add(FactBatch(Source("table", "0" * 64), whole))
    assert report.quarantined == 0
    return folder


def read_facts(folder: Path, names: Sequence[str]) -> dict[str, list[Row]]:
    """The rows of a registry without what names source, record and patient."""
    apart = {column.name for column in PROVENANCE} | {"record_key", "patient_id"}
    with Registry.open(folder, write=False) as registry:
        return {
            name: sorted(
                (
                    {key: one for key, one in row.items() if key not in apart}
                    for row in registry.rows(FACT_TABLES[name])
                ),
                key=str,
            )
            for name in names
        }
