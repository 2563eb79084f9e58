from __future__ import annotations

from typing import Any

import pytest

from lutrace.report import format_bound
from lutrace.report.wording import Suppressed

RATIO = {
    "measure": "hazard_ratio", "value": 1.42, "low": 1.1, "high": 1.84, "p": 0.007, "unit": "1", "n": 66, "events": 24,
    "covariate_unit": "per doubling",
}  # fmt: skip
MEDIAN = {"measure": "median", "value": 26.0, "low": 21.0, "high": 36.0, "p": None, "unit": "weeks", "n": 66}
SHARE = {"measure": "proportion", "value": 0.5, "low": 0.374, "high": 0.626, "unit": "1", "n": 66, "events": 33}
COUNT = {"statistic": "count", "value": 33.0, "low": None, "high": None, "unit": "patients", "n": 64, "N": 66}
AGE = {"statistic": "median_iqr", "value": 73.5, "low": 68.0, "high": 79.0, "unit": "years", "n": 66, "N": 66}


@pytest.mark.parametrize(
    ("number", "part", "text"),
    [
        (RATIO, "", "1.42 per doubling (95% CI 1.10–1.84)"),
        (RATIO, "p", "p = 0.007"),
        (RATIO | {"p": 0.0004}, "p", "p < 0.001"),
        (RATIO, "interval", "1.10–1.84"),
        (RATIO, "unit", "per doubling"),
        (MEDIAN, "", "26.0 weeks (95% CI 21.0–36.0)"),
        (MEDIAN, "value", "26.0"),
        (MEDIAN, "p", "–"),
        (MEDIAN | {"value": None, "high": None}, "", "not reached (95% CI 21.0 weeks to not reached)"),
        (SHARE, "", "33/66 (50%, 95% CI 37–63%)"),
        (SHARE, "percent", "50%"),
        (SHARE, "events", "33"),
        (COUNT, "", "33/64 (52%)"),
        (COUNT, "percent", "52%"),
        (COUNT, "N", "66"),
        (COUNT | {"statistic": "missing", "value": 2.0}, "", "2/66 (3.0%)"),
        (COUNT | {"value": Suppressed(5)}, "", "<5"),
        (AGE, "", "73.5 years (IQR 68.0–79.0)"),
        (AGE | {"statistic": "median_range"}, "", "73.5 years (range 68.0–79.0)"),
        (AGE | {"statistic": "mean_sd", "low": None, "high": None, "sd": 8.25}, "", "73.5 years (SD 8.3)"),
        ({"value": 66, "unit": "patients", "excluded": 3}, "", "66"),
        ({"statistic": "p", "value": 0.031, "unit": "1"}, "", "p = 0.031"),
    ],
)
def test_a_number_in_a_sentence_has_its_unit_interval_and_denominator(
    number: dict[str, Any], part: str, text: str
) -> None:
    assert format_bound(number, part) == text
