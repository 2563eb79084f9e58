"""`lutrace fit`: rows and checks of a model, and what a damaged table is told. The numbers: tests/stats, by R."""

import json

import pytest

LUNG = """id,time,status,age,sex,ecog
1,306,2,74,m,1
2,455,2,68,m,0
3,1010,1,56,m,0
4,210,2,57,m,1
5,883,2,60,f,0
6,1022,1,74,f,1
7,310,2,68,f,2
8,361,2,71,f,2
9,218,2,53,m,1
10,166,2,61,m,2
11,170,2,57,f,1
12,654,2,68,f,
"""


def _json(lutrace, *arguments):
    status, out, err = lutrace(*arguments, "--json")
    assert status == 0, err
    return json.loads(out)


def test_each_term_has_a_row_with_its_unit_and_who_is_left_out_is_said(lutrace, table):
    call = ["fit", "cox", table(LUNG), "--time", "time", "--event", "status=2", "--terms", "log2(age), C(sex), C(ecog)"]
    found = _json(lutrace, *call)
    assert [(row["term"], row["unit"]) for row in found["estimates"]] == [
        ("log2(age)", "per doubling of age"),
        ("C(sex)[m]", "m vs f"),
        ("C(ecog)[1]", "1 vs 0"),
        ("C(ecog)[2]", "2 vs 0"),
    ]
    assert {(row["n"], row["events"]) for row in found["estimates"]} == {(11, 9)}
    assert any("ecog (1)" in told for told in found["warnings"])
    assert {"proportional_hazards", "events_per_term", "separation"} <= {row["check"] for row in found["checks"]}


def test_the_reference_of_groups_and_the_unit_of_a_column_can_be_said(lutrace, table):
    call = ["fit", "cox", table(LUNG), "--time", "time", "--event", "status=2", "--terms", "per(age,10),C(sex,ref=m)"]
    found = _json(lutrace, *call, "--unit", "age=years")
    assert [row["unit"] for row in found["estimates"]] == ["per 10 years of age", "f vs m"]


def test_decimal_commas_and_a_missing_cell_written_na_are_understood(lutrace, table):
    dots = table("t,e,x\n1.5,1,0.5\n2.5,1,NA\n3.5,1,0.25\n4.5,0,1.5\n5.5,1,0.75\n")
    commas = table("t;e;x\n1,5;1;0,5\n2,5;1;NA\n3,5;1;0,25\n4,5;0;1,5\n5,5;1;0,75\n", "commas.csv")
    one, other = (
        _json(lutrace, "fit", "cox", path, "--time", "t", "--event", "e", "--terms", "x", "--unit", "x=1")["estimates"]
        for path in (dots, commas)
    )
    assert one == other
    assert one[0]["n"] == 4


@pytest.mark.parametrize(
    ("text", "terms", "status", "told"),
    [
        ("t,e,x\n1,1,2\n2,0,much\n", "x", 1, "row 3, x: expected a number"),
        ("t,e,x\n1,1,2\n-2,0,1\n", "x", 1, "row 3: time is below 0"),
        ("t,e,x\n1,2,2\n2,1,1\n", "x", 2, "--event e=2"),
        ("t,e,x\n1,0,2\n2,0,1\n", "x", 1, "events"),
        ("t,e,x\n1,1,2\n2,1,2\n3,0,2\n", "x", 1, "does not vary"),
        ("t,e,x,y\n1,1,2,4\n2,1,3,6\n3,0,1,2\n4,1,5,10\n", "x,y", 1, "combinations of one another"),
        ("t,e,x\n1,1,2\n", "x", 1, "does not vary"),
        ("t,e,x\n", "x", 2, "no rows"),
        ("t,e,x\n1,1,\n2,1,\n", "x", 2, "no row is complete"),
        ("t,e,x\n1,1,a\n2,1,b\n", "x", 2, "C(x)"),
        ("t,e,x\n1,1,0\n2,1,3\n", "log2(x)", 1, "row 2: log2(x): x is 0 or below"),
        ("t,e,x\n1,1,0\n2,1,3\n", "z", 2, "no column is called z"),
        ("t,e,x\n1,1,0\n2,1,3\n", "exp(x)", 2, "exp(...) is not known"),
        ("t,e,x\n1,1,a\n2,1,b\n", "C(x, ref=c)", 2, "never c"),
        ("t,e,x\n1,1,a\n2,1,a\n", "C(x)", 2, "one value only"),
        ("t,e,x\n1,1,0\n2,1,3\n", "x, x", 2, "twice"),
    ],
)
def test_a_damaged_table_or_term_is_refused_by_row_with_the_remedy(lutrace, table, text, terms, status, told):
    found, out, err = lutrace("fit", "cox", table(text), "--time", "t", "--event", "e", "--terms", terms)
    assert found == status
    assert out == ""
    assert told in err
    assert err.startswith("error: ")


def test_entry_at_or_after_the_end_is_refused_by_row(lutrace, table):
    path = table("a,t,e,x\n0,1,1,2\n5,5,0,1\n")
    status, _, err = lutrace("fit", "cox", path, "--time", "t", "--event", "e", "--entry", "a", "--terms", "x")
    assert status == 1
    assert "row 3: entry is not before time" in err


def test_an_entry_before_the_end_by_rounding_alone_is_refused_by_row_of_the_file(lutrace, table):
    path = table("a,t,e,x\n,1,1,2\n0.3,0.30000000000000004,0,1\n0,1,1,3\n")
    status, _, err = lutrace("fit", "cox", path, "--time", "t", "--event", "e", "--entry", "a", "--terms", "x")
    assert status == 1
    assert "row 3: entry is not before time by more than rounding" in err


def test_a_value_measured_at_the_end_but_for_rounding_tells_nothing_of_the_event(lutrace, table, tmp_path):
    path = table("who,at,x,t,e\n1,0,5,0.30000000000000004,1\n1,0.3,9,0.30000000000000004,1\n2,0,4,1,1\n")
    call = ["fit", "time-varying", path, "--group", "who", "--at", "at", "--time", "t", "--event", "e", "--values", "x"]
    found = _json(lutrace, *call, "--table", tmp_path / "rows.csv")
    assert found["estimates"][0]["estimate"] == 2
    assert [row["value"] for row in found["checks"] if row["check"] == "measurements_after_the_end"] == [1]


def test_after_the_end_survival_is_0_where_all_have_died_and_else_empty_with_the_reason(lutrace, table):
    path = table("t,e,g\n1,1,a\n2,1,a\n3,0,a\n4,1,a\n2,1,b\n5,0,b\n6,1,b\n7,0,b\n")
    found = _json(lutrace, "fit", "km", path, "--time", "t", "--event", "e", "--by", "g", "--times", "3,5,8")
    rows = [row for row in found["estimates"] if row["measure"] == "survival"]
    # R: summary(survfit(Surv(t, e) ~ g), times = c(3, 5, 8), extend = TRUE); in R the last of b is that of day 7
    assert [row["estimate"] for row in rows] == pytest.approx([0.5, 0.0, 0.0, 0.75, 0.75, None])
    assert [row["at_risk"] for row in rows] == [2, 0, 0, 3, 3, 0]
    assert [row["se"] for row in rows] == pytest.approx(
        [0.25, None, None, 0.21650635094610965, 0.21650635094610965, None]
    )
    assert "g=b: follow-up ends at 7, so survival at 8 is not known" in found["warnings"]
    assert [row["method"].endswith("; follow-up ends at 7") for row in rows] == [False] * 5 + [True]


def test_after_the_end_an_incidence_is_empty_with_the_reason(lutrace, table):
    path = table("t,e\n3,1\n4,1\n5,2\n12,0\n")
    found = _json(lutrace, "fit", "cif", path, "--time", "t", "--event", "e", "--cause", "1", "--times", "4,30")
    assert [row["estimate"] for row in found["estimates"]] == pytest.approx([0.5, None])
    assert "all: follow-up ends at 12, so incidence at 30 is not known" in found["warnings"]


def test_a_bounded_score_of_few_patients_has_no_robust_interval(lutrace, table):
    rows = "".join(f"{who},{10 + 7 * who + 5 * visit},{visit}\n" for who in range(2) for visit in range(6))
    path = table(f"who,y,x\n{rows}")
    call = ("--outcome", "y", "--terms", "x", "--bounds", "0,100", "--unit", "x=visits", "--unit", "y=1")
    found = _json(lutrace, "fit", "fractional", path, *call, "--cluster", "who")
    assert [row["low"] for row in found["estimates"]] == [None, None]
    assert any(told.startswith("2 clusters for 2 coefficients") for told in found["warnings"])
    alone = _json(lutrace, "fit", "fractional", path, *call)
    assert None not in [row["low"] for row in alone["estimates"]]


@pytest.mark.parametrize(("model", "option"), [("rmst", "--tau"), ("milestone", "--at")])
def test_what_two_of_three_groups_differ_by_counts_the_patients_of_the_two(lutrace, table, model, option):
    path = table("t,e,g\n1,1,a\n4,0,a\n2,1,b\n4,1,b\n5,0,b\n1,0,c\n3,1,c\n4,0,c\n5,0,c\n")
    found = _json(lutrace, "fit", model, path, "--time", "t", "--event", "e", "--by", "g", option, "3.5")
    counted = {(row["term"], row["n"], row["events"]) for row in found["estimates"] if " vs " in row["term"]}
    assert counted == {("g=b vs a", 5, 3), ("g=c vs a", 6, 2)}


def test_separation_is_named_and_answered_by_firth(lutrace, table):
    rows = "".join(f"{day},{int(day < 9)},{int(day < 9)}\n" for day in range(1, 22))
    found = _json(lutrace, "fit", "cox", table("t,e,x\n" + rows), "--time", "t", "--event", "e", "--terms", "x")
    row = found["estimates"][0]
    assert 1 < row["low"] < row["estimate"] < 1e4
    assert "Firth" in row["method"]
    assert any("separate" in told for told in found["warnings"])


def test_causes_and_the_label_of_censoring_are_words_of_the_table(lutrace, table):
    path = table("t,why,arm\n1,death,a\n2,alive,a\n3,progression,b\n4,death,b\n5,alive,a\n6,progression,a\n")
    call = ["fit", "cif", path, "--time", "t", "--event", "why", "--censored", "alive", "--cause", "death"]
    found = _json(lutrace, *call, "--times", "4")
    assert [(row["cause"], row["time"]) for row in found["estimates"]] == [("death", 4.0)]
    assert found["estimates"][0]["estimate"] == pytest.approx(1 / 6 + 5 / 6 * 3 / 4 * 1 / 3)
    status, _, err = lutrace("fit", "cif", path, "--time", "t", "--event", "why")
    assert status == 2
    assert "--censored" in err


def test_rows_are_written_and_never_over_the_input(lutrace, table, tmp_path):
    path = table(LUNG)
    call = ["fit", "km", path, "--time", "time", "--event", "status=2", "--by", "sex"]
    assert lutrace(*call, "--out", tmp_path / "km.csv")[0] == 0
    assert (tmp_path / "km.csv").read_text(encoding="utf-8").startswith("term,measure,coef,se,robust_se,estimate")
    assert lutrace(*call, "--out", path)[0] == 2
    assert path.read_text(encoding="utf-8") == LUNG


def test_a_perfect_predictor_is_named_before_fitting_and_firth_answers(lutrace, table):
    rows = "".join(f"{int(number < 8)},{int(number < 8)},{number % 5}\n" for number in range(21))
    found = _json(
        lutrace, "fit", "logistic", table("y,x,z\n" + rows), "--event", "y", "--terms", "x, z", "--unit", "z=1"
    )
    row = next(row for row in found["estimates"] if row["term"] == "x")
    assert 1 < row["low"] < row["estimate"] < 1e4 < row["high"] < 1e9
    assert "Firth" in row["method"]
    assert any("x separates" in check["told"] for check in found["checks"])


def test_the_slopes_of_a_mixed_model_must_be_terms(lutrace, table):
    path = table("y,t,who\n1,0,a\n2,1,a\n2,0,b\n4,1,b\n3,0,c\n3,1,c\n")
    call = ["fit", "mixed", path, "--outcome", "y", "--terms", "t", "--group", "who"]
    found = _json(lutrace, *call, "--unit", "y=points", "--unit", "t=weeks")
    assert [row["unit"] for row in found["estimates"]] == ["points, all covariates 0", "points per 1 weeks of t"]
    assert found["estimates"][1]["estimate"] == pytest.approx(1.0)
    assert [check["value"] for check in found["checks"] if check["check"] == "groups"] == [3]
    status, _, err = lutrace(*call, "--random", "week")
    assert status == 2
    assert "--random names week" in err


def test_words_keep_their_commas_where_numbers_have_them(lutrace, table):
    path = table("t;e;arm\n1,5;1;A.1,x\n2,5;1;B\n3,5;0;A.1,x\n4,5;1;B\n")
    found = _json(lutrace, "fit", "km", path, "--time", "t", "--event", "e", "--by", "arm")
    assert {row["term"] for row in found["estimates"]} == {"arm=A.1,x", "arm=B", "arm"}


def test_without_terms_an_accelerated_model_is_its_intercept(lutrace, table):
    path = table("low,high\n1,1\n2,2\n4,4\n")
    found = _json(lutrace, "fit", "aft", path, "--low", "low", "--high", "high", "--distribution", "lognormal")
    assert [row["unit"] for row in found["estimates"]] == ["all covariates 0"]
    assert found["estimates"][0]["estimate"] == pytest.approx(2.0)


@pytest.mark.parametrize("option", ["--weights", "--cluster"])
@pytest.mark.parametrize(("model", "test"), [("km", "log_rank"), ("cif", "gray_test")])
def test_a_test_that_cannot_count_weights_or_clusters_is_left_out_and_said(lutrace, table, model, test, option):
    path = table("t,e,arm,w,c\n1,1,a,2,1\n2,1,b,1,1\n3,0,a,1.5,2\n4,1,b,1,2\n5,1,a,1,3\n")
    call = ["fit", model, path, "--time", "t", "--event", "e", "--by", "arm"]
    plain, weighted = (_json(lutrace, *call, *more) for more in ([], [option, "w" if option == "--weights" else "c"]))
    assert [row["measure"] for row in plain["estimates"]].count(test) == 1
    assert [row["measure"] for row in weighted["estimates"]].count(test) == 0
    assert any("test: it takes no" in told for told in weighted["warnings"])


def test_strata_without_groups_and_weights_of_zero_are_refused(lutrace, table):
    path = table("t,e,w,s\n1,1,0,1\n2,1,1,2\n")
    call = ["fit", "km", path, "--time", "t", "--event", "e"]
    assert "--strata needs --by" in lutrace(*call, "--strata", "s")[2]
    assert "row 2: w is not above 0" in lutrace(*call, "--weights", "w")[2]
