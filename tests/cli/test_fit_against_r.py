"""`lutrace fit` on files against R's stored numbers of the topics in validation/stats, called as a user calls it."""

from __future__ import annotations

import functools
import json
import math

import pytest
from validation.stats.comparison import INPUTS, STATS, compare, read_reference
from validation.stats.cox.cases import read_frame
from validation.stats.multiplicity.cases import FAMILIES

from lutrace.cli.app import run
from lutrace.core import read_rows, write_rows

LALONDE = "age, educ, C(race, ref=white), married, nodegree, re74, re75"
LALONDE_UNITS = ["age=years", "educ=years", "re74=USD", "re75=USD", "re78=USD"]
VISITS_UNITS = ["age=years", "pain=points", "score=points", "visit=1"]


@functools.cache
def stored(topic):
    return read_reference(STATS / topic / "reference.csv")


@pytest.fixture
def fit(capsys, tmp_path):
    """A function that runs `lutrace fit` on rows or on a file and gives its answer as JSON."""

    def call(name, table, *options, units=()):
        if not isinstance(table, (str, type(INPUTS))):
            write_rows(tmp_path / "table.csv", table)
            table = tmp_path / "table.csv"
        told = [word for unit in units for word in ("--unit", unit)]
        assert run(["fit", name, str(table), *map(str, options), *told, "--json"]) == 0, capsys.readouterr().err
        return json.loads(capsys.readouterr().out)

    return call


def assert_equal(topic, case, quantity, found, tolerance=1e-8):
    found = [math.nan if value is None else value for value in found]
    differences = list(compare({(case, quantity): found}, stored(topic)))
    assert [one for one in differences if one[2] > tolerance] == []


def column(answer, name, *measures):
    return [row[name] for row in answer["estimates"] if not measures or row["measure"] in measures]


def checks(answer, name):
    return [row["value"] for row in answer["checks"] if row["check"] == name]


def inputs(topic, name):
    return STATS / topic / "inputs" / f"{name}.csv"


VISITS = inputs("regression", "visits")
PAIRS = inputs("regression", "pairs")


def test_linear_models_plain_and_by_clusters(fit):
    call = ("--outcome", "score", "--terms", "treated, age, pain")
    plain = fit("linear", VISITS, *call, units=VISITS_UNITS)
    for quantity in ("coef", "se", "p", "low"):
        assert_equal("regression", "linear plain", quantity, column(plain, quantity))
    found = [*checks(plain, "residual_sd"), *checks(plain, "r_squared"), plain["estimates"][0]["df"]]
    assert_equal("regression", "linear plain", "fit", found)
    clustered = fit("linear", VISITS, *call, "--cluster", "patient", units=VISITS_UNITS)
    assert_equal("regression", "linear clusters", "se", column(clustered, "robust_se"))
    assert_equal("regression", "linear clusters", "p", column(clustered, "p"))


def test_scores_between_bounds(fit):
    call = ("--outcome", "score", "--terms", "treated, age, pain", "--bounds", "0,100", "--cluster", "patient")
    found = fit("fractional", VISITS, *call, units=VISITS_UNITS)
    assert_equal("regression", "fractional", "coef", column(found, "coef"))
    assert_equal("regression", "fractional", "se", column(found, "robust_se"))
    assert_equal("regression", "fractional", "mean change", checks(found, "mean_change"))


def test_firth_with_an_unbiased_intercept_and_with_unbiased_predictions(fit):
    call = (inputs("regression", "separated"), "--event", "event", "--terms", "marker, age")
    flic = fit("logistic", *call, "--intercept", "flic", units=["age=years"])
    assert_equal("regression", "firth separated", "FLIC intercept", column(flic, "coef")[:1], 1e-6)
    assert_equal("regression", "firth separated", "high", column(flic, "high")[1:], 1e-6)
    flac = fit("logistic", *call, "--intercept", "flac", units=["age=years"])
    assert_equal("regression", "firth separated", "FLAC coef", column(flac, "coef"), 1e-6)
    assert_equal("regression", "firth separated", "FLAC low", column(flac, "low")[1:], 1e-6)


@pytest.mark.parametrize(("events", "n"), [(0, 12), (3, 17), (50, 66), (9, 9)])
def test_shares_with_exact_and_wilson_intervals(fit, events, n):
    rows = [{"dead": int(number < events)} for number in range(n)]
    for quantity, options in (("exact", ()), ("Wilson", ("--wilson",))):
        row = fit("proportion", rows, "--event", "dead", *options)["estimates"][0]
        assert_equal("regression", f"proportion {events} {n}", quantity, [row["low"], row["high"]])
        assert (row["events"], row["n"]) == (events, n)


def test_differences_of_shares_and_fishers_test(fit):
    counts = {"a": (37, 101), "b": (66, 99)}
    rows = [{"arm": arm, "yes": int(k < events)} for arm, (events, n) in counts.items() for k in range(n)]
    row = fit("proportion", rows, "--event", "yes", "--by", "arm")["estimates"][2]
    assert_equal("regression", "difference", "66 of 99 37 of 101", [row["estimate"], row["low"], row["high"]])
    counts = {"a": (12, 9), "b": (7, 14)}
    rows = [{"arm": arm, "yes": int(k < yes)} for arm, (yes, no) in counts.items() for k in range(yes + no)]
    row = fit("proportion", rows, "--event", "yes", "--by", "arm")["estimates"][3]
    for quantity, value in (("fisher p", "p"), ("odds ratio", "estimate"), ("low", "low"), ("high", "high")):
        assert_equal("regression", "table even", quantity, [row[value]])


def test_groups_compared(fit):
    rows = [{**row, "two": "a" if row["group"] == "a" else "b"} for row in read_rows(PAIRS)]
    found = fit("compare", rows, "--outcome", "x", "--by", "two", units=["x=1"])
    row = next(row for row in found["estimates"] if row["measure"] == "mean_difference")
    first, *rest = stored("regression")["groups", "Welch"]
    expected = [-first, -rest[1], -rest[0], -rest[2], *rest[3:]]  # R: first less second; here second less first
    assert [row[name] for name in ("estimate", "low", "high", "statistic", "df", "p")] == pytest.approx(expected, 1e-8)
    ranks = fit("compare", rows, "--outcome", "z", "--by", "two", units=["z=1"])["estimates"][-1]
    assert [ranks["p"]] == pytest.approx(stored("regression")["groups", "rank sum tied"][1:], 1e-8)
    several = fit("compare", rows, "--outcome", "z", "--by", "group", units=["z=1"])["estimates"][-1]
    assert_equal("regression", "groups", "Kruskal-Wallis", [several[name] for name in ("statistic", "df", "p")])


def test_categories_compared(fit):
    large = [[3, 1, 2, 4], [0, 4, 2, 9], [5, 1, 1, 2]]
    cells = [(row, place, count) for row, line in enumerate(large) for place, count in enumerate(line)]
    rows = [{"arm": row, "kind": place} for row, place, count in cells for _ in range(count)]
    found = fit("compare", rows, "--outcome", "kind", "--by", "arm", "--categories")["estimates"]
    assert_equal("regression", "table large", "chi-square", [found[-2][name] for name in ("statistic", "df", "p")])
    assert_equal("regression", "table large", "fisher p", [found[-1]["p"]])


@pytest.mark.parametrize(
    ("quantity", "options", "names"),
    [
        ("Pearson", (), ("estimate", "low", "high", "statistic", "p")),
        ("Spearman", ("--method", "spearman"), ("estimate", "low", "high")),
        ("partial", ("--terms", "z, weight"), ("estimate", "low", "high", "statistic", "p")),
    ],
)
def test_correlations(fit, quantity, options, names):
    row = fit("correlation", PAIRS, "--first", "x", "--second", "y", *options)["estimates"][0]
    assert_equal("regression", "correlation", quantity, [row[name] for name in names])


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
def test_kappa(fit, weights):
    call = ("--first", "grade_x", "--second", "grade_y", "--classes", "0,1,2,3,4", "--kappa-weights", weights)
    row = fit("kappa", PAIRS, *call)["estimates"][1]
    names = ("estimate", "se", "low", "high")
    assert_equal("regression", "agreement", f"kappa {weights}", [row[name] for name in names])


@pytest.mark.parametrize("kind", ["1,1", "2,1", "3,1"])
def test_intraclass_correlation(fit, kind):
    row = fit("icc", PAIRS, "--raters", "x, y, z", "--kind", kind)["estimates"][0]
    assert_equal(
        "regression", "agreement", f"icc {kind.replace(',', ' ')}", [row[n] for n in ("estimate", "low", "high")]
    )


@pytest.mark.parametrize(("quantity", "options"), [("limits single", ()), ("limits repeated", ("--group", "patient"))])
def test_limits_of_agreement(fit, quantity, options):
    found = fit("bland-altman", PAIRS, "--first", "x", "--second", "y", *options, units=["x=1"])["estimates"]
    assert_equal("regression", "agreement", quantity, [row[n] for row in found for n in ("estimate", "low", "high")])


@pytest.mark.parametrize("estimand", ["ATE", "ATT", "ATC", "ATO", "ATM"])
def test_propensity_weights_balance_and_effects(fit, tmp_path, estimand):
    made = tmp_path / "weighted.csv"
    call = ("--treated", "treat", "--terms", LALONDE, "--estimand", estimand)
    table = inputs("propensity", "lalonde")
    found = fit("propensity", table, *call, "--outcome", "re78", "--table", made, units=LALONDE_UNITS)
    assert_equal("propensity", estimand, "weights", [float(row["propensity_weight"]) for row in read_rows(made)])
    assert_equal("propensity", estimand, "effective", checks(found, "effective_sample_size"))
    treated, controls, difference = found["estimates"][-3:]
    effects = [row["estimate"] for row in (treated, controls, difference)]
    errors = [row["se"] for row in (treated, controls, difference)]
    assert_equal("propensity", estimand, "mean outcome", [*effects, *errors])
    place = {"ATT": 1, "ATC": 2}.get(estimand, 0)
    for term, name in (("age", "age"), ("C(race)[black]", "black"), ("married", "married"), ("re75", "re75")):
        rows = [row for row in found["estimates"] if row["term"] == term]
        expected = stored("propensity")[f"{estimand} {name}", "1 + standardised"][place]
        assert 1 + rows[1]["estimate"] == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(("estimand", "ties"), [("ATE", "efron"), ("ATT", "breslow"), ("ATO", "efron")])
def test_hazard_ratios_under_propensity_weights(fit, estimand, ties):
    rows = read_rows(inputs("propensity", "lalonde"))
    for row in rows:
        row |= {"time": 1 + math.ceil(float(row["re78"]) / 500), "worked": int(float(row["re78"]) > 0)}
    call = ("--treated", "treat", "--terms", LALONDE, "--estimand", estimand, "--ties", ties)
    row = fit("propensity", rows, *call, "--time", "time", "--event", "worked", units=LALONDE_UNITS)["estimates"][-1]
    coef, _, error = stored("propensity")[f"{estimand} {ties}", "hazard ratio"]
    assert [row["coef"], row["robust_se"]] == pytest.approx([coef, error], rel=1e-6)
    assert (row["n"], row["events"]) == (614, sum(one["worked"] for one in rows))


def test_augmented_weighting(fit):
    call = (inputs("propensity", "lalonde"), "--treated", "treat", "--terms", LALONDE, "--outcome", "re78")
    found = []
    for estimand in ("ATE", "ATT"):
        row = fit("propensity", *call, "--estimand", estimand, "--augmented", "linear", units=LALONDE_UNITS)
        found += [row["estimates"][-1][name] for name in ("estimate", "se")]
    assert_equal("propensity", "augmented", "linear", found)


@pytest.mark.parametrize(
    ("case", "options"),
    [
        ("all REML", ()),
        ("all DL", ("--heterogeneity", "DL")),
        ("all FE", ("--heterogeneity", "fixed")),
        ("all REML knapp", ("--knapp-hartung",)),
    ],
)
def test_meta_analysis(fit, case, options):
    found = fit("meta", inputs("meta", "studies"), "--error", "error", "--label", "trial", *options)
    whole, further = found["estimates"]
    assert_equal("meta", case, "estimate", [whole[name] for name in ("estimate", "se", "low", "high")], 1e-6)
    assert_equal("meta", case, "prediction", [further["low"], further["high"]], 1e-6)
    assert_equal("meta", case, "tau2", checks(found, "tau2"), 1e-6)
    assert_equal("meta", case, "weights", checks(found, "weight"), 1e-6)


@pytest.mark.parametrize("family", ["ordinary", "tied", "many"])
@pytest.mark.parametrize(("method", "theirs"), [("holm", "holm"), ("bh", "BH")])
def test_adjusted_p_values(fit, family, method, theirs):
    rows = [{"name": f"test {place}", "p": p} for place, p in enumerate(FAMILIES[family])]
    found = fit("adjust", rows, "--method", method, "--label", "name")
    assert_equal("multiplicity", family, theirs, column(found, "p"), 1e-10)
    found = fit("adjust", rows, "--method", method, "--family", "100")
    assert_equal("multiplicity", family, f"{theirs} of 100", column(found, "p"), 1e-10)


def test_occupancy_of_states(fit):
    call = ("--group", "id", "--entry", "start", "--time", "stop", "--state", "state", "--target", "target")
    words = {"none": "well"}  # "none" is an empty cell of a plain table
    rows = read_rows(inputs("competing", "mgus2_states"))
    rows = [{**row, **{name: words.get(row[name], row[name]) for name in ("state", "target")}} for row in rows]
    found = fit("states", rows, *call, "--classes", "well,pcm,dead", "--times", "12,60,120,240")
    assert_equal("competing", "states", "probability", column(found, "estimate"))
    assert_equal("competing", "states", "se", column(found, "se"))
    assert_equal("competing", "states", "low log-log", column(found, "low"))
    assert [check["value"] for check in found["checks"] if "to dead" in check["term"]] == pytest.approx(
        stored("competing")["states", "deaths"]
    )


def test_turnbulls_curve(fit):
    found = fit("turnbull", inputs("intervals", "visits"), "--low", "low", "--high", "high")
    mass, low = (stored("intervals")["turnbull visits", name] for name in ("mass", "low"))
    assert checks(found, "log_likelihood") == pytest.approx(stored("intervals")["turnbull visits", "loglik"], rel=1e-9)
    place = next(place for place in range(len(mass)) if sum(mass[: place + 1]) >= 0.5)
    assert found["estimates"][0]["low"] == low[place]


@pytest.mark.parametrize(
    ("case", "options"),
    [
        ("FH 0 1", ("--test", "fleming-harrington")),
        ("FH 0.5 0.5", ("--test", "fleming-harrington", "--rho-gamma", "0.5,0.5")),
        ("Gehan", ("--test", "gehan")),
        ("Tarone-Ware", ("--test", "tarone-ware")),
        ("Peto", ("--test", "peto")),
        ("log-rank", ()),
    ],
)
def test_the_log_rank_family(fit, case, options):
    call = ("--time", "time", "--event", "status", "--by", "celltype", "--times", "100")
    found = fit("km", INPUTS / "veteran.csv", *call, *options)
    assert_equal("curves", f"{case} veteran", "statistic", column(found, "statistic", "log_rank"))


def test_trend_over_groups(fit):
    kinds = sorted({row["celltype"] for row in read_rows(INPUTS / "veteran.csv")})
    rows = [{**row, "score": 1 + kinds.index(row["celltype"])} for row in read_rows(INPUTS / "veteran.csv")]
    found = fit("km", rows, "--time", "time", "--event", "status", "--by", "score", "--times", "100", "--trend")
    assert_equal("curves", "trend veteran", "statistic", column(found, "statistic", "log_rank"))


def test_accuracy_of_a_risk(fit):
    rows = [
        {
            **row,
            "risk": float(row["sex"]) + 0.02 * float(row["age"]),
            "chance": 1 / (1 + math.exp(0.5 - float(row["sex"]))),
        }
        for row in read_rows(INPUTS / "lung.csv")
    ]
    call = ("--time", "time", "--event", "status=2")
    found = fit("accuracy", rows, *call, "--times", "180,365,600", "--risk", "risk")
    assert_equal("prediction", "lung risk", "auc", column(found, "estimate", "auc"))
    scores = [
        column(fit("accuracy", rows, *call, "--times", time, "--predicted", "chance"), "estimate", "brier_score")[0]
        for time in ("180", "365", "600")
    ]
    assert_equal("prediction", "lung", "brier", scores)


def test_survival_at_a_milestone_and_restricted_means(fit):
    call = ("--time", "time", "--event", "status=2", "--by", "sex")
    for command, option, quantity in (("milestone", "--at", "milestone"), ("rmst", "--tau", "mean")):
        rows = fit(command, INPUTS / "lung.csv", *call, option, 600)["estimates"]
        assert_equal("curves", "means lung", quantity, [row["estimate"] for row in rows[:2]])
        error = "se" if quantity == "mean" else "milestone se"
        assert_equal("curves", "means lung", error, [row["se"] for row in rows[:2]])
        assert rows[2]["estimate"] == pytest.approx(rows[1]["estimate"] - rows[0]["estimate"])


def test_what_differs_between_patients_and_what_changes_within_one(fit):
    rows = [{**row, "course": float(row["visit"]) * float(row["treated"])} for row in read_rows(VISITS)]
    call = ("--outcome", "score", "--terms", "visit, treated, course, pain", "--group", "patient", "--split", "pain")
    found = fit("mixed", rows, *call, units=[*VISITS_UNITS, "course=1"])
    assert column(found, "term")[-2:] == ["pain between", "pain within"]
    assert_equal("regression", "visits intercept", "coef", column(found, "coef"), 1e-5)
    assert_equal("regression", "visits intercept", "Kenward-Roger df", column(found, "df"), 1e-5)


def test_ridge(fit):
    frame, terms = read_frame("lung")
    rows = [dict(zip(frame, values, strict=True)) for values in zip(*frame.values(), strict=True)]
    units = [f"{term}=1" for term in terms]
    for theta in (1, 20):
        found = fit(
            "cox",
            rows,
            "--time",
            "time",
            "--event",
            "event",
            "--terms",
            ", ".join(terms),
            "--ridge",
            theta,
            units=units,
        )
        assert_equal("cox", f"ridge all {theta}", "coef", column(found, "coef"))
        assert_equal("cox", f"ridge all {theta}", "se", column(found, "se"))
