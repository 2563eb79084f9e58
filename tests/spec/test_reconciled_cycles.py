"""Cycles from several sources: statements in, cycles out. Days count from day zero, activities are in MBq."""

from __future__ import annotations

import random
from typing import Any

import pytest
from tests.conftest import HandFacts, day
from tests.spec.course_patients import merged
from tests.spec.line_patient import by_patient, number_of

from lutrace.core import Row
from lutrace.endpoints import check_series, list_cycle_statements, reconcile_cycles
from lutrace.protocol import CycleRules

LU, IT, ANY, AC = "lu177_psma_617", "lu177_psma_it", "lu177_psma_other", "ac225_psma"
Said = tuple[str, int, str | None, float | None]
"""Kind, day, agent, activity."""


def rows_of(said: list[Said], patient: str = "p", **columns: Any) -> dict[str, list[Row]]:
    cycles: list[Row] = []
    others: list[Row] = []
    for place, (kind, at, agent, activity) in enumerate(said):
        row: Row = {"patient_id": patient, "agent": agent, "row_id": f"{patient}:{place}"}
        if kind == "cycle":
            cycles.append({**row, "cycle": len(cycles) + 1, "administered_date": day(at), "administered_mbq": activity})
        else:
            stated = {"kind": kind, "scope": "cycle", "begin_date": day(at), "begin_precision": "day"}
            others.append({**row, **stated, "activity_mbq": activity, **columns})
    return {"cycles": cycles, "cycle_statements": others}


def cycles_of(said: list[Said], rules: CycleRules | None = None, **columns: Any) -> list[Row]:
    table = reconcile_cycles(list_cycle_statements(HandFacts(rows_of(said, **columns))), rules)
    rows: list[Row] = table.order_by("cycle").to_pyarrow().to_pylist()
    return rows


CASES: list[tuple[str, list[Said], list[dict[str, Any]]]] = [
    (
        "an_administration_and_its_procedure_of_the_same_day_are_one_cycle",
        [("cycle", 0, LU, 7400.0), ("procedure", 0, ANY, None)],
        [
            {
                "day": 0,
                "agent": LU,
                "activity_mbq": 7400.0,
                "n_statements": 2,
                "evidence": "cycle_statements:{0}:1 cycles:{0}:0",
            }
        ],
    ),
    (
        "three_days_apart_is_one_cycle_and_the_date_is_of_the_higher_rank",
        [("procedure", 0, ANY, None), ("cycle", 3, LU, 7400.0)],
        [{"day": 3, "n_statements": 2, "spread_days": 3}],
    ),
    (
        "four_days_apart_are_two_cycles",
        [("cycle", 0, LU, 7400.0), ("procedure", 4, ANY, None)],
        [{"day": 0, "n_statements": 1}, {"day": 4, "n_statements": 1}],
    ),
    (
        "cycles_that_only_a_letter_states_are_cycles",
        [("cycle", 0, LU, 7400.0), ("letter", 42, LU, 7300.0)],
        [{"day": 0, "cycle": 1}, {"day": 42, "cycle": 2, "activity_source": "letter", "activity_mbq": 7300.0}],
    ),
    (
        "activities_within_5_percent_are_no_conflict",
        [("cycle", 0, LU, 7400.0), ("letter", 0, LU, 7770.0)],
        [{"activity_mbq": 7400.0, "activity_conflict": False}],
    ),
    (
        "activities_beyond_5_percent_are_a_conflict_and_the_higher_rank_is_kept",
        [("letter", 0, LU, 6000.0), ("cycle", 0, LU, 7400.0)],
        [{"activity_mbq": 7400.0, "activity_conflict": True, "activity_low_mbq": 6000.0, "activity_high_mbq": 7400.0}],
    ),
    (
        "an_activity_that_the_highest_rank_lacks_comes_from_the_next",
        [("cycle", 0, LU, None), ("billing", 1, LU, 7400.0), ("letter", 0, LU, 7000.0)],
        [{"day": 0, "activity_mbq": 7400.0, "activity_source": "billing"}],
    ),
    (
        "actinium_and_lutetium_of_one_cycle_are_a_tandem_without_a_conflict_of_activities",
        [("cycle", 0, LU, 4000.0), ("administration", 1, AC, 6.0)],
        [{"tandem": True, "activity_mbq": 4000.0, "activity_conflict": False, "agent_conflict": False}],
    ),
    (
        "two_products_in_one_cycle_are_a_conflict",
        [("cycle", 0, LU, 7400.0), ("letter", 0, IT, 7400.0)],
        [{"agent": LU, "agent_conflict": True}],
    ),
    (
        "a_product_is_more_specific_than_the_therapy",
        [("procedure", 0, ANY, None), ("letter", 0, IT, None)],
        [{"agent": IT, "agents": f"{IT} + {ANY}", "agent_conflict": False}],
    ),
    (
        "a_code_without_an_agent_is_a_cycle",
        [("billing", 0, None, None)],
        [{"agent": None, "agents": None, "tandem": False, "activity_mbq": None, "activity_conflict": False}],
    ),
]


@pytest.fixture(scope="module")
def cycles() -> dict[str, list[Row]]:
    """The cycles of each case of CASES, of one query."""
    facts = HandFacts(merged([rows_of(said, name) for name, said, _ in CASES]))
    return by_patient(reconcile_cycles(list_cycle_statements(facts)), [case[0] for case in CASES], "cycle")


@pytest.mark.parametrize(("name", "expected"), [(c[0], c[2]) for c in CASES], ids=[c[0] for c in CASES])
def test_cycles(cycles: dict[str, list[Row]], name: str, expected: list[dict[str, Any]]) -> None:
    rows = [{**row, "day": number_of(row["date"])} for row in cycles[name]]
    for row, want in zip(rows, expected, strict=True):
        evidence = {key: value.format(name) for key, value in want.items() if key == "evidence"}
        assert {key: row[key] for key in want} == {**want, **evidence}


def test_a_window_of_no_days_keeps_neighbouring_days_apart() -> None:
    rules = CycleRules.model_validate({"same_cycle": "0 days"})
    assert len(cycles_of([("cycle", 0, LU, 7400.0), ("procedure", 1, ANY, None)], rules)) == 2


def test_a_statement_known_to_the_month_makes_no_cycle() -> None:
    assert cycles_of([("letter", 0, LU, 7400.0)], begin_precision="month") == []


def test_a_stated_number_that_is_not_the_order_is_told() -> None:
    first, second = cycles_of([("cycle", 0, LU, 7400.0), ("letter", 42, LU, None)], stated_cycle=3)
    assert (first["number_conflict"], second["number_conflict"]) == (False, True)


def test_the_order_of_statements_changes_nothing() -> None:
    said: list[Said] = [
        ("cycle", 0, LU, 7400.0),
        ("procedure", 1, ANY, None),
        ("letter", 2, IT, 7000.0),
        ("cycle", 42, LU, 7300.0),
        ("billing", 43, None, 7400.0),
    ]
    keep = ("date", "agent", "activity_mbq", "n_statements", "activity_conflict", "agent_conflict")
    mixed = random.Random(1).sample(said, len(said))
    assert [[r[k] for k in keep] for r in cycles_of(said)] == [[r[k] for k in keep] for r in cycles_of(mixed)]


SERIES: list[tuple[str, list[tuple[int, float | None]], float | None, tuple[int, float | None, str]]] = [
    (
        "four_cycles_that_add_up_agree",
        [(0, 7400.0), (42, 7600.0), (84, 7500.0), (126, 7500.0)],
        30000.0,
        (4, 0.0, "agrees"),
    ),
    ("ten_percent_still_agrees", [(0, 9000.0), (42, 9000.0)], 20000.0, (2, -10.0, "agrees")),
    ("eleven_percent_differs", [(0, 8900.0), (42, 8900.0)], 20000.0, (2, -11.0, "differs")),
    ("a_series_without_cycles_is_told", [], 30000.0, (0, None, "no cycles")),
    (
        "a_cycle_without_activity_forbids_the_comparison",
        [(0, 7400.0), (42, None)],
        30000.0,
        (2, None, "activities missing"),
    ),
    ("a_series_without_a_total_is_told", [(0, 7400.0)], None, (1, None, "no total")),
    ("a_cycle_three_days_beyond_the_end_belongs_to_it", [(0, 7400.0), (129, 7600.0)], 15000.0, (2, 0.0, "agrees")),
    ("a_cycle_four_days_beyond_does_not", [(0, 7400.0), (130, 7600.0)], 7400.0, (1, 0.0, "agrees")),
]


@pytest.fixture(scope="module")
def series() -> dict[str, tuple[list[Row], list[Row]]]:
    """The cycles and the judged series of each case of SERIES."""
    names = [case[0] for case in SERIES]
    stated = {"kind": "radiotherapy", "scope": "series", "begin_date": day(0), "end_date": day(126)}
    patients = [rows_of([("cycle", at, LU, activity) for at, activity in given], name) for name, given, *_ in SERIES]
    patients += [
        {
            "cycle_statements": [
                {"patient_id": name, **stated, "begin_precision": "day", "activity_mbq": total, "row_id": name}
            ]
        }
        for name, _, total, _ in SERIES
    ]
    statements = list_cycle_statements(HandFacts(merged(patients)))
    reconciled = reconcile_cycles(statements)
    found, judged = by_patient(reconciled, names), by_patient(check_series(statements, reconciled), names)
    return {name: (found[name], judged[name]) for name in names}


@pytest.mark.parametrize(
    ("name", "given", "expected"), [(c[0], c[1], c[3]) for c in SERIES], ids=[c[0] for c in SERIES]
)
def test_series(
    series: dict[str, tuple[list[Row], list[Row]]],
    name: str,
    given: list[tuple[int, float | None]],
    expected: tuple[int, float | None, str],
) -> None:
    found, [row] = series[name]
    assert len(found) == len(given)
    difference = row["difference_pct"] if row["difference_pct"] is None else pytest.approx(row["difference_pct"])
    assert (row["n_cycles"], difference, row["verdict"]) == expected
