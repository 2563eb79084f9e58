"""A synthetic bulk export: `export.py FOLDER N` writes N resources, one Patient per 500, the others results."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

RESULTS = (
    ("2857-1", "ng/mL", 20, 300),
    ("718-7", "g/dL", 8, 16),
    ("777-3", "10*3/uL", 50, 400),
    ("6768-6", "U/L", 40, 400),
    ("2160-0", "mg/dL", 0.5, 2.5),
    ("1742-6", "U/L", 10, 80),
)
META = {"versionId": "1", "lastUpdated": "2024-01-01T00:00:00Z"}
FILES = 4


def main() -> None:
    folder, n = Path(sys.argv[1]), int(sys.argv[2])
    people = max(n // 500, 1)
    folder.mkdir(parents=True)
    with (folder / "Patient.000.ndjson").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(patient(number)) + "\n" for number in range(people))
    chance = random.Random(20261122)
    each = -(-(n - people) // FILES)
    for part in range(FILES):
        numbers = range(part * each, min((part + 1) * each, n - people))
        with (folder / f"Observation.{part:03d}.ndjson").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(result(number, people, chance)) + "\n" for number in numbers)


def patient(number: int) -> dict[str, Any]:
    synthetic = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
    kind = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}
    return {
        "resourceType": "Patient",
        "id": f"p{number}",
        "meta": {**META, "security": [synthetic]},
        "identifier": [{"type": kind, "system": "urn:bench", "value": f"SYN-{number:06d}"}],
        "name": [{"family": "Synthetic", "given": ["Test"]}],
        "gender": "male",
        "birthDate": "1951-03-04",
    }


def result(number: int, people: int, chance: random.Random) -> dict[str, Any]:
    of_patient = number // people
    loinc, unit, low, high = RESULTS[of_patient % len(RESULTS)]
    day = of_patient // len(RESULTS)
    date = f"{2015 + day // 336:04d}-{day // 28 % 12 + 1:02d}-{day % 28 + 1:02d}"

    def quantity(value: float) -> dict[str, Any]:
        return {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}

    category = {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "meta": META,
        "status": "final",
        "category": [{"coding": [category]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": loinc}], "text": "laboratory result"},
        "subject": {"reference": f"Patient/p{number % people}"},
        "effectiveDateTime": f"{date}T08:15:00+01:00",
        "valueQuantity": quantity(round(chance.uniform(low, high), 2)),
        "referenceRange": [{"low": quantity(low), "high": quantity(high)}],
    }


if __name__ == "__main__":
    main()
