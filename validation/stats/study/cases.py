"""The same models as reference.R, as a study file asks for them, on the same synthetic analysis set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from validation.stats.comparison import Numbers

from lutrace.core import Row, format_yaml, read_rows
from lutrace.models import AnalysisResult, adjust_families, fit_analysis
from lutrace.protocol import Protocol, parse_protocol

OWN = Path(__file__).parent / "inputs"
STUDY = """
study: models
title: Models
question: none
population: {agents: [lu177_psma_617]}
populations: [{name: all, label: All, index: {event: first_cycle}}]
endpoints:
  - {kind: os, name: tox, label: Toxicity}
  - {kind: os, name: worse, label: Worsening}
values:
  - {kind: lab, name: hb_value, label: Haemoglobin, analyte: haemoglobin}
  - {kind: lab, name: psa_value, label: PSA, analyte: psa}
  - {kind: lab, name: response, label: Response, analyte: psa}
  - {kind: lab, name: rare, label: Rare response, analyte: psa}
  - {kind: lab, name: gland, label: Uptake of the glands, analyte: psa}
  - {kind: centre, name: site, label: Centre}
covariates:
  - {name: hb, label: Haemoglobin, value: hb_value, transform: identity, unit: per g/dL}
  - {name: psa, label: PSA, value: psa_value, transform: identity, unit: per step}
  - {name: suv, label: SUVmean, value: age_years, transform: identity, unit: per g/mL}
analyses:
  - {kind: logistic, name: screen, label: Screen, populations: [all], outcomes: [response], terms: [hb, suv, psa],
     firth: never, standardised: true}
  - {kind: logistic, name: together, label: Together, populations: [all], outcomes: [response], terms: [hb, suv, psa],
     firth: never, together: true}
  - {kind: logistic, name: few, label: Few, populations: [all], outcomes: [rare], terms: [hb]}
  - {kind: linear, name: gland, label: Glands, populations: [all], outcomes: [gland], unit: g/mL, terms: [psa],
     adjust_for: [hb], standardised: true}
  - {kind: mixed, name: scores, label: Scores, populations: [all], instrument: xi-3, scale: xi, terms: [suv],
     adjust_for: [hb], unadjusted_too: false, sensitivity: [fractional, ordinal],
     contrasts: [{name: five, label: Over five cycles, weights: {cycles: 5}}]}
  - {kind: mixed, name: scores slope, label: Scores, populations: [all], instrument: xi-3, scale: xi, terms: [suv],
     slope: true, by_cycle: true}
  - {kind: mixed, name: scores after, label: Scores, populations: [all], instrument: xi-3, scale: xi, terms: [suv],
     cycles: plain, baseline: covariate}
  - {kind: cox, name: strata, label: Strata, populations: [all], endpoints: [tox], terms: [hb], adjust_for: [psa],
     unadjusted_too: false, strata: [site], standardised: true, show_covariates: true, e_value: true}
  - {kind: cox, name: ridge, label: Ridge, populations: [all], endpoints: [tox], terms: [hb], adjust_for: [psa],
     unadjusted_too: false, ridge: 3}
  - {kind: cox, name: clusters, label: Clusters, populations: [all], endpoints: [tox], terms: [hb]}
  - {kind: cox, name: worse, label: Worse, populations: [all], endpoints: [worse], terms: [suv], adjust_for: [psa],
     unadjusted_too: false, spline: 4, increment: {samples: 20}}
"""
_MIXED = {
    "scores": ("", "/cycles", "/cycles_between"),
    "scores slope": ("", "/cycles", "/cycles_between", "/by_cycle"),
    "scores after": ("", "/cycles", "/baseline_score"),
}


def tolerance_of(case: str) -> float:
    """lmer and polr stop where their optimisers do, brglm2 where its steps are small."""
    return 1e-5 if case.startswith("scores") else 1e-6


def read_patients() -> list[Row]:
    """The analysis set: a row per patient, covariates known at time zero."""
    rows = []
    for row in read_rows(OWN / "patients.csv"):
        numbers = {name: float(row[name]) for name in ("hb", "suv", "psa", "response", "rare", "gland")}
        days = {f"{name}_days": 0.0 for name in ("hb", "suv", "psa")}
        times = {f"{name}_days": float(row[f"{name}_days"]) for name in ("tox", "worse")}
        events = {f"{name}_event": row[f"{name}_event"] == "yes" for name in ("tox", "worse")}
        place = {"patient_id": row["patient_id"], "population": "all", "entry_days": 0.0, "site_category": row["site"]}
        rows.append({**place, **numbers, **days, **times, **events})
    return rows


def read_scores(patients: list[Row]) -> list[Row]:
    """A row per score with the patient's own values; the score at 0 cycles is the baseline."""
    of = {row["patient_id"]: row for row in patients}
    rows = list(read_rows(OWN / "scores.csv"))
    first = {row["patient_id"]: float(row["score"]) for row in rows if float(row["cycles"]) == 0}
    return [
        {
            **of[row["patient_id"]],
            "score": float(row["score"]),
            "cycles": int(row["cycles"]),
            "is_baseline": int(row["cycles"]) == 0,
            "baseline_score": first.get(row["patient_id"]),
        }
        for row in sorted(rows, key=lambda row: (row["patient_id"], int(row["cycles"])))
    ]


def compute_all() -> Numbers:
    """All numbers, from the rows of ESTIMATES and EFFECTS."""
    protocol = parse_protocol(format_yaml(_with_report()), "models.yaml")
    results = fit_all(protocol)
    rows = {(row["analysis"], row["term"], row["adjusted"]): row for result in results for row in result.estimates}
    effects = [row for result in results for row in result.effects]
    return {**_logistic(rows), **_mixed(rows), **_cox(rows, effects)}


def fit_all(protocol: Protocol) -> list[AnalysisResult]:
    """Every analysis of the study on its rows, p adjusted by families."""
    patients = read_patients()
    scores = read_scores(patients)
    pairs = [{**row, "patient_id": f"pair {place // 2}"} for place, row in enumerate(patients)]
    rows = {"scores": scores, "scores slope": scores, "scores after": scores, "clusters": pairs}
    return adjust_families(
        [fit_analysis(one, rows.get(one.name, patients), protocol) for one in protocol.analyses], protocol
    )


def _with_report() -> dict[str, Any]:
    from lutrace.core import parse_yaml

    return {**parse_yaml(STUDY, "models.yaml"), "report": {"sections": []}}


def _checks(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(row["checks"])
    return found


def _logistic(rows: dict[tuple[str, str, bool], Row]) -> Numbers:
    terms = ("hb", "suv", "psa")
    screen = [rows["screen", term, False] for term in terms]
    both = [rows["together", term, True] for term in terms]
    areas = [_checks(row)["area_under_curve"] for row in screen]
    of_both, of_few = (_checks(row)["area_under_curve"] for row in (both[0], rows["few", "hb", False]))
    inflation = _checks(both[0])["variance_inflation"]
    gland, few = rows["gland", "psa", True], rows["few", "hb", False]
    return {
        **{("screen", name): [row[name] for row in screen] for name in ("coef", "se", "p", "q")},
        ("screen", "auc"): [area["left_one_out"] for area in areas],
        ("screen", "auc by pairs"): [rows["screen", f"{term}/auc", False]["estimate"] for term in terms],
        ("screen", "ratio per sd"): [rows["screen", f"{term}/per_sd", False]["estimate"] for term in terms],
        ("together", "coef"): [row["coef"] for row in both],
        ("together", "p"): [row["p"] for row in both],
        ("together", "auc"): [of_both["left_one_out"]],
        ("together", "auc by pairs"): [rows["together", "auc", True]["estimate"]],
        ("together", "apparent"): [of_both["apparent"]],
        ("together", "inflation"): [inflation[term] for term in terms],
        ("few", "coef"): [few["coef"]],
        ("few", "auc"): [of_few["left_one_out"]],
        ("few", "auc by pairs"): [of_few["left_pair_out"]],
        **{("gland", name): [gland[name]] for name in ("coef", "se", "p")},
        ("gland", "per sd"): [rows["gland", "psa/per_sd", True]["estimate"]],
    }


def _mixed(rows: dict[tuple[str, str, bool], Row]) -> Numbers:
    numbers: Numbers = {}
    for case, parts in _MIXED.items():
        adjusted = case == "scores"
        own = [rows[case, f"suv{part}", adjusted] for part in parts]
        checks = _checks(own[0])
        names = ["suv", *(part[1:] for part in parts[1:])]
        sds = ["sd_patients", *(["sd_slopes"] if case == "scores slope" else []), "sd_residual"]
        numbers |= {(case, name): [row[name] for row in own] for name in ("coef", "se", "p")}
        numbers[case, "df"] = [checks["df"][name] for name in names]
        numbers[case, "sd"] = [rows[case, f"suv/{name}", adjusted]["estimate"] for name in sds]
        numbers[case, "icc"] = [rows[case, "suv/icc", adjusted]["estimate"]]
        residuals = checks["residuals"]
        numbers[case, "skewness"] = [residuals["skewness"]]
        numbers[case, "kurtosis"] = [residuals["excess_kurtosis"]]
        numbers[case, "beyond"] = [residuals["share_beyond_two_sd"]]
        numbers[case, "spread"] = [residuals["spread_with_level"]["spearman"]]
    five, fractional = rows["scores", "suv/five", True], rows["scores", "suv/fractional", True]
    numbers["scores", "contrast"] = [five[name] for name in ("estimate", "low", "high", "p")]
    numbers["scores", "fractional"] = [fractional["coef"], fractional["se"]]
    numbers["scores", "ordinal"] = [rows["scores", "suv/ordinal", True]["coef"]]
    return numbers


def _cox(rows: dict[tuple[str, str, bool], Row], effects: list[Row]) -> Numbers:
    strata = [rows["strata", "hb", True], rows["strata", "hb/psa", True]]
    clusters, worse = rows["clusters", "hb", False], rows["worse", "suv/increment", True]
    curved = rows["worse", "suv/nonlinear", True]
    return {
        ("strata", "coef"): [row["coef"] for row in strata],
        ("strata", "se"): [row["se"] for row in strata],
        ("strata", "ratio per sd"): [rows["strata", "hb/per_sd", True]["estimate"]],
        ("ridge", "coef"): [rows["ridge", "hb", True]["coef"]],
        ("clusters", "coef"): [clusters["coef"]],
        ("clusters", "robust"): [_checks(clusters)["robust_se"]],
        ("increment", "estimate"): [worse["estimate"]],
        ("increment", "test"): [worse["statistic"], worse["p"]],
        ("spline", "test"): [curved["statistic"], curved["p"]],
        **{("spline", name): [row[name] for row in effects] for name in ("value", "estimate", "low", "high")},
        ("e value", "estimate"): [rows["strata", "hb/e_value", True]["estimate"]],
    }
