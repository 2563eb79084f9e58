from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lutrace.report.wording import (
    Suppressed,
    format_estimate,
    format_fixed,
    format_p,
    format_quartiles,
    format_share,
    with_unit,
)


def estimate(measure: str, value: float | None, low: float | None, high: float | None, **values: Any) -> dict[str, Any]:
    return {"measure": measure, "estimate": value, "low": low, "high": high, "unit": "1", "n": 66} | values


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0, "<0.001"),
        (0.00099, "<0.001"),
        (0.001, "0.001"),
        (0.0116, "0.012"),
        (0.0996, "0.100"),
        (0.104, "0.10"),
        (0.99, "0.99"),
        (0.9951, ">0.99"),
        (None, "–"),
        (math.nan, "–"),
    ],
)
def test_a_p_value_is_rounded_not_truncated(p: float | None, text: str) -> None:
    assert format_p(p) == text


@pytest.mark.parametrize(
    ("count", "n", "text"),
    [
        (33, 66, "33/66 (50%)"),
        (50, 66, "50/66 (76%)"),
        (42, 51, "42/51 (82%)"),
        (13, 66, "13/66 (20%)"),
        (7, 51, "7/51 (14%)"),
        (47, 66, "47/66 (71%)"),
        (1, 66, "1/66 (1.5%)"),
        (0, 66, "0/66 (0%)"),
        (1, 8, "1/8 (13%)"),
        (999, 1000, "999/1000 (>99%)"),
        (1000, 1000, "1000/1000 (100%)"),
        (0, 0, "0/0"),
        (None, 66, "–"),
        (Suppressed(5), 66, "<5"),
    ],
)
def test_a_share_names_the_count_and_its_percentage(count: Any, n: int, text: str) -> None:
    assert format_share(count, n) == text


@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_only_all_are_100_percent_and_only_none_is_0(pair: tuple[int, int]) -> None:
    count, n = pair
    text = format_share(count, n)
    assert text.endswith("(100%)") == (count == n)
    assert text.endswith("(0%)") == (count == 0) or count / n < 0.0005


@given(st.floats(-1e6, 1e6), st.integers(0, 3))
def test_a_rounded_number_is_within_half_a_step_and_never_minus_zero(value: float, decimals: int) -> None:
    text = format_fixed(value, decimals)
    assert abs(float(text.replace("−", "-")) - value) <= 0.5 * 10**-decimals * (1 + 1e-9) + 1e-12
    assert not (text.startswith("−") and float(text.replace("−", "-")) == 0)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (estimate("hazard_ratio", 2.1, 1.5, 2.94), "2.10 (1.50–2.94)"),
        (estimate("hazard_ratio", 0.0421, 0.0021, None), "0.042 (0.002 to not estimable)"),
        (estimate("hazard_ratio", None, None, None), "not estimable"),
        (estimate("hazard_ratio", math.inf, None, None), "not estimable"),
        (estimate("correlation", -0.05, -0.29, 0.2), "−0.05 (−0.29 to 0.20)"),
        (estimate("proportion", 50 / 66, 0.64, 0.86), "76% (64–86%)"),
        (estimate("proportion", 75.76, 64.0, 86.0, unit="%"), "76% (64–86%)"),
        (estimate("kappa", 0.51, 0.3, 0.72), "0.51 (0.30–0.72)"),
        (estimate("median", 57.43, 44.3, None), "57.4 (44.3 to not reached)"),
        (estimate("median", None, 44.3, None), "not reached (44.3 to not reached)"),
        (estimate("median", None, None, None), "not reached"),
        (estimate("count", 13.0, None, None), "13 / 66"),
        (estimate("count", Suppressed(5), None, None), "<5"),
    ],
)
def test_an_estimate_stands_with_its_interval(row: dict[str, Any], text: str) -> None:
    assert format_estimate(row) == text


def test_quartiles_have_the_decimals_of_their_median() -> None:
    assert format_quartiles({"value": 73.5, "low": 68.0, "high": 79.0}) == "73.5 (68.0, 79.0)"
    assert format_quartiles({"value": 4.0, "low": 3.0, "high": 5.0}) == "4 (3, 5)"


def test_a_unit_is_not_said_twice() -> None:
    assert with_unit("Change of PSA, %", "%") == "Change of PSA, %"
    assert with_unit("Age", "years") == "Age, years"
    assert with_unit("Alive", "1") == "Alive"
