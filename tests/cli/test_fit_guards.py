"""`lutrace fit` says the unit of each estimate, and takes no covariate from after time zero."""

import json

import pytest

from lutrace.core import read_rows

PATIENTS = """t,e,age [years],psa (ng/mL),note (baseline),flag,psa_day,responded,response_day
10,1,70,5,3,1,-3,0,
50,0,61,80,1,0,0,1,30
80,1,58,12,2,1,-1,1,44
90,1,66,40,5,0,0,0,
20,1,73,9,4,1,-2,0,
95,0,64,33,6,1,0,1,40
"""
COX = ["--time", "t", "--event", "e"]


def found(lutrace, *arguments):
    status, out, err = lutrace("fit", *arguments, "--json")
    assert status == 0, err
    return json.loads(out)


@pytest.mark.parametrize(
    ("terms", "units", "per"),
    [
        ("age [years]", [], "per 1 years of age"),
        ("per(age [years], 10)", [], "per 10 years of age"),
        ("psa (ng/mL)", [], "per 1 ng/mL of psa"),
        ("log2(psa (ng/mL))", [], "per doubling of psa"),
        ("log2(note (baseline))", [], "per doubling of note"),
        ("note (baseline)", ["note (baseline)=points"], "per 1 points of note"),
        ("note (baseline)", ["note (baseline)=1"], "per 1 of note"),
        ("flag", [], "1 vs 0"),
        ("C(flag)", [], "1 vs 0"),
    ],
)
def test_a_unit_is_declared_or_in_the_header_or_not_needed(lutrace, table, terms, units, per):
    given = [part for unit in units for part in ("--unit", unit)]
    answer = found(lutrace, "cox", table(PATIENTS), *COX, "--terms", terms, *given)
    assert [row["unit"] for row in answer["estimates"]] == [per]


@pytest.mark.parametrize(
    ("terms", "per"),
    [
        ("psa_day", "per 1 of psa_day, unit not stated"),
        ("per(psa_day, 7)", "per 7 of psa_day, unit not stated"),
        ("rcs(psa_day, 3)", "per 1 of psa_day, unit not stated, straight part"),
    ],
)
def test_a_unit_that_nobody_states_is_told_with_the_remedy(lutrace, table, terms, per):
    answer = found(lutrace, "cox", table(PATIENTS), *COX, "--terms", terms)
    assert answer["estimates"][0]["unit"] == per
    assert any("unit not stated" in told and "--unit psa_day=" in told for told in answer["warnings"])


def test_the_remedy_can_be_pasted_where_a_name_has_a_space(lutrace, table):
    path = table(PATIENTS.replace("psa_day", "psa day"))
    told = found(lutrace, "cox", path, *COX, "--terms", "psa day")["warnings"]
    assert any("say --unit 'psa day=years'" in one and "--unit 'psa day=1'" in one for one in told)


def test_an_outcome_whose_unit_nobody_states_is_told(lutrace, table):
    path = table("y,who,flag\n1,a,0\n2,a,1\n2,b,0\n4,b,1\n3,c,0\n3,c,1\n")
    call = ["mixed", path, "--outcome", "y", "--terms", "flag", "--group", "who"]
    assert any("y: unit not stated" in told for told in found(lutrace, *call)["warnings"])
    assert not any("unit not stated" in told for told in found(lutrace, *call, "--unit", "y=points")["warnings"])


def test_times_have_the_unit_that_is_declared_or_in_their_name(lutrace, table):
    path = table("os_months,e\n1,1\n2,1\n3,0\n")
    medians = found(lutrace, "km", path, "--time", "os_months", "--event", "e")["estimates"]
    assert {row["unit"] for row in medians if row["measure"] == "median"} == {"months"}


def test_a_covariate_from_after_time_zero_is_refused_by_row_with_both_ways_out(lutrace, table):
    text = PATIENTS.replace("10,1,70,5,3,1,-3", "10,1,70,5,3,1,7")
    call = ["fit", "cox", table(text), *COX, "--terms", "log2(psa (ng/mL))", "--measured", "psa (ng/mL)=psa_day"]
    status, out, err = lutrace(*call)
    assert (status, out) == (1, "")
    assert "row 2: psa (ng/mL) was measured after time zero" in err
    assert "--landmark" in err and "--entry" in err
    checks = found(lutrace, *call[1:], "--landmark", "14")["checks"]
    told = {row["term"]: row["told"] for row in checks if row["check"] == "known_at_start"}
    assert told == {"psa (ng/mL)": "known by the landmark 14"}


def test_a_landmark_leaves_out_who_left_before_and_counts_from_there(lutrace, table):
    # At 42 the first (10) and fifth (20) have had the event; the others live 8, 38, 48 and 53 more days.
    answer = found(lutrace, "km", table(PATIENTS), *COX, "--landmark", "42", "--times", "38,48")
    points = [(row["n"], row["events"], row["estimate"]) for row in answer["estimates"] if row["measure"] == "survival"]
    assert points == [(4, 2, pytest.approx(2 / 3)), (4, 2, pytest.approx(1 / 3))]
    assert all("from the landmark 42 on" in row["method"] for row in answer["estimates"])
    assert any("2 with the event and 0 censored at or before it, of 6" in told for told in answer["warnings"])


def test_a_landmark_before_the_response_of_one_does_not_cover_it(lutrace, table):
    text = PATIENTS.replace("0,\n", "0,0\n")
    call = ["fit", "cox", table(text), *COX, "--terms", "responded", "--measured", "responded=response_day"]
    err = lutrace(*call, "--landmark", "42")[2]
    assert "row 4: responded was measured after the landmark 42" in err
    assert "row 3" not in err
    assert lutrace(*call, "--landmark", "45")[0] == 0


def test_the_groups_of_curves_and_of_competing_risks_are_guarded_too(lutrace, table):
    text = PATIENTS.replace("0,\n", "0,0\n")
    late = ["--by", "responded", "--measured", "responded=response_day"]
    for model in ("km", "cif"):
        assert "measured after time zero" in lutrace("fit", model, table(text), *COX, *late)[2]
        assert lutrace("fit", model, table(text), *COX, *late, "--landmark", "45")[0] == 0


def test_in_start_stop_rows_a_value_must_be_from_before_its_row(lutrace, table):
    rows = "id,a,t,e,responded,day\n1,0,6,0,0,0\n1,6,9,1,1,DAY\n2,0,4,1,0,0\n3,0,12,0,0,0\n4,0,3,0,0,0\n4,3,8,1,1,3\n"
    call = ["--time", "t", "--event", "e", "--entry", "a", "--terms", "responded", "--measured", "responded=day"]
    assert lutrace("fit", "cox", table(rows.replace("DAY", "6")), *call)[0] == 0
    err = lutrace("fit", "cox", table(rows.replace("DAY", "7")), *call)[2]
    assert "row 3: responded was measured after the start of its row" in err


def test_dates_are_set_beside_the_date_of_time_zero(lutrace, table):
    text = "t,e,psa,start,drawn\n1,1,5,2024-01-10,2024-01-10\n2,1,8,2024-02-01,DAY\n3,0,4,2024-03-01,2024-02-20\n"
    late, early, no_day = (
        table(text.replace("DAY", day), f"{day}.csv") for day in ("2024-02-02", "2024-01-31", "2024-01")
    )
    call = [*COX, "--terms", "log2(psa)", "--measured", "psa=drawn", "--index", "start"]
    assert "row 3: psa was measured after time zero" in lutrace("fit", "cox", late, *call)[2]
    assert lutrace("fit", "cox", early, *call)[0] == 0
    assert "row 3: drawn: expected a day" in lutrace("fit", "cox", no_day, *call)[2]
    assert "--unit t=days" in lutrace("fit", "cox", late, *call, "--landmark", "0.1")[2]
    assert lutrace("fit", "cox", late, *call, "--landmark", "0.1", "--unit", "t=months")[0] == 0
    assert (
        "measured after the landmark" in lutrace("fit", "cox", late, *call, "--landmark", "0.1", "--unit", "t=days")[2]
    )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--measured", "age=psa_day"], "--measured names age; expected a column of --terms"),
        (["--measured", "psa_day"], "--measured: expected a column and what belongs to it, psa=psa_day"),
        (["--landmark", "-1"], "landmark must be a time at or above 0"),
        (["--landmark", "99"], "nobody is at risk after the landmark 99"),
    ],
)
def test_what_the_guard_cannot_check_is_refused(lutrace, table, options, told):
    status, _, err = lutrace("fit", "cox", table(PATIENTS), *COX, "--terms", "flag", *options)
    assert status in (1, 2)
    assert told in err


def test_a_covariate_that_somebody_has_without_a_date_is_refused_by_row(lutrace, table):
    err = lutrace("fit", "cox", table(PATIENTS), *COX, "--terms", "flag", "--measured", "flag=response_day")[2]
    assert "row 2: response_day is empty" in err and "row 5" in err
    assert "row 3" not in err


def test_what_is_not_said_of_a_covariate_stands_among_the_checks(lutrace, table):
    checks = found(lutrace, "cox", table(PATIENTS), *COX, "--terms", "flag")["checks"]
    told = [row["told"] for row in checks if row["check"] == "known_at_start"]
    assert told == ["when it was measured is not said (--measured)"]


def test_each_estimate_leaves_with_n_events_unit_method_and_the_checks_of_its_term(lutrace, table, tmp_path):
    out = tmp_path / "rows.csv"
    assert lutrace("fit", "cox", table(PATIENTS), *COX, "--terms", "flag, log2(psa (ng/mL))", "--out", out)[0] == 0
    flag, psa = read_rows(out)
    assert (flag["n"], flag["events"], flag["unit"], psa["unit"]) == ("6", "4", "1 vs 0", "per doubling of psa")
    assert "Cox partial likelihood" in flag["method"]
    made = {(one["check"], one["term"]) for one in json.loads(flag["checks"])}
    assert {
        ("convergence", "model"),
        ("events_per_term", "model"),
        ("influential_rows", "flag"),
        ("separation", "model"),
    } <= made
    assert ("influential_rows", "log2(psa (ng/mL))") not in made


def test_a_row_that_makes_the_odds_ratio_is_counted_as_influential(lutrace, table):
    rows = "".join(f"{number % 2},{number % 7},{number}\n" for number in range(30)) + "0,60,99\n"
    checks = found(lutrace, "logistic", table("y,x,z\n" + rows), "--event", "y", "--terms", "x", "--unit", "x=1")[
        "checks"
    ]
    moved = next(one for one in checks if one["check"] == "influential_rows" and one["term"] == "x")
    assert moved["value"] >= 1
    assert "the largest by" in moved["told"]


@pytest.mark.parametrize("model", [["cox", "--time", "t"], ["logistic"]])
def test_what_a_model_of_noise_owes_to_its_own_data_is_taken_off(lutrace, table, model):
    rows = "".join(
        f"{1 + number * 7 % 40},{number * 11 % 3 % 2},{number * 13 % 29},{number * 5 % 23}\n" for number in range(40)
    )
    call = [
        model[0],
        table("t,e,x,z\n" + rows),
        *model[1:],
        "--event",
        "e",
        "--terms",
        "x, z",
        "--unit",
        "x=1",
        "--unit",
        "z=1",
    ]
    first, again = (
        [
            one
            for one in found(lutrace, *call, "--bootstrap", "20", "--seed", "5")["checks"]
            if one["check"] == "concordance_corrected"
        ]
        for _ in range(2)
    )
    assert first == again
    apparent = float(first[0]["told"].split("in these data ")[1].split(",")[0])
    assert first[0]["value"] < apparent
    assert "20 bootstrap samples, seed 5" in first[0]["told"]
    assert "--bootstrap needs --seed" in lutrace("fit", *call, "--bootstrap", "20")[2]


def test_a_group_called_none_is_a_group(lutrace, table):
    path = table("t,e,prior\n1,1,none\n2,0,none\n3,1,chemo\n4,1,none\n5,1,chemo\n6,0,chemo\n")
    medians = [
        row for row in found(lutrace, "km", path, *COX, "--by", "prior")["estimates"] if row["measure"] == "median"
    ]
    assert [(row["term"], row["n"]) for row in medians] == [("prior=chemo", 3), ("prior=none", 3)]
    for terms, unit in (("C(prior, ref=none)", "chemo vs none"), ("C(prior)", "none vs chemo")):
        answer = found(lutrace, "cox", path, *COX, "--terms", terms)
        assert [(row["unit"], row["n"]) for row in answer["estimates"]] == [(unit, 6)]
    strata = found(
        lutrace,
        "cox",
        table("t,e,x,s\n1,1,0,none\n2,1,1,none\n3,1,1,a\n4,1,0,a\n"),
        *COX,
        "--terms",
        "x",
        "--strata",
        "s",
    )
    assert strata["estimates"][0]["n"] == 4


def test_none_as_the_value_that_the_call_names_is_honoured(lutrace, table):
    path = table("t,why\n1,death\n2,none\n3,relapse\n4,none\n")
    incidence = found(lutrace, "cif", path, "--time", "t", "--event", "why", "--censored", "none", "--times", "1")
    assert [(row["cause"], row["n"], row["estimate"]) for row in incidence["estimates"]] == [
        ("death", 4, 0.25),
        ("relapse", 4, 0.0),
    ]
    share = found(lutrace, "proportion", path, "--event", "why=none")
    assert (share["estimates"][0]["events"], share["estimates"][0]["n"], share["warnings"]) == (2, 4, [])


def test_none_beside_the_value_of_an_event_is_no_event_and_told(lutrace, table):
    share = found(lutrace, "proportion", table("why,x\ndeath,1\nnone,2\n,3\nalive,4\n"), "--event", "why=death")
    assert (share["estimates"][0]["events"], share["estimates"][0]["n"]) == (1, 3)
    assert any("why: none is read as no event (1 rows)" in told for told in share["warnings"])


def test_none_is_an_empty_number(lutrace, table):
    answer = found(lutrace, "linear", table("y,x\n1,2\n2,none\n3,5\n5,4\n4,1\n"), "--outcome", "y", "--terms", "x")
    assert answer["estimates"][0]["n"] == 4
    assert any("left out for an empty cell: x (1)" in told for told in answer["warnings"])


def test_true_and_false_are_a_term_as_they_are_an_event(lutrace, table):
    # R: coef(lm(c(1, 2, 4, 5, 9) ~ c(TRUE, FALSE, TRUE, FALSE, TRUE))) is 3.5 and 1.166667 (means 3.5 and 14/3)
    path = table("y,x\n1,TRUE\n2,False\n4,TRUE\n5,false\n9,true\n,none\n")
    answer = found(lutrace, "linear", path, "--outcome", "y", "--terms", "x", "--unit", "y=1")
    assert [row["estimate"] for row in answer["estimates"]] == pytest.approx([3.5, 1.1666666666666667])
    assert answer["estimates"][1]["unit"].endswith("TRUE vs FALSE")
    assert not any("unit not stated" in told for told in answer["warnings"])


def test_the_median_of_follow_up_counts_its_own_events(lutrace, table):
    # R: Surv(t, 1 - e) of survfit: median 20 from 3 censorings
    path = table("t,e\n5,1\n8,0\n9,1\n12,0\n15,1\n20,0\n30,1\n")
    rows = {row["measure"]: row for row in found(lutrace, "km", path, *COX)["estimates"]}
    assert (rows["median"]["events"], rows["median_follow_up"]["events"]) == (4, 3)
    assert rows["median_follow_up"]["estimate"] == 20


def test_groups_without_events_keep_their_curves_and_lose_the_test_alone(lutrace, table):
    answer = found(lutrace, "km", table("t,e,arm\n5,0,a\n8,0,a\n9,0,b\n"), *COX, "--by", "arm", "--times", "4")
    points = [(row["term"], row["estimate"]) for row in answer["estimates"] if row["measure"] == "survival"]
    assert points == [("arm=a", 1.0), ("arm=b", 1.0)]
    assert not any(row["measure"] == "log_rank" for row in answer["estimates"])
    assert any("no test between groups: the log-rank test needs an event" in told for told in answer["warnings"])


def test_a_decimal_comma_is_read_and_told(lutrace, table):
    call = ["linear", "--outcome", "y", "--terms", "x"]
    comma, point = (table(f'y,x\n1,2\n2,"{cell}"\n3,5\n5,4\n', f"{cell[2]}.csv") for cell in ("70,5", "70.5"))
    first, second = (found(lutrace, call[0], path, *call[1:]) for path in (comma, point))
    assert first["estimates"] == second["estimates"]
    assert any("decimal comma" in told for told in first["warnings"])
    assert not any("decimal comma" in told for told in second["warnings"])
