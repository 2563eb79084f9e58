"""Two identifiers of one person that were met as two: their rows come together, or nothing changes and it is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.registry.rows import batch, cycle, lab, make_registry

from lutrace.core import ContradictionError, Row
from lutrace.registry import Registry
from lutrace.tables import CYCLES, LABS, PATIENTS


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.open(make_registry(tmp_path / "registry"), write=True) as registry:
        yield registry


def fill(registry: Registry, identifier: str, kind: str, **tables: list[Row]) -> str:
    patient_id = registry.pseudonym("patient", identifier)
    for table, rows in {"patients": [{"synthetic": True}], **tables}.items():
        given = [{**row, "patient_id": patient_id} for row in rows]
        registry.add(batch(table, given, name=f"{kind} {identifier} {table}", kind=kind))
    return patient_id


def override(registry: Registry, patient_id: str) -> None:
    (row,) = registry.rows(CYCLES, patient_id=patient_id)
    registry.override(
        {
            "patient_id": patient_id,
            "table": "cycles",
            "target_row_id": row["row_id"],
            "column": "weight_kg",
            "old_value": "80",
            "new_value": "81",
            "reason": "mistyped",
            "made_by": "U-1",
            "made_at": dt.datetime(2024, 2, 1),
        }
    )


def test_rows_of_both_come_under_the_pseudonym_that_is_wanted(registry: Registry) -> None:
    hospital = fill(registry, "4711", "fhir", cycles=[cycle(1, "2024-01-08")], labs=[lab(1)])
    other = fill(registry, "redcap|3", "redcap", cycles=[cycle(1, "2024-01-08")], labs=[lab(2)])
    told = registry.link_patients("redcap|3", "4711")
    assert told == (
        f"{other} and {hospital} are one person: the rows of {other} are now of {hospital} "
        "(patients 1, cycles 1, labs 1)"
    )
    assert {row["patient_id"] for table in (PATIENTS, CYCLES, LABS) for row in registry.rows(table)} == {hospital}
    assert registry.pseudonym("patient", "redcap|3") == hospital
    assert len(registry.rows(CYCLES)) == 2
    assert len(registry.rows(CYCLES, corrected=True)) == 1
    assert [row["row_id"] for row in registry.rows(LABS)] == [LABS.row_id(row) for row in registry.rows(LABS)]
    assert registry.link_patients("redcap|3", "4711") is None


def test_linking_after_adding_gives_what_linking_before_gives(tmp_path: Path) -> None:
    digests = []
    for place in ("before", "after"):
        with Registry.open(make_registry(tmp_path / place), write=True) as registry:
            registry.pseudonym("patient", "4711")
            if place == "before":
                registry.link_patients("redcap|3", "4711")
            fill(registry, "4711", "fhir", cycles=[cycle(1, "2024-01-08")])
            fill(registry, "redcap|3", "redcap", cycles=[cycle(2, "2024-02-19")], labs=[lab(2)])
            registry.link_patients("redcap|3", "4711")
            digests.append(registry.freeze().digest)
    assert digests[0] == digests[1]


def test_the_pseudonym_that_corrections_name_stays(registry: Registry) -> None:
    hospital = fill(registry, "4711", "fhir")
    other = fill(registry, "redcap|3", "redcap", cycles=[cycle(1, "2024-01-08")])
    override(registry, other)
    registry.link_patients("redcap|3", "4711")
    assert registry.pseudonym("patient", "4711") == other != hospital
    assert registry.rows(CYCLES, corrected=True)[0]["weight_kg"] == 81.0


def test_corrections_of_both_and_contradictions_of_one_source_change_nothing(registry: Registry) -> None:
    one = fill(registry, "4711", "fhir", cycles=[cycle(1, "2024-01-08")])
    other = fill(registry, "4712", "fhir", cycles=[cycle(1, "2024-03-04")], labs=[lab(1)])
    with pytest.raises(ContradictionError, match="fhir says different things of both in cycles"):
        registry.link_patients("4712", "4711")
    assert registry.pseudonym("patient", "4712") == other
    assert [row["patient_id"] for row in registry.rows(LABS)] == [other]
    for patient_id in (one, other):
        override(registry, patient_id)
    with pytest.raises(ContradictionError, match="corrections or reviews were made on rows of both"):
        registry.link_patients("4712", "4711")


def test_people_of_one_name_and_birthday_are_only_told(registry: Registry) -> None:
    for identifier, family in (("4711", "Mustermann"), ("4712", "MUSTERMANN "), ("4713", "Musterfrau")):
        patient_id = fill(registry, identifier, "fhir")
        registry.identities.remember_person(
            patient_id, [("urn:mrn", identifier)], family=family, given="Max", birth_date="1951-03-17"
        )
    (told,) = [one for one in registry.check() if one.check == "perhaps_one_person"]
    assert "Muster" not in told.found
    assert {told.patient_id, told.found.split()[-1]} == {registry.pseudonym("patient", n) for n in ("4711", "4712")}
