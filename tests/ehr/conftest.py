"""Synthetic records written by hand, as FHIR resources in plain dicts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lutrace.ehr import RecordBatch, read_fhir

Resource = dict[str, Any]
ReadBundle = Callable[..., RecordBatch]

MR = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}


@pytest.fixture
def patient() -> Resource:
    """A synthetic patient."""
    return {
        "resourceType": "Patient",
        "id": "p1",
        "meta": {
            "security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}],
        },
        "identifier": [
            {"system": "urn:insurance", "value": "A-77"},
            {"type": MR, "system": "urn:hospital", "value": "SYN-0001"},
        ],
        "name": [{"family": "Synthetic", "given": ["Test", "Person"]}],
        "gender": "male",
        "birthDate": "1951-03-04",
    }


@pytest.fixture
def subject() -> Resource:
    """The reference to that patient."""
    return {"reference": "Patient/p1"}


@pytest.fixture
def write_bundle(tmp_path: Path) -> Callable[..., Path]:
    """Write resources as a bundle and give its path."""

    def write(*resources: Resource, name: str = "bundle.json") -> Path:
        bundle = {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": resource} for resource in resources],
        }
        path = tmp_path / name
        path.write_text(json.dumps(bundle), encoding="utf-8")
        return path

    return write


@pytest.fixture
def read_bundle(write_bundle: Callable[..., Path]) -> ReadBundle:
    """The one batch that a bundle of these resources gives."""

    def read(*resources: Resource) -> RecordBatch:
        batches = list(read_fhir(write_bundle(*resources)))
        assert len(batches) == 1
        return batches[0]

    return read


@pytest.fixture
def lab(subject: Resource) -> Callable[..., Resource]:
    """A laboratory Observation."""

    def make(loinc: str = "2857-1", date: str = "2023-05-17", **value: Any) -> Resource:
        return {
            "resourceType": "Observation",
            "id": f"lab-{loinc}-{date}",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": loinc}]},
            "subject": subject,
            "effectiveDateTime": date,
            **(value or {"valueQuantity": {"value": 12.5, "unit": "ng/mL", "code": "ng/mL"}}),
        }

    return make
