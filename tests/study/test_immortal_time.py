"""A study whose covariate tells of the future gets no number from it, and the run says where and for how many."""

from __future__ import annotations

from lutrace.study import RunResult, load_protocol
from lutrace.study.analysis_set import build_analysis_set
from lutrace.study.modelling import fit_analyses


def test_a_response_at_any_time_gets_no_hazard_ratio_and_no_curves(first_study: RunResult) -> None:
    protocol = load_protocol("early-spect-response")
    covariates = tuple(
        one.model_copy(update={"value": "psa50", "transform": "present"}) if one.name == "ttv" else one
        for one in protocol.covariates
    )
    analyses = tuple(one for one in protocol.analyses if one.name in ("cox", "km_ttv"))
    changed = protocol.model_copy(update={"covariates": covariates, "analyses": analyses})
    tables = first_study.computation.tables
    responses = [row for row in tables["endpoint_values"] if row["endpoint"] == "psa50" and row["reason"] is None]
    n_late = sum(row["days"] > 0 for row in responses if row["population"] == "C2")
    assert 0 < n_late < len(responses)
    fitted = fit_analyses(changed, build_analysis_set(tables["endpoint_values"], tables["cohort_members"], changed))
    alone = [
        row
        for row in fitted.estimates
        if (row["analysis"], row["population"], row["endpoint"], row["term"]) == ("cox", "C2", "os", "ttv")
        and not row["adjusted"]
    ]
    assert [(row["estimate"], row["p"]) for row in alone] == [(None, None)]
    assert f"ttv ({n_late} patients)" in alone[0]["method"]
    blocking = {notice.where: notice.text for notice in fitted.notices if notice.severity == "blocking"}
    assert f"measured after time zero in {n_late} patients" in blocking["km_ttv, C2, os"]
    assert f"ttv ({n_late} patients)" in blocking["cox, C2, os, ttv"]
    assert not any(row["population"] == "C2" for row in fitted.curves)


def test_the_shipped_study_takes_only_what_was_known_at_its_landmarks(first_study: RunResult) -> None:
    rows = first_study.computation.analysis_set
    names = [covariate.name for covariate in load_protocol("early-spect-response").covariates]
    dated = [row[f"{name}_days"] for row in rows for name in names if row[name] is not None]
    assert len(dated) > len(rows)
    assert max(dated) <= 0


def test_who_had_the_event_before_the_landmark_is_left_out_and_counted(first_study: RunResult) -> None:
    tables = first_study.computation.tables
    lost = [row for row in tables["attrition"] if row["population"] == "C3" and row["excluded"]]
    assert lost
    assert all(row["reason"] for row in lost)
    left = [row for row in first_study.computation.analysis_set if row["population"] == "C3"]
    assert all(row["os_days"] is None or row["os_days"] >= 0 for row in left)
    n_progressed = sum(row["psa_pfs_days"] is None for row in left)
    reasons = [
        row["reason"]
        for row in tables["endpoint_values"]
        if row["population"] == "C3" and row["endpoint"] == "psa_pfs" and row["reason"]
    ]
    assert len(reasons) == n_progressed
