from __future__ import annotations

import math

import pytest

from lutrace.core import Row
from lutrace.models import fit_trends
from lutrace.stats import compute_lowess


def result(patient: str, day: float, value: float, *, dose: int = 0, last: bool = True, series: str = "hb") -> Row:
    row = {"patient_id": patient, "series": series, "day": day, "value": value, "unit": "g/dL"}
    return row | {"dose": dose, "last_of_dose": last}


def test_the_middle_after_a_dose_is_of_the_last_result_of_each_patient() -> None:
    rows = [
        *(result("a", 10, 9.0, dose=1, last=False), result("a", 20, 8.0, dose=1)),
        *(result("b", 12, 11.0, dose=1), result("c", 30, 10.0, dose=1), result("c", 50, 7.0, dose=2)),
    ]
    by_dose = {row["at"]: row for row in fit_trends(rows)}
    one = by_dose[1.0]
    assert (one["patients"], one["median"], one["q1"], one["q3"]) == (3, 10.0, 9.0, 10.5)  # 8, 10, 11; type 7
    assert (by_dose[2.0]["patients"], by_dose[2.0]["median"]) == (1, 7.0)
    assert {row["by"] for row in by_dose.values()} == {"dose"}  # five results have no course of their own


def test_the_smooth_line_has_one_place_for_each_day_with_its_patients() -> None:
    rows = [result(f"p{number}", 10.0 * (number // 2), 12.0 - number / 10, last=False) for number in range(12)]
    found = [row for row in fit_trends(rows) if row["by"] == "day"]
    assert [(row["at"], row["patients"]) for row in found] == [(10.0 * place, 2) for place in range(6)]
    smooth = compute_lowess([row["day"] for row in rows], [row["value"] for row in rows])
    assert [row["smooth"] for row in found] == pytest.approx(smooth[::2])


def test_psa_is_smoothed_on_the_logarithm_and_says_so() -> None:
    rows = [result("a", 7.0 * number, math.exp(5 - number / 4), last=False, series="psa") for number in range(12)]
    found = [row for row in fit_trends(rows) if row["by"] == "day"]
    assert [row["smooth"] for row in found] == pytest.approx([row["value"] for row in rows])
    assert found[0]["rule"].endswith("of the logarithms")
