"""Cohorts beside each other: what R survival 3.5-3 gives, and what is not given without a signed checklist."""

from __future__ import annotations

import json

import pytest
from tests.models.cohort_rows import EFFECT, ITEMS, checklist, row, study, two_cohorts

from lutrace.core import Row
from lutrace.models import AnalysisResult, fit_analysis
from lutrace.protocol import Protocol

MONTH = 30.4375


def fit(protocol: Protocol, rows: list[Row] | None = None) -> AnalysisResult:
    return fit_analysis(protocol.analyses[0], two_cohorts() if rows is None else rows, protocol)


def one(result: AnalysisResult, analysis: str, term: str, measure: str) -> Row:
    found = [
        row for row in result.estimates if (row["analysis"], row["term"], row["measure"]) == (analysis, term, measure)
    ]
    assert len(found) == 1
    return found[0]


@pytest.fixture(scope="module")
def signed() -> AnalysisResult:
    return fit(study(balance="[age, liver]", checklist=checklist(), effect=EFFECT))


def test_medians_have_log_log_intervals_in_months_of_30_4375_days() -> None:
    result = fit(study())
    for population, days in (("here", (430, 210, 610)), ("there", (240, 110, 395))):
        found = one(result, "beside", population, "median")
        got = (found["estimate"], found["low"], found["high"])
        assert got == pytest.approx([day / MONTH for day in days])
        assert found["unit"] == "months"
        assert "months of 30.4375 days" in found["method"]


def test_curves_of_both_cohorts_stand_under_one_name() -> None:
    result = fit(study())
    assert {(row["population"], row["group"]) for row in result.curves} == {
        ("here+there", "here"),
        ("here+there", "there"),
    }


@pytest.mark.parametrize("left_open", ITEMS)
def test_one_open_line_of_the_checklist_blocks_ratio_test_and_differences(left_open: str) -> None:
    result = fit(study(balance="[age]", checklist=checklist(left_open), effect=EFFECT))
    given = {row["measure"] for row in result.estimates if row["estimate"] is not None}
    assert given == {"median"}
    assert all(row["p"] is None for row in result.estimates)
    blocked = one(result, "beside", "here_effect", "hazard_ratio")
    assert f"the comparability checklist is open for {left_open.replace('_', ' ')}: another clock" in blocked["method"]
    assert (blocked["n"], blocked["events"]) == (32, 25)
    assert {row["stage"] for row in result.balances} == {"before"}


def test_without_a_checklist_nothing_is_compared_and_the_row_says_so() -> None:
    blocked = one(fit(study(effect=EFFECT)), "beside", "here_effect", "hazard_ratio")
    assert blocked["estimate"] is None
    assert "the study has no comparability checklist" in blocked["method"]


def test_a_signed_checklist_alone_gives_the_log_rank_test_but_no_ratio() -> None:
    result = fit(study(checklist=checklist()))
    assert {row["measure"] for row in result.estimates} == {"median"}
    assert one(result, "beside", "here", "median")["statistic"] == pytest.approx(3.841788, abs=1e-5)


def test_the_unadjusted_ratio_is_that_of_coxph(signed: AnalysisResult) -> None:
    found = one(signed, "beside", "here_effect", "hazard_ratio")
    assert (found["estimate"], found["se"], found["p"]) == pytest.approx((0.44150087884, 0.42715428879, 0.05561956958))
    assert (found["n"], found["events"], found["covariate_unit"]) == (32, 25, "Treated here against Treated elsewhere")


@pytest.mark.parametrize(
    ("weighting", "ratio", "sizes", "difference_days", "medians"),
    [
        ("overlap", 0.5222661175, (13.7248726888, 15.4630579592), 44.1439853612, (430, 330)),
        ("ATE", 0.518044637, (13.714862772, 15.919321824), 43.940743267, (400, 280)),
        ("ATT", 0.4912967604, (15.0, 12.9132057272), 38.669962771, (430, 330)),
        ("matching", 0.5390856907, (13.5504552212, 14.8542157214), 45.8890365004, (430, 330)),
    ],
)
def test_each_weighting_gives_what_weighted_coxph_survfit_and_pseudo_give(
    signed: AnalysisResult,
    weighting: str,
    ratio: float,
    sizes: tuple[float, float],
    difference_days: float,
    medians: tuple[float, float],
) -> None:
    name = f"beside.{weighting}"
    assert one(signed, name, "here_effect", "hazard_ratio")["estimate"] == pytest.approx(ratio, rel=1e-6)
    found = [one(signed, name, f"{cohort}_effective", "effective_n")["estimate"] for cohort in ("here", "there")]
    assert found == pytest.approx(sizes, rel=1e-6)
    restricted = one(signed, name, "restricted_mean_360d", "rmst_difference")
    assert restricted["estimate"] == pytest.approx(difference_days / MONTH, rel=1e-6)
    got = [one(signed, name, cohort, "median")["estimate"] for cohort in ("here", "there")]
    assert got == pytest.approx([days / MONTH for days in medians])


def test_the_augmented_difference_is_that_of_two_linear_models_and_the_scores(signed: AnalysisResult) -> None:
    found = one(signed, "beside.ATE", "restricted_mean_360d_augmented", "rmst_difference")
    assert found["estimate"] == pytest.approx(44.69393975 / MONTH, rel=1e-6)


def test_the_e_value_is_that_of_the_weighted_ratio(signed: AnalysisResult) -> None:
    # VanderWeele and Ding 2017 for a common outcome: RR = (1 - 0.5^sqrt(HR)) / (1 - 0.5^sqrt(1/HR)).
    ratio = 0.5222661175
    risk = (1 - 0.5**ratio**0.5) / (1 - 0.5 ** (1 / ratio) ** 0.5)
    expected = 1 / risk + (1 / risk * (1 / risk - 1)) ** 0.5
    assert one(signed, "beside.overlap", "e_value", "e_value")["estimate"] == pytest.approx(expected, rel=1e-6)


def test_balance_before_is_by_the_pooled_deviation_and_overlap_weights_make_it_exact(signed: AnalysisResult) -> None:
    rows = {(row["term"], row["weights"], row["stage"]): row for row in signed.balances}
    age, liver = rows["age", "none", "before"], rows["liver", "none", "before"]
    assert (age["difference"], liver["difference"]) == pytest.approx((-0.59398478566, -0.04130961924))
    assert (age["unbalanced"], liver["unbalanced"]) == (True, False)
    assert (age["is_share"], liver["is_share"]) == (False, True)
    assert rows["age", "overlap", "after"]["difference"] == pytest.approx(0, abs=1e-9)
    assert rows["liver", "overlap", "after"]["mean_first"] == pytest.approx(
        rows["liver", "overlap", "after"]["mean_second"]
    )


def test_missing_values_are_counted_by_cohort_and_leave_only_what_needs_them() -> None:
    rows = two_cohorts()
    rows[0] |= {"age": None, "age_days": None}
    rows[20] |= {"age": None, "age_days": None}
    rows[21] |= {"age": None, "age_days": None}
    result = fit(study(balance="[age, liver]", checklist=checklist(), effect=EFFECT), rows)
    age = next(row for row in result.balances if row["term"] == "age" and row["weights"] == "none")
    assert (age["n_first"], age["missing_first"], age["n_second"], age["missing_second"]) == (14, 1, 15, 2)
    assert one(result, "beside", "here_effect", "hazard_ratio")["n"] == 29
    assert any("1 and 2 patients of the two cohorts lack" in warning.text for warning in result.warnings)


def test_a_covariate_that_was_looked_for_differently_is_marked_and_its_reason_kept() -> None:
    result = fit(study(balance="[age, liver]", ascertainment_differs="{liver: only one cohort had PET}"))
    marked = {row["term"]: row["ascertainment"] for row in result.balances}
    assert marked == {"age": None, "liver": "only one cohort had PET"}


def test_a_covariate_from_after_time_zero_gets_no_comparison() -> None:
    rows = two_cohorts()
    rows[3]["age_days"] = 4.0
    result = fit(study(checklist=checklist(), effect=EFFECT), rows)
    assert one(result, "beside", "here_effect", "hazard_ratio")["estimate"] is None
    (warning,) = [warning for warning in result.warnings if warning.severity == "blocking"]
    assert "known only after time zero: age (1 patients)" in warning.text


def test_a_covariate_that_separates_the_cohorts_is_refused_with_its_name() -> None:
    rows = [{**row, "liver": float(row["population"] == "here")} for row in two_cohorts()]
    result = fit(study(checklist=checklist(), effect=EFFECT), rows)
    found = one(result, "beside", "here_effect", "hazard_ratio")
    assert found["estimate"] is None
    assert "liver" in found["method"]


def test_a_landmark_leaves_out_early_deaths_and_restarts_the_clock() -> None:
    effect = "{adjust_for: [age], weights: [overlap], landmark: 60 days}"
    found = one(fit(study(checklist=checklist(), effect=effect)), "beside", "here_effect", "hazard_ratio")
    assert (found["n"], found["estimate"]) == (31, pytest.approx(0.4654861128, rel=1e-6))
    assert "time from day 60 on" in found["method"]


def test_strata_give_a_ratio_within_them() -> None:
    effect = "{adjust_for: [age], weights: [overlap], strata: period}"
    found = one(fit(study(checklist=checklist(), effect=effect)), "beside", "here_effect_within_period", "hazard_ratio")
    assert found["estimate"] == pytest.approx(0.4320301617, rel=1e-6)


def test_a_patient_of_both_cohorts_makes_errors_robust_and_is_told() -> None:
    rows = two_cohorts()
    rows[20]["patient_id"] = rows[2]["patient_id"]
    result = fit(study(checklist=checklist(), effect=EFFECT), rows)
    assert "summed within clusters" in one(result, "beside.overlap", "here_effect", "hazard_ratio")["method"]
    assert any(warning.text.startswith("1 patients are in both cohorts") for warning in result.warnings)


def test_positivity_is_told_by_the_scores_of_each_cohort(signed: AnalysisResult) -> None:
    checks = json.loads(one(signed, "beside.ATE", "here_effect", "hazard_ratio")["checks"])
    scores = checks["positivity"]
    assert set(scores) == {"here", "there"}
    assert 0 < scores["there"]["0"] <= scores["there"]["0.5"] < scores["here"]["0.5"] <= scores["here"]["1"] < 1


def test_a_cohort_without_the_outcome_has_no_median_and_the_other_stays() -> None:
    rows = [row(1, "here", 100.0, True), {**row(2, "there", 1.0, False), "os_days": None, "os_event": None}]
    result = fit(study(), rows)
    assert one(result, "beside", "there", "median")["method"] == "not estimable: no patient has this outcome"
    assert one(result, "beside", "here", "median")["estimate"] == pytest.approx(100 / MONTH)
