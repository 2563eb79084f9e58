"""Models over sites: equal to those of the pooled rows, and what does not leave a site."""

import itertools
from functools import partial

import numpy as np
import pytest

from lutrace.core import DisclosureError, EstimationError, UnsupportedError, UnusableInputError
from lutrace.stats import (
    GridCounts,
    RiskSetOverride,
    SitePolicy,
    answer_cox,
    answer_leverages,
    answer_logistic,
    answer_risk_sets,
    combine_risk_sets,
    compute_kaplan_meier,
    compute_log_rank,
    compute_restricted_mean,
    count_on_grid,
    fit_cox,
    fit_federated,
    fit_federated_firth,
    pool_counts,
    pool_studies,
    survival_of,
)
from lutrace.stats.logit import maximise_logit
from lutrace.stats.newton import maximise_sums

TERMS = ("age", "psa", "alp", "hb", "visceral", "prior")
POLICY = SitePolicy()
OVERRIDE = RiskSetOverride(reason="summed under encryption", approved_by="both boards", protocol="plan 3, 7")


def make_sites(sizes=(219, 120, 80), seed=4, decimals=0):
    """Per site follow-up in whole months with ties, and six covariates, two of them of two values."""
    draw = np.random.default_rng(seed)
    sites = []
    for number, n in enumerate(sizes):
        covariates = np.column_stack([draw.normal(70, 8, n), draw.normal(size=(n, 3)), draw.random((n, 2)) < 0.4])
        risk = np.exp((covariates - covariates.mean(axis=0)) @ [0.02, 0.4, 0.3, -0.3, 0.5, 0.2])
        death = draw.exponential(12 + 4 * number, n) / risk
        censored = draw.uniform(6, 40, n)
        time = np.ceil(np.minimum(death, censored) * 10**decimals) / 10**decimals
        sites.append((survival_of(time, death <= censored), covariates))
    return sites


SITES = make_sites()
COX = [
    lambda coef, survival=survival, covariates=covariates: answer_cox(
        survival, covariates, terms=TERMS, coef=coef, policy=POLICY
    )
    for survival, covariates in SITES
]
POOLED = survival_of(
    np.concatenate([survival.time for survival, _ in SITES]), np.concatenate([survival.event for survival, _ in SITES])
)
STRATA = np.repeat([0, 1, 2], [survival.n for survival, _ in SITES])
ALL = np.vstack([covariates for _, covariates in SITES])


def test_the_cox_model_of_sites_is_that_of_the_pooled_rows_with_a_stratum_per_site():
    found = fit_federated(COX, terms=TERMS)
    pooled = fit_cox(POOLED, ALL, terms=TERMS, strata=STRATA)
    assert found.coef == pytest.approx(pooled.coef, rel=1e-10)
    assert found.se == pytest.approx(pooled.se, rel=1e-10)
    assert (found.loglik, found.loglik_null) == pytest.approx((pooled.loglik, pooled.loglik_null), rel=1e-12)
    for name in ("low", "high", "p"):
        assert getattr(found, name) == pytest.approx(getattr(pooled, name), rel=1e-8)
    assert (found.n, found.n_events, found.n_sites) == (pooled.n, pooled.n_events, 3)


def test_a_message_holds_28_sums_for_six_covariates_and_two_counts():
    message = COX[0]((0.0,) * 6)
    assert message.n_numbers == 28 + 2
    found = fit_federated(COX, terms=TERMS)
    assert found.n_rounds <= 8
    assert found.n_numbers == 30 * found.n_rounds


def recover(message):
    """Covariates of single patients from differences of risk-set sums: who leaves alone is named by his own."""
    zero, one = np.array(message.moment_0), np.array(message.moment_1)
    left, moved = -np.diff(zero), -np.diff(one, axis=0)
    return moved[np.abs(left - 1) < 1e-9]


def is_there(vector, patients):
    return bool((np.abs(patients - vector).max(axis=1) < 1e-6).any())


def test_sums_per_event_time_give_patients_away_and_the_message_of_a_stratum_does_not():
    survival, covariates = make_sites(sizes=(219,), decimals=3)[0]
    times = np.unique(survival.time[survival.event])
    leaking = answer_risk_sets(
        survival, covariates, terms=TERMS, coef=[0.0] * 6, times=times, policy=POLICY, override=OVERRIDE
    )
    recovered = [one for one in recover(leaking) if is_there(one, covariates)]
    assert len(recovered) > 50
    assert leaking.n_numbers > 28 * times.size
    # The same attack on all that a stratified fit sends: gradients of every round, and their differences.
    sent = [answer_cox(survival, covariates, terms=TERMS, coef=[0.02 * step] * 6, policy=POLICY) for step in range(6)]
    gradients = np.array([message.gradient for message in sent])
    attempts = [*gradients, *(one - two for one, two in itertools.permutations(gradients, 2))]
    assert not any(is_there(one, covariates) for one in attempts)
    values = {round(abs(number), 6) for message in sent for number in (*message.gradient, *message.information)}
    ages = {round(abs(age), 6) for age in covariates[:, 0]}
    assert values & ages == set()


def test_risk_set_sums_are_refused_without_an_override():
    survival, covariates = SITES[0]
    with pytest.raises(DisclosureError, match="RiskSetOverride"):
        answer_risk_sets(survival, covariates, terms=TERMS, coef=[0.0] * 6, times=[1.0], policy=POLICY)


@pytest.mark.parametrize("empty", ["reason", "approved_by", "protocol"])
def test_an_override_without_a_reason_is_none(empty):
    with pytest.raises(UnusableInputError, match=f"must say its {empty}"):
        RiskSetOverride(**{"reason": "r", "approved_by": "a", "protocol": "p", empty: " "})


@pytest.mark.parametrize("entry", [False, True])
def test_risk_set_sums_of_all_sites_give_the_model_without_strata(entry):
    sites = [
        (survival_of(survival.time, survival.event, entry=survival.time * 0.3) if entry else survival, covariates)
        for survival, covariates in SITES
    ]
    times = np.unique(np.concatenate([survival.time[survival.event] for survival, _ in sites]))

    def ask(coef):
        messages = [
            answer_risk_sets(*site, terms=TERMS, coef=coef, times=times, policy=POLICY, override=OVERRIDE)
            for site in sites
        ]
        return combine_risk_sets(messages, coef)

    follow_up = survival_of(POOLED.time, POOLED.event, entry=POOLED.time * 0.3) if entry else POOLED
    pooled = fit_cox(follow_up, ALL, terms=TERMS, ties="breslow")
    assert maximise_sums(ask, TERMS).coef == pytest.approx(pooled.coef, rel=1e-8)


def test_risk_sets_at_other_times_or_for_other_lists_are_refused():
    survival, covariates = SITES[0]
    given = {"terms": TERMS, "coef": [0.0] * 6, "policy": POLICY, "override": OVERRIDE}
    with pytest.raises(UnusableInputError, match="hold every event time"):
        answer_risk_sets(survival, covariates, times=[1.0], **given)
    times = np.unique(survival.time)
    one, two = (answer_risk_sets(survival, covariates, times=one, **given) for one in (times, [*times, 99]))
    with pytest.raises(UnusableInputError, match="same times"):
        combine_risk_sets([one, two], [0.0] * 6)


def shrink(n=40, rare=20, events=30):
    covariate = np.zeros(n)
    covariate[:rare] = 1
    return survival_of(np.arange(1, n + 1), np.arange(n) < events), covariate


@pytest.mark.parametrize(
    ("site", "coef", "words"),
    [
        (shrink(n=19, rare=9, events=15), 0.0, "fewer than 20 patients"),
        (shrink(events=9), 0.0, "fewer than 10 events"),
        (shrink(rare=4), 0.0, "stage: a value with fewer than 5 patients"),
        (shrink(rare=28), 0.0, "some but fewer events"),
        (shrink(), 20.0, "more than 12 apart"),
    ],
)
def test_a_site_that_is_too_small_sends_nothing(site, coef, words):
    with pytest.raises(DisclosureError, match=words):
        answer_cox(*site, terms=["stage"], coef=[coef], policy=POLICY)


def test_a_covariate_that_only_few_patients_have_at_all_is_refused():
    survival, covariate = shrink()
    covariate[:] = 0
    covariate[:4] = [1.5, 2.5, 3.5, 4.5]
    with pytest.raises(DisclosureError, match="dose: a value with fewer than 5"):
        answer_cox(survival, covariate, terms=["dose"], coef=[0.0], policy=POLICY)


def test_more_covariates_than_patients_carry_are_refused():
    survival, _ = shrink()
    covariates = np.random.default_rng(1).normal(size=(40, 9))
    with pytest.raises(DisclosureError, match="fewer than 5 patients per covariate"):
        answer_cox(survival, covariates, terms=list("abcdefghi"), coef=[0.0] * 9, policy=POLICY)


def test_a_policy_without_bounds_is_refused():
    with pytest.raises(UnusableInputError, match="must be above 0"):
        SitePolicy(min_cell=0)


def test_one_site_or_other_terms_are_refused():
    with pytest.raises(UnusableInputError, match="at least 2 sites"):
        fit_federated(COX[:1], terms=TERMS)
    with pytest.raises(UnusableInputError, match="site 1 answers with the terms"):
        fit_federated(COX, terms=("age", "psa", "alp", "hb", "prior", "visceral"))


def logistic_sites(tables):
    """Per table (exposed with, exposed without, unexposed with, unexposed without) a site's outcome and exposure."""
    found = []
    for a, b, c, d in tables:
        found.append((np.repeat([1.0, 0, 1, 0], [a, b, c, d]), np.repeat([1.0, 1, 0, 0], [a, b, c, d])))
    return found


def logistic_answers(sites, terms, policy=POLICY):
    return [partial(_answer, answer_logistic, site, terms, policy) for site in sites]


def _answer(kind, site, terms, policy, coef):
    return kind(site[0], site[1], terms=terms, coef=coef, policy=policy)


def test_a_federated_odds_ratio_is_the_cross_product_of_the_pooled_table():
    sites = logistic_sites([(12, 20, 8, 30), (9, 15, 10, 22)])
    found = fit_federated(logistic_answers(sites, ["exposed"]), terms=["intercept", "exposed"])
    assert found.ratio[1] == pytest.approx(21 * 52 / (35 * 18), rel=1e-10)
    assert found.se[1] == pytest.approx(np.sqrt(1 / 21 + 1 / 35 + 1 / 18 + 1 / 52), rel=1e-8)
    assert found.n_events == 39


def test_a_federated_logistic_model_is_that_of_the_pooled_rows():
    sites = [(survival.event.astype(float), covariates) for survival, covariates in SITES]
    found = fit_federated(logistic_answers(sites, TERMS), terms=("intercept", *TERMS))
    design = np.column_stack([np.ones(len(ALL)), ALL])
    pooled = maximise_logit(design, POOLED.event.astype(float), ("intercept", *TERMS))
    assert found.coef == pytest.approx(pooled.coef, rel=1e-9)


def firth_of(sites, terms):
    sums = logistic_answers(sites, terms)
    leverages = [
        lambda coef, covariance, site=site: answer_leverages(
            *site, terms=terms, coef=coef, covariance=covariance, policy=POLICY
        )
        for site in sites
    ]
    return fit_federated_firth(sums, leverages, terms=["intercept", *terms])


def test_firths_odds_ratio_of_a_table_is_that_with_a_half_in_each_cell_also_where_events_are_separated():
    # A saturated model: Firth's penalty is a half in each cell. No exposed patient has the event.
    found = firth_of(logistic_sites([(0, 20, 14, 30), (0, 15, 10, 22)]), ["exposed"])
    assert found.coef[1] == pytest.approx(np.log(0.5 * 52.5 / (35.5 * 24.5)), rel=1e-9)
    assert found.coef[0] == pytest.approx(np.log(24.5 / 52.5), rel=1e-9)


def test_firths_model_of_sites_is_that_of_the_pooled_rows():
    from firthmodels import FirthLogisticRegression

    sites = [(survival.event.astype(float), covariates) for survival, covariates in SITES]
    found = firth_of(sites, list(TERMS))
    pooled = FirthLogisticRegression(gtol=1e-10, xtol=1e-12, max_iter=200).fit(ALL, POOLED.event.astype(int))
    assert found.coef == pytest.approx([pooled.intercept_, *pooled.coef_], rel=1e-8)


def test_separation_over_all_sites_is_refused_without_the_penalty():
    sites = logistic_sites([(0, 20, 14, 30), (0, 15, 10, 22)])
    with pytest.raises(EstimationError, match="separate the outcomes; use Firth"):
        fit_federated(logistic_answers(sites, ["exposed"]), terms=["intercept", "exposed"])


def test_repeated_covariates_are_refused_by_both_models():
    sites = [(survival.event.astype(float), covariates[:, [0, 0]]) for survival, covariates in SITES]
    with pytest.raises(EstimationError, match="combinations of one another"):
        fit_federated(logistic_answers(sites, ["a", "b"]), terms=["intercept", "a", "b"])
    with pytest.raises(EstimationError, match="repeat one another"):
        firth_of(sites, ["a", "b"])


EDGES = [6.0, 12.0, 18.0, 24.0, 40.0]
ANY = SitePolicy(min_cell=1)


def test_curves_of_counts_are_those_of_pooled_patients_with_times_rounded_up():
    counts = [count_on_grid(survival, EDGES, policy=ANY) for survival, _ in SITES]
    pooled = pool_counts(counts)
    rounded = survival_of(np.array(EDGES)[np.searchsorted(EDGES, POOLED.time)], POOLED.event)
    ours, theirs = compute_kaplan_meier(pooled), compute_kaplan_meier(rounded)
    assert ours.survival == pytest.approx(theirs.survival, rel=1e-14)
    assert ours.low == pytest.approx(theirs.low, rel=1e-12, nan_ok=True)
    assert sum(one.n_numbers for one in counts) == 3 * 15


def test_the_log_rank_test_and_the_restricted_mean_of_counts_are_those_of_rounded_times():
    by_arm = [SITES[0][0], SITES[1][0]]
    pooled = [pool_counts([count_on_grid(one, EDGES, policy=ANY)]) for one in by_arm]
    times = [np.array(EDGES)[np.searchsorted(EDGES, one.time)] for one in by_arm]
    ours = survival_of(np.concatenate([one.time for one in pooled]), np.concatenate([one.event for one in pooled]))
    theirs = survival_of(np.concatenate(times), np.concatenate([one.event for one in by_arm]))
    arms = np.repeat(["a", "b"], [one.n for one in by_arm])
    assert compute_log_rank(ours, arms).statistic == pytest.approx(compute_log_rank(theirs, arms).statistic, rel=1e-12)
    means = [compute_restricted_mean(one, arms, horizon=24).contrasts[0].difference for one in (ours, theirs)]
    assert means[0] == pytest.approx(means[1], rel=1e-12)


def test_small_counts_stay_at_the_site_and_are_named_by_interval():
    survival = survival_of([1] * 20 + [5] * 3, [1] * 23)
    with pytest.raises(DisclosureError, match=r"1 intervals hold 1 to 4 .* \(interval 2\)"):
        count_on_grid(survival, [2, 6], policy=POLICY)


def test_a_group_that_is_too_small_or_enters_late_or_a_grid_that_falls_is_refused():
    with pytest.raises(DisclosureError, match="fewer than 20 patients"):
        count_on_grid(survival_of([1] * 19, [1] * 19), [2], policy=POLICY)
    with pytest.raises(UnsupportedError, match="delayed entry"):
        count_on_grid(survival_of([3] * 30, [1] * 30, entry=[1] * 30), [2], policy=POLICY)
    with pytest.raises(UnusableInputError, match="edges must ascend"):
        count_on_grid(survival_of([3] * 30, [1] * 30), [4, 2], policy=POLICY)


def test_counts_of_other_grids_do_not_add_up():
    with pytest.raises(UnusableInputError, match="all on one grid"):
        pool_counts([GridCounts((1.0,), (5,), (5,)), GridCounts((2.0,), (5,), (5,))])


def test_two_studies_pool_by_hand():
    # Weights 4 and 1: (4 * 0 + 1) / 5 = 0.2, variance 1/5; Q = 4 * 0.04 + 0.64 = 0.8 < 1: no heterogeneity.
    found = pool_studies([0.0, 1.0], [0.5, 1.0], heterogeneity="DL")
    assert (found.estimate, found.se**2, found.q, found.tau2, found.i2) == pytest.approx((0.2, 0.2, 0.8, 0, 0))
    assert found.weights == pytest.approx((0.8, 0.2))


def test_few_studies_that_disagree_are_warned_of():
    assert "3 studies" in pool_studies([0.0, 1.0, 3.0], [0.1, 0.1, 0.1]).warnings[0]


@pytest.mark.parametrize(
    ("estimates", "errors", "given", "words"),
    [
        ([1.0], [1.0], {}, "at least 2 studies"),
        ([1.0, 2.0], [1.0, 0.0], {}, "not so in row 2"),
        ([1.0, 2.0], [1.0, 1.0], {"heterogeneity": "ML"}, "must be one of fixed"),
        ([1.0, 2.0], [1.0, 1.0], {"heterogeneity": "fixed", "knapp_hartung": True}, "not fixed with"),
    ],
)
def test_what_cannot_be_pooled_over_studies_is_refused(estimates, errors, given, words):
    with pytest.raises(UnusableInputError, match=words):
        pool_studies(estimates, errors, **given)
