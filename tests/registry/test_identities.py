"""Who is who stands in one file: pseudonyms are keyed, stable and nowhere beside their identifiers."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.registry.rows import batch, cycle, lab, make_registry

from lutrace.core import ContradictionError, MissingFactError, UnusableInputError
from lutrace.registry import Registry

PLANTED = ("MRN-990017", "Mustermann", "1951-03-17", "1.2.276.0.9.77")


def test_a_pseudonym_is_the_same_every_time_and_another_in_another_registry(tmp_path: Path) -> None:
    folder = make_registry(tmp_path / "one")
    Registry.create(tmp_path / "other", profile_text="")
    found = []
    for place in (folder, folder, tmp_path / "other"):
        with Registry.open(place, write=True) as registry:
            found.append(registry.pseudonym("patient", "4711"))
    assert found[0] == found[1] != found[2]
    assert found[0].startswith("P-")
    assert "4711" not in found[0]


def test_kinds_have_their_own_pseudonyms(tmp_path: Path) -> None:
    with Registry.open(make_registry(tmp_path / "registry"), write=True) as registry:
        kinds = ("patient", "series", "study", "frame")
        assert len({registry.pseudonym(kind, "1.2.3") for kind in kinds}) == 4
        with pytest.raises(UnusableInputError, match="of kind 'doctor'"):
            registry.pseudonym("doctor", "x")
        with pytest.raises(MissingFactError, match="no identifier"):
            registry.pseudonym("patient", "")


def test_several_identifiers_of_one_person_have_one_pseudonym(tmp_path: Path) -> None:
    with Registry.open(make_registry(tmp_path / "registry"), write=True) as registry:
        dicom = registry.pseudonym("patient", "4711")
        assert registry.identities.link("patient", ["insurance 1", "4711"]) == dicom
        assert registry.pseudonym("patient", "insurance 1") == dicom
        registry.pseudonym("patient", "4712")
        with pytest.raises(ContradictionError, match="are the same patient by this source"):
            registry.identities.link("patient", ["4711", "4712"])


def test_no_planted_identifier_stands_outside_the_identities_file(tmp_path: Path) -> None:
    number, name, birth, uid = PLANTED
    folder = make_registry(tmp_path / "registry")
    with Registry.open(folder, write=True) as registry:
        patient_id = registry.identities.link("patient", [number])
        registry.identities.remember_person(
            patient_id, [("urn:mrn", number)], family=name, given="Erika", birth_date=birth
        )
        scan_id = registry.pseudonym("series", uid)
        rows = [cycle(1, "2024-01-08", patient_id=patient_id)]
        registry.add(batch("cycles", rows), path=tmp_path / f"{name}.csv")
        registry.add(batch("labs", [lab(1, patient_id=patient_id, **{name: number})], name="two"))
        registry.images.put_png(scan_id, b"\x89PNG\r\n\x1a\n")
        registry.freeze()
    holding = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
        for word in (number, birth, uid)
        if word.encode() in path.read_bytes()
    }
    assert holding == {"identities.duckdb"}


def test_reading_needs_no_identities_file_and_adding_does(tmp_path: Path) -> None:
    folder = make_registry(tmp_path / "registry")
    with Registry.open(folder, write=True) as registry:
        registry.add(batch("labs", [lab(1)]))
    (folder / "identities.duckdb").unlink()
    with Registry.open(folder, write=False) as registry:
        assert registry.freeze().digest
    with Registry.open(folder, write=True) as registry, pytest.raises(MissingFactError, match="restore it"):
        registry.pseudonym("patient", "1")
