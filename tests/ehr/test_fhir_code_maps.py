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


def rows(folder: Path, code_maps: dict[str, str], *more: dict[str, Any]) -> dict[str, list[Any]]:
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
        *more,
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


WEIGHT = {"valueQuantity": {"value": 81, "system": "http://unitsofmeasure.org", "code": "kg"}}
OWN_DRUG = {"coding": [{"system": "urn:pharmacy", "code": "LU9"}]}
GIVEN = {
    "resourceType": "MedicationAdministration",
    "id": "a",
    "status": "completed",
    "subject": {"reference": "Patient/p"},
    "effectiveDateTime": "2024-01-04",
    "dosage": {"dose": {"value": 7.4, "code": "GBq"}},
}
JOINED = {"urn:pharmacy|LU9": "SNOMED:1263784000", "urn:vitals|KG": "LOINC:29463-7", "gewicht, früh": "LOINC:29463-7"}


@pytest.mark.parametrize("named", ["own concept", "resource", "ingredient", "contained"])
@pytest.mark.parametrize("weighed", [{"coding": [{"system": "urn:vitals", "code": "KG"}]}, {"text": "Gewicht, früh"}])
def test_what_is_joined_from_several_resources_knows_the_codes_of_the_site(
    tmp_path: Path, named: str, weighed: dict[str, Any]
) -> None:
    drug = {"resourceType": "Medication", "id": "d", "code": OWN_DRUG}
    by_reference = {"medicationReference": {"reference": "#d" if named == "contained" else "Medication/d"}}
    given = GIVEN | ({"medicationCodeableConcept": OWN_DRUG} if named == "own concept" else by_reference)
    if named == "contained":
        given |= {"contained": [drug]}
    elif named == "ingredient":
        drug = {"resourceType": "Medication", "id": "d", "ingredient": [{"itemCodeableConcept": OWN_DRUG}]}
    stated = {key: JOINED[key] for key in ("urn:pharmacy|LU9", "urn:vitals|KG")} if "coding" in weighed else JOINED

    read = rows(tmp_path, stated, observation(weighed, 4) | WEIGHT, drug, given)

    assert [(row["administered_mbq"], row["cycle"], row["weight_kg"]) for row in read["cycles"]] == [(7400, 1, 81)]
    assert [(row["measure"], row["value"]) for row in read["vitals"]] == [("weight_kg", 81)]


def test_a_local_code_of_a_component_or_of_the_stage_is_read(tmp_path: Path) -> None:
    parts = {"component": [{"code": {"coding": [LAB]}, "valueString": "7,5 ng/mL"}], "valueQuantity": None}
    score = {"code": {"coding": [{"system": "urn:path", "code": "GS"}]}, "valueQuantity": None, "valueInteger": 7}
    found = {
        "resourceType": "Condition",
        "id": "c",
        "subject": {"reference": "Patient/p"},
        "onsetDateTime": "2024-01-05",
    }
    found |= {"code": {"coding": [{"system": "urn:own-diagnoses", "code": "PCA"}]}}
    stated = {"urn:path|GS": "LOINC:35266-6", "urn:own-diagnoses|PCA": "ICD10GM:C61", **STATED}

    panel, gleason = (observation({"text": "panel"}, number) | given for number, given in ((4, parts), (5, score)))
    read = rows(tmp_path, stated, panel, gleason, found)

    assert [(row["date"].day, row["value"]) for row in read["labs"]] == [(1, 5.5), (2, 5.5), (4, 7.5)]
    assert [(row["milestone"], row["gleason_sum"]) for row in read["diagnoses"]] == [("initial", 7)]


@pytest.mark.parametrize("said", [{"coding": [{"system": "urn:end", "code": "7"}]}, {"text": "Nebenwirkungen"}])
def test_a_local_reason_for_the_end_means_what_the_profile_states(tmp_path: Path, said: dict[str, Any]) -> None:
    stopped = {
        "resourceType": "MedicationStatement",
        "id": "s",
        "status": "stopped",
        "subject": {"reference": "Patient/p"},
        "medicationCodeableConcept": {"text": "Docetaxel"},
        "effectivePeriod": {"start": "2022-01-01", "end": "2022-04-01"},
        "statusReason": [said],
    }
    stated = {**STATED, "urn:end|7": "lutrace:toxicity", "Nebenwirkungen": "lutrace:toxicity"}

    read = rows(tmp_path, stated, stopped)

    assert ("docetaxel", "toxicity") in [(row["agent"], row["stop_reason"]) for row in read["treatments"]]


def test_a_meaning_without_its_vocabulary_is_refused_with_its_line() -> None:
    with pytest.raises(ProtocolError, match=r"site.yaml, line 2, code_maps: .*expected a vocabulary and a code"):
        parse_profile('centre: X\ncode_maps: {"PSA": "2857-1"}\n')
