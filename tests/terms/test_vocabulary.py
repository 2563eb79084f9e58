"""Drugs, questionnaires, sites: names and codes lead to one entry each."""

from __future__ import annotations

import re

import pytest

from lutrace.tables import CYCLES, QUESTIONNAIRES, SUPPORT
from lutrace.terms import (
    drug_named,
    drug_of_code,
    drugs,
    drugs_in_text,
    instrument_named,
    instruments,
    instruments_of_items,
    regions,
    site_named,
    site_of_icd10,
    sites,
)


def test_no_name_or_code_means_two_drugs() -> None:
    names = [name.lower() for drug in drugs() for name in (drug.name, *drug.names)]
    codes = [code for drug in drugs() for code in (*drug.atc, *drug.rxnorm, *drug.snomed, *drug.hcpcs)]

    assert len(names) == len(set(names))
    assert len(codes) == len(set(codes))


def test_every_treatment_has_a_class_and_every_support_a_kind() -> None:
    assert all(drug.agent_class for drug in drugs() if drug.purpose in ("line", "local", "rlt"))
    assert {drug.support for drug in drugs() if drug.purpose == "support"} == set(SUPPORT.by_name["kind"].codes or ())


def test_radioligands_are_named_as_the_cycles_table_names_them() -> None:
    agents = {drug.name for drug in drugs() if drug.purpose == "rlt"}

    assert agents == set(CYCLES.by_name["agent"].codes or ()) - {"other"}


def test_names_are_snake_case_and_atc_codes_well_formed() -> None:
    for drug in drugs():
        assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", drug.name)
        assert all(re.fullmatch(r"[A-Z]\d\d[A-Z]{2}\d\d", code) for code in drug.atc)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Xtandi 4x40 mg", ["enzalutamide"]),
        ("Abirateronacetat + Prednison", ["abiraterone", "prednisone"]),
        ("[177Lu]Lu-PSMA-617", ["lu177_psma_617"]),
        ("177Lu-PSMA I&T 7.4 GBq", ["lu177_psma_it"]),
        ("Lu-PSMA therapy", ["lu177_psma_other"]),
        ("lutetium (177Lu) vipivotide tetraxetan", ["lu177_psma_617"]),
        ("docetaxelum", []),
        ("no drug", []),
    ],
)
def test_the_longest_name_in_a_text_wins_and_parts_of_words_do_not_count(text: str, names: list[str]) -> None:
    assert [drug.name for drug in drugs_in_text(text)] == names


def test_codes_lead_to_drugs_and_ops_codes_by_their_chapter() -> None:
    taxane, operation = drug_of_code("atc", "L01CD02"), drug_of_code("ops", "5-604.02")

    assert taxane is not None and taxane.agent_class == "taxane"
    assert operation is not None and operation.name == "prostatectomy"
    assert drug_of_code("atc", "C09AA05") is None
    assert drug_of_code("ops", "5-511") is None
    assert drug_named("JEVTANA") is drug_named("cabazitaxel")


def test_fact_p_has_39_items_and_the_instruments_are_those_of_the_table() -> None:
    fact = instrument_named("FACT-P")

    assert fact is not None and len(set(fact.items)) == 39
    assert {instrument.name for instrument in instruments()} == set(QUESTIONNAIRES.by_name["instrument"].codes or ())
    assert instrument_named("phq-9") is None


def test_items_tell_instruments_apart_except_the_two_xerostomia_inventories() -> None:
    assert [found.name for found in instruments_of_items(frozenset({"GP1", "BL5"}))] == ["fact-p"]
    assert [found.name for found in instruments_of_items(frozenset({"XI1"}))] == ["xi", "xi-3"]
    assert instruments_of_items(frozenset({"GP1", "Q3"})) == ()
    assert instruments_of_items(frozenset()) == ()


def test_sites_are_found_by_german_words_and_by_icd_10() -> None:
    bone, liver = site_named("Knochen"), site_of_icd10("C78.7")

    assert bone is not None and bone.name == "bone"
    assert liver is not None and liver.name == "liver"
    assert site_named("elbow") is None
    assert site_of_icd10("C61") is None
    names = [name for site in sites() for name in (site.name, *site.names)]
    assert len(names) == len(set(names))


def test_the_agreed_regions_are_named() -> None:
    assert {"liver", "kidney_left", "parotid_right", "lacrimal", "skeleton", "body"} <= set(regions())
    assert len(regions()) == 20
