"""Cox models of real reconstructed trials against R's numbers (validation/stats/cox/trials.R)."""

from pathlib import Path

import numpy as np
import pytest
from validation.stats.comparison import STATS, compare, read_reference

from lutrace.core import read_rows
from lutrace.stats import compute_ph_tests, fit_cox, predict_survival, survival_of

REFERENCE = read_reference(STATS / "cox" / "trials.csv")
TRIALS = sorted({case.split()[0] for case, _ in REFERENCE if case != "version"})


def survival_at(fit, times):
    """Survival of the treated with its error (that of survival itself, as R's summary gives it)."""
    curve = predict_survival(fit, [[1.0]])
    place = np.searchsorted(curve.time, times, side="right") - 1
    return [*curve.survival[place, 0], *(curve.std_error * curve.survival)[place, 0]]


@pytest.mark.real_data
@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("trial", TRIALS)
def test_the_treatment_effect_of_a_trial_equals_r(real_data, trial, ties):
    rows = [row for row in read_rows(Path(real_data) / "survival_kmdata" / "reconstructed_ipd.csv")
            if row["trial"] == trial]  # fmt: skip
    first = min(row["arm"] for row in rows)
    treated = [float(row["arm"] != first) for row in rows]
    follow_up = survival_of([float(row["time_months"]) for row in rows], [float(row["event"]) for row in rows])
    fit = fit_cox(follow_up, treated, terms=["treated"], ties=ties)
    case = f"{trial} {ties}"
    zph = [compute_ph_tests(fit, transform=one)[0].statistic for one in ("km", "rank", "identity", "log")]
    estimates = [fit.coef[0], fit.se[0], fit.robust_se[0], fit.loglik_null, fit.loglik, fit.n, fit.n_events]
    found = {
        (case, "estimates"): estimates,
        (case, "statistics"): [test.statistic for test in fit.tests],
        (case, "concordance"): [fit.concordance.estimate, fit.concordance.se],
        (case, "zph"): zph,
        (case, "survival at 6 and 12 and 18 months"): survival_at(fit, [6, 12, 18]),
    }
    assert max(difference for _, _, difference in compare(found, REFERENCE)) <= 1e-8
