"""`lutrace fit` where it makes something for a next step: weights, synthetic patients, sums of a site."""

from __future__ import annotations

import json
import math

import pytest
from validation.stats.comparison import INPUTS, STATS

from lutrace.cli.app import run
from lutrace.core import read_rows, write_rows

FOLLOW_UP = ("--time", "time", "--event", "status=2")
LALONDE = STATS / "propensity" / "inputs" / "lalonde.csv"


@pytest.fixture
def lutrace(capsys):
    """A function that runs `lutrace fit` and gives its status, answer and what was said."""

    def call(*arguments):
        status = run(["fit", *map(str, arguments)])
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


@pytest.fixture
def fit(lutrace):
    """A function that runs `lutrace fit` and gives its answer as JSON."""

    def call(*arguments):
        status, out, err = lutrace(*arguments, "--json")
        assert status == 0, err
        return json.loads(out)

    return call


def test_weights_go_from_propensity_to_curves_and_hazard_ratios(fit, tmp_path):
    made = tmp_path / "weighted.csv"
    score = ("--treated", "sex=2", "--terms", "age, ph.karno", "--unit", "age=years", "--unit", "ph.karno=1")
    balance = fit("propensity", INPUTS / "lung.csv", *score, "--table", made)
    assert any("ph.karno (1)" in told for told in balance["warnings"])
    after = [row["estimate"] for row in balance["estimates"] if row["measure"].endswith("after")]
    assert max(map(abs, after)) < 0.02
    weighted = ("--weights", "propensity_weight")
    hazard = fit("cox", made, *FOLLOW_UP, "--terms", "C(sex)", *weighted)["estimates"][0]
    effect = fit("propensity", INPUTS / "lung.csv", *score, *FOLLOW_UP)["estimates"][-1]
    assert hazard["coef"] == pytest.approx(effect["coef"], rel=1e-9)
    assert hazard["robust_se"] > effect["robust_se"]
    curve = fit("km", made, *FOLLOW_UP, "--by", "sex", "--times", "365", *weighted)
    assert {row["n"] for row in curve["estimates"]} == {90, 137}


def test_matched_sets_are_pairs_of_near_scores_and_the_unmatched_are_counted(fit, tmp_path):
    made = tmp_path / "matched.csv"
    call = ("--treated", "treat", "--terms", "age, educ", "--unit", "age=years", "--unit", "educ=years")
    found = fit("propensity", LALONDE, *call, "--match", "1", "--caliper", "0.1", "--table", made)
    pairs = {}
    for row in read_rows(made):
        if row["matched_set"] is not None:
            pairs.setdefault(row["matched_set"], []).append(row)
    numbers = {check["check"]: check["value"] for check in found["checks"]}
    assert len(pairs) == numbers["treated_matched"]
    assert numbers["treated_matched"] + numbers["treated_unmatched"] == 185
    scores = [float(row["propensity_score"]) for row in read_rows(made)]
    mean = sum(scores) / len(scores)
    sd = math.sqrt(sum((score - mean) ** 2 for score in scores) / (len(scores) - 1))
    for pair in pairs.values():
        assert sorted(row["treat"] for row in pair) == ["0", "1"]
        assert abs(float(pair[0]["propensity_score"]) - float(pair[1]["propensity_score"])) <= 0.1 * sd * (1 + 1e-9)


def test_effects_of_matched_rows_are_left_to_the_next_step(lutrace):
    call = ("--treated", "treat", "--terms", "age", "--unit", "age=years", "--match", "1", "--outcome", "re78")
    status, _, err = lutrace("propensity", LALONDE, *call, "--unit", "re78=USD")
    assert status == 2
    assert "--weights propensity_weight" in err


def test_e_values_are_set_beside_the_ratios_that_cox_has_written(fit, tmp_path):
    ratios, made = tmp_path / "ratios.csv", tmp_path / "values.csv"
    fit("cox", INPUTS / "lung.csv", *FOLLOW_UP, "--terms", "C(sex)", "--out", ratios)
    found = fit("e-value", ratios, "--ratio", "hazard", "--rare", "--label", "term", "--table", made)
    ratio = 1 / 0.588003
    assert found["estimates"][0]["estimate"] == pytest.approx(ratio + math.sqrt(ratio * (ratio - 1)), rel=1e-5)
    assert (found["estimates"][0]["n"], found["estimates"][0]["events"]) == (228, 165)
    assert float(read_rows(made)[0]["e_value"]) == found["estimates"][0]["estimate"]


def test_the_published_ratio_of_vision_has_its_published_e_values(fit, tmp_path):
    table = tmp_path / "vision.csv"
    write_rows(table, [{"endpoint": "OS", "estimate": 0.62, "low": 0.52, "high": 0.74}])
    for option, expected in (("--rare", 2.61), ("--common", 2.13)):
        found = fit("e-value", table, "--ratio", "hazard", option)
        assert round(found["estimates"][0]["estimate"], 2) == expected


def test_ratios_are_pooled_as_logarithms_of_their_intervals(fit, tmp_path):
    table = tmp_path / "studies.csv"
    write_rows(table, [{"hr": 0.5, "l": 0.25, "u": 1.0}, {"hr": 2.0, "l": 1.0, "u": 4.0}])
    call = ("--estimate", "hr", "--low", "l", "--high", "u", "--ratio", "hazard", "--heterogeneity", "fixed")
    row = fit("meta", table, *call)["estimates"][0]
    assert row["estimate"] == pytest.approx(1.0)
    assert row["se"] == pytest.approx(math.log(2) / 1.959963984540054 / math.sqrt(2))
    assert row["measure"] == "hazard_ratio"


def test_missed_deaths_tip_the_result_and_draws_are_repeatable(fit):
    call = ("missed-deaths", INPUTS / "lung.csv", *FOLLOW_UP, "--treated", "sex=2")
    drawn = (*call, "--recorded", "1,1,0.8,0.9", "--seed", "4", "--draws", "50")
    one, other = fit(*drawn), fit(*drawn)
    assert one == other
    tipping = {row["measure"]: row["estimate"] for row in one["estimates"]}
    assert 0 < tipping["missed_deaths_to_interval"] <= 37
    assert tipping["missed_deaths_to_null"] is None
    assert "missed_deaths_to_null: not even all 37 censored treated" in one["warnings"]
    assert tipping["hazard_ratio"] < tipping["hazard_ratio_with_missed_deaths"] < 1
    assert fit(*call)["estimates"] == one["estimates"][:-1]


def test_synthetic_patients_have_the_published_curve_and_are_labelled(fit, tmp_path):
    points, made = tmp_path / "points.csv", tmp_path / "patients.csv"
    curve = fit("km", INPUTS / "lung.csv", *FOLLOW_UP, "--by", "sex")
    rows = [
        {"days": row["time"], "share": round(row["estimate"], 3), "n": None, "arm": row["term"][-1]}
        for row in curve["estimates"]
        if row["measure"] == "survival"
    ]
    risk = fit("km", INPUTS / "lung.csv", *FOLLOW_UP, "--by", "sex", "--times", "150,300,450,600,750,900")
    counts = [
        (row["time"], row["at_risk"], row["term"][-1]) for row in risk["estimates"] if row["measure"] == "survival"
    ]
    rows += [{"days": time, "share": None, "n": n, "arm": arm} for time, n, arm in counts]
    rows += [{"days": 0, "share": 1, "n": n, "arm": arm} for n, arm in ((138, "1"), (90, "2"))]
    write_rows(points, sorted(rows, key=lambda row: row["days"]))
    call = ("--time", "days", "--survival", "share", "--at-risk", "n", "--by", "arm", "--table", made)
    found = fit("reconstruct", points, *call)
    assert [row["n"] for row in found["estimates"]] == [138, 90]
    assert max(row["estimate"] for row in found["estimates"]) < 0.02
    assert {row["origin"] for row in read_rows(made)} == {"reconstructed from a published curve"}
    again = fit("cox", made, "--time", "time", "--event", "event", "--terms", "C(arm)")["estimates"][0]
    real = fit("cox", INPUTS / "lung.csv", *FOLLOW_UP, "--terms", "C(sex)")["estimates"][0]
    assert again["coef"] == pytest.approx(real["coef"], abs=0.1 * real["se"])


@pytest.mark.parametrize(
    ("model", "call", "scale"),
    [
        ("cox", FOLLOW_UP, "hazard_ratio"),
        ("logistic", ("--event", "status=2"), "odds_ratio"),
        ("linear", ("--outcome", "ph.karno", "--unit", "ph.karno=1"), "mean_difference"),
    ],
)
def test_gaps_are_imputed_pooled_and_counted_the_same_for_the_same_seed(fit, model, call, scale):
    terms = ("--terms", "age, C(sex), wt.loss", "--unit", "age=years", "--unit", "wt.loss=pounds")
    asked = (model, INPUTS / "lung.csv", *call, *terms)
    one, other, next_seed = (fit(*asked, "--impute", "20", "--seed", seed) for seed in (3, 3, 4))
    complete = fit(*asked)
    assert one == other
    assert one["estimates"] != next_seed["estimates"]
    assert one["estimates"][-1]["n"] > complete["estimates"][-1]["n"]
    row, plain = one["estimates"][-1], complete["estimates"][-1]
    assert row["measure"] == scale
    assert row["coef"] == pytest.approx(plain["coef"], abs=plain["robust_se"] or plain["se"])
    expected = row["coef"] if scale == "mean_difference" else math.exp(row["coef"])
    assert row["estimate"] == pytest.approx(expected)
    shares = {check["term"]: check["value"] for check in one["checks"] if check["check"] == "missing_information"}
    assert shares["wt.loss"] == max(shares.values()) < 0.3
    assert {check["term"]: check["value"] for check in one["checks"] if check["check"] == "values_imputed"} == {
        "wt.loss": 14 if model != "linear" else 13
    }
    assert row["df"] < row["n"]


def test_a_cox_model_of_two_sites_by_sums_alone_is_that_of_pooled_rows_with_strata(lutrace, fit, tmp_path):
    rows = [row for row in read_rows(INPUTS / "lung.csv") if row["ph.ecog"] in ("0", "1", "2")]
    rows = [{**row, "site": "ab"[place % 3 == 0]} for place, row in enumerate(rows)]
    model = (*FOLLOW_UP, "--terms", "age, C(sex), C(ph.ecog)", "--unit", "age=years")
    write_rows(tmp_path / "all.csv", rows)
    for site in "ab":
        write_rows(tmp_path / f"{site}.csv", [row for row in rows if row["site"] == site])
    answers, question = tmp_path / "answers", tmp_path / "question.json"
    ask = ()
    for round_number in range(1, 20):
        for site in "ab":
            out = answers / f"{site}{round_number}.json"
            call = ("--model", "cox", "--site", site, *model, *ask, "--out", out)
            assert lutrace("site-sums", tmp_path / f"{site}.csv", *call)[0] == 0
        found = fit("combine", answers, "--next", question)
        if found["next"] is None:
            break
        ask = ("--ask", question)
    pooled = fit("cox", tmp_path / "all.csv", *model, "--strata", "site")["estimates"]
    assert 3 < found["rounds"] < 9
    for name in ("coef", "se", "low", "high", "p"):
        assert [row[name] for row in found["estimates"]] == pytest.approx([row[name] for row in pooled], rel=1e-7)
    assert {(row["n"], row["events"]) for row in found["estimates"]} == {(pooled[0]["n"], pooled[0]["events"])}
    sent = json.loads((answers / "a1.json").read_text(encoding="utf-8"))
    assert len(sent["sums"]["gradient"]) + len(sent["sums"]["information"]) == 4 + 10
    assert not sent["groups"]


def test_a_logistic_model_of_two_sites_is_that_of_pooled_rows(lutrace, fit, tmp_path):
    model = ("--event", "status=2", "--terms", "age, C(sex)", "--unit", "age=years")
    rows, answers = read_rows(INPUTS / "lung.csv"), tmp_path / "answers"
    write_rows(tmp_path / "a.csv", rows[:140])
    write_rows(tmp_path / "b.csv", rows[140:])
    ask = ()
    for round_number in range(1, 20):
        for site in "ab":
            call = (
                "--model",
                "logistic",
                "--site",
                site,
                *model,
                *ask,
                "--out",
                answers / f"{site}{round_number}.json",
            )
            assert lutrace("site-sums", tmp_path / f"{site}.csv", *call)[0] == 0
        found = fit("combine", answers, "--next", tmp_path / "q.json")
        if found["next"] is None:
            break
        ask = ("--ask", tmp_path / "q.json")
    pooled = fit("logistic", INPUTS / "lung.csv", *model)["estimates"]
    assert [row["measure"] for row in found["estimates"]] == ["odds", "odds_ratio", "odds_ratio"]
    for name in ("coef", "se"):
        assert [row[name] for row in found["estimates"]] == pytest.approx([row[name] for row in pooled], rel=1e-7)


def test_curves_of_two_sites_are_those_of_pooled_times_rounded_up_to_the_grid(lutrace, fit, tmp_path):
    rows, grid = read_rows(INPUTS / "lung.csv"), (250, 500, 1100)
    rounded = [{**row, "time": next(edge for edge in grid if float(row["time"]) <= edge)} for row in rows]
    write_rows(tmp_path / "all.csv", rounded)
    for site, part in (("a", rows[::2]), ("b", rows[1::2])):
        write_rows(tmp_path / f"{site}.csv", part)
        call = (
            "--model",
            "km",
            "--site",
            site,
            *FOLLOW_UP,
            "--times",
            "250,500,1100",
            "--out",
            tmp_path / f"{site}.json",
        )
        assert lutrace("site-sums", tmp_path / f"{site}.csv", *call)[0] == 0
    found = fit("combine", tmp_path / "a.json", tmp_path / "b.json")["estimates"]
    pooled = fit("km", tmp_path / "all.csv", *FOLLOW_UP)["estimates"]
    for name in ("measure", "estimate", "low", "high", "n", "events"):
        assert [row[name] for row in found] == [row[name] for row in pooled]


@pytest.mark.parametrize(
    ("keep", "options", "told"),
    [
        (slice(0, 15), ("--terms", "C(sex)"), "fewer than 20 patients"),
        (slice(0, 228), ("--terms", "C(ph.ecog)"), "C(ph.ecog)[3]"),
        (slice(0, 228), ("--terms", "rcs(age)", "--unit", "age=years"), "rcs() takes its knots"),
    ],
)
def test_a_site_keeps_sums_that_would_give_patients_away(lutrace, tmp_path, keep, options, told):
    write_rows(tmp_path / "site.csv", read_rows(INPUTS / "lung.csv")[keep])
    out = tmp_path / "answer.json"
    call = ("--model", "cox", "--site", "a", *FOLLOW_UP, *options, "--out", out)
    status, _, err = lutrace("site-sums", tmp_path / "site.csv", *call)
    assert status != 0
    assert told in err
    assert not out.exists()


def test_answers_of_other_terms_and_of_one_site_are_not_combined(lutrace, tmp_path):
    call = ("site-sums", INPUTS / "lung.csv", "--model", "cox", *FOLLOW_UP)
    for site, terms in (("a", "C(sex)"), ("b", "C(sex, ref=2)")):
        lutrace(*call, "--site", site, "--terms", terms, "--out", tmp_path / f"{site}.json")
    assert "at least 2" in lutrace("combine", tmp_path / "a.json")[2]
    assert "differ in terms" in lutrace("combine", tmp_path)[2]
    (tmp_path / "b.json").write_text("{}", encoding="utf-8")
    assert "b.json" in lutrace("combine", tmp_path)[2]


def test_the_first_eligible_line_of_each_patient_is_time_zero(fit, tmp_path):
    lines, made = tmp_path / "lines.csv", tmp_path / "zero.csv"
    rows = [
        ("a", "2020-06-01", 1),
        ("a", "2020-01-01", 0),
        ("a", "2021-01-01", 1),
        ("b", "2020-03-01", 1),
        ("c", "2020-03-01", 0),
    ]
    write_rows(lines, [dict(zip(("who", "start", "ok"), row, strict=True)) for row in rows])
    call = ("index-dates", lines, "--group", "who", "--start", "start", "--eligible", "ok", "--table", made)
    found = fit(*call)
    assert [(row["who"], row["start"]) for row in read_rows(made)] == [("a", "2020-06-01"), ("b", "2020-03-01")]
    assert {check["check"]: check["value"] for check in found["checks"]} == {
        "patients": 2,
        "patients_never_eligible": 1,
    }
    assert "soonest followed by death" in fit(*call, "--strategy", "last")["warnings"][0]
    fit(*call, "--strategy", "all")
    assert len(read_rows(made)) == 3


def test_values_hold_until_the_next_and_are_never_carried_backwards(fit, tmp_path):
    measured, made = tmp_path / "measured.csv", tmp_path / "rows.csv"
    names = ("id", "day", "os", "dead", "psa", "arm")
    rows = [(1, 0, 100, 1, 50, "A"), (1, 30, 100, 1, None, "A"), (1, 60, 100, 1, 25, "A"), (2, 10, 50, 1, 99, "B")]
    write_rows(measured, [dict(zip(names, row, strict=True)) for row in rows])
    call = ("--group", "id", "--at", "day", "--time", "os", "--event", "dead", "--values", "psa", "--table", made)
    found = fit("time-varying", measured, *call)
    columns = ("id", "arm", "start", "stop", "event", "psa")
    assert [tuple(row[name] for name in columns) for row in read_rows(made)] == [
        ("1", "A", "0.0", "60.0", "0", "50.0"),
        ("1", "A", "60.0", "100.0", "1", "25.0"),
        ("2", "B", "10.0", "50.0", "1", "99.0"),
    ]
    assert next(check["value"] for check in found["checks"] if check["check"] == "patients_with_time_left_out") == 1
