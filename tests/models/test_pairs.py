import pytest

from lutrace.models import fit_analysis
from lutrace.models.pairs import classify_with
from lutrace.stats import compute_agreement, compute_spearman
from lutrace.tables import AGREEMENTS, ESTIMATES


def definition(analysis, name):
    return next(one for one in analysis.definitions if one.name == name)


@pytest.mark.parametrize(
    ("name", "x", "y", "class_of_x", "class_of_y"),
    [
        ("same_sign", -0.1, 0.0, "fell", "not_fell"),
        ("three_classes", -50.0, -30.0, "response", "response"),
        ("three_classes", -49.9, -29.9, "stable", "stable"),
        ("three_classes", 25.0, 20.0, "progression", "progression"),
        ("three_classes", 24.9, 19.9, "stable", "stable"),
        ("dead_zone", -10.0, 10.0, "unchanged", "unchanged"),
        ("dead_zone", -10.1, 10.1, "fell", "rose"),
    ],
)
def test_a_cut_point_belongs_to_the_class_that_it_opens(analysis_of, name, x, y, class_of_x, class_of_y):
    _, of_x, of_y = classify_with(definition(analysis_of("concordance"), name))
    assert (of_x(x), of_y(y)) == (class_of_x, class_of_y)


def test_every_definition_has_a_full_matrix_a_share_and_kappa(protocol, analysis_of, make_rows):
    result = fit_analysis(analysis_of("concordance", populations=("C2",)), make_rows(), protocol)
    cells = [row for row in result.agreements if row["definition"] == "three_classes"]
    assert len(cells) == 9
    assert sum(row["n"] for row in cells) == 66
    assert set(cells[0]) == set(AGREEMENTS.by_name)
    keys = [tuple(row[name] for name in ESTIMATES.key) for row in result.estimates]
    assert len(set(keys)) == len(keys) == 6
    share, kappa = [row for row in result.estimates if row["term"] == "three_classes"]
    same = sum(row["n"] for row in cells if row["row_class"] == row["column_class"])
    assert (share["events"], share["n"], share["estimate"]) == (same, 66, same / 66)
    assert (share["measure"], kappa["measure"]) == ("proportion", "kappa")


def test_rows_are_the_first_value_and_columns_the_second(protocol, analysis_of):
    rows = [{"population": "C2", "psa_change_pct": -10.0, "ttv_change_pct": 5.0}] * 3
    rows.append({"population": "C2", "psa_change_pct": 1.0, "ttv_change_pct": 5.0})
    result = fit_analysis(analysis_of("concordance", populations=("C2",)), rows, protocol)
    cell = next(
        row
        for row in result.agreements
        if (row["definition"], row["row_class"], row["column_class"]) == ("same_sign", "fell", "not_fell")
    )
    assert cell["n"] == 3
    kappa = next(row for row in result.estimates if (row["term"], row["measure"]) == ("same_sign", "kappa"))
    assert kappa["estimate"] == compute_agreement("fffn", "nnnn", classes="fn").kappa == 0


def test_both_correlations_are_given_with_their_intervals(protocol, analysis_of, make_rows):
    rows = [
        {**row, "psa_log_ratio": row["psa_change"], "ttv_log_ratio": row["ttv"] - row["psa_change"]}
        for row in make_rows()
    ]
    rows[0]["psa_log_ratio"] = None
    result = fit_analysis(analysis_of("change_correlation", populations=("C2",)), rows, protocol)
    pearson, spearman = result.estimates
    expected = compute_spearman([row["psa_log_ratio"] for row in rows[1:]], [row["ttv_log_ratio"] for row in rows[1:]])
    assert (pearson["term"], spearman["term"]) == ("pearson", "spearman")
    assert (spearman["estimate"], spearman["low"], spearman["high"]) == (
        expected.estimate,
        expected.low,
        expected.high,
    )
    assert spearman["n"] == 65
    assert "Bonett-Wright interval; of ttv_log_ratio with psa_log_ratio" in spearman["method"]


def test_too_few_pairs_give_a_reason(protocol, analysis_of):
    rows = [{"population": "C2", "psa_log_ratio": 1.0, "ttv_log_ratio": 2.0}] * 4
    few = fit_analysis(analysis_of("change_correlation", populations=("C2",)), rows[:3], protocol)
    flat = fit_analysis(analysis_of("change_correlation", populations=("C2",)), rows, protocol)
    none = fit_analysis(analysis_of("concordance", populations=("C2",)), rows, protocol)
    assert "at least 4 pairs" in few.warnings[0].text
    assert "all 4 of x are equal" in flat.estimates[0]["method"]
    assert none.agreements == ()
    assert "no patient has psa_change_pct and ttv_change_pct" in none.warnings[0].text
