"""The margins and correlations of 20,000 virtual patients against the published numbers they are drawn to meet."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from statsmodels.duration.hazard_regression import PHReg

from lutrace.core import UnusableInputError
from lutrace.virtual import VirtualPatients, simulate_patients

MONTH = 30.4375


@functools.cache
def cohort() -> VirtualPatients:
    return simulate_patients(20_000, seed=20)


def near(value: float, target: float, tolerance: float = 0.10) -> bool:
    return bool(abs(value - target) <= tolerance * abs(target))


def fit_hazard_ratios(day: np.ndarray, event: np.ndarray, covariates: np.ndarray) -> np.ndarray:
    return np.exp(PHReg(day, covariates, status=event.astype(int), ties="efron").fit().params)


def median_survival(day: np.ndarray, event: np.ndarray) -> float:
    order = np.argsort(day)
    survival = np.cumprod(1 - event[order] / (len(day) - np.arange(len(day))))
    return float(day[order][np.argmax(survival <= 0.5)])


def test_the_same_seed_gives_the_same_patients_and_another_seed_others() -> None:
    one, again, other = (simulate_patients(50, seed=seed) for seed in (7, 7, 8))
    assert np.array_equal(one.psa_ng_ml, again.psa_ng_ml, equal_nan=True)
    assert not np.array_equal(one.ln_ttv, other.ln_ttv)


def test_a_cohort_without_patients_is_refused() -> None:
    with pytest.raises(UnusableInputError, match="at least one patient, got 0"):
        simulate_patients(0, seed=1)


def test_the_margins_of_the_persons_meet_their_targets() -> None:
    v = cohort()
    assert near(v.age_years.mean(), 72.5) and near(v.age_years.std(), 8.2)
    assert near(v.weight_kg.mean(), 84.0)
    assert near(float(np.exp(np.median(v.ln_psa))), 99.5)
    assert near(float(np.exp(np.median(v.ln_ttv[:, 0]))), 350.0)
    assert near(v.ln_psa.std(), 1.733)
    assert near(v.haemoglobin.mean(), 11.8) and near(v.haemoglobin.std(), 1.5)
    assert near(float(np.median(v.suv_mean)), 7.5)
    assert near(v.has_liver.mean(), 0.12) and near(v.has_bone.mean(), 0.92)
    assert near((v.suv_mean >= 10).mean(), 0.28, 0.15)


def test_psa_responds_as_often_as_published() -> None:
    v = cohort()
    change = np.exp(v.ln_psa_change)
    best = np.fmin.reduce(v.psa_ng_ml[:, 1:] / v.psa_ng_ml[:, :1], axis=1)
    assert 0.25 <= (change[:, 1] <= 0.5).mean() <= 0.38
    assert 0.46 <= (best <= 0.5).mean() <= 0.55
    assert 0.25 <= (best <= 0.1).mean() <= 0.30
    assert near((v.trajectory == 0).mean(), 0.49) and near((v.trajectory == 1).mean(), 0.35)
    assert 0.03 <= (v.trajectory == 3).mean() <= 0.045


def test_psa_change_at_week_6_foretells_week_12() -> None:
    v = cohort()
    assert abs(np.corrcoef(v.ln_psa_change[:, 1], v.ln_psa_change[:, 2])[0, 1] - 0.90) <= 0.05


@pytest.mark.parametrize(("column", "target"), [(1, 0.55), (2, 0.56)])
def test_volume_change_follows_psa_change_but_volume_does_not(column: int, target: float) -> None:
    v = cohort()
    here = v.reached(column + 1)
    change = (v.ln_ttv[:, column] - v.ln_ttv[:, 0])[here]
    psa = v.ln_psa_change[here, column]
    assert abs(np.corrcoef(change, psa)[0, 1] - target) <= 0.05
    assert abs(np.corrcoef(v.ln_ttv[here, column], psa)[0, 1]) < 0.2


def test_psa_and_volume_at_the_start_correlate_as_assumed() -> None:
    v = cohort()
    assert abs(np.corrcoef(v.ln_psa, v.ln_ttv[:, 0])[0, 1] - 0.65) <= 0.05
    assert near(v.ln_ttv[:, 1].std(), 1.2)


def test_new_lesions_are_as_frequent_as_in_the_study() -> None:
    v = cohort()
    second, third = v.reached(2), v.reached(3)
    assert near(v.new_lesion[second, 1].mean(), 13 / 66)
    assert near(v.new_lesion[third, 2].mean(), 7 / 51)
    assert near(v.new_avid[second, 1].sum() / v.new_lesion[second, 1].sum(), 7 / 13)


def test_cycles_have_median_4_and_quartiles_3_and_5_among_those_who_reach_the_second() -> None:
    v = cohort()
    assert np.percentile(v.n_cycles[v.reached(2)], [25, 50, 75]).tolist() == [3, 4, 5]
    assert near(v.reached(3)[v.reached(2)].mean(), 51 / 66)


def test_survival_has_the_published_median_and_share_alive() -> None:
    v = cohort()
    here = v.reached(2)
    assert near(float(np.median(v.death_day)) / MONTH, 13.0)
    assert near(1 - v.os_event[here].mean(), 42 / 66)
    assert 3 <= median_survival(v.pfs_day, v.pfs_event) / MONTH <= 7


def test_hazard_ratios_of_volume_at_cycle_2_are_those_of_the_study() -> None:
    v = cohort()
    for day, event, target in ((v.os_day, v.os_event, 2.1), (v.pfs_day, v.pfs_event, 1.4)):
        at_risk = v.reached(2) & (day > v.landmark_day)
        covariates = np.column_stack([v.ln_ttv[at_risk, 1], v.ln_psa_change[at_risk, 1]])
        ratio = fit_hazard_ratios((day - v.landmark_day)[at_risk], event[at_risk], covariates)[0]
        assert abs(np.log(ratio / target)) < 0.07


def test_nothing_is_seen_after_the_last_day() -> None:
    v = cohort()
    assert not (v.psa_day > v.last_day[:, None]).any()
    assert not (v.cycle_day > v.last_day[:, None]).any()
    assert (v.os_event <= (v.death_day <= v.last_day)).all()
    assert (v.pfs_day <= v.os_day).all()


def test_the_margins_do_not_depend_on_the_number_of_patients() -> None:
    small, large = simulate_patients(3, seed=1), simulate_patients(120_000, seed=1)
    assert len(large) == 120_000 and len(small) == 3
    assert near(large.new_lesion[large.reached(2), 1].mean(), 0.2)
