"""Codes of how therapy ended: each leads to one meaning, refused and unknown ones to none."""

from __future__ import annotations

import pytest

from lutrace.core import UnusableInputError
from lutrace.tables import DISPOSITIONS
from lutrace.terms import disposition_meanings, disposition_of, disposition_systems


def test_no_code_means_two_things_and_none_is_refused_that_counts() -> None:
    for system in disposition_systems():
        codes = [code.upper() for found in system.codes.values() for code in found]
        assert len(codes) == len(set(codes)), system.name
        assert not set(codes) & {code.upper() for code in system.refused}, system.name


def test_the_table_names_the_systems_of_the_vocabulary() -> None:
    assert tuple(one.name for one in disposition_systems()) == DISPOSITIONS.by_name["code_system"].codes


MEANINGS: list[tuple[str, str, str | None]] = [
    ("cdisc_ncomplt", "COMPLETED", "completed"),
    ("cdisc_ncomplt", " adverse event ", "toxicity"),
    ("cdisc_ncomplt", "SCREEN FAILURE", None),
    ("obds_therapy_end", "R", "completed"),
    ("obds_therapy_end", "W", "other"),
    ("obds_therapy_end", "T", "death"),
    ("obds_therapy_end", "X", None),
    ("fhir_discharge", "hosp", "hospice"),
    ("fhir_discharge", "home", None),
    ("drg_discharge", "119", "hospice"),
    ("drg_discharge", "079", "death"),
    ("drg_discharge", "012", None),
    ("ub04", "51", "hospice"),
    ("ub04", "42", "death"),
    ("palliative_code", "8-98e", None),
]


@pytest.mark.parametrize(("system", "code", "meaning"), MEANINGS)
def test_what_a_code_means(system: str, code: str, meaning: str | None) -> None:
    assert disposition_of(system, code) == meaning


def test_an_unknown_system_is_refused() -> None:
    with pytest.raises(UnusableInputError, match="expected a system of dispositions"):
        disposition_of("icd", "C61")


def test_every_meaning_has_a_kind() -> None:
    kinds = {meaning for kind in ("end", "after", "vital") for meaning in disposition_meanings(kind)}  # type: ignore[arg-type]
    assert {meaning for system in disposition_systems() for meaning in system.codes} <= kinds
