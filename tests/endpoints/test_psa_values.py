"""The PSA course as values of a study, on the patient of the conftest: doses on days 0, 42 and 84."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from lutrace.protocol import Covariate

FALLING = ((-3, 100.0), (40, 60.0), (80, 45.0), (90, 18.0), (125, 9.0), (150, 13.0), (180, 20.0))
Derive = Callable[..., Any]


@pytest.mark.parametrize(
    ("endpoint", "value", "source"),
    [
        ("psa30", 1.0, "labs:40"),
        ("psa80", 1.0, "labs:90"),
        ("psa_change_12wk_pct", -55.0, "labs:80"),
        ("psa50_12wk", 1.0, "labs:80"),
        ("psa80_12wk", 0.0, "labs:80"),
        ("psa_nadir", 9.0, "labs:125"),
        ("psa_flare", 0.0, "labs:-3"),
        ("psa30_dose", 1.0, "labs:-3"),
        ("psa50_dose", 2.0, "labs:-3"),
        ("psa90_dose", 3.0, "labs:-3"),
        ("psa_course", 3.0, "labs:-3"),
    ],
)
def test_each_value_has_its_row_of_evidence(derived: Any, endpoint: str, value: float, source: str) -> None:
    row = derived["C2", endpoint]
    assert (row["value"], row["source_row"], row["reason"]) == (pytest.approx(value), source, None)


def test_the_course_looks_at_the_last_value_after_each_dose(derived: Any) -> None:
    assert derived["C2", "psa_course"]["category"] == "sustained_decrease"  # 60, 45, 20


def test_the_doubling_time_is_that_of_the_rise_from_the_nadir(derived: Any) -> None:
    # least squares of ln 9, ln 13, ln 20 at days 125, 150, 180, by hand: slope 0.0145136 per day
    row = derived["C2", "psadt_months"]
    assert row["value"] == pytest.approx(0.693147181 / 0.0145136 / 30.4375, rel=1e-4)


def test_velocity_is_the_slope_of_psa_over_the_same_values(derived: Any) -> None:
    # 9, 13, 20 ng/mL at days 125, 150, 180, by hand: sums of products 305 and of squares 1516.6667
    row = derived["C2", "psa_velocity"]
    assert (row["value"], row["unit"]) == (pytest.approx(305 / 1516.6667 * 365.25, rel=1e-6), "ng/mL/year")


@pytest.mark.parametrize("name", ["psa_nadir", "psa_flare", "psadt_months", "psa_velocity", "psa50_dose"])
def test_a_value_of_the_whole_course_is_refused_as_a_covariate(name: str) -> None:
    covariate = {"name": "x", "label": "x", "value": name, "transform": "identity", "unit": "per one"}
    with pytest.raises(ValidationError, match="known at time zero"):
        Covariate.model_validate(covariate)


def test_the_values_of_week_12_can_be_covariates() -> None:
    covariate = {"name": "x", "label": "x", "value": "psa50_12wk", "transform": "present", "unit": "PSA50 at week 12"}
    assert Covariate.model_validate(covariate).value == "psa50_12wk"


def test_without_a_baseline_nothing_is_judged_and_the_reason_is_said(derive: Derive) -> None:
    values = derive(psa=((40, 60.0), (80, 45.0)))
    for endpoint in ("psa50_12wk", "psa_nadir", "psa_flare", "psa50_dose", "psa_course"):
        row = values["C2", endpoint]
        assert (row["value"], row["source_row"]) == (None, None)
        assert row["reason"] is not None


@pytest.fixture(scope="module")
def cache() -> dict[str, Any]:
    return {}


@pytest.fixture
def derived(derive: Derive, cache: dict[str, Any]) -> Any:
    """The values of the falling course, derived once for all tests of this file."""
    if "values" not in cache:
        cache["values"] = derive(psa=FALLING)
    return cache["values"]
