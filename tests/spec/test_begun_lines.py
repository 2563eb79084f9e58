"""What follows radioligand therapy, read off the lines of history: combinations, next lines, and what was before."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest
from tests.conftest import DAY_ZERO, day
from tests.spec.course_patients import CUT, Event, facts_of, rows_of

from lutrace.core import Row
from lutrace.endpoints import CourseBasis, build_course, count_prior_regimens, derive_course_states, derive_lines
from lutrace.endpoints.course.begun_lines import next_begins, numbered_lines
from lutrace.protocol import CourseRules, LineRules

CABAZITAXEL = ("cabazitaxel", "taxane")
ENZALUTAMIDE = ("enzalutamide", "arpi")
Case = tuple[str, tuple[int, ...], tuple[Event, ...], str, str]

CASES: tuple[Case, ...] = (
    (
        "a_drug_that_joins_radioligands_which_go_on_is_a_combination",
        (0, 42),
        (("line", 20, *ENZALUTAMIDE),),
        "on_treatment@0 stopped_not_recorded@154",
        "0",
    ),
    (
        "a_drug_of_day_28_joins_too",
        (0, 42),
        (("line", 28, *ENZALUTAMIDE),),
        "on_treatment@0 stopped_not_recorded@154",
        "0",
    ),
    (
        "a_drug_of_day_29_is_a_line_and_ends_treatment",
        (0, 42),
        (("line", 29, *ENZALUTAMIDE),),
        "on_treatment@0 stopped_not_recorded@29 next_line@29 next_line@42",
        "0 29",
    ),
    (
        "a_drug_after_the_only_dose_is_a_next_line_however_soon",
        (0,),
        (("line", 20, *CABAZITAXEL),),
        "on_treatment@0 stopped_not_recorded@20 next_line@20",
        "0",
    ),
    (
        "radioligands_that_join_a_drug_are_no_line_of_their_own",
        (0, 42),
        (("line", -10, *ENZALUTAMIDE),),
        "on_treatment@0 stopped_not_recorded@154",
        "-10",
    ),
    (
        "the_window_runs_from_the_first_drug_of_the_line_not_from_the_last",
        (0,),
        (("line", 130, *CABAZITAXEL), ("line", 150, "carboplatin", "platinum"), ("line", 165, "olaparib", "parp")),
        "on_treatment@0 stopped_not_recorded@112 next_line@130 next_line@165",
        "0 130 165",
    ),
    (
        "another_taxane_is_a_switch_even_within_the_window",
        (0,),
        (("line", 130, *CABAZITAXEL), ("line", 150, "docetaxel", "taxane")),
        "on_treatment@0 stopped_not_recorded@112 next_line@130 next_line@150",
        "0 130 150",
    ),
    (
        "radioligands_after_113_days_are_another_line",
        (0, 113),
        (),
        "on_treatment@0 stopped_not_recorded@112 next_line@113",
        "0 113",
    ),
)


def basis_of(doses: tuple[int, ...], events: tuple[Event, ...], **rules: Any) -> CourseBasis:
    return CourseBasis(facts_of([rows_of("p", doses, events)]), day(CUT), **rules)


def states_of(basis: CourseBasis) -> dict[str, str]:
    """The states of each patient with the day of each."""
    return told(derive_course_states(build_course(basis)).order_by("ordinal"), "state", "entry_date")


def told(table: ir.Table, name: str, date: str) -> dict[str, str]:
    words: dict[str, list[str]] = {}
    for row in table.to_pyarrow().to_pylist():
        words.setdefault(row["patient_id"], []).append(f"{row[name]}@{(row[date] - DAY_ZERO).days}")
    return {patient: " ".join(own) for patient, own in words.items()}


@pytest.fixture(scope="module")
def basis() -> CourseBasis:
    """All patients of the table, each under the name of its case."""
    return CourseBasis(facts_of([rows_of(name, doses, events) for name, doses, events, *_ in CASES]), day(CUT))


@pytest.fixture(scope="module")
def states(basis: CourseBasis) -> dict[str, str]:
    return states_of(basis)


@pytest.fixture(scope="module")
def lines(basis: CourseBasis) -> dict[str, str]:
    return told(numbered_lines(basis.line_agents).order_by("line_number"), "line_number", "line_date")


@pytest.mark.parametrize(("name", "expected"), [(case[0], case[3:]) for case in CASES], ids=[case[0] for case in CASES])
def test_lines_of_the_course(
    name: str, expected: tuple[str, str], states: dict[str, str], lines: dict[str, str]
) -> None:
    assert states[name] == expected[0]
    assert lines[name] == " ".join(f"{number}@{at}" for number, at in enumerate(expected[1].split(), start=1))


def test_each_begin_names_the_row_of_its_first_day() -> None:
    events = (("line", 20, *CABAZITAXEL), ("line", 41, *CABAZITAXEL), ("line", 200, *ENZALUTAMIDE))
    rows = next_begins(basis_of((0,), events).line_agents).order_by("line_date").to_pyarrow().to_pylist()
    assert [(row["line_table"], row["line_row"], row["by_rlt"]) for row in rows] == [
        ("cycles", "cycles:p:0", True),
        ("treatments", "treatments:p:20:0", False),
        ("treatments", "treatments:p:200:2", False),
    ]


def test_the_window_and_the_pause_are_switches_of_the_study() -> None:
    events = (("line", 20, *ENZALUTAMIDE),)
    narrow = basis_of((0, 42), events, line_rules=LineRules(combination_window="10 days"))
    assert states_of(narrow)["p"] == "on_treatment@0 stopped_not_recorded@20 next_line@20 next_line@42"
    patient = basis_of((0, 113), (), rules=CourseRules(longest_pause="120 days"))
    assert [row["line_number"] for row in numbered_lines(patient.line_agents).to_pyarrow().to_pylist()] == [1]


def prior(events: tuple[Event, ...], at: int) -> Row:
    agents = basis_of((0, 42), events).line_agents
    index = ibis.memtable(pa.table({"patient_id": ["p"], "index_date": pa.array([day(at)], pa.date32())}))
    (row,) = count_prior_regimens(agents, derive_lines(agents), index).to_pyarrow().to_pylist()
    found: Row = row
    return found


def test_a_drug_that_joins_a_line_on_the_day_or_later_is_not_prior() -> None:
    before = prior((("line", -10, *ENZALUTAMIDE), ("line", 5, "olaparib", "parp")), 0)
    assert (before["lines"], before["arpi_regimens"]) == (1, 1)
    assert (before["parp_regimens"], before["rlt_regimens"]) == (0, 0)
    later = prior((("line", -10, *ENZALUTAMIDE), ("line", 5, "olaparib", "parp")), 6)
    assert (later["parp_regimens"], later["rlt_regimens"]) == (1, 1)
