"""A bundle in the shapes of the German core data set, by the command's corridor into a registry. All synthetic."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from lutrace.ingest import run_add_fhir, run_init
from lutrace.registry import Registry
from lutrace.tables import CYCLE_STATEMENTS, CYCLES, DIAGNOSES, FOLLOW_UP, LABS, TEXT_FINDINGS

ONKO = "https://www.medizininformatik-initiative.de/fhir/ext/modul-onko/"
SUBJECT = {"reference": "Patient/p"}
FOCUS = [{"reference": "Condition/c"}]


def letter(name: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": f"{ONKO}CodeSystem/mii-cs-onko-{name}", "code": code}]}


def observation(name: str, system: str, code: str, when: str, **value: Any) -> dict[str, Any]:
    coded = {"coding": [{"system": system, "code": code}]}
    common = {"resourceType": "Observation", "id": name, "status": "final", "subject": SUBJECT, "focus": FOCUS}
    return common | {"code": coded, "effectiveDateTime": when} | value


def bundle() -> dict[str, Any]:
    snomed, loinc = "http://snomed.info/sct", "http://loinc.org"
    number = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}
    total = {"url": f"{ONKO}StructureDefinition/mii-ex-onko-strahlentherapie-bestrahlung-gesamtdosis"}
    method = {"url": "http://hl7.org/fhir/StructureDefinition/procedure-method"}
    platelets = {"value": 143, "unit": "Tsd/µl", "system": "http://unitsofmeasure.org", "code": "10*3/uL"}
    words = "Multiple Knochenmetastasen. Kein Anhalt für Lebermetastasen."
    resources: list[dict[str, Any]] = [
        {"resourceType": "Patient", "id": "p", "identifier": [{"type": number, "system": "urn:kis", "value": "SYN-7"}]},
        {
            "resourceType": "Condition",
            "id": "c",
            "code": {"coding": [{"system": "http://fhir.de/CodeSystem/bfarm/icd-10-gm", "code": "C61"}]},
            "onsetDateTime": "2020-03",
            "subject": SUBJECT,
        },
        observation("oss", snomed, "385421009", "2022-01-10", valueCodeableConcept=letter("fernmetastasen", "OSS")),
        observation("lym", snomed, "385421009", "2022-01-10", valueCodeableConcept=letter("fernmetastasen", "LYM")),
        observation("plt", loinc, "26515-7", "2023-06-30", valueQuantity=platelets),
        observation("odd", loinc, "2857-1", "2023-06-30", valueQuantity={"value": 3, "unit": "Tropfen"}),
        observation("dead", snomed, "184305005", "2024-05", interpretation=[letter("tod", "J")]),
        {
            "resourceType": "Procedure",
            "id": "rlt",
            "status": "completed",
            "extension": [
                total | {"valueQuantity": {"value": 30, "unit": "GBq"}},
                method | {"valueCodeableConcept": letter("strahlentherapie-applikationsart", "MPSMA")},
            ],
            "code": {"coding": [{"system": "http://fhir.de/CodeSystem/bfarm/ops", "code": "8-530.d0"}]},
            "performedPeriod": {"start": "2023-07-04", "end": "2023-12-14"},
            "subject": SUBJECT,
        },
        {
            "resourceType": "DocumentReference",
            "id": "d",
            "status": "current",
            "date": "2024-01-02T08:00:00+01:00",
            "content": [
                {"attachment": {"contentType": "text/plain", "data": base64.b64encode(words.encode()).decode()}}
            ],
            "subject": SUBJECT,
        },
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": one} for one in resources]}


def test_a_german_bundle_is_in_the_registry_once_with_its_series_its_letter_and_its_one_bad_row(tmp_path: Path) -> None:
    (tmp_path / "bundle.json").write_text(json.dumps(bundle()), encoding="utf-8")
    folder = tmp_path / "registry"
    run_init(folder, profile_text="centre: Klinik am Fluss\nlanguages: [de]\n")

    first = run_add_fhir(folder, [tmp_path / "bundle.json"])
    again = run_add_fhir(folder, [tmp_path / "bundle.json"])

    assert (first.quarantined, again.added, again.updated) == (1, 0, 0)
    with Registry.open(folder, write=False) as registry:
        sites = {row["code"] for row in registry.rows(DIAGNOSES, milestone="metastatic")}
        (series,) = registry.rows(CYCLE_STATEMENTS)
        (lab,) = registry.rows(LABS)
        (death,) = registry.rows(FOLLOW_UP)
        found = {(row["value"], row["negated"]) for row in registry.rows(TEXT_FINDINGS, fact="metastasis_site")}
        assert registry.rows(CYCLES) == []
    assert sites == {"OSS", "LYM"} and found == {("bone", False), ("liver", True)}
    assert (series["scope"], series["activity_mbq"]) == ("series", 30000.0)
    assert (lab["value"], lab["canonical_unit"]) == (143.0, "10^9/L")
    assert (death["status"], death["date_precision"], death["cause"]) == ("dead", "month", None)
