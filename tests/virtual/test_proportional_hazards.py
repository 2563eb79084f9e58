from __future__ import annotations

import numpy as np
import pytest
from statsmodels.duration.hazard_regression import PHReg

from lutrace.core import UnusableInputError
from lutrace.virtual import simulate_proportional_hazards


def test_a_cox_fit_finds_the_stated_log_hazard_ratios_again() -> None:
    sample = simulate_proportional_hazards(
        20_000, seed=5, log_hr_per_doubling=np.log(1.6), log_hr_psa=0.3, log_hr_new=1.2
    )
    covariates = np.column_stack([np.log2(sample.ttv_ml), sample.ln_psa_change, sample.new_lesion])
    fit = PHReg(sample.time_days, covariates, status=sample.event.astype(int)).fit()
    assert np.all(np.abs(fit.params - [np.log(1.6), 0.3, 1.2]) < 3.5 * fit.bse)


def test_without_censoring_everyone_has_an_event() -> None:
    sample = simulate_proportional_hazards(100, seed=1, log_hr_per_doubling=0.0, censored=0.0)
    assert sample.event.all()
    assert simulate_proportional_hazards(4000, seed=1, log_hr_per_doubling=0.0).event.mean() == pytest.approx(
        0.6, abs=0.1
    )


def test_an_impossible_share_is_refused() -> None:
    with pytest.raises(UnusableInputError, match="censored share"):
        simulate_proportional_hazards(10, seed=1, log_hr_per_doubling=0.0, censored=1.0)
