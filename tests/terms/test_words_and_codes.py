"""Words and codes of the vocabularies at their edges: what is read, what is doubted, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from lutrace.core import UnusableInputError
from lutrace.terms import ctcae, instruments, lines, psa_thresholds, split_result, uptake_identities
from lutrace.terms.analytes import analyte_named
from lutrace.terms.ctcae import parse_clause
from lutrace.terms.dispositions import disposition_system_at
from lutrace.terms.drugs import depot_days_in_text, drug_named, product_in_text
from lutrace.terms.gleason import parse_gleason
from lutrace.terms.lines import cycle_agent_of
from lutrace.terms.uptake_priors import UptakeForm, uptake_priors


def test_a_clause_that_compares_with_nothing_is_refused() -> None:
    with pytest.raises(UnusableInputError, match="expected a clause such as"):
        parse_clause("life-threatening")


CTCAE_FAULTS: list[tuple[str, str, str]] = [
    ('2: "< 10.0"', '2: "> 10.0"', "ctcae-5.0, Anemia: '> 10.0' does not point low"),
    ('grades: {2: "< 6.2"', 'grades: {2: "> 6.2"', "ctcae-5.0, Anemia: '> 6.2' does not point low"),
    ('1: "< LLN"', '1: "< ULN"', "ctcae-5.0, Anemia: '< ULN' does not point low"),
    ('3: "< 8.0"}', '3: "< 8.0", 5: "< 1.0"}', "ctcae-5.0, Anemia: a clause stands for a grade that the term has not"),
    ("analytes: [haemoglobin]", "analytes: [phlogiston]", "ctcae-5.0, Anemia: 'phlogiston' is unknown or graded twice"),
    ("analytes: [platelets]", "analytes: [haemoglobin]", "'haemoglobin' is unknown or graded twice"),
]


@pytest.mark.parametrize(("old", "new", "words"), CTCAE_FAULTS)
def test_a_version_of_ctcae_whose_data_contradict_themselves_is_refused(
    old: str, new: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = (ctcae._FOLDER / "ctcae-5.0.yaml").read_text(encoding="utf-8")
    assert old in shipped
    (tmp_path / "ctcae-5.0.yaml").write_text(shipped.replace(old, new, 1), encoding="utf-8")
    monkeypatch.setattr(ctcae, "_FOLDER", tmp_path)
    with pytest.raises(UnusableInputError, match=words):
        ctcae.ctcae_version.__wrapped__("ctcae-5.0")


def test_lines_of_a_drug_that_there_is_not_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = lines.line_vocabulary().model_copy(update={"castrating_operations": ("a wish",)})
    monkeypatch.setattr(lines, "read_document", lambda *_: damaged)
    with pytest.raises(UnusableInputError, match=r"drugs that drugs.yaml does not have: a wish"):
        lines.line_vocabulary.__wrapped__()


def test_a_code_whose_years_were_not_read_is_doubted() -> None:
    assert cycle_agent_of("ops", "8-530.d2", 2021) == (
        "lu177_psma_other",
        "the years of code 8-530.d2 were not read",
    )
    assert cycle_agent_of("hcpcs", "A9607", 2023) == ("lu177_psma_617", None)


def test_the_last_identity_of_uptake_is_the_one_that_is_not_known_and_no_name_stands_twice() -> None:
    names = [one.name for one in uptake_identities()]
    assert names[-1] == "uncertain"
    assert len(set(names)) == len(names)


def test_a_place_of_uptake_is_a_span_with_a_spread() -> None:
    form = uptake_priors().forms[0].model_dump()
    for span in ((2.0, 1.0, 1.0), (1.0, 2.0, 0.0)):
        with pytest.raises(ValidationError, match="expected low, high, standard deviation above 0"):
            UptakeForm.model_validate({**form, "x": span})


def test_only_what_was_read_of_a_version_of_ctcae_or_of_the_psa_criteria_is_used() -> None:
    with pytest.raises(UnusableInputError, match=r"expected one of ctcae-4.0, ctcae-5.0, ctcae-6.0, got 'ctcae-3.0'"):
        ctcae.ctcae_version("ctcae-3.0")
    with pytest.raises(UnusableInputError, match=r"PCWG4 has no thresholds here .* Missing from .*JCO-25-02834"):
        psa_thresholds("pcwg4")
    assert [term.term for term in ctcae.ctcae_version("ctcae-6.0").refused][:1] == ["Lymphocyte count decreased"]


def test_criteria_of_psa_that_there_are_not_are_refused_with_those_that_there_are() -> None:
    with pytest.raises(UnusableInputError, match="expected PSA criteria pcwg3, got 'pcwg5'"):
        psa_thresholds("pcwg5")


def test_a_result_that_is_no_number_is_not_parted_from_a_unit() -> None:
    with pytest.raises(UnusableInputError, match=r"expected a number and a unit such as <0\.02 ng/mL"):
        split_result("not done")


def test_the_worst_score_is_the_lowest_where_more_is_better() -> None:
    worst = {(one.name, scale.name): scale.worst for one in instruments() for scale in one.scales}
    assert (worst["fact-p", "fact_p"], worst["bpi-sf", "severity"], worst["xi", "xi"]) == (0, 10, 55)


def test_an_analyte_knows_its_units_and_no_unit_is_none_of_them() -> None:
    psa = analyte_named("psa")
    assert psa is not None
    assert (psa.knows("ng/mL"), psa.knows(None), psa.knows("mmHg")) == (True, False, False)
    haemoglobin = analyte_named("haemoglobin")
    assert haemoglobin is not None
    assert (haemoglobin.is_molar("mmol/l"), haemoglobin.is_molar("g/dL")) == (True, False)


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
