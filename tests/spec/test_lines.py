"""Lines of therapy: treatments in, lines out. Days count from day zero; an end of None was not recorded."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import ibis
import pyarrow as pa
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from tests.conftest import AT_RANDOM, HandFacts, day
from tests.spec.line_patient import (
    Given,
    agents_of_each,
    by_patient,
    facts_of_each,
    lines_of,
    lines_of_each,
    milestones,
    number_of,
    treatment_rows,
)

from lutrace.core import Row
from lutrace.endpoints import count_prior_regimens, derive_line_agents, derive_lines, find_line_queries
from lutrace.protocol import LineRules
from lutrace.terms import cycle_agent_of, drugs, line_vocabulary

Expected = list[tuple[int, str, str]]
"""First day, drugs and reason of each line."""


def q3w(agent: str, first: int, n: int, step: int = 21) -> list[Given]:
    return [(agent, first + step * k, first + step * k) for k in range(n)]


RULES: list[tuple[str, list[Given], Expected]] = [
    ("one_drug_is_one_line", [("docetaxel", 0, 100)], [(0, "docetaxel", "first")]),
    ("doses_of_one_drug_are_one_line", q3w("docetaxel", 0, 6), [(0, "docetaxel", "first")]),
    (
        "a_drug_that_begins_28_days_after_the_first_belongs_to_its_line",
        [("docetaxel", 0, 100), ("carboplatin", 28, 100)],
        [(0, "carboplatin + docetaxel", "first")],
    ),
    (
        "a_drug_that_begins_29_days_after_the_first_is_added_in_a_new_line",
        [("docetaxel", 0, 100), ("carboplatin", 29, 100)],
        [(0, "docetaxel", "first"), (29, "carboplatin + docetaxel", "addition")],
    ),
    (
        "the_window_runs_from_the_first_drug_of_the_line_and_not_from_the_last",
        [("docetaxel", 0, 20), ("carboplatin", 20, 30), ("olaparib", 40, 200)],
        [(0, "carboplatin + docetaxel", "first"), (40, "olaparib", "new_treatment")],
    ),
    (
        "a_drug_that_ends_28_days_after_a_new_line_began_is_not_carried_into_it",
        [("abiraterone", 0, 228), ("docetaxel", 200, 300)],
        [(0, "abiraterone", "first"), (200, "docetaxel", "new_treatment")],
    ),
    (
        "a_drug_that_ends_29_days_after_a_new_line_began_is_carried_into_it",
        [("abiraterone", 0, 229), ("docetaxel", 200, 300)],
        [(0, "abiraterone", "first"), (200, "abiraterone + docetaxel", "addition")],
    ),
    (
        "a_drug_whose_end_is_not_recorded_is_not_carried",
        [("abiraterone", 0, None), ("docetaxel", 200, 300)],
        [(0, "abiraterone", "first"), (200, "docetaxel", "new_treatment")],
    ),
    (
        "a_pause_of_120_days_is_the_same_line",
        [("docetaxel", 0, 100), ("docetaxel", 220, 300)],
        [(0, "docetaxel", "first")],
    ),
    (
        "a_pause_of_121_days_is_a_rechallenge",
        [("docetaxel", 0, 100), ("docetaxel", 221, 300)],
        [(0, "docetaxel", "first"), (221, "docetaxel", "rechallenge")],
    ),
    (
        "a_drug_that_returns_after_another_line_is_a_rechallenge_though_the_pause_is_short",
        [*q3w("docetaxel", 0, 3), *q3w("cabazitaxel", 63, 2), *q3w("docetaxel", 105, 2)],
        [(0, "docetaxel", "first"), (63, "cabazitaxel", "switch"), (105, "docetaxel", "rechallenge")],
    ),
    (
        "a_drug_that_both_returns_and_leaves_twice_makes_four_lines",
        [
            *q3w("docetaxel", 0, 3),
            *q3w("cabazitaxel", 63, 2),
            *q3w("docetaxel", 105, 2),
            *q3w("cabazitaxel", 150, 2),
        ],
        [
            (0, "docetaxel", "first"),
            (63, "cabazitaxel", "switch"),
            (105, "docetaxel", "rechallenge"),
            (150, "cabazitaxel", "rechallenge"),
        ],
    ),
    (
        "a_dose_42_days_after_the_last_goes_on_though_another_drug_was_added",
        [*q3w("docetaxel", 0, 2), ("carboplatin", 50, 50), *q3w("docetaxel", 63, 2)],
        [(0, "docetaxel", "first"), (50, "carboplatin + docetaxel", "addition")],
    ),
    (
        "one_arpi_after_another_is_a_switch",
        [("abiraterone", 0, 100), ("enzalutamide", 101, 200)],
        [(0, "abiraterone", "first"), (101, "enzalutamide", "switch")],
    ),
    (
        "one_arpi_after_another_is_a_switch_within_the_window_too",
        [("abiraterone", 0, 10), ("enzalutamide", 11, 200)],
        [(0, "abiraterone", "first"), (11, "enzalutamide", "switch")],
    ),
    (
        "two_arpi_that_begin_on_one_day_are_one_line",
        [("abiraterone", 0, 100), ("apalutamide", 0, 100)],
        [(0, "abiraterone + apalutamide", "first")],
    ),
    (
        "three_arpi_in_three_weeks_are_three_lines",
        [("abiraterone", 0, 8), ("enzalutamide", 10, 18), ("darolutamide", 20, 200)],
        [(0, "abiraterone", "first"), (10, "enzalutamide", "switch"), (20, "darolutamide", "switch")],
    ),
    (
        "docetaxel_then_cabazitaxel_is_a_switch_within_the_window_too",
        [("docetaxel", 0, 0), ("cabazitaxel", 21, 21)],
        [(0, "docetaxel", "first"), (21, "cabazitaxel", "switch")],
    ),
    (
        "cisplatin_in_place_of_carboplatin_is_no_new_line",
        [*q3w("docetaxel", 0, 6), ("carboplatin", 0, 42), ("cisplatin", 63, 105)],
        [(0, "carboplatin + cisplatin + docetaxel", "first")],
    ),
    (
        "a_drug_that_goes_on_alone_is_the_same_line",
        [("docetaxel", 0, 200), ("carboplatin", 0, 60)],
        [(0, "carboplatin + docetaxel", "first")],
    ),
    (
        "androgen_deprivation_steroids_and_bone_agents_are_no_line",
        [
            ("leuprorelin", -500, None),
            ("bicalutamide", -400, -300),
            ("denosumab", -90, None),
            ("dexamethasone", -60, -30),
            ("abiraterone", 0, 100),
            ("prednisone", 0, 100),
        ],
        [(0, "abiraterone", "first")],
    ),
    (
        "operations_and_radiotherapy_are_no_line_though_they_stand_among_the_treatments",
        [("prostatectomy", -900, -900), ("radiotherapy", -50, -20), ("orchiectomy", -10, -10), ("docetaxel", 0, 60)],
        [(0, "docetaxel", "first")],
    ),
    (
        "a_drug_outside_the_vocabulary_counts_by_its_recorded_class",
        [("drug_x", 0, 60, "trial"), ("docetaxel", 90, 200)],
        [(0, "drug_x", "first"), (90, "docetaxel", "new_treatment")],
    ),
    (
        "a_drug_outside_the_vocabulary_without_a_class_is_no_line",
        [("drug_x", 0, 60, None), ("docetaxel", 90, 200)],
        [(90, "docetaxel", "first")],
    ),
    (
        "cycles_16_weeks_apart_are_one_line",
        [("lu177_psma_617", 0, 0), ("lu177_psma_617", 42, 42), ("lu177_psma_617", 154, 154)],
        [(0, "lu177_psma_617", "first")],
    ),
    (
        "cycles_more_than_16_weeks_apart_are_a_rechallenge",
        [("lu177_psma_617", 0, 0), ("lu177_psma_617", 42, 42), ("lu177_psma_617", 155, 155)],
        [(0, "lu177_psma_617", "first"), (155, "lu177_psma_617", "rechallenge")],
    ),
    (
        "actinium_in_tandem_with_lutetium_is_one_line",
        [("lu177_psma_617", 0, 0), ("ac225_psma", 1, 1), ("lu177_psma_617", 56, 56), ("ac225_psma", 57, 57)],
        [(0, "ac225_psma + lu177_psma_617", "first")],
    ),
    (
        "another_product_of_the_same_therapy_is_the_same_line",
        [("lu177_psma_it", 0, 0), ("lu177_psma_617", 42, 42)],
        [(0, "lu177_psma_617 + lu177_psma_it", "first")],
    ),
    (
        "enzalutamide_begun_between_cycles_is_added_and_the_cycles_go_on",
        [("lu177_psma_617", 0, 0), ("lu177_psma_617", 42, 42), ("enzalutamide", 60, None), ("lu177_psma_617", 84, 84)],
        [(0, "lu177_psma_617", "first"), (60, "enzalutamide", "new_treatment")],
    ),
    (
        "cycles_that_return_after_another_line_are_a_rechallenge_beyond_twelve_weeks",
        [("lu177_psma_617", 0, 0), ("docetaxel", 40, 60), ("lu177_psma_617", 85, 85)],
        [(0, "lu177_psma_617", "first"), (40, "docetaxel", "new_treatment"), (85, "lu177_psma_617", "rechallenge")],
    ),
    (
        "statements_of_a_drug_that_goes_on_are_one_line_whatever_the_pause",
        [("enzalutamide", 0, None), ("enzalutamide", 400, None), ("enzalutamide", 700, 800)],
        [(0, "enzalutamide", "first")],
    ),
    (
        "a_drug_without_an_end_goes_on_until_another_begins_and_its_return_is_a_rechallenge",
        [("abiraterone", 0, None), ("docetaxel", 300, 420), ("abiraterone", 600, None)],
        [(0, "abiraterone", "first"), (300, "docetaxel", "new_treatment"), (600, "abiraterone", "rechallenge")],
    ),
    (
        "a_treatment_without_a_begin_is_no_line",
        [("docetaxel", None, 60), ("olaparib", 90, 200)],
        [(90, "olaparib", "first")],
    ),
    (
        "an_end_before_the_begin_counts_as_the_begin",
        [("docetaxel", 100, 0), ("docetaxel", 220, 230)],
        [(100, "docetaxel", "first")],
    ),
]


@pytest.fixture(scope="module")
def lines() -> dict[str, list[Row]]:
    """The lines of each case of RULES and ENDS."""
    return lines_of_each({name: given for name, given, _ in (*RULES, *ENDS)})


@pytest.mark.parametrize(("name", "expected"), [(row[0], row[2]) for row in RULES], ids=[row[0] for row in RULES])
def test_lines(lines: dict[str, list[Row]], name: str, expected: Expected) -> None:
    found = [(number_of(row["begin_date"]), row["agents"], row["reason"]) for row in lines[name]]
    assert found == expected


SWITCHES: list[tuple[str, list[Given], dict[str, Any], Expected]] = [
    (
        "a_window_of_60_days_takes_in_what_begins_on_day_50",
        [("docetaxel", 0, 100), ("carboplatin", 50, 100)],
        {"combination_window": "60 days"},
        [(0, "carboplatin + docetaxel", "first")],
    ),
    (
        "a_gap_of_90_days_splits_a_pause_of_100",
        [("docetaxel", 0, 100), ("docetaxel", 200, 300)],
        {"gap": "90 days"},
        [(0, "docetaxel", "first"), (200, "docetaxel", "rechallenge")],
    ),
    (
        "a_gap_of_12_weeks_between_cycles_splits_earlier",
        [("lu177_psma_617", 0, 0), ("lu177_psma_617", 85, 85)],
        {"rlt_gap": "84 days"},
        [(0, "lu177_psma_617", "first"), (85, "lu177_psma_617", "rechallenge")],
    ),
]


@pytest.mark.parametrize(("given", "switches", "expected"), [r[1:] for r in SWITCHES], ids=[r[0] for r in SWITCHES])
def test_switches(given: list[Given], switches: dict[str, Any], expected: Expected) -> None:
    rows = lines_of(given, LineRules.model_validate(switches))
    assert [(number_of(row["begin_date"]), row["agents"], row["reason"]) for row in rows] == expected


COURSE: list[Given] = [("docetaxel", 0, 105), ("enzalutamide", 400, 700), ("cabazitaxel", 710, None)]
SETTINGS: list[tuple[str, int | None, int | None, list[tuple[str, int | None]]]] = [
    ("a_line_before_mcrpc_in_metastatic_disease_is_mhspc", 390, -10, [("mhspc", None), ("mcrpc", 1), ("mcrpc", 2)]),
    ("a_line_that_begins_on_the_date_of_mcrpc_is_of_mcrpc", 400, -10, [("mhspc", None), ("mcrpc", 1), ("mcrpc", 2)]),
    ("a_line_that_begins_the_day_before_is_not", 401, -10, [("mhspc", None), ("mhspc", None), ("mcrpc", 1)]),
    (
        "a_line_before_metastasis_is_told_apart",
        390,
        200,
        [("before_metastasis", None), ("mcrpc", 1), ("mcrpc", 2)],
    ),
    (
        "without_a_date_of_mcrpc_the_setting_is_unknown",
        None,
        -10,
        [("unknown", None), ("unknown", None), ("unknown", None)],
    ),
]


@pytest.fixture(scope="module")
def settled() -> dict[str, list[Row]]:
    """The lines of one course for each case of SETTINGS."""
    dates = milestones({name: (mcrpc, metastatic) for name, mcrpc, metastatic, _ in SETTINGS})
    return lines_of_each({name: COURSE for name, *_ in SETTINGS}, mcrpc=dates)


@pytest.mark.parametrize(("name", "expected"), [(r[0], r[3]) for r in SETTINGS], ids=[r[0] for r in SETTINGS])
def test_settings(settled: dict[str, list[Row]], name: str, expected: list[tuple[str, int | None]]) -> None:
    assert [(row["setting"], row["mcrpc_line_number"]) for row in settled[name]] == expected


def test_a_grace_before_mcrpc_makes_a_line_one_of_mcrpc() -> None:
    rows = lines_of(COURSE, LineRules.model_validate({"before_mcrpc": "14 days"}), milestones({"p": (414, -10)}))
    assert [row["mcrpc_line_number"] for row in rows] == [None, 1, 2]


ENDS: list[tuple[str, list[Given], list[tuple[int | None, str]]]] = [
    ("a_recorded_end_is_the_end", [("docetaxel", 0, 105)], [(105, "documented")]),
    (
        "an_end_that_is_not_recorded_is_the_day_before_the_next_line",
        [("abiraterone", 0, None), ("docetaxel", 200, 300)],
        [(199, "next_line"), (300, "documented")],
    ),
    ("without_a_next_line_it_stays_empty", [("abiraterone", 0, None)], [(None, "not_recorded")]),
    (
        "an_end_beyond_the_begin_of_the_next_line_is_kept",
        [("abiraterone", 0, 260), ("docetaxel", 200, 300)],
        [(260, "documented"), (300, "documented")],
    ),
    (
        "the_last_cycle_ends_radioligand_therapy",
        [("lu177_psma_617", 0, 0), ("lu177_psma_617", 42, 42)],
        [(42, "documented")],
    ),
]


@pytest.mark.parametrize(("name", "expected"), [(r[0], r[2]) for r in ENDS], ids=[r[0] for r in ENDS])
def test_ends(lines: dict[str, list[Row]], name: str, expected: list[tuple[int | None, str]]) -> None:
    assert [(number_of(row["end_date"]), row["end_rule"]) for row in lines[name]] == expected


DOSES: list[tuple[str, list[Given], tuple[int | None, str]]] = [
    ("doses_are_counted_by_day", [("docetaxel", 0, 0), ("docetaxel", 21, 21), ("docetaxel", 21, 21)], (2, "yes")),
    ("one_dose_is_not_two", [("docetaxel", 0, 0)], (1, "no")),
    ("a_period_of_21_days_holds_two", [("docetaxel", 0, 21)], (None, "yes")),
    ("a_period_of_20_days_does_not", [("docetaxel", 0, 20)], (None, "no")),
    ("without_an_end_it_is_unknown", [("docetaxel", 0, None)], (None, "unknown")),
]


@pytest.fixture(scope="module")
def agents() -> dict[str, list[Row]]:
    """The drugs of the lines of each case of DOSES and ROLES."""
    return agents_of_each({name: given for name, given, _ in (*DOSES, *ROLES)})


@pytest.mark.parametrize(("name", "expected"), [(r[0], r[2]) for r in DOSES], ids=[r[0] for r in DOSES])
def test_doses(agents: dict[str, list[Row]], name: str, expected: tuple[int | None, str]) -> None:
    [row] = agents[name]
    assert (row["n_doses"], row["two_doses"]) == expected


ROLES: list[tuple[str, list[Given], dict[str, str]]] = [
    (
        "a_substitution_is_told_from_what_began",
        [("carboplatin", 0, 42), ("cisplatin", 63, 105)],
        {"carboplatin": "begun", "cisplatin": "substituted"},
    ),
    ("tandem", [("lu177_psma_617", 0, 0), ("ac225_psma", 1, 1)], {"lu177_psma_617": "begun", "ac225_psma": "tandem"}),
]


@pytest.mark.parametrize(("name", "expected"), [(r[0], r[2]) for r in ROLES], ids=[r[0] for r in ROLES])
def test_roles(agents: dict[str, list[Row]], name: str, expected: dict[str, str]) -> None:
    assert {row["agent"]: row["role"] for row in agents[name]} == expected


PRIOR: list[tuple[str, list[Given], int, dict[str, Any]]] = [
    (
        "what_began_before_the_day_counts_in_every_setting",
        COURSE,
        711,
        {"lines": 3, "mcrpc_lines": 2, "taxane_regimens": 2, "taxane_regimens_mcrpc": 1, "arpi_regimens": 1},
    ),
    ("what_begins_on_the_day_is_not_prior", COURSE, 710, {"lines": 2, "taxane_regimens": 1}),
    (
        "doses_are_counted_where_they_are_known",
        COURSE,
        800,
        {"taxane_regimens": 2, "taxane_regimens_two_doses": 1, "taxane_regimens_unknown_doses": 1},
    ),
    ("a_patient_without_lines_is_a_row_of_zeros", [], 0, {"lines": 0, "taxane_regimens": 0, "evidence": None}),
    (
        "a_taxane_carried_into_a_second_line_is_one_regimen",
        [("docetaxel", 0, 100), ("carboplatin", 29, 100)],
        200,
        {"lines": 2, "taxane_regimens": 1, "platinum_regimens": 1},
    ),
]


@pytest.fixture(scope="module")
def prior() -> dict[str, list[Row]]:
    """What was given before the index day of each case of PRIOR; mCRPC since day 390, metastases since day -10."""
    agents = derive_line_agents(facts_of_each({name: given for name, given, *_ in PRIOR}))
    lines = derive_lines(agents, milestones({name: (390, -10) for name, *_ in PRIOR}))
    days = {"patient_id": [row[0] for row in PRIOR], "index_date": [day(row[2]) for row in PRIOR]}
    return by_patient(count_prior_regimens(agents, lines, ibis.memtable(pa.table(days))), days["patient_id"])


@pytest.mark.parametrize(("name", "expected"), [(r[0], r[3]) for r in PRIOR], ids=[r[0] for r in PRIOR])
def test_prior_regimens(prior: dict[str, list[Row]], name: str, expected: dict[str, Any]) -> None:
    [row] = prior[name]
    assert {name: row[name] for name in expected} == expected


PARTIAL: list[tuple[str, str, str, str]] = [
    ("a_month_stands_for_its_15th_day", "month", "middle", "2021-03-15"),
    ("a_year_stands_for_1_july", "year", "middle", "2021-07-01"),
    ("or_for_its_first_day", "month", "first", "2021-03-01"),
    ("or_for_its_last_day", "month", "last", "2021-03-31"),
    ("a_year_or_for_its_last_day", "year", "last", "2021-12-31"),
]


@pytest.mark.parametrize(("precision", "which", "expected"), [r[1:] for r in PARTIAL], ids=[r[0] for r in PARTIAL])
def test_partial_begins(precision: str, which: Any, expected: str) -> None:
    first = dt.date(2021, 3, 1) if precision == "month" else dt.date(2021, 1, 1)
    row = {"patient_id": "p", "agent": "docetaxel", "begin_date": first, "begin_date_precision": precision}
    facts = HandFacts({"treatments": [{**row, "row_id": "treatments:1"}]})
    rules = LineRules(partial_begin=which)
    [line] = derive_lines(derive_line_agents(facts, rules)).to_pyarrow().to_pylist()
    assert (str(line["begin_date"]), line["begin_precision"]) == (expected, precision)


def test_each_line_names_the_rows_that_it_came_from() -> None:
    first, second = lines_of([("docetaxel", 0, 100), ("carboplatin", 29, 100)])
    assert (first["evidence"], second["evidence"]) == ("treatments:treatments:p000", "treatments:treatments:p001")


QUERIES: list[tuple[str, dict[str, Any], list[str]]] = [
    ("no_begin", {"agent": "docetaxel"}, ["no begin"]),
    (
        "a_year_only",
        {"agent": "docetaxel", "begin_date": day(0), "begin_date_precision": "year"},
        ["begin known to the year only"],
    ),
    ("unknown_agent", {"agent": "drug_x", "begin_date": day(0)}, ["agent not in the vocabulary"]),
    ("unknown_agent_of_a_class", {"agent": "drug_x", "agent_class": "trial", "begin_date": day(0)}, []),
    (
        "end_before_begin",
        {"agent": "docetaxel", "begin_date": day(5), "end_date": day(4), "end_date_precision": "day"},
        ["end before begin"],
    ),
    ("an_operation_without_a_date", {"agent": "prostatectomy"}, []),
    ("nothing_to_ask", {"agent": "docetaxel", "begin_date": day(5), "end_date": day(9)}, []),
]


@pytest.fixture(scope="module")
def queries() -> dict[str, list[Row]]:
    """What the centre is asked about the one treatment of each case of QUERIES."""
    rows = [{"patient_id": name, **row, "row_id": f"treatments:{name}"} for name, row, _ in QUERIES]
    return by_patient(find_line_queries(HandFacts({"treatments": rows})), [name for name, *_ in QUERIES], "query")


@pytest.mark.parametrize(("name", "expected"), [(r[0], r[2]) for r in QUERIES], ids=[r[0] for r in QUERIES])
def test_queries(queries: dict[str, list[Row]], name: str, expected: list[str]) -> None:
    asked = [(one["query"], one["source_row"]) for one in queries[name]]
    assert asked == [(query, f"treatments:{name}") for query in expected]


AGENTS = ["docetaxel", "cabazitaxel", "abiraterone", "enzalutamide", "carboplatin", "cisplatin", "lu177_psma_617"]
treatments = st.lists(
    st.tuples(st.sampled_from(AGENTS), st.integers(0, 900), st.integers(0, 200) | st.none()), min_size=1, max_size=9
).map(lambda rows: [(agent, begin, None if length is None else begin + length) for agent, begin, length in rows])


many = st.lists(treatments, min_size=12, max_size=20).map(lambda cases: {f"p{n}": rows for n, rows in enumerate(cases)})
"""Several patients, of whom one query is made."""


@AT_RANDOM
@drawn(many, st.randoms(use_true_random=False))
def test_the_order_of_the_records_changes_nothing(cases: dict[str, list[Given]], chance: random.Random) -> None:
    mixed = {name: chance.sample(rows, len(rows)) for name, rows in cases.items()}
    keep = ("line_number", "begin_date", "end_date", "agents", "reason")
    ours, theirs = lines_of_each(cases), lines_of_each(mixed)
    for name in cases:
        assert [[row[k] for k in keep] for row in ours[name]] == [[row[k] for k in keep] for row in theirs[name]]


@AT_RANDOM
@drawn(many, st.sampled_from(AGENTS), st.integers(0, 400))
def test_a_later_treatment_never_changes_the_begin_of_an_earlier_line(
    cases: dict[str, list[Given]], agent: str, later: int
) -> None:
    longer = {name: [*rows, (agent, max(row[1] for row in rows) + later + 1, None)] for name, rows in cases.items()}
    ours, theirs = lines_of_each(cases), lines_of_each(longer)
    for name, before in ours.items():
        after = theirs[name]
        assert [row["begin_date"] for row in after][: len(before)] == [row["begin_date"] for row in before]
        assert [row["begun_agents"] for row in after][: len(before) - 1] == [row["begun_agents"] for row in before][:-1]


@AT_RANDOM
@drawn(many)
def test_every_treatment_is_evidence_of_some_line(cases: dict[str, list[Given]]) -> None:
    for name, lines in lines_of_each(cases).items():
        tables = treatment_rows(cases[name], name)
        known = {f"{table}:{row['row_id']}" for table in ("treatments", "cycles") for row in tables[table]}
        named = [word for row in lines for word in row["evidence"].split()]
        assert sorted(named) == sorted(known)


def test_a_code_of_the_chapter_that_was_not_read_is_said_to_be_so() -> None:
    assert cycle_agent_of("ops", "8-530.d1", 2024) == (
        None,
        "code 8-530.d1 belongs to radioligand therapy; its meaning was not read in any year",
    )
    assert cycle_agent_of("ops", "8-530.d2", 2024)[1] == "the years of code 8-530.d2 were not read"
    assert cycle_agent_of("hcpcs", "A9607", 2023) == ("lu177_psma_617", None)
    assert cycle_agent_of("ops", "5-604.0", 2023) == (None, None)


def test_the_vocabulary_of_lines_names_known_drugs_only() -> None:
    names = {one.name for one in line_vocabulary().classes}
    assert names == {"taxane", "arpi", "parp", "ra223", "rlt", "platinum", "immune", "trial", "other"}
    assert names == {drug.agent_class for drug in drugs() if drug.purpose in ("line", "rlt")}
