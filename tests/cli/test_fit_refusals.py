"""What each `lutrace fit` says of a damaged table or call: what is wrong, in which row of the file, and the remedy."""

from __future__ import annotations

import datetime as dt

import pytest

from lutrace.cli.app import run
from lutrace.core import write_rows

LINEAR = ("linear", "--outcome", "y", "--terms", "x", "--unit", "x=1", "--unit", "y=1")
BOUNDED = ("fractional", "--outcome", "y", "--terms", "x", "--unit", "x=1", "--bounds", "0,100")
SHARE = ("proportion", "--event", "y")
COMPARE = ("compare", "--outcome", "y", "--by", "g", "--unit", "y=1")
PAIR = ("--first", "x", "--second", "y", "--unit", "x=1")
SCORE = ("propensity", "--treated", "t", "--terms", "x", "--unit", "x=1")
HISTORY = ("states", "--group", "id", "--entry", "a", "--time", "b", "--state", "s", "--target", "t")
LINES = ("index-dates", "--group", "g", "--start", "s", "--eligible", "ok", "--table", "out.csv")
CHANGES = (
    "time-varying",
    "--group",
    "g",
    "--at",
    "d",
    "--time",
    "t",
    "--event",
    "e",
    "--values",
    "x",
    "--table",
    "out.csv",
)
RISK = ("accuracy", "--time", "t", "--event", "e", "--times", "2", "--risk", "x")
SURVIVAL = ("--time", "t", "--event", "e")
CURVE = ("reconstruct", "--time", "t", "--survival", "s", "--at-risk", "n", "--table", "out.csv")
TEN = "".join(f"{place},{place % 3}\n" for place in range(10))

CASES = [
    ("text in a number", LINEAR, "y,x\n1,2\nmuch,3\n2,5\n", "row 3, y: expected a number"),
    ("a number beyond measure", LINEAR, "y,x\n1,2\n1e300,3\n2,5\n", "row 3, y: expected a number, got one whose size"),
    ("a number next to 0", LINEAR, "y,x\n1,2\n3e-198,3\n2,5\n", "row 3, y: expected a number, got one whose size"),
    ("an infinite number", LINEAR, "y,x\n1,2\nInf,3\n2,5\n", "row 3, y: expected a number, got one that is infinite"),
    ("a number too large", LINEAR, "y,x\n1,2\n1e400,3\n2,5\n", "row 3, y: expected a number, got one that is infinite"),
    ("an underscore in a number", LINEAR, "y,x\n1,2\n1_000,3\n2,5\n", "row 3, y: expected a number, got 1_000"),
    ("digits of another script", LINEAR, "y,x\n1,2\n\u0663,3\n2,5\n", "row 3, y: expected a number, got \u0663"),
    ("the outcome as a term", (*LINEAR[:4], "x, log2(y)"), "y,x\n1,2\n3,3\n2,5\n", "y is --outcome and a term"),
    ("the event as a term", ("cox", *SURVIVAL, "--terms", "e, x"), "t,e,x\n1,1,1\n2,0,3\n", "e is --event and a term"),
    (
        "the value of an event as a term",
        ("logistic", "--event", "s=2", "--terms", "x, C(s)"),
        "s,x\n1,1\n2,3\n",
        "s is --event and a term",
    ),
    ("time as a term", ("cox", *SURVIVAL, "--terms", "t"), "t,e\n1,1\n2,0\n", "t is --time and a term"),
    ("treatment as a term", (*SCORE[:4], "t, x"), "t,x\n0,1\n1,2\n", "t is --treated and a term"),
    ("one class", ("ordinal", *LINEAR[1:7]), "y,x\n1,2\n1,3\n", "needs two or more classes, got 1"),
    ("event in a column of words", ("proportion", "--event", "my event"), "my event\n1\n2\n", "--event 'my event=2'"),
    (
        "identifiers that are unknown",
        ("linear", "--outcome", "y", "--terms", "x", "--cluster", "g"),
        "y,x,g\n1,2,none\n2,5,none\n",
        "no row is complete; look at g",
    ),
    ("scores all alike", BOUNDED, "y,x\n40,1\n40,2\n40,3\n", "all scores are 40"),
    (
        "two patients for two means",
        ("mixed", "--outcome", "y", "--terms", "x", "--group", "g", "--split", "x"),
        "y,x,g\n7.73,1.000,B\n8.62,0.014,A\n3.03,0.335,A\n5.75,0.992,B\n0.74,-0.556,B\n5.69,0.737,A\n"
        "5.16,0.055,A\n5.80,1.000,B\n4.56,0.130,A\n6.71,1.000,A\n4.31,0.060,B\n4.10,0.514,B\n",
        "too few groups for what differs between them",
    ),
    (
        "studies all alike",
        ("meta", "--heterogeneity", "DL", "--knapp-hartung"),
        "estimate,se\n1,0.5\n1,0.4\n",
        "needs them to differ",
    ),
    ("a constant covariate", LINEAR, "y,x\n1,2\n2,2\n3,2\n", "x does not vary"),
    ("one patient", LINEAR, "y,x\n1,2\n", "1 rows cannot carry 2 coefficients"),
    ("collinear terms", (*LINEAR[:4], "x, per(x, 2)", *LINEAR[5:]), "y,x\n1,2\n2,3\n5,1\n2,8\n", "combination"),
    ("no residual", LINEAR, "y,x\n1,2\n2,3\n3,4\n", "without any residual"),
    ("imputing without a seed", (*LINEAR, "--impute", "5"), "y,x\n1,2\n2,\n2,5\n", "--seed"),
    (
        "imputing groups of three",
        ("linear", "--outcome", "y", "--terms", "C(x)", "--unit", "y=1", "--impute", "5", "--seed", "1"),
        "y,x\n1,a\n2,\n2,b\n3,c\n",
        "groups of more than two levels",
    ),
    ("nothing to impute", (*LINEAR, "--impute", "5", "--seed", "1"), "y,x\n" + TEN, "no covariate has a gap"),
    ("one set", (*LINEAR, "--impute", "1", "--seed", "1"), "y,x\n,\n" + TEN + "3,\n", "2 sets"),
    ("a score outside its bounds", BOUNDED, "y,x\n10,1\n101,2\n50,3\n", "row 3: y lies outside 0 to 100"),
    ("one bound", (*BOUNDED[:-1], "100"), "y,x\n10,1\n50,3\n", "--bounds 0,100"),
    ("an outcome that is not yes or no", SHARE, "y\n1\n2\n", "--event y=2"),
    ("no rows", SHARE, "y\n", "no rows"),
    ("only empty cells", SHARE, "y\n\nNA\n", "no row is complete"),
    ("groups that are one", COMPARE, "y,g\n1,a\n2,a\n", "g has one value only"),
    ("categories that are one", (*COMPARE[:5], "--categories"), "y,g\na,1\na,2\n", "one value only"),
    ("words as numbers", COMPARE, "y,g\nlow,a\nhigh,b\n", "row 2, y: expected a number, got a text"),
    ("three pairs", ("correlation", *PAIR), "x,y\n1,2\n2,3\n3,1\n", "at least 4 pairs"),
    ("a constant measurement", ("correlation", *PAIR), "x,y\n1,2\n1,3\n1,1\n1,5\n", "values that differ"),
    (
        "ranks of what is left",
        ("correlation", *PAIR, "--method", "spearman", "--terms", "z"),
        "x,y,z\n1,2,1\n",
        "spearman",
    ),
    ("a class that is not listed", ("kappa", *PAIR[:4], "--classes", "0,1"), "x,y\n0,1\n1,2\n", "lacks 2"),
    ("one rater", ("icc", "--raters", "x"), "x\n1\n2\n", "two raters"),
    ("two patients", ("bland-altman", *PAIR), "x,y\n1,2\n2,3\n", "three patients"),
    ("nobody treated", SCORE, "t,x\n0,1\n0,2\n", "nobody to compare with"),
    ("treatment in words", SCORE, "t,x\nA,1\nB,2\n", "expected 0"),
    ("a covariate that separates the groups", SCORE, "t,x\n0,1\n0,2\n0,3\n1,4\n1,5\n1,6\n", "separate"),
    (
        "nobody within the caliper",
        (*SCORE, "--match", "1", "--caliper", "1e-9"),
        "t,x\n0,1\n0,2\n0,9\n1,3\n1,1.5\n1,4\n",
        "caliper",
    ),
    ("trimmed to nobody", (*SCORE, "--trim", "0.49"), "t,x\n0,1\n0,2\n0,9\n1,3\n1,1.5\n1,4\n", "trim less"),
    (
        "doubly robust overlap",
        (*SCORE, "--outcome", "y", "--augmented", "linear", "--estimand", "ATO"),
        "t,x,y\n0,1,1\n0,2,3\n1,2,2\n1,1,5\n",
        "ATE or ATT",
    ),
    ("follow-up without events named", (*SCORE, "--time", "x"), "t,x\n0,1\n0,2\n1,2\n1,1\n", "needs --event"),
    ("a stay of no time", HISTORY, "id,a,b,s,t\n1,3,3,x,y\n", "row 2: entry is not before time"),
    (
        "a ridge and Firth",
        ("cox", *SURVIVAL, "--terms", "x", "--ridge", "1", "--firth"),
        "t,e,x\n1,1,1\n2,1,3\n3,0,2\n",
        "choose one",
    ),
    (
        "a milestone beyond follow-up",
        ("milestone", *SURVIVAL, "--at", "9"),
        "t,e\n1,1\n2,0\n",
        "beyond the follow-up",
    ),
    (
        "a split of what is no term",
        ("mixed", "--outcome", "y", "--terms", "x", "--group", "g", "--split", "z"),
        "y,x,g\n1,1,a\n2,3,a\n2,1,b\n5,3,b\n4,5,c\n",
        "--split names z",
    ),
    (
        "a confounder in one arm",
        ("e-value", "--ratio", "hazard", "--rare", "--share-treated", "0.5"),
        "estimate,low,high\n0.5,0.4,0.9\n",
        "go together",
    ),
    ("nobody eligible", LINES, "g,s,ok\na,1,0\nb,2,0\n", "no line is eligible"),
    ("a random line without a seed", (*LINES, "--strategy", "random"), "g,s,ok\na,1,1\n", "seed"),
    ("a start that is no day", LINES, "g,s,ok\na,2020-02-30,1\n", "row 2: s: expected a day"),
    (
        "two ends of one patient",
        CHANGES,
        "g,d,t,e,x\na,0,9,1,1\na,3,8,1,2\n",
        "row 3: time is not that of the patient's other rows",
    ),
    ("two values at once", CHANGES, "g,d,t,e,x\na,0,9,1,1\na,0,9,1,2\n", "one value at one time"),
    ("stays that do not join", HISTORY, "id,a,b,s,t\n1,0,3,x,y\n1,3,5,x,y\n", "row 2"),
    ("nobody moves", HISTORY, "id,a,b,s,t\n1,0,3,x,x\n2,0,3,y,\n", "move between states"),
    (
        "a state that is not listed",
        (*HISTORY, "--classes", "x"),
        "id,a,b,s,t\n1,0,3,x,y\n",
        "--classes lacks the states y",
    ),
    ("an interval upside down", ("turnbull", "--low", "a", "--high", "b"), "a,b\n1,2\n4,3\n", "row 3: a is above b"),
    (
        "an interval that says nothing",
        ("turnbull", "--low", "a", "--high", "b"),
        "a,b,c\n,,x\n1,2,x\n",
        "row 2: a and b are both empty",
    ),
    ("a negative interval", ("turnbull", "--low", "a", "--high", "b"), "a,b\n-1,2\n1,2\n", "row 2: a is below 0"),
    ("a negative time", RISK, "t,e,x\n1,1,1\n-2,0,2\n", "row 3: time is below 0"),
    ("no event by the time", RISK, "t,e,x\n1,0,1\n3,1,2\n", "event"),
    (
        "a probability above 1",
        ("accuracy", *SURVIVAL, "--times", "2", "--predicted", "x"),
        "t,e,x\n1,1,0.5\n3,1,2\n",
        "row 3: x lies outside 0 to 1",
    ),
    ("a risk and terms", (*RISK, "--terms", "x"), "t,e,x\n1,1,1\n3,1,2\n", "either --risk"),
    ("a trend over words", ("km", *SURVIVAL, "--by", "g", "--trend"), "t,e,g\n1,1,a\n2,1,b\n", "expected numbers"),
    (
        "missed deaths of one arm",
        ("missed-deaths", *SURVIVAL, "--treated", "g=a"),
        "t,e,g\n1,1,a\n2,0,a\n",
        "both arms need patients",
    ),
    (
        "two shares recorded",
        ("missed-deaths", *SURVIVAL, "--treated", "g", "--recorded", "0.8,1"),
        "t,e,g\n1,1,0\n2,0,0\n2,1,1\n3,0,1\n",
        "--recorded takes four shares",
    ),
    (
        "a ratio outside its interval",
        ("e-value", "--ratio", "hazard", "--rare"),
        "estimate,low,high\n0.5,0.6,0.9\n",
        "row 2: low, estimate, high",
    ),
    (
        "a ratio of 0",
        ("meta", "--ratio", "hazard"),
        "estimate,low,high\n1,0.5,2\n0,0,1\n",
        "row 3: low, estimate, high",
    ),
    ("an error of 0", ("meta",), "estimate,se\n1,0.5\n2,0\n", "row 3: se is not above 0"),
    ("one study", ("meta",), "estimate,se\n1,0.5\n", "at least 2 studies"),
    ("a p above 1", ("adjust",), "p\n0.5\n1.5\n", "row 3: p lies outside 0 to 1"),
    ("a family smaller than its tests", ("adjust", "--family", "1"), "p\n0.5\n0.1\n", "a family of 1"),
    ("a curve that rises", CURVE, "t,s,n\n0,1,9\n1,0.5,\n2,0.8,\n", "must not rise"),
    ("numbers at risk that grow", CURVE, "t,s,n\n0,1,9\n1,0.5,12\n", "must not grow"),
    ("a curve in per cent", CURVE, "t,s,n\n0,100,9\n1,50,\n", "between 0 and 1"),
    ("a negative time of a curve", CURVE, "t,s,n\n0,1,9\n-1,0.5,\n", "row 3: t is empty or below 0"),
]


@pytest.mark.parametrize(("options", "text", "told"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_damaged_table_or_call_is_refused_with_what_is_wrong(options, text, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text(text, encoding="utf-8")
    status = run(["fit", options[0], "table.csv", *options[1:]])
    said = capsys.readouterr()
    assert status in (1, 2)
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert told in said.err
    assert not (tmp_path / "out.csv").exists()


DAYS = [dt.date(2020, 1, day) for day in range(1, 5)]
TYPED = [
    {"t": day, "d": dt.timedelta(days=place), "ts": dt.datetime(2020, 1, 1, place), "e": place % 2, "x": place + 1.0}
    for place, day in enumerate(DAYS)
]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("km", "--time", "t", "--event", "e"), "row 2, t: expected a number, got a date"),
        (("km", "--time", "ts", "--event", "e"), "row 2, ts: expected a number, got a date"),
        (("km", "--time", "d", "--event", "e"), "row 2, d: expected a number, got a duration"),
        (("cox", "--time", "x", "--event", "e", "--terms", "t"), "row 2, t: expected a number, got a date"),
    ],
)
def test_typed_dates_and_durations_are_refused_by_row_with_the_remedy(lutrace, tmp_path, options, told):
    write_rows(tmp_path / "x.parquet", TYPED)
    status, _, err = lutrace("fit", options[0], tmp_path / "x.parquet", *options[1:])
    assert status == 1
    assert told in err
    assert "write" in err


def test_typed_days_can_be_the_start_of_lines(lutrace, tmp_path):
    write_rows(tmp_path / "x.parquet", [{**row, "g": "a"} for row in TYPED])
    call = ["index-dates", tmp_path / "x.parquet", "--group", "g", "--start", "t", "--eligible", "e"]
    assert lutrace("fit", *call, "--table", tmp_path / "out.csv")[0] == 0
    assert "2020-01-02" in (tmp_path / "out.csv").read_text(encoding="utf-8")
