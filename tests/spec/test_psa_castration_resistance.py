"""Castration resistance by PSA: a series at castrate testosterone in, a day per definition out; values in ng/mL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from lutrace.endpoints import (
    aua_castration_resistance,
    castrate_state,
    eau_castration_resistance,
    pcwg3_castration_resistance,
    screening_castration_resistance,
)

EAU, AUA = eau_castration_resistance, aua_castration_resistance
PCWG3, SCREENING = pcwg3_castration_resistance, screening_castration_resistance

CASES: list[tuple[str, Callable[[ir.Table], ir.Table], tuple[tuple[int, float], ...], int | None]] = [
    ("eau_third_rise", EAU, ((0, 1.0), (7, 1.4), (14, 1.6), (21, 2.1)), 21),
    ("eau_two_rises_are_too_few", EAU, ((0, 1.0), (7, 1.6), (14, 2.1)), None),
    ("eau_a_fourth_rise_can_complete_it", EAU, ((0, 1.0), (7, 1.1), (14, 1.2), (21, 1.6), (28, 2.1)), 28),
    ("eau_psa_of_exactly_2_is_not_above_2", EAU, ((0, 1.0), (7, 1.4), (14, 1.6), (21, 2.0)), None),
    ("eau_one_rise_of_50_percent_is_too_few", EAU, ((0, 2.0), (7, 2.2), (14, 2.4), (21, 3.0)), None),
    ("eau_a_fall_starts_anew", EAU, ((0, 1.0), (7, 1.6), (14, 1.8), (21, 1.7), (28, 2.1), (35, 2.5)), None),
    ("eau_an_equal_value_starts_anew", EAU, ((0, 1.0), (7, 1.6), (14, 1.6), (21, 2.1), (28, 2.5)), None),
    ("eau_a_rise_after_6_days_starts_anew", EAU, ((0, 1.0), (7, 1.6), (13, 1.8), (20, 2.1), (27, 2.5)), None),
    ("eau_exactly_50_percent_above_the_nadir_counts", EAU, ((0, 2.0), (7, 2.2), (14, 3.0), (21, 3.1)), 21),
    ("aua_second_rise", AUA, ((0, 1.0), (30, 1.2), (60, 1.4)), 60),
    ("aua_a_rise_of_0_19_is_too_small", AUA, ((0, 1.0), (30, 1.19), (60, 1.4)), None),
    ("pcwg3_confirmed_rise_over_the_nadir", PCWG3, ((0, 9.0), (60, 1.0), (90, 3.0), (111, 3.5)), 90),
    ("pcwg3_unconfirmed_rise", PCWG3, ((0, 9.0), (60, 1.0), (90, 3.0), (111, 2.9)), None),
    ("screening_any_rise_within_90_days", SCREENING, ((0, 1.0), (90, 1.01)), 90),
    ("screening_any_rise_after_7_days", SCREENING, ((0, 1.0), (7, 1.01)), 7),
    ("screening_not_after_91_days", SCREENING, ((0, 1.0), (91, 1.01)), None),
    ("screening_not_after_6_days", SCREENING, ((0, 1.0), (6, 1.5)), None),
]


def series(values: tuple[tuple[int, float], ...], castrate: tuple[bool | None, ...] | None = None) -> ir.Table:
    days, psa = zip(*values, strict=True)
    state = castrate or (True,) * len(days)
    columns: dict[str, Any] = {
        "patient_id": ["p"] * len(days),
        "day": pa.array(days, pa.int64()),
        "psa": psa,
        "psa_row": [f"row:{day}" for day in days],
        "castrate": pa.array(state, pa.bool_()),
    }
    return ibis.memtable(pa.table(columns))


def day_of(found: ir.Table) -> int | None:
    rows = found.to_pyarrow().to_pylist()
    assert all(row["crpc_row"] == f"row:{row['crpc_day']}" for row in rows)
    return rows[0]["crpc_day"] if rows else None


@pytest.mark.parametrize(("rule", "values", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_definition(
    rule: Callable[[ir.Table], ir.Table], values: tuple[tuple[int, float], ...], expected: int | None
) -> None:
    assert day_of(rule(series(values))) == expected


@pytest.mark.parametrize("state", [False, None])
def test_a_value_that_is_not_known_to_be_castrate_ends_the_period(state: bool | None) -> None:
    values = ((0, 1.0), (30, 1.3), (60, 1.6), (90, 1.9))
    assert day_of(AUA(series(values, (True, True, state, True)))) is None
    assert day_of(AUA(series(values, (state, True, True, True)))) == 90


def test_the_last_testosterone_on_or_before_the_day_decides_unless_it_is_too_old() -> None:
    asked = series(((0, 1.0), (30, 1.0), (60, 1.0), (211, 1.0), (241, 1.0))).drop("castrate")
    measured = pa.table(
        {"patient_id": ["p"] * 3, "day": pa.array([1, 30, 60], pa.int64()), "testosterone_nmol_l": [0.5, 1.7, 1.69]}
    )
    rows = castrate_state(asked, ibis.memtable(measured)).order_by("day").to_pyarrow().to_pylist()
    assert [row["castrate"] for row in rows] == [None, False, True, True, None]
