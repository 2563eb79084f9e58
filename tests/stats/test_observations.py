import numpy as np
import pytest

from lutrace.core import UnusableInputError
from lutrace.stats import fit_cox, survival_of


def test_rows_and_events_are_counted():
    follow_up = survival_of([3, 5, 8], [True, False, True])
    assert (follow_up.n, follow_up.n_events) == (3, 2)


@pytest.mark.parametrize(
    ("time", "event", "entry", "words"),
    [
        ([], [], None, "at least one patient"),
        ([1, 2], [1], None, "event must be of length 2"),
        ([[1, 2]], [1, 0], None, "time must be one-dimensional"),
        ([1, np.nan], [1, 0], None, "time must be a finite number; not so in row 2"),
        ([1, 2], [1, 2], None, r"event must be 0 \(censored\) or 1 \(event\); not so in row 2"),
        ([-1, 2], [1, 0], None, "follow-up must not end before time zero"),
        ([1, 2], [1, 0], [0, 2], "entry must lie before time"),
        ([-1] * 8, [1] * 8, None, "row 1, 2, 3, 4, 5 and 3 more"),
    ],
)
def test_impossible_follow_up_is_refused_with_its_rows(time, event, entry, words):
    with pytest.raises(UnusableInputError, match=words):
        survival_of(time, event, entry=entry)


@pytest.mark.parametrize(
    ("covariates", "terms", "strata", "words"),
    [
        ([1, 2, 3], [], None, "terms must name each covariate once"),
        ([[1, 2], [3, 4], [5, 6]], ["a", "a"], None, "terms must name each covariate once"),
        ([1, 2], ["a"], None, r"covariates must have shape \(3, 1\), got \(2, 1\)"),
        ([1, np.nan, 3], ["a"], None, "covariate a must be a number"),
        ([1, 2, 3], ["a"], ["x"], "strata must hold one label per patient"),
    ],
)
def test_covariates_with_gaps_or_of_a_wrong_shape_are_refused(covariates, terms, strata, words):
    with pytest.raises(UnusableInputError, match=words):
        fit_cox(survival_of([1, 2, 3], [1, 1, 1]), covariates, terms=terms, strata=strata)


def test_a_confidence_level_in_per_cent_is_refused():
    with pytest.raises(UnusableInputError, match="level must lie between 0 and 1"):
        fit_cox(survival_of([1, 2], [1, 1]), [1, 2], terms=["a"], level=95)
