"""The grid of a study of baseline uptake: every metric and outcome has its model, its row and its place in q."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lutrace.core import Row
from lutrace.models import AnalysisResult, adjust_families, fit_analysis
from lutrace.protocol import Protocol, parse_protocol

MEASURES = {"mean": "suv_mean", "max": "suv_max", "volume": "volume_ml", "tlp": "tlp_ml"}
REGIONS = {"whole": "tumour", "healthy": "healthy_bone", "glands": "salivary_glands"}
N = 61
OUTCOMES = ("fact_p_worse", "severity_worse", "interference_worse", "tox")


def make_study() -> Protocol:
    """Three analyses of four metrics each: two, three and one outcome; and one family of all of them."""
    values = [
        f"{{kind: scan, name: {region}_{name}_value, label: x, region: {REGIONS[region]}, measure: {measure}}}"
        for region in REGIONS
        for name, measure in MEASURES.items()
    ]
    covariates = [
        f"{{name: {region}_{name}, label: x, value: {region}_{name}_value, transform: log2, unit: per doubling}}"
        for region in REGIONS
        for name in MEASURES
    ]
    terms = {region: ", ".join(f"{region}_{name}" for name in MEASURES) for region in REGIONS}
    adjusted = "adjust_for: [hb], unadjusted_too: false, show_covariates: true, standardised: true, firth: few"
    return parse_protocol(
        f"""
study: grid
title: Grid
question: none
population: {{agents: [lu177_psma_617]}}
populations: [{{name: all, label: All, index: {{event: first_cycle}}}}]
measures: {{plan: suv3}}
endpoints: [{", ".join(f"{{kind: os, name: {name}, label: x}}" for name in OUTCOMES)}]
values: [{", ".join(values)}, {{kind: lab, name: hb_value, label: Haemoglobin, analyte: haemoglobin}}]
covariates:
  [{", ".join(covariates)}, {{name: hb, label: Hb, value: hb_value, transform: identity, unit: per g/dL}}]
analyses:
  - {{kind: cox, name: whole, label: Whole, populations: [all], endpoints: [fact_p_worse, tox],
     terms: [{terms["whole"]}], {adjusted}}}
  - {{kind: cox, name: healthy, label: Bone, populations: [all], endpoints: [severity_worse, interference_worse, tox],
     terms: [{terms["healthy"]}], {adjusted}}}
  - {{kind: mixed, name: glands, label: Glands, populations: [all], instrument: xi-3, scale: xi,
     terms: [{terms["glands"]}]}}
multiplicity: [{{name: grid, label: Grid, analyses: [whole, healthy, glands]}}]
""",
        "grid.yaml",
    )


def make_rows() -> tuple[list[Row], list[Row]]:
    """A synthetic analysis set, and scores over cycles that rise by 0.63 points per cycle whatever the uptake."""
    random = np.random.default_rng(3)
    metrics = [f"{region}_{name}" for region in REGIONS for name in MEASURES]
    rows: list[Row] = []
    scores: list[Row] = []
    for number in range(N):
        values = {name: float(random.normal(5, 1)) for name in metrics} | {"hb": float(random.normal(12, 1.5))}
        times = {f"{name}_days": float(random.integers(20, 400)) for name in OUTCOMES}
        events = {f"{name}_event": bool(random.random() < (0.25 if name == "tox" else 0.55)) for name in OUTCOMES}
        days = {f"{name}_days": -3.0 for name in values}
        row = {"patient_id": f"p{number}", "population": "all", "entry_days": 0.0, **values, **days, **times, **events}
        rows.append(row)
        level = 14 + random.normal(0, 1.5)
        for cycle in range(random.integers(3, 7)):
            score = float(np.clip(level + 0.63 * cycle + random.normal(0, 1), 11, 33))
            scores.append({**row, "score": score, "cycles": cycle, "is_baseline": cycle == 0, "baseline_score": None})
    return rows, scores


@pytest.fixture(scope="module")
def grid() -> list[AnalysisResult]:
    study, (rows, scores) = make_study(), make_rows()
    results = [fit_analysis(one, scores if one.name == "glands" else rows, study) for one in study.analyses]
    return adjust_families(results, study)


def family_of(grid: list[AnalysisResult]) -> list[Row]:
    return [row for one in grid for row in one.estimates if "/" not in row["term"]]


def test_all_24_models_have_a_row_those_of_the_volume_and_those_that_show_nothing_too(
    grid: list[AnalysisResult],
) -> None:
    rows = family_of(grid)
    assert len({(row["endpoint"], row["term"]) for row in rows}) == len(rows) == 24
    assert sum(row["term"].endswith("_volume") for row in rows) == 6
    assert sum(row["p"] > 0.05 for row in rows) > 12
    assert all(json.loads(row["checks"])["multiplicity"]["n_tests"] == 24 for row in rows)


def test_q_of_24_models_is_that_of_benjamini_and_hochberg(grid: list[AnalysisResult]) -> None:
    ordered = sorted(family_of(grid), key=lambda row: row["p"])
    steps = [24 / rank * row["p"] for rank, row in enumerate(ordered, start=1)]
    assert [row["q"] for row in ordered] == pytest.approx([min(1.0, *steps[place:]) for place in range(24)])


def test_the_haemoglobin_beside_each_metric_and_the_effect_per_sd_have_rows_of_their_own(
    grid: list[AnalysisResult],
) -> None:
    rows = {(row["endpoint"], row["term"]): row for row in grid[1].estimates}
    beside = [rows["tox", f"healthy_{name}/hb"] for name in MEASURES]
    assert {row["covariate_unit"] for row in beside} == {"per g/dL"}
    assert {row["adjusted_for"] for row in beside} == {f"healthy_{name}" for name in MEASURES}
    for name in MEASURES:
        raw, scaled = rows["tox", f"healthy_{name}"], rows["tox", f"healthy_{name}/per_sd"]
        sd = json.loads(scaled["checks"])["standard_deviation"]
        assert scaled["estimate"] == pytest.approx(raw["estimate"] ** sd)
        assert scaled["p"] == raw["p"]


def test_scores_rise_by_what_was_put_in_beside_every_metric(grid: list[AnalysisResult]) -> None:
    slopes = [row for row in grid[2].estimates if row["term"].endswith("/cycles")]
    assert len(slopes) == 4
    assert all(row["low"] < 0.63 < row["high"] for row in slopes)


def test_bone_tumour_in_place_of_healthy_bone_is_one_patch() -> None:
    study = make_study()
    change = {f"values.healthy_{name}_value.region": "bone_tumour" for name in MEASURES}
    patched = study.patched(change, "the paper's version")
    regions = {one.name: one.region for one in patched.values if one.kind == "scan"}
    assert [regions[f"healthy_{name}_value"] for name in MEASURES] == ["bone_tumour"] * 4
    assert patched.digest != study.digest
