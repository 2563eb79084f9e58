"""Local codes and words of a centre are read as the site profile states; unstated ones stay unread."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lutrace.core import ProtocolError
from lutrace.ehr import read_fhir
from lutrace.ingest import parse_profile

LAB = {"system": "urn:local-lab", "code": "PSAX"}
STATED = {"urn:local-lab|PSAX": "LOINC:2857-1", "tumormarker p": "LOINC:2857-1", "Hauspille": "ATC:L02BB04"}


def observation(concept: dict[str, Any], number: int) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": "final",
        "code": concept,
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": f"2024-01-0{number}",
        "valueQuantity": {"value": 5.5, "system": "http://unitsofmeasure.org", "code": "ng/mL"},
    }


def rows(folder: Path, code_maps: dict[str, str]) -> dict[str, list[Any]]:
    kind = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}
    patient = {"resourceType": "Patient", "id": "p", "identifier": [{"type": kind, "system": "urn:x", "value": "1"}]}
    medication = {
        "resourceType": "MedicationStatement",
        "id": "m",
        "status": "active",
        "subject": {"reference": "Patient/p"},
        "medicationCodeableConcept": {"text": "Hauspille"},
        "effectivePeriod": {"start": "2023-05-01"},
    }
    resources = [
        patient,
        observation({"coding": [LAB]}, 1),
        observation({"text": "Tumormarker P"}, 2),
        observation({"coding": [{**LAB, "system": "urn:other-lab"}]}, 3),
        medication,
    ]
    path = folder / "records.ndjson"
    path.write_text("\n".join(map(json.dumps, resources)), encoding="utf-8")
    (batch,) = read_fhir(path, code_maps=code_maps)
    return {table: list(given) for table, given in batch.rows.items()}


def test_a_local_code_and_a_word_mean_what_the_profile_states(tmp_path: Path) -> None:
    read = rows(tmp_path, STATED)
    assert [(row["analyte"], row["date"].day) for row in read["labs"]] == [("psa", 1), ("psa", 2)]
    assert [row["agent"] for row in read["treatments"]] == ["enzalutamide"]


def test_without_a_statement_nothing_is_guessed(tmp_path: Path) -> None:
    read = rows(tmp_path, {})
    assert not read.get("labs")
    assert not read.get("treatments")


def test_a_meaning_without_its_vocabulary_is_refused_with_its_line() -> None:
    with pytest.raises(ProtocolError, match=r"site.yaml, line 2, code_maps: .*expected a vocabulary and a code"):
        parse_profile('centre: X\ncode_maps: {"PSA": "2857-1"}\n')
