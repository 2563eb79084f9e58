"""Cox models of real reconstructed trials against R's numbers (validation/stats/cox/trials.R)."""

from pathlib import Path

import pytest
from validation.stats.comparison import STATS, compare, read_reference
from validation.stats.cox.trials import compute_trials, tolerance_of


@pytest.mark.real_data
def test_the_treatment_effects_of_the_trials_equal_r(real_data):
    stored = {key: value for key, value in read_reference(STATS / "cox" / "trials.csv").items() if key[0] != "version"}
    found = compute_trials(Path(real_data))
    assert set(found) == set(stored)
    assert [one for one in compare(found, stored) if one[2] > tolerance_of(one[0])] == []
