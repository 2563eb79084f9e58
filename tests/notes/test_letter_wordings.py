"""Wordings of sites in lists, of begins and ends in front of a drug, and of numbers that are no PSA (all synthetic)."""

from __future__ import annotations

import pytest

from lutrace.notes import find_letter_facts

SITES = [
    ("Ossäre und lymphonodale Metastasen.", {"bone", "lymph_node"}),
    ("Osseous and nodal metastases.", {"bone", "lymph_node"}),
    ("Bekannte ossäre, lymphonodale und pulmonale Metastasen.", {"bone", "lymph_node", "lung"}),
    ("Osseous, nodal, hepatic, and pulmonary metastases.", {"bone", "lymph_node", "liver", "lung"}),
    ("Hepatische sowie ossäre Filiae.", {"liver", "bone"}),
    ("Ossäre (multiple) und neue hepatische Metastasen.", {"bone", "liver"}),
    ("Ossäre/lymphonodale Metastasierung.", {"bone", "lymph_node"}),
    ("Bone and soft tissue metastases.", {"bone", "other"}),
    ("Knochen-, Leber- und Lungenmetastasen.", {"bone", "liver", "lung"}),
    ("Leber unauffällig, Knochenmetastasen bekannt.", {"bone"}),
    ("CT der Lunge zeigt Lebermetastasen.", {"liver"}),
    ("Liver normal, new bone metastases.", {"bone"}),
    ("Die Leber und Metastasen wurden beurteilt.", set()),
]


@pytest.mark.parametrize(("text", "sites"), SITES)
def test_all_sites_of_a_list_are_found_and_no_other(text, sites):
    found = {one.value for one in find_letter_facts(text) if one.fact == "metastasis_site"}
    assert found == sites


@pytest.mark.parametrize(
    "text", ["No hepatic, osseous or pulmonary metastases.", "Keine hepatischen, ossären oder pulmonalen Metastasen."]
)
def test_a_denial_reaches_all_sites_of_its_list(text):
    found = {one.value: set(one.assertion.triggers) for one in find_letter_facts(text)}
    assert found == {"liver": {"negated"}, "bone": {"negated"}, "lung": {"negated"}}


DOCETAXEL, ENZALUTAMIDE = ("docetaxel", "2019-03", "2019-08"), ("enzalutamide", "2019-09", "2021-01")
SPANS = [
    ("From 03/2019 until 08/2019 docetaxel was given.", {DOCETAXEL}),
    ("From March 2019 to August 2019 he received docetaxel.", {DOCETAXEL}),
    ("From March 2019 until August 2019, docetaxel was administered.", {DOCETAXEL}),
    ("Von 03/2019 bis 08/2019 erhielt der Patient Docetaxel.", {DOCETAXEL}),
    ("Von März 2019 bis August 2019 wurde Docetaxel gegeben.", {DOCETAXEL}),
    ("03/2019 bis 08/2019 Docetaxel, 09/2019 bis 01/2021 Enzalutamid.", {DOCETAXEL, ENZALUTAMIDE}),
    ("03/2019-08/2019 Docetaxel, anschließend Enzalutamid ab 09/2019 bis 01/2021.", {DOCETAXEL, ENZALUTAMIDE}),
    ("Docetaxel from 03/2019 until 08/2019 and from 09/2019 until 01/2021 enzalutamide.", {DOCETAXEL, ENZALUTAMIDE}),
    ("Docetaxel ab 03/2019, beendet wegen Toxizität 08/2019.", {DOCETAXEL}),
    ("Seit 05/2020 Enzalutamid.", {("enzalutamide", "2020-05", None)}),
    ("Since 05/2020 enzalutamide.", {("enzalutamide", "2020-05", None)}),
    ("Until 05/2020 he was treated with enzalutamide.", {("enzalutamide", None, "2020-05")}),
    ("Seit 05/2020 Progress unter Enzalutamid.", {("enzalutamide", None, None)}),
    ("CT from 03/2019 under docetaxel shows progression.", {("docetaxel", None, None)}),
    ("From 03/2019 until 08/2019 no docetaxel was given.", {("docetaxel", None, None)}),
    ("Am 03.02.2021 und 05.03.2021 CT, Docetaxel geplant.", {("docetaxel", None, None)}),
]


@pytest.mark.parametrize(("text", "spans"), SPANS)
def test_a_drug_has_the_begin_and_end_that_its_part_of_the_sentence_tells(text, spans):
    facts = find_letter_facts(text)
    dates = {(one.fact, one.value): str(one.date.date) for one in facts if one.date is not None}
    found = {
        (one.value, dates.get(("therapy_begin", one.value)), dates.get(("therapy_end", one.value)))
        for one in facts
        if one.fact == "therapy"
    }
    assert found == spans


TABLE = "PSA (ng/ml)\n05.01.2021 12,3\n06.02.2021 8,1\n"
TWO = [("12.3", "2021-01-05"), ("8.1", "2021-02-06")]
VALUES = [
    (TABLE, TWO),
    (TABLE + "3. Zyklus 177Lu-PSMA-617", TWO),
    (TABLE + "The 3 cycles were given.", TWO),
    (TABLE + "07.03.2021 3. Zyklus", TWO),
    (TABLE + "07.03.2021 3 Läsionen", TWO),
    (TABLE + "On 2021-03-07 3 cycles had been given.", TWO),
    (TABLE + "07.03.2021 177Lu-PSMA-617", TWO),
    (TABLE + "07.03.2021 7,4 GBq 177Lu-PSMA-617", TWO),
    ("PSA\n3 lesions in bone.", []),
    ("PSA value on 2021-05-04\n3 cycles were given.", []),
    ("PSA am 04.05.2021\n3. Zyklus Docetaxel.", []),
    ("PSA 3 weeks later unknown.", []),
    ("PSA-Abfall auf 50 %.", []),
    ("PSA 12, 3 cycles of docetaxel.", [("12", None)]),
    ("The PSA of\n3.2 in May.", [("3.2", None)]),
    ("PSA\n46,79\nng/ml", [("46.79", None)]),
    ("PSA\n05.01.2021 12,3", TWO[:1]),
    ("PSA: 05.01.2021 12,3 und 06.02.2021 8,1.", TWO),
]


@pytest.mark.parametrize(("text", "values"), VALUES)
def test_a_number_of_another_line_or_of_something_counted_is_no_psa(text, values):
    found = [
        (one.value, None if one.date is None else str(one.date.date))
        for one in find_letter_facts(text)
        if one.fact == "psa"
    ]
    assert found == values


SAID_OF = [
    ("Exitus letalis des Onkels 2019.", "death", "other"),
    ("Der Neffe verstarb 2018.", "death", "other"),
    ("Consider cabazitaxel at progression.", "therapy", "hypothetical"),
    ("We are considering cabazitaxel.", "therapy", "hypothetical"),
]


@pytest.mark.parametrize(("text", "fact", "label"), SAID_OF)
def test_a_relatives_death_and_a_drug_to_consider_are_none_of_the_patient(text, fact, label):
    found = [one for one in find_letter_facts(text) if one.fact == fact]
    assert found and all(one.assertion.says(label) for one in found)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ECOG was 2, now 1.", "1"),
        ("ECOG 2 (jetzt 1).", "1"),
        ("ECOG 1, aktuell 2.", "2"),
        ("ECOG 1-2.", "1-2"),
        ("ECOG 2, now 12 weeks after cycle 1.", "2"),
    ],
)
def test_of_two_scores_the_present_one_is_the_ecog(text, value):
    assert [one.value for one in find_letter_facts(text) if one.fact == "ecog"] == [value]


def test_rpe_is_a_prostatectomy():
    assert {one.value for one in find_letter_facts("Z.n. RPE 2015.") if one.fact == "therapy"} == {"prostatectomy"}
