from __future__ import annotations

import numpy as np
import pytest

from lutrace.core import UnusableInputError
from lutrace.stats import compute_lowess

DAYS = [-10, 5, 20, 40, 41, 60, 84, 84, 100, 126, 150, 168]
VALUES = [12.1, 11.8, 11.9, 11.0, 10.2, 10.9, 9.5, 4.0, 9.9, 9.1, 9.4, 8.8]


def test_the_smooth_line_is_that_of_r() -> None:
    # R 4.2: lowess(x, y, f = 2/3, iter = 3, delta = 0)$y
    of_r = [
        *(12.19331098022, 11.83091825947, 11.46850948681, 11.00856825874, 10.98160719881, 10.44597930104),
        *(9.98396022742, 9.98396022742, 9.65993306400, 9.38282797558, 9.10818397421, 8.91232083832),
    ]
    assert compute_lowess(DAYS, VALUES) == pytest.approx(of_r, abs=1e-9)


def test_points_on_a_line_stay_there_in_the_order_given() -> None:
    x = np.array([9.0, 1, 7, 3, 5, 2, 8, 4, 6, 10])
    assert compute_lowess(x, 2 * x - 1) == pytest.approx(2 * x - 1)


@pytest.mark.parametrize(
    ("x", "y", "fraction", "words"),
    [
        (DAYS[:9], VALUES[:9], 0.5, "10 points, got 9 and 9"),
        (DAYS, VALUES[:11], 0.5, "got 12 and 11"),
        (DAYS, VALUES, 1.5, "fraction must lie above 0 and up to 1, got 1.5"),
    ],
)
def test_what_cannot_be_smoothed_is_refused(x: list[float], y: list[float], fraction: float, words: str) -> None:
    with pytest.raises(UnusableInputError, match=words):
        compute_lowess(x, y, fraction=fraction)
