"""Real reconstructed trials (survival_kmdata): curves and tests per trial and arm as R survival 3.5-3 gives them."""

import numpy as np
import pytest

from lutrace.core import read_rows
from lutrace.stats import compute_kaplan_meier, compute_log_rank, compute_restricted_mean, survival_of

pytestmark = pytest.mark.real_data

# trial, arm, n, events, median, its log-log limits, mean up to 10 months and its error: R's numbers alone.
ARMS = [
    ("CA184043_2A", "ipilimumab", 399, 265, 11.4, 9.64, 13, 7.507776390377, 0.160917234875175),
    ("CA184043_2A", "placebo", 400, 296, 10.1, 8.52, 11.2, 7.80152333926722, 0.138858101606865),
    ("COMET1_2A", "cabozantinib", 682, 401, 11.1, 10.2, 11.7, 7.94552386543175, 0.109677469628249),
    ("COMET1_2A", "prednisone", 346, 210, 9.77, 9.01, 11.6, 7.69772549640286, 0.159226440748288),
    ("COMET1_2B", "cabozantinib", 682, 359, 5.6, 5.53, 5.67, 6.07177786719003, 0.137071488343638),
    ("COMET1_2B", "prednisone", 346, 211, 2.84, 2.83, 2.89, 4.18528070326533, 0.166627339227569),
    ("ELM-PC5_2A", "orteronel", 734, 327, 17.1, 15.4, 19.9, 8.60977252677359, 0.0968911853950485),
    ("ELM-PC5_2A", "placebo", 365, 178, 15.3, 13.7, 17.1, 8.6107778249014, 0.130829652730133),
    ("ELM-PC5_2B", "orteronel", 734, 452, 8.38, 7.98, 8.67, 7.14674094508879, 0.12174569683483),
    ("ELM-PC5_2B", "placebo", 365, 251, 6.02, 5.63, 7.42, 6.34218306293909, 0.175175092234858),
    ("PREVAIL_1B", "enzalutamide", 872, 244, 32.3, 31.4, None, 9.7697021919939, 0.0375657515498626),
    ("PREVAIL_1B", "placebo", 845, 296, 30.2, 27.9, None, 9.52785114904443, 0.0509531973208038),
]
LOG_RANKS = {
    "CA184043_2A": 3.40718317356587,
    "COMET1_2A": 1.259482016747,
    "COMET1_2B": 66.8323648318453,
    "ELM-PC5_2A": 1.38385999426528,
    "ELM-PC5_2B": 12.6289516481738,
    "PREVAIL_1B": 13.8551146357149,
}


@pytest.fixture(scope="module")
def trials(real_data):
    """Times, events and arms of each trial."""
    rows = read_rows(real_data / "survival_kmdata" / "reconstructed_ipd.csv")
    return {
        trial: (
            survival_of([float(row["time_months"]) for row in own], [float(row["event"]) for row in own]),
            np.array([row["arm"] for row in own]),
        )
        for trial in LOG_RANKS
        for own in [[row for row in rows if row["trial"] == trial]]
    }


@pytest.mark.parametrize("row", ARMS, ids=lambda row: f"{row[0]} {row[1]}")
def test_the_curve_of_an_arm_equals_r(trials, row):
    trial, arm, n, n_events, median, low, high, mean, error = row
    survival, arms = trials[trial]
    own = survival.select(arms == arm)
    found = compute_kaplan_meier(own).quantile()
    assert (found.n, found.n_events, found.estimate, found.low, found.high) == (n, n_events, median, low, high)
    area = compute_restricted_mean(own, horizon=10).estimates[0]
    assert (area.estimate, area.se) == pytest.approx((mean, error), rel=1e-12)


@pytest.mark.parametrize("trial", LOG_RANKS)
def test_the_log_rank_test_of_a_trial_equals_r(trials, trial):
    assert compute_log_rank(*trials[trial]).statistic == pytest.approx(LOG_RANKS[trial], rel=1e-11)
