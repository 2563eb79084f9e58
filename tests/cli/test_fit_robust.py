"""`lutrace fit` with robust errors: what it says of few clusters, and the numbers of R 4.2.2 with sandwich 3.0."""

import json

import pytest
from validation.stats.comparison import INPUTS, STATS

LUNG = INPUTS / "lung.csv"
VISITS = STATS / "regression" / "inputs" / "visits.csv"
UNITS = ["--unit", "age=years", "--unit", "ph.karno=points", "--unit", "wt.loss=pounds"]
COX = ["cox", LUNG, "--time", "time", "--event", "status=2"]
LOGISTIC = ["logistic", LUNG, "--event", "status=2"]
OF_ROBUST = ("low", "high", "statistic", "p")


@pytest.fixture
def fit(lutrace):
    """A function that runs `lutrace fit` and gives its answer."""

    def call(*arguments):
        status, out, err = lutrace("fit", *arguments, "--json")
        assert status == 0, err
        return json.loads(out)

    return call


def clusters_of(answer):
    return [row["value"] for row in answer["checks"] if row["check"] == "clusters"]


@pytest.mark.parametrize(
    ("model", "errors", "p"),
    [
        # coxph(Surv(time, status == 2) ~ age, lung, cluster = ph.ecog)
        (COX, [0.0123952861244667], [0.1259363860235]),
        # g <- glm(status == 2 ~ age, binomial, lung, control = list(epsilon = 1e-14))
        # vcovCL(g, cluster = lung$ph.ecog, type = "HC0")
        (LOGISTIC, [1.91841399953618019, 0.02766178815950194], [0.4908525553341825, 0.1826456170102277]),
    ],
)
def test_errors_by_few_clusters_are_those_of_r_and_said_to_be_too_small(fit, model, errors, p):
    answer = fit(*model, "--terms", "age", "--cluster", "ph.ecog", *UNITS[:2])
    assert [row["robust_se"] for row in answer["estimates"]] == pytest.approx(errors, rel=1e-8)
    assert [row["p"] for row in answer["estimates"]] == pytest.approx(p, rel=1e-8)
    assert clusters_of(answer) == [4]
    assert any("4 clusters, below 20" in told for told in answer["warnings"])


@pytest.mark.parametrize("model", [COX, LOGISTIC])
@pytest.mark.parametrize(
    ("terms", "n_units", "cluster", "n"), [("age", 1, "sex", 2), ("age,sex,ph.karno", 2, "ph.ecog", 4)]
)
def test_no_more_clusters_than_coefficients_give_no_robust_interval_or_p(fit, model, terms, n_units, cluster, n):
    answer = fit(*model, "--terms", terms, "--cluster", cluster, *UNITS[: 2 * n_units])
    for row in answer["estimates"]:
        assert row["coef"] is not None and row["estimate"] is not None
        assert [row[name] for name in OF_ROBUST] == [None] * 4
    assert clusters_of(answer) == [n]
    assert any(f"{n} clusters" in told and "no robust interval" in told for told in answer["warnings"])
    assert not {"Wald", "robust score"} & {row["check"] for row in answer["checks"]}


def test_twenty_clusters_are_not_warned_of(fit, table):
    rows = "".join(f"{1 + place % 17},{place % 3 > 0:d},{place * 7 % 11},{place % 20}\n" for place in range(60))
    call = [table("t,e,x,c\n" + rows), "--event", "e", "--terms", "x", "--cluster", "c", "--unit", "x=1"]
    for answer in (fit("cox", *call, "--time", "t"), fit("logistic", *call)):
        assert clusters_of(answer) == [20]
        assert not [told for told in answer["warnings"] if "clusters" in told]


def test_few_clusters_are_said_of_imputed_sets_too_and_too_few_refused(fit, lutrace):
    call = [*COX, "--impute", "2", "--seed", "1", "--cluster"]
    answer = fit(*call, "ph.ecog", "--terms", "age, wt.loss", *UNITS[:2], *UNITS[4:])
    assert any("4 clusters, below 20" in told for told in answer["warnings"])
    assert clusters_of(answer) == [4]
    status, _, told = lutrace("fit", *call, "sex", "--terms", "wt.loss", *UNITS[4:])
    assert status == 1 and "2 clusters" in told


def test_which_tests_of_the_model_take_rows_as_independent_is_said(fit):
    said = {}
    for name, more in (("robust", ["--cluster", "inst"]), ("plain", [])):
        answer = fit(*COX, "--terms", "age", *more, *UNITS[:2])
        said[name] = {row["check"]: row["told"] for row in answer["checks"] if row["df"] and row["term"] == "model"}
    independent, robust = "of the model: takes rows as independent", "by the robust errors"
    assert said["robust"] == {
        "likelihood ratio": independent,
        "score": independent,
        "Wald": robust,
        "robust score": robust,
    }
    assert set(said["plain"].values()) == {""}


def test_linear_robust_is_hc1_with_the_degrees_of_freedom_of_the_residuals(fit):
    # m <- lm(score ~ treated + age + pain, visits); vcovHC(m, type = "HC1"); 2 * pt(-abs(b / se), m$df.residual)
    call = ["linear", VISITS, "--outcome", "score", "--terms", "treated, age, pain", "--robust"]
    answer = fit(*call, *UNITS[:2], "--unit", "pain=points", "--unit", "score=points")
    rows = answer["estimates"]
    errors = [6.1200282296537951, 1.1692451119622598, 0.0837644721612323, 0.3863451592075112]
    p = [8.14536994796395e-26, 7.35121541657643e-02, 1.43209811812152e-01, 1.24389017803414e-12]
    assert [row["robust_se"] for row in rows] == pytest.approx(errors, rel=1e-8)
    assert [row["p"] for row in rows] == pytest.approx(p, rel=1e-8)
    assert {row["df"] for row in rows} == {374}
    assert all("HC1" in row["method"] for row in rows)


@pytest.mark.parametrize("scale", [1e-9, -1e-9])
@pytest.mark.parametrize("more", [[], ["--firth"]])
def test_a_ratio_beyond_any_number_names_the_unit_as_the_remedy(fit, table, scale, more):
    values = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8]
    rows = "".join(f"{place + 1},{place % 3 > 0:d},{scale * x!r}\n" for place, x in enumerate(values))
    call = [table("t,e,x\n" + rows), "--event", "e", "--terms", "x", "--unit", "x=m", *more]
    for answer in (fit("cox", *call, "--time", "t"), fit("logistic", *call)):
        told = [told for told in answer["warnings"] if "another unit" in told]
        assert len(told) == 1 and told[0].startswith("x: ")


def test_a_pooled_ratio_beyond_any_number_names_the_unit_too(lutrace, table):
    values = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8]
    gaps = ["" if place == 4 else place * 5 % 7 for place in range(12)]
    rows = "".join(f"{place + 1},{place % 3 > 0:d},{1e-9 * values[place]!r},{gaps[place]}\n" for place in range(12))
    call = [table("t,e,x,y\n" + rows), "--time", "t", "--event", "e", "--terms", "x,y", "--impute", "2", "--seed", "1"]
    status, out, err = lutrace("fit", "cox", *call, "--unit", "x=m", "--unit", "y=1", "--json")
    assert status == 0 and err == ""
    assert any(told.startswith("x: ") and "another unit" in told for told in json.loads(out)["warnings"])


def test_firth_speaks_of_no_wald_interval_and_names_no_function(fit, lutrace, table):
    rows = "".join(f"{place + 1},1,{place < 4:d},{place % 6}\n" for place in range(12))
    path = table("t,e,x,c\n" + rows)
    call = ["cox", path, "--time", "t", "--event", "e", "--terms", "x", "--firth"]
    told = fit(*call)["warnings"]
    assert any("4 events in its rarer group" in one for one in told)
    assert not any("Wald" in one for one in told)
    status, _, said = lutrace("fit", *call, "--cluster", "c")
    assert status != 0 and "fit_cox" not in said and "without Firth's penalty" in said


def test_a_p_value_that_rounds_to_nothing_is_below_a_thousandth(fit, table):
    # Who has x dies early in the first half and late in the second: no p of this is above 0.0005.
    rows = "".join(f"{place + 1},1,{place < 60 or place >= 240:d}\n" for place in range(300))
    call = ["cox", table("t,e,x\n" + rows), "--time", "t", "--event", "e", "--terms", "x"]
    told = [one for one in fit(*call)["warnings"] if "not proportional" in one]
    assert told and all("p < 0.001" in one for one in told)
