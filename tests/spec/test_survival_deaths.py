"""Which day stands for a death: statement and last sign of life in, day and flag out. Dates are written out."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import ibis.expr.types as ir
import pytest
from tests.conftest import HandFacts

from lutrace.core import MissingFactError, Row, Table
from lutrace.endpoints.course.basis import CourseBasis
from lutrace.endpoints.survival.activity import last_activity
from lutrace.endpoints.survival.deaths import derive_death_dates
from lutrace.endpoints.vital_status import known_deaths, vital_status
from lutrace.protocol import DeathDates
from lutrace.tables import DEATH_DATES

CUT = dt.date(2024, 6, 20)
Expected = tuple[str, bool] | None
"""The day that stands for the death, and whether it is flagged; None when no death is known on the data cut."""

CASES: list[tuple[str, tuple[str, str], str | None, Expected]] = [
    # the day is on record
    ("a_day_on_record_stands", ("2024-03-07", "day"), "2024-03-01", ("2024-03-07", False)),
    ("a_day_on_record_is_not_moved_by_a_later_visit", ("2024-03-07", "day"), "2024-03-09", ("2024-03-07", True)),
    ("a_day_after_the_cut_is_not_known", ("2024-06-21", "day"), "2024-06-01", None),
    ("a_day_on_the_cut_is_known", ("2024-06-20", "day"), "2024-06-01", ("2024-06-20", False)),
    # the month is on record
    ("a_month_is_its_15th", ("2024-03-01", "month"), "2024-02-10", ("2024-03-15", False)),
    ("a_month_is_its_15th_though_nothing_else_is_known", ("2024-03-01", "month"), None, ("2024-03-15", False)),
    ("a_visit_on_the_15th_moves_nothing", ("2024-03-01", "month"), "2024-03-15", ("2024-03-15", False)),
    ("a_visit_on_the_16th_moves_it_to_the_end", ("2024-03-01", "month"), "2024-03-16", ("2024-03-31", False)),
    ("the_end_of_february_of_a_leap_year", ("2024-02-01", "month"), "2024-02-20", ("2024-02-29", False)),
    ("the_end_of_february_of_another_year", ("2023-02-01", "month"), "2023-02-20", ("2023-02-28", False)),
    ("a_visit_up_to_30_days_later_moves_it_there", ("2024-03-01", "month"), "2024-04-30", ("2024-04-30", True)),
    ("a_visit_31_days_later_moves_nothing", ("2024-03-01", "month"), "2024-05-01", ("2024-03-15", True)),
    ("the_15th_is_never_after_the_cut", ("2024-06-01", "month"), "2024-05-01", ("2024-06-15", False)),
    ("the_end_of_the_month_is_never_after_the_cut", ("2024-06-01", "month"), "2024-06-18", ("2024-06-20", False)),
    ("a_month_after_the_cut_is_not_known", ("2024-07-01", "month"), "2024-06-01", None),
    ("who_is_seen_after_the_cut_is_not_dead_on_it", ("2024-06-01", "month"), "2024-06-25", None),
    ("a_month_is_its_own_though_the_record_says_the_7th", ("2024-03-07", "month"), "2024-02-10", ("2024-03-15", False)),
    # the year is on record
    ("a_year_is_1_july", ("2023-01-01", "year"), "2023-02-10", ("2023-07-01", False)),
    ("a_leap_year_is_1_july", ("2020-01-01", "year"), "2020-02-10", ("2020-07-01", False)),
    ("a_visit_after_1_july_is_the_day", ("2023-01-01", "year"), "2023-09-12", ("2023-09-12", False)),
    ("a_visit_in_january_after_is_the_day", ("2023-01-01", "year"), "2024-01-30", ("2024-01-30", True)),
    ("a_visit_31_days_after_the_year_moves_nothing", ("2023-01-01", "year"), "2024-01-31", ("2023-07-01", True)),
    ("the_year_of_the_cut_is_never_after_the_cut", ("2024-01-01", "year"), "2024-02-10", ("2024-06-20", False)),
]


def facts_of(cases: list[tuple[str, tuple[str, str], str | None, Expected]]) -> HandFacts:
    dead: list[Row] = []
    seen: list[Row] = []
    for name, (date, precision), last, _ in cases:
        row = {"patient_id": name, "status": "dead", "date": dt.date.fromisoformat(date), "basis": "record"}
        dead.append(row | {"date_precision": precision, "row_id": f"follow_up:{name}"})
        if last is not None:
            seen.append({"patient_id": name, "date": dt.date.fromisoformat(last), "kind": "visit", "record_key": "k"})
    return HandFacts({"follow_up": dead, "contacts": seen})


@pytest.fixture(scope="module")
def found() -> dict[str, Row]:
    rows = derive_death_dates(facts_of(CASES), DeathDates(), CUT)
    assert rows.columns == tuple(DEATH_DATES.by_name)
    return {row["patient_id"]: row for row in rows.to_pyarrow().cast(DEATH_DATES.arrow_schema).to_pylist()}


@pytest.mark.parametrize(("name", "stated", "last", "expected"), CASES, ids=[case[0] for case in CASES])
def test_the_day_that_stands_for_a_death(
    found: dict[str, Row], name: str, stated: tuple[str, str], last: str | None, expected: Expected
) -> None:
    row = found.get(name)
    assert (None if row is None else (row["death_date"].isoformat(), row["flagged"])) == expected
    if row is not None:
        assert (row["source_row"], row["imputed"]) == (f"follow_up:{name}", stated[1] != "day")
        assert row["death_date"] <= CUT


def test_no_imputed_day_is_before_a_sign_of_life_but_where_it_is_flagged(found: dict[str, Row]) -> None:
    for row in found.values():
        if not row["flagged"] and row["last_activity_date"] is not None:
            assert row["death_date"] >= row["last_activity_date"]


SENSITIVITIES: list[tuple[str, str, str, str]] = [
    ("a_month_is_its_15th", "first", "2024-03-01", "first day of the span"),
    ("a_month_is_its_15th", "last", "2024-03-31", "last day of the span"),
    ("a_visit_on_the_16th_moves_it_to_the_end", "first", "2024-03-16", "last sign of life"),
    ("a_year_is_1_july", "first", "2023-02-10", "last sign of life"),
    ("a_year_is_1_july", "last", "2023-12-31", "last day of the span"),
    ("a_day_on_record_stands", "first", "2024-03-07", "day on record"),
    ("the_year_of_the_cut_is_never_after_the_cut", "last", "2024-06-20", "data cut: last day"),
]


@pytest.mark.parametrize(("name", "day", "expected", "words"), SENSITIVITIES)
def test_the_sensitivities_take_the_first_and_the_last_day(name: str, day: str, expected: str, words: str) -> None:
    case = [one for one in CASES if one[0] == name]
    rows = derive_death_dates(facts_of(case), DeathDates.model_validate({"day": day}), CUT).to_pyarrow().to_pylist()
    assert rows[0]["death_date"].isoformat() == expected
    assert rows[0]["rule"].startswith(words)


def test_the_first_middle_and_last_day_are_in_this_order() -> None:
    days = {}
    for day in ("first", "middle", "last"):
        rules = DeathDates.model_validate({"day": day})
        rows = derive_death_dates(facts_of(CASES), rules, CUT).to_pyarrow().to_pylist()
        days[day] = {row["patient_id"]: row["death_date"] for row in rows}
    assert days["first"].keys() == days["middle"].keys() == days["last"].keys()
    assert all(days["first"][one] <= days["middle"][one] <= days["last"][one] for one in days["first"])


def test_of_two_statements_the_more_exact_stands() -> None:
    rows = [
        {"patient_id": "p", "status": "dead", "date": dt.date(2024, 3, 1), "date_precision": "month", "row_id": "a"},
        {"patient_id": "p", "status": "dead", "date": dt.date(2024, 3, 9), "date_precision": "day", "row_id": "b"},
    ]
    found = derive_death_dates(HandFacts({"follow_up": rows})).to_pyarrow().to_pylist()
    assert [(row["source_row"], row["death_date"]) for row in found] == [("b", dt.date(2024, 3, 9))]


SIGNS: list[tuple[str, str, Row, bool]] = [
    ("a_visit", "contacts", {"date": dt.date(2024, 2, 2), "kind": "visit"}, True),
    ("a_bill_alone", "contacts", {"date": dt.date(2024, 2, 2), "kind": "billing"}, False),
    ("a_laboratory_value", "labs", {"date": dt.date(2024, 2, 2), "analyte": "psa"}, True),
    ("a_cycle", "cycles", {"administered_date": dt.date(2024, 2, 2), "cycle": 1}, True),
    ("a_scan", "scans", {"date": dt.date(2024, 2, 2), "scan_id": "s"}, True),
    ("a_questionnaire", "questionnaires", {"date": dt.date(2024, 2, 2), "item": "Q3"}, True),
    ("a_transfusion", "support", {"date": dt.date(2024, 2, 2), "kind": "red_cells"}, True),
    ("a_relative_on_the_telephone", "follow_up", {"date": dt.date(2024, 2, 2), "status": "alive"}, True),
    ("a_death", "follow_up", {"date": dt.date(2024, 2, 2), "status": "dead", "date_precision": "day"}, False),
    ("the_begin_of_a_drug", "treatments", {"begin_date": dt.date(2024, 2, 2), "begin_date_precision": "day"}, True),
    ("the_month_of_a_drug", "treatments", {"begin_date": dt.date(2024, 2, 2), "begin_date_precision": "month"}, False),
    ("the_end_of_a_drug", "treatments", {"end_date": dt.date(2024, 2, 2), "end_date_precision": "day"}, False),
]


@pytest.mark.parametrize(("name", "table", "row", "counts"), SIGNS, ids=[one[0] for one in SIGNS])
def test_what_is_a_sign_of_life(name: str, table: str, row: Row, counts: bool) -> None:
    rows = last_activity(HandFacts({table: [{"patient_id": "p", "row_id": "r", **row}]})).to_pyarrow().to_pylist()
    assert [(one["alive_date"], one["alive_table"], one["alive_row"]) for one in rows] == (
        [(dt.date(2024, 2, 2), table, "r")] if counts else []
    )


CENSORED: list[tuple[str, tuple[str, ...], str, str, str]] = [
    ("last_activity_is_the_last_visit", ("2024-05-01",), "last_activity", "2024-05-01", "last sign of life"),
    ("data_cut_is_the_cut", ("2024-05-01",), "data_cut", "2024-06-20", "alive on the data cut by convention"),
    ("earlier_is_the_last_visit_before_the_cut", ("2024-05-01",), "earlier", "2024-05-01", "last sign of life"),
    ("earlier_is_the_cut_for_who_is_seen_later", ("2024-05-01", "2024-07-01"), "earlier", "2024-06-20", "alive on the"),
    (
        "last_activity_looks_no_further_than_the_cut",
        ("2024-05-01", "2024-07-01"),
        "last_activity",
        "2024-05-01",
        "last",
    ),
]


@pytest.mark.parametrize(("name", "seen", "rule", "expected", "words"), CENSORED, ids=[one[0] for one in CENSORED])
def test_where_the_living_are_censored(name: str, seen: tuple[str, ...], rule: str, expected: str, words: str) -> None:
    rows = [{"patient_id": "p", "date": dt.date.fromisoformat(one), "kind": "visit", "row_id": one} for one in seen]
    basis = CourseBasis(HandFacts({"contacts": rows}), CUT)
    found = vital_status(basis, censor_at=rule).to_pyarrow().to_pylist()[0]  # type: ignore[arg-type]
    assert (found["died"], found["status_date"].isoformat()) == (False, expected)
    assert found["status_rule"].startswith(words)


def test_the_cut_is_not_made_up() -> None:
    class NoCut:
        facts = HandFacts({})
        data_cut = None

    with pytest.raises(MissingFactError, match=r"data_cut: censor_at data_cut needs the day of the data cut"):
        vital_status(NoCut(), censor_at="data_cut")


def test_a_basis_finds_deaths_once_and_another_cut_finds_them_anew() -> None:
    class Counted(HandFacts):
        asked = 0

        def table(self, declared: Table) -> ir.Table:
            self.asked += 1
            return super().table(declared)

    facts = Counted(facts_of(CASES[:1]).rows)
    basis = CourseBasis(facts, CUT)
    [found] = vital_status(basis, basis.death_dates).to_pyarrow().to_pylist()
    asked = facts.asked
    assert vital_status(basis, basis.death_dates).to_pyarrow().to_pylist() == [found]
    [dead] = known_deaths(basis, basis.death_dates).to_pyarrow().to_pylist()
    assert facts.asked == asked
    assert (found["died"], found["status_date"]) == (True, dead["death_date"])
    [earlier] = vital_status(replace(basis, data_cut=dt.date(2024, 3, 6)), basis.death_dates).to_pyarrow().to_pylist()
    assert earlier["died"] is False
