"""Analyses of when things happen against R 4.2 (survival 3.5, cmprsk 2.2) on 36 synthetic patients, and by hand.

The numbers of R: `survfit` of a factor (log-log intervals), `cuminc`, `crr`, `finegray`, `tmerge` with `coxph`,
`survreg` with interval2, and `survfit` with rmean.
"""

import math

import pytest

from lutrace.core import ProtocolError
from lutrace.models import fit_analysis, fit_times
from lutrace.protocol import parse_protocol
from lutrace.tables import ESTIMATES, INCIDENCES, OCCUPANCIES

TIME = (
    57, 31, 132, 61, 33, 132, 120, 292, 246, 116, 95, 2, 93, 37, 35, 3, 40, 387, 284, 181, 180, 129, 20, 399, 192, 244,
    140, 56, 332, 258, 499, 32, 655, 150, 4, 27,
)  # fmt: skip
CAUSE = (2, 1, 1, 1, 1, 2, 1, 2, 1, 2, 1, 1, 1, 2, 1, 1, 2, 0, 1, 1, 1, 1, 1, 1, 2, 1, 2, 1, 1, 0, 0, 1, 2, 1, 1, 1)
X = (
    0.0, 1.4, 1.2, -0.5, -0.3, -0.5, 0.6, -0.1, 0.7, -1.8, 1.6, -0.1, 0.7, -0.1, -0.4, 0.5, 0.8, -0.2, -0.2, 0.7, -0.9,
    -1.5, 0.4, -0.7, -1.9, -0.8, -0.5, -1.2, -1.5, 0.0, 0.9, -0.2, -0.7, 0.4, 0.7, -0.3,
)  # fmt: skip
RESPONSE = (
    34, -1, 83, -1, -1, 91, 61, 71, 26, 70, 94, -1, -1, -1, -1, -1, -1, 54, 29, 76, -1, 59, -1, 33, 76, 58, -1, -1, 33,
    -1, -1, -1, 22, 27, -1, -1,
)  # fmt: skip
DOSES = (2, 1, 4, 2, 1, 4, 3, 2, 5, 3, 2, 1, 3, 1, 1, 1, 1, 3, 3, 3, 2, 4, 1, 5, 5, 4, 4, 2, 4, 5, 4, 1, 6, 2, 1, 1)
HEAD = """
study: times
title: Times
question: When?
population: {agents: [lu177_psma_617]}
populations: [{name: all_treated, label: All, index: {event: first_cycle}}]
endpoints:
  - {kind: ttnt, name: ttnt, label: Next line, death: competes}
  - {kind: os, name: os, label: Death}
  - {kind: psa_response, name: response, label: PSA50}
  - {kind: time_to_worsening, name: worse, label: Worse, instrument: fact-p, scale: fact_p}
covariates:
  - {name: x, label: X, value: psa_baseline, transform: identity, unit: per unit}
  - {name: arm, label: Arm, value: psa50, transform: present, unit: yes against no}
derived: [{kind: course, name: course, label: Course}]
analyses:
  - {populations: [all_treated], name: asked, label: Asked, %s}
"""


def fit(asked, rows=None):
    protocol = parse_protocol(HEAD % asked, "study.yaml")
    return fit_analysis(protocol.analyses[0], patients() if rows is None else rows, protocol)


def patients(*, delayed=False):
    rows = []
    for number, (time, cause, x, response, doses) in enumerate(zip(TIME, CAUSE, X, RESPONSE, DOSES, strict=True)):
        entry = 15.0 if delayed and number % 3 == 0 else 0.0
        if time <= entry:
            continue
        free = 42.0 * ((time - 1) // 42)
        row = {
            "patient_id": f"p{number}",
            "population": "all_treated",
            "entry_days": entry,
            "ttnt_days": float(time),
            "ttnt_event": cause == 1,
            "ttnt_category": {0: "censored", 1: "next_line", 2: "death"}[cause],
            "os_days": float(time),
            "os_event": cause == 2,
            "os_category": "death" if cause == 2 else "censored",
            "response_days": float(response if response > 0 else time),
            "response_event": response > 0,
            "worse_days": free + 42 if cause == 1 else float(time),
            "worse_event": cause == 1,
            "worse_last_free_days": free,
            "x": x,
            "x_days": 0.0,
            "arm": float(number % 2),
            "arm_days": 0.0,
        }
        row |= {f"dose_{k}_days": 42.0 * (k - 1) for k in range(1, doses + 1)}
        rows.append(row)
    return rows


def only(result, **wanted):
    found = [row for row in result.estimates if all(row[key] == value for key, value in wanted.items())]
    assert len(found) == 1, (wanted, [row["term"] for row in result.estimates])
    return found[0]


def numbers(row, *names):
    return [row[name] for name in names]


def test_the_incidence_of_competing_events_is_that_of_r():
    result = fit("kind: cumulative_incidence, endpoints: [ttnt], times: [3 months, 6 months]")
    row = only(result, term="Next line, 6 months")
    expected = [0.5277777778, 0.08320463313, 0.354724581, 0.6743044591]
    assert numbers(row, "estimate", "se", "low", "high") == pytest.approx(expected, abs=1e-8)
    assert numbers(row, "n", "events", "measure", "unit") == [36, 19, "cumulative_incidence", "1"]
    death = only(result, term="death, 3 months")
    assert death["estimate"] == pytest.approx(0.08333333333, abs=1e-8)
    assert set(result.incidences[0]) == set(INCIDENCES.by_name)
    assert {row["cause"] for row in result.incidences} == {"ttnt", "death"}
    assert sum(row["events"] for row in result.incidences) == 33
    assert sum(row["censored"] for row in result.incidences if row["cause"] == "death") == 3


def test_groups_have_grays_test_beside_their_incidence():
    result = fit("kind: cumulative_incidence, endpoints: [ttnt], times: [6 months], by: arm, split: present")
    rows = [row for row in result.estimates if row["term"].endswith("Next line, 6 months")]
    assert [row["term"] for row in rows] == ["Arm: no, Next line, 6 months", "Arm: yes, Next line, 6 months"]
    assert [row["p"] for row in rows] == pytest.approx([0.7175471993] * 2, abs=1e-8)
    assert "Gray's test" in rows[0]["method"]


def test_delayed_entry_has_an_incidence_and_no_grays_test():
    rows = patients(delayed=True)
    one = only(
        fit("kind: cumulative_incidence, endpoints: [ttnt], times: [6 months]", rows), term="Next line, 6 months"
    )
    assert one["estimate"] == pytest.approx(0.5277777778, abs=1e-8)
    by_arm = fit("kind: cumulative_incidence, endpoints: [ttnt], times: [6 months], by: arm, split: present", rows)
    assert {row["p"] for row in by_arm.estimates} == {None}


def test_a_time_past_the_follow_up_has_no_incidence_and_says_where_it_ends():
    result = fit("kind: cumulative_incidence, endpoints: [ttnt], times: [30 months]")
    row = only(result, term="Next line, 30 months")
    assert row["estimate"] is None
    assert "follow-up ends at 655 days" in row["method"]


def test_components_can_be_told_apart_and_death_of_a_composite_is_a_cause_of_its_own():
    rows = [{**row, "ttnt_event": row["ttnt_category"] != "censored"} for row in patients()]
    for components, cause in (("joined", "ttnt"), ("separate", "next_line")):
        asked = f"kind: cumulative_incidence, endpoints: [ttnt], times: [6 months], components: {components}"
        found = fit(asked, rows)
        assert {row["cause"] for row in found.incidences} == {cause, "death"}
        estimate = next(row["estimate"] for row in found.estimates if "death" not in row["term"])
        assert estimate == pytest.approx(0.5277777778, abs=1e-8)


def test_without_any_event_there_is_a_reason():
    rows = [{**row, "ttnt_event": False, "ttnt_category": "censored"} for row in patients()]
    result = fit("kind: cumulative_incidence, endpoints: [ttnt]", rows)
    assert [row["estimate"] for row in result.estimates] == [None]
    assert "nobody had the event" in result.warnings[0].text


def test_fine_gray_stands_beside_the_cause_specific_model():
    result = fit("kind: fine_gray, endpoints: [ttnt], terms: [x]")
    whole = only(result, measure="subdistribution_hazard_ratio")
    assert numbers(whole, "coef", "se") == pytest.approx([0.370920424, 0.2072221313], abs=1e-7)
    assert numbers(whole, "n", "events", "covariate_unit") == [36, 24, "per unit"]
    own = only(result, measure="cause_specific_hazard_ratio")
    assert numbers(own, "coef", "se", "p") == pytest.approx([0.3480089295, 0.2459598354, 0.1570973907], abs=1e-7)
    keys = [tuple(row[name] for name in ESTIMATES.key) for row in result.estimates]
    assert len(keys) == len(set(keys))


def test_fine_gray_with_delayed_entry_is_the_weighted_cox_model():
    row = only(
        fit("kind: fine_gray, endpoints: [ttnt], terms: [x]", patients(delayed=True)),
        measure="subdistribution_hazard_ratio",
    )
    assert numbers(row, "coef", "se") == pytest.approx([0.3386210658, 0.213821123], abs=1e-7)


def test_fine_gray_refuses_a_covariate_from_after_time_zero():
    rows = [{**row, "x_days": 3.0} for row in patients()]
    result = fit("kind: fine_gray, endpoints: [ttnt], terms: [x], cause: death", rows)
    assert {row["estimate"] for row in result.estimates} == {None}
    assert {warning.severity for warning in result.warnings} == {"blocking"}


def test_restricted_means_and_milestones_of_groups_are_those_of_r():
    by_arm = "endpoints: [ttnt], by: arm, split: present"
    result = fit(f"kind: restricted_mean, {by_arm}, horizons: [200 days], time_unit: days")
    no, yes = only(result, term="Arm: no, 200 days"), only(result, term="Arm: yes, 200 days")
    assert numbers(no, "estimate", "se") == pytest.approx([135.85185185, 17.19334964], abs=1e-6)
    assert numbers(yes, "estimate", "se") == pytest.approx([122.66850382, 18.82104816], abs=1e-6)
    gap = only(result, measure="rmst_difference")
    assert gap["term"] == "Arm: yes less Arm: no, 200 days"
    assert gap["estimate"] == pytest.approx(122.66850382 - 135.85185185, abs=1e-6)
    assert gap["se"] == pytest.approx(math.hypot(17.19334964, 18.82104816), abs=1e-6)
    alive = fit(f"kind: milestones, {by_arm}, times: [6 months]")
    shares = [row["estimate"] for row in alive.estimates if row["measure"] == "survival"]
    assert shares == pytest.approx([0.4444444444, 0.3821281599], abs=1e-8)
    apart = only(alive, measure="survival_difference")
    assert apart["se"] == pytest.approx(math.hypot(0.1267634767, 0.126198329), abs=1e-7)


def test_a_restricted_mean_is_told_in_months_of_30_4375_days():
    row = only(fit("kind: restricted_mean, endpoints: [os], horizons: [4 weeks], time_unit: months"))
    assert (row["term"], row["unit"]) == ("4 weeks", "months")
    assert row["estimate"] == pytest.approx(28 / 30.4375)


def test_a_horizon_past_the_follow_up_is_refused_by_group():
    result = fit("kind: milestones, endpoints: [ttnt], times: [24 months]")
    assert [row["estimate"] for row in result.estimates] == [None]
    assert "beyond the follow-up" in result.estimates[0]["method"]


def test_what_changes_with_time_is_the_model_of_tmerge():
    result = fit("kind: time_varying_cox, endpoints: [os], terms: [response, cycles_received], adjust_for: [x]")
    response = only(result, term="response", adjusted=False)
    assert numbers(response, "coef", "se", "p") == pytest.approx([0.1328676026, 0.8437387829, 0.8748706607], abs=1e-7)
    assert numbers(response, "n", "events", "covariate_unit") == [36, 9, "PSA50: reached against not yet"]
    doses = only(result, term="cycles_received", adjusted=False)
    assert numbers(doses, "coef", "se") == pytest.approx([0.04729540312, 0.5036690365], abs=1e-7)
    beside = only(result, term="cycles_received", adjusted=True)
    assert numbers(beside, "coef", "se") == pytest.approx([-0.01186046303, 0.5122218064], abs=1e-7)
    assert beside["covariate_unit"] == "per dose received so far"


def test_a_late_covariate_beside_a_changing_one_is_refused():
    rows = [{**row, "x_days": 10.0} for row in patients()]
    result = fit("kind: time_varying_cox, endpoints: [os], terms: [response], adjust_for: [x]", rows)
    assert only(result, adjusted=True)["estimate"] is None
    assert only(result, adjusted=False)["estimate"] is not None
    assert "measured after time zero: x" in result.warnings[-1].text


def test_cycles_received_is_no_covariate_of_time_zero():
    text = HEAD % "kind: cox, endpoints: [os], terms: [x]"
    with pytest.raises(ProtocolError, match="time_varying_cox"):
        parse_protocol(text.replace("value: psa_baseline", "value: cycles"), "study.yaml")


def test_a_landmark_leaves_out_and_counts_who_did_not_reach_it():
    result = fit("kind: landmark, endpoints: [os], by: response, at: 12 weeks")
    ratio = only(result, measure="hazard_ratio")
    assert numbers(ratio, "coef", "se", "n") == pytest.approx([-0.8057336552, 0.9216589104, 22], abs=1e-7)
    medians = {row["term"]: row["n"] for row in result.estimates if row["measure"] == "median"}
    assert medians == {"PSA50 by 12 weeks: no": 7, "PSA50 by 12 weeks: yes": 15}
    assert "event by the landmark: 3 patients, end of follow-up by the landmark: 11 patients" in result.warnings[0].text
    statistic = next(row["statistic"] for row in result.estimates if row["measure"] == "median")
    assert statistic == pytest.approx(0.8047529025, abs=1e-8)
    assert min(row["time_days"] for row in result.curves) == 93 - 84


def test_a_response_after_the_landmark_is_none_on_it():
    rows = [{**row, "response_event": True, "response_days": 85.0} for row in patients()]
    result = fit("kind: landmark, endpoints: [os], by: response, at: 12 weeks", rows)
    assert {row["term"] for row in result.estimates if row["measure"] == "median"} == {"PSA50 by 12 weeks: no"}


def test_the_landmark_of_a_dose_is_each_patients_own():
    result = fit("kind: landmark, endpoints: [os], by: response, dose: 3")
    doses_and_times = list(zip(DOSES, TIME, strict=True))
    n = sum(doses >= 3 and time > 84 for doses, time in doses_and_times)
    assert only(result, measure="hazard_ratio")["n"] == n
    assert f"no landmark: {sum(doses < 3 for doses, _ in doses_and_times)} patients" in result.warnings[0].text


def test_interval_censored_times_have_the_weibull_model_of_r():
    result = fit("kind: interval_censored, endpoints: [worse], terms: [x], times: [3 months]")
    row = only(result, measure="time_ratio")
    assert numbers(row, "coef", "se") == pytest.approx([-0.4341281350, 0.3119697816], abs=1e-6)
    assert row["n"] == 34
    turnbull = only(result, term="Turnbull")
    assert turnbull["low"] < turnbull["estimate"] < turnbull["high"]
    share = only(result, measure="survival")
    assert share["low"] <= share["estimate"] <= share["high"]


def test_turnbull_of_three_intervals_by_hand():
    bounds = ((0.0, 42.0), (42.0, 84.0), (84.0, None))
    rows = [
        {
            **patients()[0],
            "worse_days": high or low,
            "worse_event": high is not None,
            "worse_last_free_days": low,
        }
        for low, high in bounds
    ]
    result = fit("kind: interval_censored, endpoints: [worse], times: [42 days]", rows)
    assert only(result, term="Turnbull, 6 weeks")["estimate"] == pytest.approx(2 / 3)
    assert numbers(only(result, term="Turnbull"), "low", "high") == pytest.approx([6, 12])


def state(name, number, start, stop, before, after):
    row = {"patient_id": name, "ordinal": number, "from_state": before, "to_state": after, "entry_day": float(start)}
    return {**row, "exit_day": float(stop), "status": after is not None, "population": "all_treated"}


def test_states_over_time_by_hand():
    rows = [
        state("a", 1, 0, 30, "on_treatment", "stopped_progression"),
        state("a", 2, 30, 60, "stopped_progression", "next_line"),
        state("a", 3, 60, 200, "next_line", "dead"),
        state("b", 1, 0, 40, "on_treatment", "dead"),
        state("c", 1, 0, 300, "on_treatment", None),
        state("d", 1, 0, 50, "on_treatment", None),
    ]
    result = fit("kind: occupancy, of: course, times: [45 days, 70 days]", rows)
    shares = {row["term"]: row["estimate"] for row in result.estimates}
    assert shares["on treatment, 45 days"] == pytest.approx(0.5)
    assert shares["stopped progression, 45 days"] == pytest.approx(0.25)
    assert shares["next line, 10 weeks"] == pytest.approx(0.25)
    assert shares["dead, 10 weeks"] == pytest.approx(0.25)
    assert set(result.occupancies[0]) == set(OCCUPANCIES.by_name)
    for time in {row["time_days"] for row in result.occupancies}:
        total = sum(row["probability"] for row in result.occupancies if row["time_days"] == time)
        assert total == pytest.approx(1)


def test_states_that_nobody_leaves_have_a_reason():
    result = fit("kind: occupancy, of: course", [state("a", 1, 0, 30, "on_treatment", None)])
    assert [row["estimate"] for row in result.estimates] == [None]
    assert "no patient has passed" in result.warnings[0].text


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("kind: occupancy, of: cours", "did you mean course"),
        ("kind: cumulative_incidence, endpoints: [ttn]", r"analyses\.asked\.endpoints: expected one of ttnt"),
        ("kind: response_by_dose, endpoints: [os]", "expected one of response, got 'os'"),
        ("kind: interval_censored, endpoints: [os]", "expected one of worse, got 'os'"),
        ("kind: landmark, endpoints: [os], by: response", "expected the landmark as at"),
        ("kind: landmark, endpoints: [os], by: response, at: 12 weeks, dose: 3", "one of the two"),
        ("kind: milestones, endpoints: [os], times: [6 months, 3 months]", "in ascending order"),
        ("kind: time_varying_cox, endpoints: [os], terms: [x]", "expected one of cycles_received"),
        ("kind: fine_gray, endpoints: [os], terms: [y]", "expected one of x, arm"),
    ],
)
def test_what_is_not_declared_is_refused_by_place(asked, told):
    with pytest.raises(ProtocolError, match=told):
        parse_protocol(HEAD % asked, "study.yaml")


def test_an_incidence_of_toxicity_in_which_no_death_competes_is_refused():
    text = HEAD % "kind: cumulative_incidence, endpoints: [toxic]"
    place = "  - {kind: os, name: os, label: Death}\n"
    for death, refused in (("censors", True), ("competes", False)):
        toxic = f"  - {{kind: toxicity, name: toxic, label: Toxicity, death: {death}}}\n"
        if refused:
            with pytest.raises(ProtocolError, match=r"endpoints\.toxic\.death: expected competes"):
                parse_protocol(text.replace(place, place + toxic), "study.yaml")
        else:
            assert parse_protocol(text.replace(place, place + toxic), "study.yaml").analyses[0].endpoints == ("toxic",)


def test_follow_up_is_told_both_ways_with_quartiles():
    asked = "kind: follow_up, endpoint: os, methods: [reverse, without_event], quartiles: true, time_unit: days"
    rows = fit(asked).estimates
    found = {(row["term"], row["measure"]): (row["estimate"], row["n"]) for row in rows}
    quantiles = ("lower_quartile", "median", "upper_quartile")
    assert [found["follow_up", name] for name in quantiles] == [(45.5, 36), (150, 36), (284, 36)]
    assert [found["follow_up_without_event", name] for name in quantiles] == [(32.5, 27), (120, 27), (245, 27)]


def test_what_followed_first_competes_by_hand():
    rows = [
        state("a", 1, 0, 30, "on_treatment", "stopped_progression"),
        state("a", 2, 30, 60, "stopped_progression", "next_line"),
        state("a", 3, 60, 200, "next_line", "dead"),
        state("b", 1, 0, 40, "on_treatment", "dead"),
        state("c", 1, 0, 50, "on_treatment", None),
        state("d", 1, 0, 300, "on_treatment", None),
    ]
    result = fit("kind: occupancy, of: course, times: [45 days, 70 days]", rows)
    shares = {row["term"]: (row["estimate"], row["events"]) for row in result.estimates}
    # Two of four are at risk on day 60, of whom one enters the next line; a quarter had died before.
    assert shares["first dead, 10 weeks"] == (pytest.approx(1 / 4), 1)
    assert shares["first next line, 10 weeks"] == (pytest.approx(3 / 4 * 1 / 2), 1)
    assert {row["cause"] for row in result.incidences} == {"dead", "next_line"}
    alone = fit("kind: occupancy, of: course, times: [45 days], first_of: [dead]", rows)
    assert {row["cause"] for row in alone.incidences} == {"dead"}


def test_several_times_of_a_patient_are_a_cluster():
    def time(patient, days, event):
        return {"patient_id": patient, "days": days, "event": event, "entry_days": 0.0}

    several = [time("a", 10.0, True), time("a", 20.0, True), time("b", 30.0, True), time("c", 40.0, False)]
    found = fit_times("times", "all", "times.lines", several)
    assert "4 times of 3 patients, each a cluster" in found.estimates[0]["method"]
    assert [row["survival"] for row in found.curves] == pytest.approx([0.75, 0.5, 0.25, 0.25])
    # R: survfit(Surv(c(10, 20, 30, 40), c(1, 1, 1, 0)) ~ 1, cluster = c(1, 1, 2, 3), conf.type = "log-log")
    lower = [0.314807114, 0.019922239, 0.005502848, 0.005502848]
    assert [row["low"] for row in found.curves] == pytest.approx(lower, abs=1e-8)
