import pytest

from lutrace.models import fit_analysis
from lutrace.stats import compute_kaplan_meier, compute_log_rank, compute_reverse_kaplan_meier, survival_of
from lutrace.tables import CURVES, ESTIMATES


def follow_up(rows):
    return survival_of([row["os_days"] for row in rows], [row["os_event"] for row in rows])


def test_the_curve_of_all_patients_has_a_row_per_time_and_a_median_in_weeks(protocol, analysis_of, make_rows):
    rows = make_rows()
    result = fit_analysis(analysis_of("km", populations=("C2",), endpoints=("os",)), rows, protocol)
    curve = compute_kaplan_meier(follow_up(rows))
    assert [row["time_days"] for row in result.curves] == curve.time.tolist()
    assert [row["at_risk"] for row in result.curves] == curve.at_risk.tolist()
    assert set(result.curves[0]) == set(CURVES.by_name)
    (median,) = result.estimates
    assert set(median) == set(ESTIMATES.by_name)
    assert (median["term"], median["unit"], median["p"]) == ("all", "weeks", None)
    assert median["estimate"] == pytest.approx(curve.quantile().estimate / 7)


def test_groups_are_compared_by_the_log_rank_test(protocol, analysis_of, make_rows):
    rows = make_rows()
    result = fit_analysis(analysis_of("km_new_lesions", populations=("C2",), endpoints=("os",)), rows, protocol)
    test = compute_log_rank(follow_up(rows), [row["new_lesions"] for row in rows])
    assert [row["term"] for row in result.estimates] == ["New lesions: no", "New lesions: yes"]
    assert [row["p"] for row in result.estimates] == pytest.approx([test.p] * 2)
    assert sum(row["n"] for row in result.estimates) == 66


def test_a_split_at_the_median_puts_the_median_itself_into_the_lower_group(protocol, analysis_of, make_rows):
    rows = make_rows(9)
    for number, row in enumerate(rows):
        row["ttv"] = float(number)
    result = fit_analysis(analysis_of("km_ttv", populations=("C2",), endpoints=("os",)), rows, protocol)
    assert {row["term"]: row["n"] for row in result.estimates} == {
        "Tumour volume: above median": 4,
        "Tumour volume: up to median": 5,
    }


def test_one_group_only_has_a_curve_and_no_test(protocol, analysis_of, make_rows):
    rows = [{**row, "new_lesions": 0.0} for row in make_rows()]
    result = fit_analysis(analysis_of("km_new_lesions", populations=("C2",), endpoints=("os",)), rows, protocol)
    assert [row["statistic"] for row in result.estimates] == [None]


def test_groups_without_events_have_curves_and_no_test(protocol, analysis_of, make_rows):
    rows = [{**row, "os_event": False} for row in make_rows()]
    result = fit_analysis(analysis_of("km_new_lesions", populations=("C2",), endpoints=("os",)), rows, protocol)
    assert [(row["estimate"], row["p"]) for row in result.estimates] == [(None, None)] * 2


def test_groups_formed_by_the_future_are_refused(protocol, analysis_of, make_rows):
    result = fit_analysis(analysis_of("km_ttv", populations=("C2",)), make_rows(late=3.0), protocol)
    assert result.curves == ()
    assert {warning.severity for warning in result.warnings} == {"blocking"}
    assert "measured after time zero in 66 patients" in result.warnings[0].text


def test_nobody_means_no_curve_and_a_warning(protocol, analysis_of):
    for name in ("km", "km_ttv"):
        result = fit_analysis(analysis_of(name), [], protocol)
        assert result.curves == ()
        assert "no patient has outcome" in result.warnings[0].text


def test_follow_up_is_the_reverse_median_in_weeks(protocol, analysis_of, make_rows):
    rows = make_rows()
    result = fit_analysis(analysis_of("follow_up"), rows, protocol)
    expected = compute_reverse_kaplan_meier(follow_up(rows)).quantile()
    here, nobody = result.estimates
    assert here["estimate"] == pytest.approx(expected.estimate / 7)
    assert "reverse" in here["method"]
    assert (nobody["population"], nobody["n"], nobody["estimate"]) == ("C3", 0, None)
