"""Facts in letters: a letter by hand, fact by fact, and the virtual patients' letters against their truth."""

from __future__ import annotations

import datetime as dt
import functools

import pytest

from lutrace.notes import find_dates, find_letter_facts, split_letter
from lutrace.virtual import CohortParameters
from lutrace.virtual.letters import make_letters
from lutrace.virtual.people import make_people

LETTER = """Diagnose: metastasiertes kastrationsresistentes Prostatakarzinom, Gleason 4+5=9, pT3b pN1 (2/14) cM0.
Z.n. RPE 04/2015, Docetaxel 6 Zyklen ab 02/2018, beendet wegen Progress 08/2018.
Im PSMA-PET/CT vom 12.03.2021 Knochen- und Lymphknotenmetastasen sowie Metastasen in Leber und Lunge.
Kein Anhalt für Hirnmetastasen. V.a. Pleurametastasen.
Der 3. Zyklus 177Lu-PSMA-617 erfolgte am 15.04.2021 mit 7,4 GBq. PSA 46,79 ng/ml, Hb 9,8 g/dl.
ECOG 1. Xerostomie Grad 1, keine Uebelkeit. Bluttransfusion vor 3 Monaten.
Der Patient ist am 3. Mai 2022 verstorben.
"""
WRITTEN = dt.date(2022, 6, 1)
STATED = {
    # fact, value: date as told, labels
    ("castration_resistance", "resistant"): (None, set()),
    ("gleason", "4+5"): (None, set()),
    ("isup", "5"): (None, set()),
    ("tnm", "pT3b pN1 cM0"): (None, set()),
    ("therapy", "prostatectomy"): ("2015-04", {"historical"}),
    ("therapy", "docetaxel"): ("2018-02", set()),
    ("therapy_begin", "docetaxel"): ("2018-02", set()),
    ("therapy_end", "docetaxel"): ("2018-08", set()),
    ("stop_reason", "progression"): ("2018-08", {"historical"}),
    ("progression", "stated"): ("2018-08", {"historical"}),
    ("metastasis_site", "bone"): ("2021-03-12", set()),
    ("metastasis_site", "lymph_node"): ("2021-03-12", set()),
    ("metastasis_site", "liver"): ("2021-03-12", set()),
    ("metastasis_site", "lung"): ("2021-03-12", set()),
    ("metastasis_site", "brain"): (None, {"negated"}),
    ("metastasis_site", "pleura"): (None, {"uncertain"}),
    ("rlt_cycle", "3"): ("2021-04-15", set()),
    ("therapy", "lu177_psma_617"): ("2021-04-15", set()),
    ("activity", "7.4"): ("2021-04-15", set()),
    ("psa", "46.79"): (None, set()),
    ("haemoglobin", "9.8"): (None, set()),
    ("ecog", "1"): (None, set()),
    ("toxicity", "xerostomia"): (None, set()),
    ("toxicity_grade", "xerostomia 1"): (None, set()),
    ("toxicity", "nausea"): (None, {"negated"}),
    ("transfusion", "red_cells"): ("2022-03", {"historical"}),
    ("death", "died"): ("2022-05-03", {"historical"}),
}


@pytest.fixture(scope="module")
def facts():
    return find_letter_facts(LETTER, written=WRITTEN)


def test_letter_states_these_facts_and_no_other(facts):
    assert {(one.fact, one.value) for one in facts} == set(STATED)


@pytest.mark.parametrize(("fact", "value"), STATED)
def test_fact_has_its_date_and_labels(facts, fact, value):
    (found,) = (one for one in facts if (one.fact, one.value) == (fact, value))
    date, labels = STATED[(fact, value)]
    assert (None if found.date is None else str(found.date.date)) == date
    assert set(found.assertion.triggers) == labels


def test_places_are_those_of_the_letter(facts):
    quotes = {one.value: LETTER[one.begin : one.end] for one in facts}
    assert quotes["brain"] == "Hirnmetastasen"
    assert quotes["7.4"] == "7,4 GBq"
    assert quotes["46.79"] == "PSA 46,79 ng/ml"


@functools.cache
def virtual_charts():
    return make_people(24, seed=5, parameters=CohortParameters())


NUMBERS = {"gleason", "isup", "tnm", "ecog", "rlt_cycle", "activity", "haemoglobin", "platelets", "ldh"}


@pytest.mark.parametrize("index", range(24))
def test_numbers_and_stages_in_the_letters_of_virtual_patients_are_read_to_the_letter(index):
    for letter in make_letters([virtual_charts()[index]], seed=5):
        found = find_letter_facts(letter.text, language=letter.language, written=letter.date)
        read = {(one.fact, one.value, one.assertion.says("negated")) for one in found if one.fact in NUMBERS}
        assert read == {(one.fact, one.value, one.negated) for one in letter.facts if one.fact in NUMBERS}


def test_sentences_cover_the_letter():
    spans = [(one.begin, one.end) for one in split_letter(LETTER)]
    rest = LETTER
    for begin, end in reversed(spans):
        rest = rest[:begin] + rest[end:]
    assert rest.strip() == ""
    assert len(spans) == 11


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("am 03.04.2019 und 5.6.21", ["2019-04-03", "2021-06-05"]),
        ("seit März 2018, 2017 RPE", ["2018-03", "2017"]),
        ("on May 4, 2020 and 12 June 2020", ["2020-05-04", "2020-06-12"]),
        ("vor zwei Wochen, 3 years ago, gestern", ["2022-05", "2019", "2022-05-31"]),
        ("31.02.2020", []),
        ("PSA 2019 ng/ml, 177Lu 7400 MBq", []),
    ],
)
def test_dates_are_as_precise_as_told(text, dates):
    assert [str(one.date) for one in find_dates(text, WRITTEN)] == dates


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("PSA 1.234,56 ng/ml", "1234.56"),
        ("PSA 12345.67 ng/mL", "12345.67"),
        ("PSA < 0,02 ng/ml", "<0.02"),
        ("PSA 5,000 ng/mL", "5,000"),
        ("177Lu-PSMA, 7.400 MBq", "7.400"),
        ("177Lu-PSMA, 7,4 GBq", "7.4"),
    ],
)
def test_a_number_that_two_languages_read_otherwise_stays_as_it_is_written(text, value):
    assert [one.value for one in find_letter_facts(text) if one.fact in ("psa", "activity")] == [value]
