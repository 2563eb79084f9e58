"""Prior taxane and prior ARPI of Table 1: lines begun before cycle 1, and records without a begin."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

PRIOR: tuple[tuple[str, int | None, int | None, tuple[float | None, str | None]], ...] = (
    ("begun_the_day_before", -1, None, (1.0, "yes")),
    ("begun_on_the_day_of_cycle_1", 0, None, (0.0, "no")),
    ("without_a_begin_but_ended_before", None, -100, (1.0, "yes")),
    ("without_a_begin_and_ended_after", None, 30, (None, None)),
    ("without_any_date", None, None, (None, None)),
)


@pytest.mark.parametrize(("name", "begin", "end", "expected"), PRIOR, ids=[case[0] for case in PRIOR])
def test_a_taxane_in_table_1(
    name: str,
    begin: int | None,
    end: int | None,
    expected: tuple[float | None, str | None],
    derive: Callable[..., Any],
    on_day: Callable[[int], dt.date],
) -> None:
    row = {
        "patient_id": "p",
        "agent": "docetaxel",
        "agent_class": "taxane",
        "begin_date": None if begin is None else on_day(begin),
        "begin_date_precision": None if begin is None else "day",
        "end_date": None if end is None else on_day(end),
        "end_date_precision": None if end is None else "day",
        "record_key": "k",
        "row_id": "treatments:d",
    }
    found = derive(treatments=[row])["C2", "prior_taxane"]
    assert (found["value"], found["category"]) == expected
    assert found["source_row"] == (None if expected[1] == "no" else "treatments:d")
    assert (found["reason"] is None) == (expected[0] is not None)
