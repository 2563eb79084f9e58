"""What is no number is refused by row, whichever method is given it."""

import numpy as np
import pytest

from lutrace.core import UnusableInputError
from lutrace.stats import check_known_at, compute_pearson, fit_cox, fit_propensity, intervals_of, survival_of


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: survival_of([5, "seven", 9], [1, 1, 0]), "time must be a number; not so in row 2"),
        (lambda: survival_of([5, 7, 9], [1, "yes", 0]), "event must be a number; not so in row 2"),
        (lambda: compute_pearson([1, 2, 3, "4x"], [1, 2, 3, 4]), "must be a number; not so in row 4"),
        (lambda: intervals_of([1, "two"], [2, 3]), "low must be a number; not so in row 2"),
        (lambda: check_known_at({"PSA": [0, "late"]}), "the time of PSA must be a number; not so in row 2"),
        (lambda: fit_propensity([0, 1, 0], [[1], ["b"], [2]], terms=["x"]), "covariates must be a number; .* row 2"),
        (
            lambda: fit_cox(survival_of([1, 2], [1, 0]), [[1, 2], [3]], terms=["x", "y"]),
            "covariates must be numbers, as many in each row",
        ),
    ],
)
def test_text_among_numbers_is_refused_by_row(call, said):
    with pytest.raises(UnusableInputError, match=said):
        call()


def test_numbers_written_as_text_are_numbers_and_gaps_stay_gaps():
    assert survival_of(np.array(["5", "7.5"]), [1, 0]).time.tolist() == [5.0, 7.5]
    with pytest.raises(UnusableInputError, match="time must be a finite number; not so in row 2"):
        survival_of([5, None], [1, 0])
