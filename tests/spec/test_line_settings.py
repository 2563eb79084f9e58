"""Settings of lines by dates known to the day, the month or the year: dates in, settings out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis.expr.types as ir
import pytest
from tests.conftest import HandFacts
from tests.spec.line_patient import by_patient, dated_milestones

from lutrace.core import Row, parse_partial_date
from lutrace.endpoints import derive_line_agents, derive_lines, find_setting_queries
from lutrace.protocol import LineRules

Settings = list[tuple[str, bool | None]]
"""Setting of each line, and whether it is assumed."""
LONG_AGO = "2015-01-01"
SURE_MCRPC, MCRPC, MHSPC = ("mcrpc", False), ("mcrpc", True), ("mhspc", False)

ONE_LINE: list[tuple[str, str, str, str, tuple[str, bool | None]]] = [
    ("day_and_day_a_line_of_the_day_before_is_before_it", "2020-03-09", "2020-03-10", LONG_AGO, MHSPC),
    ("day_and_day_a_line_of_the_same_day_is_of_mcrpc", "2020-03-10", "2020-03-10", LONG_AGO, SURE_MCRPC),
    ("on_the_first_day_of_a_month_of_mcrpc_a_line_is_assumed_to_be_of_it", "2020-03-01", "2020-03", LONG_AGO, MCRPC),
    ("so_it_is_on_the_last_day_but_one", "2020-03-30", "2020-03", LONG_AGO, MCRPC),
    ("on_the_last_day_of_the_month_it_is_known_to_be", "2020-03-31", "2020-03", LONG_AGO, SURE_MCRPC),
    ("on_the_29th_of_february_of_a_leap_year_it_is_known_to_be", "2020-02-29", "2020-02", LONG_AGO, SURE_MCRPC),
    ("a_line_of_the_last_day_of_the_month_before_is_before_it", "2020-02-29", "2020-03", LONG_AGO, MHSPC),
    ("a_line_of_new_years_eve_is_before_a_january_of_mcrpc", "2020-12-31", "2021-01", LONG_AGO, MHSPC),
    ("a_line_of_the_first_day_of_the_month_after_is_of_mcrpc", "2020-04-01", "2020-03", LONG_AGO, SURE_MCRPC),
    ("a_line_of_a_month_with_the_day_of_mcrpc_in_it_is_assumed_to_be", "2020-03", "2020-03-20", LONG_AGO, MCRPC),
    ("a_line_of_a_month_that_mcrpc_begins_is_known_to_be", "2020-03", "2020-03-01", LONG_AGO, SURE_MCRPC),
    ("a_line_of_a_month_that_mcrpc_ends_is_assumed_to_be", "2020-03", "2020-03-31", LONG_AGO, MCRPC),
    ("a_line_of_the_month_before_the_day_is_before_it", "2020-02", "2020-03-01", LONG_AGO, MHSPC),
    ("a_line_of_the_month_after_the_day_is_of_mcrpc", "2020-04", "2020-03-31", LONG_AGO, SURE_MCRPC),
    ("month_and_the_same_month_it_is_assumed_to_be", "2020-03", "2020-03", LONG_AGO, MCRPC),
    ("month_and_the_month_after_it_is_before", "2020-02", "2020-03", LONG_AGO, MHSPC),
    ("month_and_the_month_before_it_is_of_mcrpc", "2020-04", "2020-03", LONG_AGO, SURE_MCRPC),
    ("a_line_of_the_year_of_mcrpc_is_assumed_to_be", "2020-01-01", "2020", LONG_AGO, MCRPC),
    ("on_the_last_day_of_that_year_it_is_known_to_be", "2020-12-31", "2020", LONG_AGO, SURE_MCRPC),
    ("a_line_of_the_last_day_of_the_year_before_is_before", "2019-12-31", "2020", LONG_AGO, MHSPC),
    ("a_line_of_a_month_of_that_year_is_assumed_to_be", "2020-12", "2020", LONG_AGO, MCRPC),
    ("a_line_of_a_month_of_the_year_before_is_before", "2019-12", "2020", LONG_AGO, MHSPC),
    ("a_line_of_a_year_with_the_day_of_mcrpc_in_it_is_assumed_to_be", "2020", "2020-11-30", LONG_AGO, MCRPC),
    ("a_line_of_the_year_before_is_before", "2019", "2020-01-01", LONG_AGO, MHSPC),
    ("a_line_of_a_year_with_the_month_of_mcrpc_in_it_is_assumed_to_be", "2020", "2020-11", LONG_AGO, MCRPC),
    ("year_and_the_same_year_it_is_assumed_to_be", "2020", "2020", LONG_AGO, MCRPC),
    ("year_and_the_year_after_it_is_before", "2019", "2020", LONG_AGO, MHSPC),
    ("year_and_the_year_before_it_is_of_mcrpc", "2021", "2020", LONG_AGO, SURE_MCRPC),
    ("in_the_month_of_metastases_a_line_is_assumed_to_be_mhspc", "2020-03-02", "2021-06", "2020-03", ("mhspc", True)),
    ("on_its_last_day_it_is_known_to_be", "2020-03-31", "2021-06", "2020-03", MHSPC),
    ("the_day_before_that_month_is_before", "2020-02-29", "2021-06", "2020-03", ("before_metastasis", False)),
    (
        "resistance_of_a_month_is_mcrpc_from_the_day_of_metastases_in_it",
        "2020-03-09",
        "2020-03",
        "2020-03-10",
        ("before_metastasis", False),
    ),
    ("from_that_day_on_the_order_is_not_known", "2020-03-10", "2020-03", "2020-03-10", MCRPC),
    (
        "resistance_on_the_last_day_of_the_month_of_metastases_is_mcrpc_on_that_day",
        "2020-03-30",
        "2020-03-31",
        "2020-03",
        ("mhspc", True),
    ),
]
Course = tuple[str, Sequence[tuple[str, str]], str, Settings]
COURSES: list[Course] = [
    (
        "a_line_of_a_month_is_before_mcrpc_when_a_second_drug_of_it_is",
        [("docetaxel", "2020-03"), ("abiraterone", "2020-03-18"), ("cabazitaxel", "2020-09-01")],
        "2020-03-20",
        [MHSPC, SURE_MCRPC],
    ),
    (
        "a_line_of_a_month_is_before_mcrpc_when_the_next_line_is",
        [("enzalutamide", "2020-03"), ("abiraterone", "2020-03-18"), ("cabazitaxel", "2020-09-01")],
        "2020-03-20",
        [MHSPC, MHSPC, SURE_MCRPC],
    ),
    (
        "a_line_of_a_month_is_of_mcrpc_when_the_line_before_it_is",
        [("enzalutamide", "2020-03-12"), ("abiraterone", "2020-03")],
        "2020-03-10",
        [SURE_MCRPC, SURE_MCRPC],
    ),
    (
        "a_later_dose_known_to_the_month_does_not_blur_the_begin",
        [("docetaxel", "2020-02-20"), ("docetaxel", "2020-03")],
        "2020-03-10",
        [MHSPC],
    ),
    (
        "an_earlier_dose_known_to_the_month_does",
        [("docetaxel", "2020-03"), ("docetaxel", "2020-04-02")],
        "2020-03-20",
        [MCRPC],
    ),
    (
        "of_two_records_of_one_day_the_more_exact_is_believed",
        [("docetaxel", "2020-03"), ("docetaxel", "2020-03-15")],
        "2020-03-20",
        [MHSPC],
    ),
]
CASES: list[Course] = [(name, [("docetaxel", line)], crpc, [seen]) for name, line, crpc, _, seen in ONE_LINE] + COURSES
METASTATIC = {name: metastatic for name, _, _, metastatic, _ in ONE_LINE}


def treated(given: Sequence[tuple[str, str]], patient: str) -> list[Row]:
    """Rows of TREATMENTS of drugs that begin on dates known to the day, month or year."""
    dates = [(agent, parse_partial_date(text)) for agent, text in given]
    return [
        {
            "patient_id": patient,
            "agent": agent,
            "begin_date": date.first_day(),
            "begin_date_precision": date.precision,
            "row_id": f"treatments:{patient}{place}",
        }
        for place, (agent, date) in enumerate(dates)
    ]


def derived(cases: Sequence[Course], rules: LineRules | None = None) -> tuple[ir.Table, ir.Table]:
    """LINE_AGENTS and LINES of one patient per case, called by its name."""
    rows = [row for name, given, *_ in cases for row in treated(given, name)]
    agents = derive_line_agents(HandFacts({"treatments": rows, "cycles": []}), rules)
    dates = dated_milestones({name: (crpc, METASTATIC.get(name, LONG_AGO)) for name, _, crpc, _ in cases})
    return agents, derive_lines(agents, dates, rules)


@pytest.fixture(scope="module")
def lines() -> dict[str, list[Row]]:
    return by_patient(derived(CASES)[1], [name for name, *_ in CASES], "line_number")


@pytest.mark.parametrize(("name", "expected"), [(c[0], c[3]) for c in CASES], ids=[c[0] for c in CASES])
def test_settings_of_dates_in_part(lines: dict[str, list[Row]], name: str, expected: Settings) -> None:
    found = lines[name]
    assert [(row["setting"], row["setting_assumed"]) for row in found] == expected
    of_mcrpc = [row["mcrpc_line_number"] for row in found if row["setting"] == "mcrpc"]
    assert of_mcrpc == list(range(1, len(of_mcrpc) + 1))


def test_without_a_date_nothing_is_assumed() -> None:
    agents, _ = derived([("p", [("docetaxel", "2020-03")], "2020-03", [])])
    [row] = derive_lines(agents).to_pyarrow().to_pylist()
    assert (row["setting"], row["setting_assumed"], row["mcrpc_line_number"]) == ("unknown", None, None)


GRACE: list[tuple[str, str, tuple[str, bool]]] = [
    ("fourteen_days_before_the_month_it_is_assumed_to_be_of_mcrpc", "2020-02-16", MCRPC),
    ("fifteen_days_before_the_month_it_is_before", "2020-02-15", MHSPC),
    ("fourteen_days_before_the_end_of_the_month_it_is_known_to_be", "2020-03-17", SURE_MCRPC),
]


@pytest.mark.parametrize(("line", "expected"), [g[1:] for g in GRACE], ids=[g[0] for g in GRACE])
def test_a_grace_before_mcrpc_runs_from_the_days_that_the_month_can_mean(line: str, expected: tuple[str, bool]) -> None:
    rules = LineRules.model_validate({"before_mcrpc": "14 days"})
    [row] = derived([("p", [("docetaxel", line)], "2020-03", [])], rules)[1].to_pyarrow().to_pylist()
    assert (row["setting"], row["setting_assumed"]) == expected


def test_the_first_record_of_a_line_with_an_assumed_setting_is_asked_about() -> None:
    agents, made = derived(CASES)
    asked = by_patient(find_setting_queries(agents, made), [name for name, *_ in CASES])
    query = "in the month or year of mCRPC or metastases, order assumed"
    for name, _, _, settings in CASES:
        expected: list[dict[str, Any]] = [
            {"patient_id": name, "query": query, "source_table": "treatments", "source_row": f"treatments:{name}0"}
            for _, assumed in settings
            if assumed
        ]
        assert asked[name] == expected
    assert sum(map(len, asked.values())) == 14
