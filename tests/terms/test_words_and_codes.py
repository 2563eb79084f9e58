"""Words and codes of the vocabularies at their edges: what is read, what is doubted, what is refused."""

from __future__ import annotations

import pytest

from lutrace.core import UnusableInputError
from lutrace.terms.analytes import analyte_named
from lutrace.terms.ctcae import parse_clause
from lutrace.terms.dispositions import disposition_system_at
from lutrace.terms.drugs import depot_days_in_text, drug_named, product_in_text
from lutrace.terms.gleason import parse_gleason
from lutrace.terms.lines import cycle_agent_of


def test_a_clause_that_compares_with_nothing_is_refused() -> None:
    with pytest.raises(UnusableInputError, match="expected a clause such as"):
        parse_clause("life-threatening")


def test_an_analyte_knows_its_units_and_no_unit_is_none_of_them() -> None:
    psa = analyte_named("psa")
    assert psa is not None
    assert (psa.knows("ng/mL"), psa.knows(None), psa.knows("mmHg")) == (True, False, False)


def test_a_system_of_reasons_is_known_by_its_address_only() -> None:
    known = disposition_system_at("http://terminology.hl7.org/CodeSystem/discharge-disposition")
    assert known is not None
    assert known.name == "fhir_discharge"
    assert disposition_system_at("http://example.org/reasons") is None


def test_a_brand_is_kept_and_the_name_of_the_drug_is_none() -> None:
    drug = drug_named("leuprorelin")
    assert drug is not None
    assert product_in_text("Eligard 22,5 mg s.c.", drug) == "eligard"
    assert product_in_text("leuprorelin 22.5 mg", drug) is None


@pytest.mark.parametrize(
    ("text", "days"), [("Trenantone 3-Monatsdepot", 84), ("leuprorelin 22.5 mg", None), ("nothing said", None)]
)
def test_a_depot_acts_as_long_as_the_text_says(text: str, days: int | None) -> None:
    assert depot_days_in_text(text) == days


def test_codes_of_radioligand_therapy_mean_an_agent_within_their_years_only() -> None:
    assert cycle_agent_of("ops", "8-530.d0", 2021)[1] is None
    assert cycle_agent_of("ops", "8-530.d0", 2017)[1] == "code 8-530.d0 is valid from 2019, the record is of 2017"
    assert cycle_agent_of("ops", "8-530.d9", 2021)[0] is None
    assert "was not read" in (cycle_agent_of("ops", "8-530.d9", 2021)[1] or "")
    assert cycle_agent_of("ops", "5-601.0", 2021) == (None, None)


def test_two_sums_for_one_pair_of_patterns_are_no_score() -> None:
    read = parse_gleason("Gleason 4+3=7, Gleason 4+3=8")
    assert read is not None
    assert read.reason == "the sum is not that of its patterns"
