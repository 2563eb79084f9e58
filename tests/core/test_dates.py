from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lutrace.core import PartialDate, UnusableInputError, parse_partial_date


def test_a_month_stays_a_month() -> None:
    date = parse_partial_date("2023-02")
    assert date.precision == "month"
    assert (date.first_day(), date.last_day()) == (dt.date(2023, 2, 1), dt.date(2023, 2, 28))


def test_a_year_spans_its_days() -> None:
    date = parse_partial_date("2024")
    assert (date.first_day(), date.last_day()) == (dt.date(2024, 1, 1), dt.date(2024, 12, 31))


def test_a_time_is_dropped() -> None:
    assert parse_partial_date("2023-05-17T08:30:00+02:00") == PartialDate(2023, 5, 17)


@pytest.mark.parametrize("text", ["17.05.2023", "2023-13", "2023-02-30", "", "2023-5-1"])
def test_what_is_no_iso_date_is_refused(text: str) -> None:
    with pytest.raises(UnusableInputError):
        parse_partial_date(text)


@given(st.dates())
def test_writing_and_reading_gives_the_same_day(day: dt.date) -> None:
    assert parse_partial_date(day.isoformat()).first_day() == day
