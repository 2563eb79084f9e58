"""Results as people write them."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lutrace.core import UnusableInputError
from lutrace.terms import canonical_lab, parse_reported_value, split_result


@pytest.mark.parametrize(
    ("text", "value", "comparator"),
    [
        ("12.5", 12.5, None),
        ("46,79", 46.79, None),
        ("<0.02", 0.02, "<"),
        ("<0,02", 0.02, "<"),
        ("< 0,006", 0.006, "<"),
        ("> 5 000", 5000.0, ">"),
        (">5\u00a0000", 5000.0, ">"),
        ("≤ 8", 8.0, "<="),
        (">= 3", 3.0, ">="),
        ("1.234,5", 1234.5, None),
        ("1,234.5", 1234.5, None),
        ("1'234", 1234.0, None),
        ("1.234.567", 1234567.0, None),
        ("1,234,567", 1234567.0, None),
        ("1.234", 1.234, None),
        ("12345,678", 12345.678, None),
        ("1e3", 1000.0, None),
        ("-1", -1.0, None),
        (" 7 ", 7.0, None),
    ],
)
def test_a_result_is_read_as_a_clinician_reads_it(text: str, value: float, comparator: str | None) -> None:
    found = parse_reported_value(text)

    assert (found.value, found.comparator) == (value, comparator)


@pytest.mark.parametrize(
    "text",
    ["", "abc", "<", "1 2", "12 34", "1,23,456", "1.2.3,4", "5 ng/mL", "1e999", "12 0000", "1.234.5e1", "1..2", "1.,2"],
)
def test_text_that_is_no_single_number_is_refused(text: str) -> None:
    with pytest.raises(UnusableInputError, match="value: "):
        parse_reported_value(text)


def test_a_comma_before_three_digits_is_refused_until_the_decimal_sign_is_said() -> None:
    with pytest.raises(UnusableInputError, match="say which"):
        parse_reported_value("5,000")
    assert parse_reported_value("5,000", decimal=",").value == 5.0
    assert parse_reported_value("5,000", decimal=".").value == 5000.0


def test_a_decimal_sign_that_stands_twice_is_refused() -> None:
    with pytest.raises(UnusableInputError, match="one decimal sign"):
        parse_reported_value("0..5", decimal=".")


def test_a_refusal_never_quotes_the_text() -> None:
    with pytest.raises(UnusableInputError) as caught:
        parse_reported_value("Synthetic Person 12.5")
    assert "Synthetic" not in str(caught.value)


@given(st.floats(0, 1e9, allow_nan=False))
def test_every_number_survives_point_and_comma(value: float) -> None:
    assert parse_reported_value(repr(value)).value == value
    assert parse_reported_value(repr(value).replace(".", ","), decimal=",").value == value


@given(st.integers(0, 10**12))
def test_grouped_thousands_mean_the_same_number(value: int) -> None:
    assert parse_reported_value(f"{value:,}".replace(",", " ")).value == value


@given(st.text(max_size=12) | st.text(alphabet="0123456789.,' e+-<>=", max_size=12), st.sampled_from([None, ".", ","]))
def test_any_text_gives_a_number_or_a_refusal(text: str, decimal: Literal[".", ","] | None) -> None:
    try:
        parse_reported_value(text, decimal=decimal)
    except UnusableInputError:
        return


def test_a_power_of_ten_that_lost_its_raised_figure_is_no_unit_of_a_count() -> None:
    value, unit = split_result("210 109/L")

    with pytest.raises(UnusableInputError, match="platelets: unknown unit '/L'"):
        canonical_lab("platelets", value, unit)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("<0,02 ng/ml", "<0,02", "ng/ml"),
        ("46,79", "46,79", None),
        ("5 10^9/L", "5", "10^9/L"),
        ("5,1 x10⁹/L", "5,1", "x10⁹/L"),
        ("210 10³/µL", "210", "10³/µL"),
    ],
)
def test_value_and_unit_written_together_are_parted(text: str, value: str, unit: str | None) -> None:
    assert split_result(text) == (value, unit)
