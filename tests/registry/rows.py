"""Small synthetic rows that several tests of the registry start from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from lutrace.core import Row, Source, digest_of
from lutrace.registry import FactBatch, RefusedRow, Registry, Replacement

SECRET = b"synthetic secret, for tests only"
PATIENT = "P-TEST0001"
SCAN = "S-TEST000000000001"


def make_registry(folder: Path) -> Path:
    Registry.create(folder, profile_text="centre: Synthetic Centre\n", secret=SECRET)
    return folder


def batch(
    table: str,
    rows: Sequence[Row],
    *,
    name: str = "file one",
    kind: str = "table",
    faults: Sequence[RefusedRow] = (),
    replaces: Sequence[Replacement] = (),
) -> FactBatch:
    return FactBatch(Source(kind, digest_of([name])), {table: rows}, faults, replaces)


def lab(day: int = 1, value: float = 10.0, **more: object) -> Row:
    row: Row = {
        "patient_id": PATIENT,
        "date": dt.date(2024, 1, day),
        "analyte": "psa",
        "value_text": f"{value:g}",
        "unit": "ng/mL",
        "value": value,
        "canonical_unit": "ng/mL",
        "record_key": "r1",
        "source_locator": f"row {day + 1}",
    }
    return {**row, **more}


def cycle(number: int, date: str, **more: object) -> Row:
    row: Row = {
        "patient_id": PATIENT,
        "cycle": number,
        "administered_date": date,
        "agent": "lu177_psma_617",
        "administered_mbq": 7400.0,
        "weight_kg": 80.0,
        "source_locator": f"row {number + 1}",
    }
    return {**row, **more}


def lesion(number: int, volume_ml: float, category: str = "tumour", **more: object) -> Row:
    row: Row = {
        "patient_id": PATIENT,
        "scan_id": SCAN,
        "lesion": number,
        "plan": "suv3",
        "plan_digest": "d" * 64,
        "category": category,
        "volume_ml": volume_ml,
        "voxels": 10,
        "suv_mean": 5.0,
        "suv_max": 9.0,
        "tlp_ml": 5.0 * volume_ml,
        "x_mm": 1.0,
        "y_mm": 2.0,
        "z_mm": 3.0,
    }
    return {**row, **more}


def burden(tumour_ml: float, uncertain_ml: float, **more: object) -> Row:
    row: Row = {
        "patient_id": PATIENT,
        "scan_id": SCAN,
        "plan": "suv3",
        "plan_digest": "d" * 64,
        "organs_given": True,
        "above_threshold_ml": 100.0,
        "tumour_auto_ml": tumour_ml,
        "uncertain_ml": uncertain_ml,
        "lesions": 2,
        "field_of_view_mm": [[0, 1], [0, 1], [0, 1]],
        "inputs_digest": "e" * 64,
    }
    return {**row, **more}


def patients(n: int = 1) -> list[Row]:
    return [{"patient_id": f"P-TEST{index:04d}", "synthetic": True} for index in range(1, n + 1)]


def content(registry: Registry) -> dict[str, list[Row]]:
    from lutrace.tables import FACT_TABLES, QUARANTINE

    return {name: registry.rows(table) for name, table in [*FACT_TABLES.items(), (QUARANTINE.name, QUARANTINE)]}
