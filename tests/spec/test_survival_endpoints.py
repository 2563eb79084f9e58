"""PFS with its components and time to the next treatment: events by day in, day and category out.

Days count from the first dose; time runs from it (C1) or from the SPECT of cycle 2 on day 43 (C2). Doses are given on
days 0 and 42; PSA is 100 before and 60 on day 40.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.conftest import day
from tests.spec.course_patients import Event, facts_of, rows_of

from lutrace.core import ProtocolError, Row
from lutrace.endpoints import Basis, derive_values
from lutrace.endpoints.survival.pfs import derive_pfs_components
from lutrace.protocol import Pfs, parse_protocol
from lutrace.study import run_psa
from lutrace.tables import PFS_COMPONENTS

PROTOCOL = """
study: small
version: "1"
title: small
question: none
population: {agents: [lu177_psma_617]}
landmarks:
  - {name: C1, label: from cycle 1, cycle: 1, origin: first_cycle}
  - {name: C2, label: SPECT of cycle 2, cycle: 2, within: C1}
measures: {plan: suv3}
endpoints:
  - {kind: pfs, name: pfs, label: PFS}
  - {kind: pfs, name: imaging, label: rPFS, components: [radiological, death]}
  - {kind: pfs, name: progression, label: TTP, components: [psa, radiological, clinical]}
  - {kind: pfs, name: contact, label: PFS, censor_at: last_contact}
  - {kind: pfs, name: switched, label: PFS, after_new_therapy: censors}
  - {kind: pfs, name: switched_stop, label: PFS, after_new_therapy: censors, progression: {unconfirmed: event_at_stop}}
  - {kind: psa_pfs, name: psa_counts, label: PSA}
  - {kind: psa_pfs, name: psa_switched, label: PSA, after_new_therapy: censors}
  - {kind: psa_pfs, name: psa_stop, label: PSA, after_new_therapy: censors, progression: {unconfirmed: event_at_stop}}
  - {kind: psa_pfs, name: psa_counts_stop, label: PSA, progression: {unconfirmed: event_at_stop}}
  - {kind: psa_pfs, name: psa_contact, label: PSA, after_new_therapy: censors, censor_at: last_contact}
  - {kind: pfs, name: switched_contact, label: PFS, after_new_therapy: censors, censor_at: last_contact}
  - {kind: ttnt, name: ttnt, label: TTNT}
  - {kind: ttnt, name: ttnt_alone, label: TTNT, death: competes}
  - {kind: os, name: os, label: OS}
  - {kind: os, name: os_cut, label: OS, censor_at: data_cut}
covariates: []
analyses: []
report: {sections: []}
"""
CUT = 400
PSA = ((-3, 100.0), (40, 60.0))
RISE = ((90, 90.0), (120, 95.0))
"""A rise from the nadir of 60, first on day 90, confirmed on day 120."""
LINE: Event = ("line", 150, "cabazitaxel", "taxane")
RADIO: Event = ("event", 110, "radiological_progression")
CLINIC: Event = ("event", 130, "clinical_progression")
PSA_EVENT = "psa_progression"


def other(when: int) -> Event:
    """Another systemic therapy begun on that day."""
    return ("line", when, "cabazitaxel", "taxane")


Case = tuple[str, str, str, tuple[Event, ...], tuple[tuple[int, float], ...], tuple[float | None, str]]
STOPS: list[Case] = [
    ("a_rise_confirmed_after_the_therapy_only_is_none", "C1", "psa_switched", (other(100),), RISE, (90, "censored")),
    (
        "a_drug_of_a_trial_is_a_new_therapy",
        "C1",
        "psa_switched",
        (("line", 100, "drug_x", "trial"),),
        RISE,
        (90, "censored"),
    ),
    ("nor_is_it_a_component_of_pfs", "C1", "switched", (other(100),), RISE, (100, "censored")),
    ("where_later_values_count_it_is_confirmed", "C1", "psa_counts", (other(100),), RISE, (90, PSA_EVENT)),
    ("a_value_of_the_day_of_the_new_therapy_confirms", "C1", "psa_switched", (other(120),), RISE, (90, PSA_EVENT)),
    ("a_rise_that_the_new_therapy_follows", "C1", "psa_stop", (other(100),), RISE, (90, PSA_EVENT)),
    ("such_a_rise_as_a_component", "C1", "switched_stop", (other(100),), RISE, (90, PSA_EVENT)),
    ("a_rise_of_the_day_of_the_new_therapy", "C1", "psa_stop", (other(90),), RISE, (90, PSA_EVENT)),
    ("a_rise_after_the_new_therapy_is_not_seen", "C1", "psa_stop", (other(80),), RISE, (40, "censored")),
    ("a_rise_that_only_death_follows", "C1", "psa_stop", (("dead", 95),), RISE[:1], (90, PSA_EVENT)),
    ("a_rise_that_nothing_follows_is_none", "C1", "psa_stop", (), RISE[:1], (90, "censored")),
    ("a_therapy_before_the_rise_ends_no_series", "C1", "psa_counts_stop", (other(60),), RISE[:1], (90, "censored")),
    (
        "a_death_after_it_does",
        "C1",
        "psa_counts_stop",
        (other(60), ("dead", 300)),
        RISE[:1],
        (90, PSA_EVENT),
    ),
    ("a_death_after_the_therapy_is_not_seen", "C1", "psa_switched", (other(60), ("dead", 300)), (), (40, "censored")),
    ("without_a_new_therapy_the_last_contact_ends", "C1", "psa_contact", (("seen", 200),), (), (200, "censored")),
    (
        "a_new_therapy_ends_before_the_last_contact",
        "C1",
        "psa_contact",
        (other(60), ("seen", 200)),
        (),
        (60, "censored"),
    ),
    ("and_before_a_death", "C1", "psa_contact", (other(60), ("dead", 300)), (), (60, "censored")),
    ("a_death_of_its_day_is_seen", "C1", "psa_contact", (other(60), ("dead", 60)), (), (60, "death")),
    ("pfs_too_ends_with_the_new_therapy", "C1", "switched_contact", (other(60), ("seen", 200)), (), (60, "censored")),
]
"""PSA where another therapy begins: `censors` sees no later value, neither as a rise nor as what confirms one."""

CASES: list[Case] = [
    *STOPS,
    ("psa_is_first", "C1", "pfs", (RADIO,), RISE, (90, "psa_progression")),
    ("imaging_is_first", "C1", "pfs", (RADIO, CLINIC), (), (110, "radiological_progression")),
    ("the_clinic_is_first", "C1", "pfs", (CLINIC, ("dead", 131)), (), (130, "clinical_progression")),
    ("death_is_first", "C1", "pfs", (("dead", 100), RADIO), (), (100, "death")),
    (
        "on_one_day_psa_names_it",
        "C1",
        "pfs",
        (("event", 90, "radiological_progression"),),
        RISE,
        (90, "psa_progression"),
    ),
    (
        "on_one_day_imaging_before_the_clinic",
        "C1",
        "pfs",
        (("event", 110, "clinical_progression"), RADIO),
        (),
        (110, "radiological_progression"),
    ),
    ("on_one_day_progression_before_death", "C1", "pfs", (RADIO, ("dead", 110)), (), (110, "radiological_progression")),
    ("time_runs_from_the_landmark", "C2", "pfs", (RADIO,), (), (110 - 43, "radiological_progression")),
    (
        "an_event_of_the_landmark_day_leaves_out",
        "C2",
        "pfs",
        (("event", 43, "clinical_progression"),),
        (),
        (None, "event on or before the landmark"),
    ),
    (
        "an_event_of_the_day_after_counts",
        "C2",
        "pfs",
        (("event", 44, "clinical_progression"),),
        (),
        (1, "clinical_progression"),
    ),
    (
        "a_progression_before_the_first_dose_is_none",
        "C1",
        "pfs",
        (("event", -1, "radiological_progression"),),
        (),
        (40, "censored"),
    ),
    ("no_event_ends_with_the_last_psa", "C1", "pfs", (("seen", 200),), ((160, 55.0),), (160, "censored")),
    ("or_with_the_last_contact", "C1", "contact", (("seen", 200),), ((160, 55.0),), (200, "censored")),
    ("without_an_assessment_follow_up_has_no_length", "C2", "pfs", (("seen", 200),), (), (0, "censored")),
    ("psa_is_no_part_of_imaging_pfs", "C1", "imaging", (RADIO,), RISE, (110, "radiological_progression")),
    ("death_ends_time_to_progression_without_event", "C1", "progression", (("dead", 100), RADIO), (), (40, "censored")),
    (
        "what_follows_a_new_therapy_counts",
        "C1",
        "pfs",
        (("line", 60, "cabazitaxel", "taxane"), RADIO),
        (),
        (110, "radiological_progression"),
    ),
    (
        "or_follow_up_ends_there",
        "C1",
        "switched",
        (("line", 60, "cabazitaxel", "taxane"), RADIO),
        ((80, 55.0),),
        (60, "censored"),
    ),
    (
        "an_event_of_the_day_of_a_new_therapy_is_still_seen",
        "C1",
        "switched",
        (("line", 110, "cabazitaxel", "taxane"), RADIO),
        (),
        (110, "radiological_progression"),
    ),
    # next treatment
    ("the_next_line_is_the_event", "C1", "ttnt", (LINE,), (), (150, "next_line")),
    ("from_the_landmark", "C2", "ttnt", (LINE,), (), (150 - 43, "next_line")),
    (
        "a_line_of_the_landmark_day_leaves_out",
        "C2",
        "ttnt",
        (("line", 43, "olaparib", "parp"),),
        (),
        (None, "event on or before the landmark"),
    ),
    (
        "a_line_of_the_day_of_the_first_dose_is_none",
        "C1",
        "ttnt",
        (("line", 0, "enzalutamide", "arpi"), ("seen", 200)),
        (),
        (200, "censored"),
    ),
    (
        "a_line_before_the_first_dose_is_none",
        "C1",
        "ttnt",
        (("line", -9, "enzalutamide", "arpi"), ("seen", 200)),
        (),
        (200, "censored"),
    ),
    (
        "bone_agents_and_hormones_are_none",
        "C1",
        "ttnt",
        (("line", 150, "leuprorelin", "other"), ("seen", 200)),
        (),
        (200, "censored"),
    ),
    ("death_counts", "C1", "ttnt", (("dead", 120),), (), (120, "death")),
    ("or_competes_without_an_event", "C1", "ttnt_alone", (("dead", 120),), (), (120, "death")),
    ("a_line_and_death_of_one_day_are_a_death", "C1", "ttnt", (LINE, ("dead", 150)), (), (150, "death")),
    (
        "a_line_after_the_cut_is_not_known",
        "C1",
        "ttnt",
        (("line", 401, "olaparib", "parp"), ("seen", 390)),
        (),
        (400, "censored"),
    ),
    ("doses_of_the_series_are_no_next_line", "C1", "ttnt", (("seen", 200),), (), (200, "censored")),
    # survival
    ("hospice_never_ends_survival", "C1", "os", (("hospice", 100), ("dead", 300)), (), (300, "death")),
    ("the_living_end_with_the_last_sign_of_life", "C1", "os", (("hospice", 100), ("seen", 200)), (), (200, "censored")),
    ("or_with_the_data_cut", "C1", "os_cut", (("seen", 200),), (), (400, "censored")),
    ("a_bill_is_no_sign_of_life", "C1", "os", (("seen", 200), ("seen", 300, "billing")), (), (200, "censored")),
    ("a_discharge_by_death_is_a_death", "C1", "os", (("say", 222, "ub04", "20"),), (), (222, "death")),
]


def psa_rows(name: str, values: tuple[tuple[int, float], ...]) -> list[Row]:
    return [
        {
            "patient_id": name,
            "date": day(when),
            "analyte": "psa",
            "value": value,
            "canonical_unit": "ng/mL",
            "record_key": str(when),
            "row_id": f"labs:{name}:{when}",
        }
        for when, value in values
    ]


@pytest.fixture(scope="module")
def basis() -> Basis:
    """All patients of the table, each under the name of its case."""
    patients, members = [], []
    for name, _, _, events, psa, _ in CASES:
        patients.append({**rows_of(name, (0, 42), events), "labs": psa_rows(name, (*PSA, *psa))})
        for population, when in (("treated", 0), ("C1", 0), ("C2", 43)):
            index = {"population": population, "index_date": day(when), "index_row": f"cycles:{name}:0"}
            members.append({"patient_id": name, **index})
    return Basis(facts_of(patients), parse_protocol(PROTOCOL, "small.yaml"), members, [], day(CUT))


@pytest.fixture(scope="module")
def values(basis: Basis) -> dict[tuple[str, str, str], Row]:
    names = {endpoint for _, _, endpoint, _, _, _ in CASES}
    rows = [row for name in sorted(names) for row in derive_values(basis, name)]
    return {(row["patient_id"], row["population"], row["endpoint"]): row for row in rows}


@pytest.mark.parametrize(
    ("name", "population", "endpoint", "events", "psa", "expected"), CASES, ids=[c[0] for c in CASES]
)
def test_day_and_category(
    values: dict[tuple[str, str, str], Row],
    name: str,
    population: str,
    endpoint: str,
    events: tuple[Event, ...],
    psa: Any,
    expected: tuple[float | None, str],
) -> None:
    row = values[name, population, endpoint]
    if row["reason"] is not None:
        assert (None, row["reason"]) == expected
        assert (row["category"], row["event"]) == ("left_out", None)
        return
    assert (row["days"], row["category"]) == expected
    competes = endpoint == "ttnt_alone" and row["category"] == "death"
    assert row["event"] is (row["category"] != "censored" and not competes)


def test_no_evaluable_time_is_negative_and_every_row_points_to_one_that_exists(
    basis: Basis, values: dict[tuple[str, str, str], Row]
) -> None:
    from lutrace.tables import FACT_TABLES

    given = {row["row_id"] for t in FACT_TABLES.values() for row in basis.facts.table(t).to_pyarrow().to_pylist()}
    for row in values.values():
        assert row["reason"] is not None or row["days"] >= 0
        assert row["source_row"] in given
        assert str(row["source_row"]).split(":")[0] == row["source_table"] or row["reason"] or row["days"] == 0


COMMANDED = {"psa_switched": [], "psa_stop": ["unconfirmed=event_at_stop"]}
"""The switches of `lutrace psa` that say what the outcome says of a series that ends with the next therapy."""


@pytest.fixture(scope="module")
def commanded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int | None]:
    """The day of progression by `lutrace psa` in each case of STOPS; its series ends on the day of the event."""
    folder = tmp_path_factory.mktemp("psa")
    found: dict[str, int | None] = {}
    for outcome, switches in COMMANDED.items():
        values = [(name, *one) for name, _, of, _, psa, _ in STOPS if of == outcome for one in (*PSA, *psa)]
        ends = [(name, events[0][1] if events else "") for name, _, of, events, _, _ in STOPS if of == outcome]
        series = "".join(f"{name},{when},{value}\n" for name, when, value in values)
        (folder / "psa.csv").write_text(f"patient_id,day,psa_ng_ml\n{series}", encoding="utf-8")
        first = "".join(f"{name},0,{end}\n" for name, end in ends)
        (folder / "first.csv").write_text(f"patient_id,day,end_day\n{first}", encoding="utf-8")
        rows = run_psa(folder / "psa.csv", str(folder / "first.csv"), switches=switches).patients.to_pylist()
        found.update({row["patient_id"]: row["progression_day"] for row in rows})
    return found


@pytest.mark.parametrize("case", [case for case in STOPS if case[2] in COMMANDED], ids=lambda case: case[0])
def test_the_command_says_the_same_of_a_series_that_ends(case: Case, commanded: dict[str, int | None]) -> None:
    name, _, _, _, _, (days, category) = case
    assert commanded[name] == (days if category == PSA_EVENT else None)


COMPONENTS: list[tuple[str, str | None, int | None]] = [
    ("psa_is_first", "psa", 1),
    ("on_one_day_psa_names_it", "psa+radiological", 2),
    ("on_one_day_imaging_before_the_clinic", "radiological+clinical", 2),
    ("on_one_day_progression_before_death", "radiological+death", 2),
    ("death_is_first", "death", 1),
    ("no_event_ends_with_the_last_psa", None, None),
]


@pytest.fixture(scope="module")
def components(basis: Basis) -> dict[str, Row]:
    """The components of PFS from cycle 1, by patient."""
    outcome = basis.protocol.outcome("pfs")
    assert isinstance(outcome, Pfs)
    table = derive_pfs_components(basis, outcome)
    assert table.columns == tuple(PFS_COMPONENTS.by_name)
    return {row["patient_id"]: row for row in table.filter(table.population == "C1").to_pyarrow().to_pylist()}


@pytest.mark.parametrize(("name", "first", "n"), COMPONENTS, ids=[one[0] for one in COMPONENTS])
def test_the_component_table_says_which_came_first_and_which_tied(
    components: dict[str, Row], name: str, first: str | None, n: int | None
) -> None:
    assert (components[name]["first"], components[name]["n_first"]) == (first, n)


def test_the_component_table_shows_what_came_later_too(components: dict[str, Row]) -> None:
    row = components["psa_is_first"]
    assert (row["psa_date"], row["radiological_date"], row["death_date"]) == (day(90), day(110), None)
    assert row["psa_row"] == "labs:psa_is_first:90"


def test_a_component_stands_once() -> None:
    text = PROTOCOL.replace("components: [radiological, death]", "components: [death, death]")
    with pytest.raises(ProtocolError, match="expected each component once"):
        parse_protocol(text, "small.yaml")
