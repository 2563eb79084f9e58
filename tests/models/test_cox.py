import numpy as np
import pytest

from lutrace.core import EstimationError, ProtocolError, UnusableInputError
from lutrace.models import fit_analysis
from lutrace.protocol import Bootstrap
from lutrace.stats import compute_cox_optimism, fit_cox, fit_firth_cox, survival_of
from lutrace.tables import ESTIMATES


def only(result, **wanted):
    """The one row of ESTIMATES with these values."""
    found = [row for row in result.estimates if all(row[key] == value for key, value in wanted.items())]
    assert len(found) == 1, (wanted, len(found))
    return found[0]


def test_each_model_gives_one_row_alone_and_one_adjusted(protocol, analysis_of, make_rows):
    rows = make_rows() + make_rows(51, seed=2, population="C3")
    result = fit_analysis(analysis_of("ttv_cox"), rows, protocol)
    keys = [tuple(row[name] for name in ESTIMATES.key) for row in result.estimates]
    assert len(keys) == len(set(keys)) == 2 * 2 * 2
    assert set(result.estimates[0]) == set(ESTIMATES.by_name)


def test_a_row_holds_the_cox_model_of_its_complete_cases(protocol, analysis_of, make_rows, checks_of):
    rows = make_rows(80)
    rows[0]["psa_change"] = rows[1]["ttv"] = None
    rows[2]["os_days"] = rows[2]["os_event"] = None
    result = fit_analysis(analysis_of("ttv_cox", populations=("C2",)), rows, protocol)
    row = only(result, endpoint="os", adjusted=True)
    used = rows[3:]
    expected = fit_cox(
        survival_of([one["os_days"] for one in used], [one["os_event"] for one in used]),
        [[one["ttv"], one["psa_change"]] for one in used],
        terms=["ttv", "psa_change"],
    )
    assert (row["estimate"], row["low"], row["high"]) == (expected.hazard_ratio[0], expected.low[0], expected.high[0])
    assert (row["n"], row["events"], checks_of(row)["n_missing"]) == (77, expected.n_events, 3)
    assert row["covariate_unit"] == "per doubling of tumour volume"
    assert row["adjusted_for"] == "psa_change"
    assert checks_of(row)["proportional_hazards_p"].keys() == {"ttv", "psa_change", "global"}
    assert only(result, endpoint="os", adjusted=False)["n"] == 78


def test_patients_are_at_risk_only_from_their_scan_on(protocol, analysis_of, make_rows):
    rows = make_rows(60, entry_days=5.0)
    for row in rows[:30]:
        row["entry_days"] = 0.0
    row = only(fit_analysis(analysis_of("ttv_cox"), rows, protocol), endpoint="os", population="C2", adjusted=False)
    survival = survival_of(
        [one["os_days"] for one in rows],
        [one["os_event"] for one in rows],
        entry=[one["entry_days"] or -1 for one in rows],
    )
    assert row["coef"] == fit_cox(survival, [one["ttv"] for one in rows], terms=["ttv"]).coef[0]


def test_a_covariate_from_after_time_zero_gets_no_hazard_ratio(protocol, analysis_of, make_rows):
    result = fit_analysis(analysis_of("ttv_cox", populations=("C2",)), make_rows(late=1.0), protocol)
    assert all(row["estimate"] is None for row in result.estimates)
    assert "measured after time zero: ttv (66 patients)" in result.estimates[0]["method"]
    assert {warning.severity for warning in result.warnings} == {"blocking"}


def test_with_delayed_entry_the_scan_day_itself_is_not_too_late(protocol, analysis_of, make_rows):
    rows = make_rows(entry_days=1.0, late=1.0)
    row = only(fit_analysis(analysis_of("ttv_cox"), rows, protocol), population="C2", endpoint="os", adjusted=False)
    assert row["estimate"] is not None


def test_time_from_cycle_one_is_warned_of_as_immortal_and_still_shown(analysis_of, with_origin, make_rows):
    result = fit_analysis(analysis_of("ttv_cox", populations=("C2",)), make_rows(late=42.0), with_origin("first_cycle"))
    blocking = [warning for warning in result.warnings if warning.severity == "blocking"]
    assert [warning.where for warning in blocking] == ["ttv_cox, C2"]
    assert blocking[0].text.startswith("immortal time")
    assert all(row["estimate"] is not None for row in result.estimates)


def test_a_hazard_ratio_without_a_unit_is_refused(protocol, analysis_of, make_rows):
    covariates = tuple(one.model_copy(update={"unit": " "}) for one in protocol.covariates)
    with pytest.raises(ProtocolError, match=r"covariates\.ttv\.unit is empty: a hazard ratio needs a unit"):
        fit_analysis(analysis_of("ttv_cox"), make_rows(), protocol.model_copy(update={"covariates": covariates}))


def test_separated_events_get_firths_estimate_and_a_warning(protocol, analysis_of, make_rows, checks_of):
    rows = make_rows(40)
    for row in rows:
        row["new_lesions"] = 0.0 if row["os_event"] else row["new_lesions"]
    assert any(row["new_lesions"] for row in rows)
    analysis = analysis_of("new_lesions_cox", populations=("C2",), endpoints=("os",))
    result = fit_analysis(analysis, rows, protocol)
    row = only(result, adjusted=False)
    expected = fit_firth_cox(
        survival_of([one["os_days"] for one in rows], [one["os_event"] for one in rows]),
        [one["new_lesions"] for one in rows],
        terms=["new_lesions"],
    )
    assert (row["low"], row["high"], row["p"]) == (expected.low[0], expected.high[0], expected.p[0])
    assert checks_of(row)["firth"] is True
    assert any("Firth's penalty was used" in warning.text for warning in result.warnings)
    never = fit_analysis(analysis.model_copy(update={"firth": "never"}), rows, protocol)
    assert never.estimates[0]["estimate"] is None
    assert "no maximum in new_lesions" in never.estimates[0]["method"]


def test_few_events_are_warned_of_and_firth_stands_beside(protocol, analysis_of, make_rows, checks_of):
    result = fit_analysis(analysis_of("ttv_cox", endpoints=("os",)), make_rows(16), protocol)
    row = only(result, population="C2", adjusted=True)
    assert any("events per term, below 10" in warning.text for warning in result.warnings)
    beside = checks_of(row)["sparse_firth"]
    assert beside["low"] < beside["hazard_ratio"] < beside["high"]
    assert beside["hazard_ratio"] != row["estimate"]


def test_firth_is_used_when_asked_for(protocol, analysis_of, make_rows, checks_of):
    result = fit_analysis(analysis_of("ttv_cox", firth="always"), make_rows(), protocol)
    row = only(result, population="C2", endpoint="os", adjusted=False)
    assert checks_of(row)["firth"] is True
    assert "profile-likelihood" in row["method"]


def test_hazards_that_cross_are_warned_of(protocol, analysis_of, make_rows):
    rows = make_rows(200)
    rng = np.random.default_rng(5)
    for row in rows:
        row["new_lesions"] = float(rng.random() < 0.5)
        early = rng.exponential(100 if row["new_lesions"] else 600)
        late = 130 + rng.exponential(900 if row["new_lesions"] else 120)
        row["os_days"], row["os_event"] = float(np.ceil(min(early, late))), True
    result = fit_analysis(analysis_of("new_lesions_cox", endpoints=("os",)), rows, protocol)
    assert any("hazards are not proportional (new_lesions" in warning.text for warning in result.warnings)


def test_an_empty_population_gives_rows_without_estimates(protocol, analysis_of):
    result = fit_analysis(analysis_of("ttv_cox"), [], protocol)
    assert {row["n"] for row in result.estimates} == {0}
    assert all("no patient has outcome and covariates" in row["method"] for row in result.estimates)


def test_no_events_give_a_reason_not_an_error(protocol, analysis_of, make_rows):
    rows = [{**row, "os_event": False} for row in make_rows(20)]
    result = fit_analysis(analysis_of("ttv_cox", endpoints=("os",), populations=("C2",)), rows, protocol)
    assert "needs events, found none in 20 patients" in result.estimates[0]["method"]


def test_a_missing_column_is_an_error_of_the_caller(protocol, analysis_of, make_rows):
    rows = [{key: value for key, value in row.items() if key != "ttv"} for row in make_rows()]
    with pytest.raises(UnusableInputError, match="the analysis set lacks the column ttv"):
        fit_analysis(analysis_of("ttv_cox"), rows, protocol)


def test_without_the_unadjusted_model_only_the_adjusted_one_is_fitted(protocol, analysis_of, make_rows):
    result = fit_analysis(analysis_of("ttv_cox", unadjusted_too=False), make_rows(), protocol)
    assert all(row["adjusted"] for row in result.estimates)


def test_delayed_entry_with_few_events_has_firth_beside(protocol, analysis_of, make_rows, checks_of):
    result = fit_analysis(analysis_of("ttv_cox", endpoints=("os",)), make_rows(16, entry_days=2.0), protocol)
    row = only(result, population="C2", adjusted=True)
    assert row["estimate"] is not None
    beside = checks_of(row)["sparse_firth"]
    assert beside["low"] < beside["hazard_ratio"] < beside["high"]


def test_an_interval_that_is_too_narrow_is_warned_of(protocol, analysis_of, make_rows):
    # The few extreme volumes die at random: the model takes them for strong evidence.
    rng = np.random.default_rng(3)
    rows = make_rows(120)
    for number, row in enumerate(rows):
        row["ttv"] = float(rng.standard_t(2) * (1 + 5 * (number % 10 == 0)))
        row["os_days"], row["os_event"] = float(np.ceil(rng.exponential(300 * np.exp(-0.3 * abs(row["ttv"]))))), True
    result = fit_analysis(analysis_of("ttv_cox", endpoints=("os",), populations=("C2",)), rows, protocol)
    assert any("robust standard error" in warning.text for warning in result.warnings)


def test_no_firth_beside_where_firth_itself_has_no_answer(protocol, analysis_of, make_rows, checks_of, monkeypatch):
    def break_down(*given, **named):
        raise EstimationError("did not converge")

    monkeypatch.setattr("lutrace.models.cox.fit_firth_cox", break_down)
    result = fit_analysis(analysis_of("ttv_cox", endpoints=("os",)), make_rows(16), protocol)
    row = only(result, population="C2", adjusted=True)
    assert row["estimate"] is not None
    assert checks_of(row)["sparse_firth"] is None


def test_the_concordance_is_corrected_for_optimism_when_asked_for(protocol, analysis_of, make_rows, checks_of):
    rows, asked = make_rows(80), Bootstrap(samples=20, seed=3)
    analysis = analysis_of("ttv_cox", populations=("C2",), endpoints=("os",), bootstrap=asked)
    result = fit_analysis(analysis, rows, protocol)
    found = checks_of(only(result, adjusted=True))["optimism"]
    expected = compute_cox_optimism(
        survival_of([one["os_days"] for one in rows], [one["os_event"] for one in rows]),
        [[one["ttv"], one["psa_change"]] for one in rows],
        terms=["ttv", "psa_change"],
        seed=3,
        n_samples=20,
    )
    assert (found["apparent"], found["corrected"]) == (expected.apparent, expected.corrected)
    assert found["apparent"] == checks_of(only(result, adjusted=True))["concordance"]["estimate"]
    assert "20 bootstrap samples, seed 3" in found["method"]
    alone = fit_analysis(analysis_of("ttv_cox", populations=("C2",), endpoints=("os",)), rows, protocol)
    assert "optimism" not in checks_of(only(alone, adjusted=True))


def test_too_few_patients_for_a_bootstrap_have_a_reason_and_keep_their_hazard_ratio(
    protocol, analysis_of, make_rows, checks_of
):
    rows = make_rows(8)
    for place, row in enumerate(rows):
        row["new_lesions"] = float(place == 0)
    analysis = analysis_of(
        "new_lesions_cox", populations=("C2",), endpoints=("os",), adjust_for=(), bootstrap=Bootstrap(samples=20)
    )
    row = only(fit_analysis(analysis, rows, protocol))
    assert row["estimate"] is not None
    assert "cannot be estimated in" in checks_of(row)["optimism"]["reason"]
