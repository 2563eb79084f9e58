"""Regimens in words, English and German: drugs, how they belong together, dose, interval, number of cycles."""

from __future__ import annotations

import pytest

from lutrace.terms import parse_regimen

LINES: list[tuple[str, tuple[str, ...]]] = [
    ("Doc/Carbo", ("docetaxel", "carboplatin")),
    ("Cabazitaxel + Carboplatin", ("cabazitaxel", "carboplatin")),
    ("Docetaxel 75 mg/m2 q3w x6", ("docetaxel",)),
    ("Abirateron 1000 mg/Tag + Prednison 5 mg", ("abiraterone",)),
    ("Abi/Pred", ("abiraterone",)),
    ("6 Zyklen Docetaxel 75 mg/m² alle 3 Wochen", ("docetaxel",)),
    ("Docetaxel gefolgt von Cabazitaxel", ("docetaxel", "cabazitaxel")),
    ("Enza -> 177Lu-PSMA-617", ("enzalutamide", "lu177_psma_617")),
    ("Umstellung von Carboplatin auf Cisplatin", ("carboplatin", "cisplatin")),
    ("Leuprorelin, Bicalutamid", ()),
    ("Doc", ("docetaxel",)),
    ("document", ()),
]


@pytest.mark.parametrize(("text", "expected"), LINES, ids=[text for text, _ in LINES])
def test_drugs_of_a_line(text: str, expected: tuple[str, ...]) -> None:
    assert parse_regimen(text).line_agents == expected


def test_dose_interval_and_cycles_belong_to_the_drug() -> None:
    [agent] = parse_regimen("Docetaxel 75 mg/m2 q3w x6").agents
    assert (agent.dose, agent.dose_unit, agent.interval_days, agent.n_cycles) == (75.0, "mg/m2", 21, 6)


def test_german_numbers_and_words_mean_the_same() -> None:
    [agent] = parse_regimen("6 Zyklen Docetaxel 75,0 mg/m² alle 3 Wochen").agents
    assert (agent.dose, agent.dose_unit, agent.interval_days, agent.n_cycles) == (75.0, "mg/m2", 21, 6)


def test_each_drug_keeps_its_own_dose() -> None:
    caba, carbo = parse_regimen("Cabazitaxel 20 mg/m2 + Carboplatin AUC 4 q3w").agents
    assert (caba.dose, caba.dose_unit, carbo.dose, carbo.dose_unit) == (20.0, "mg/m2", 4.0, "AUC")
    assert (caba.relation, carbo.relation) == ("first", "with")


@pytest.mark.parametrize(
    ("text", "relation"),
    [
        ("Carboplatin ersetzt durch Cisplatin", "instead"),
        ("Umstellung von Carboplatin auf Cisplatin", "instead"),
        ("Docetaxel -> Cabazitaxel", "then"),
        ("Docetaxel followed by Cabazitaxel", "then"),
        ("Docetaxel und Carboplatin", "with"),
    ],
)
def test_relations(text: str, relation: str) -> None:
    assert [agent.relation for agent in parse_regimen(text).agents] == ["first", relation]


def test_a_word_that_is_not_known_is_listed_and_nothing_is_guessed() -> None:
    found = parse_regimen("Docetaxel + Wunderdrug 10 mg")
    assert (found.line_agents, found.unread) == (("docetaxel",), ("Wunderdrug",))
