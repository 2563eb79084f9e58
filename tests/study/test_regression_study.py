"""A study of a yes or no, of scores over cycles and of families of tests runs from snapshot to report."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.conftest import HandFacts
from tests.study.conftest import WithPictures, on

from lutrace.core import ProtocolError, Row
from lutrace.protocol import parse_protocol
from lutrace.study import RunResult, run_study

STUDY = """
study: baseline-and-later
title: Baseline values, response and dryness of the mouth
question: Do values before therapy tell of response and of dryness?
population: {agents: [lu177_psma_617]}
populations: [{name: treated_all, label: All treated, index: {event: first_cycle}}]
landmarks: [{name: C2, label: SPECT of cycle 2, cycle: 2}]
measures: {plan: suv3}
endpoints:
  - {kind: os, name: os, label: Overall survival}
covariates:
  - {name: age, label: Age, value: age_years, transform: per, per: 10, unit: per 10 years}
  - {name: psa, label: PSA before therapy, value: psa_baseline, transform: log2, unit: per doubling of PSA}
  - {name: ttv, label: Tumour volume, value: ttv_ml, transform: log2, unit: per doubling of tumour volume}
analyses:
  - kind: logistic
    name: screen
    label: Response by values before therapy
    populations: [treated_all]
    outcomes: [psa50]
    terms: [age, psa]
  - kind: mixed
    name: dryness
    label: Dryness of the mouth over cycles
    populations: [treated_all]
    instrument: xi-3
    scale: xi
    terms: [age, psa]
    standardised: true
    sensitivity: [fractional, ordinal]
    contrasts: [{name: five, label: Five cycles, weights: {cycles: 5}}]
  - kind: cox
    name: cox
    label: Tumour volume and survival
    populations: [C2]
    endpoints: [os]
    terms: [ttv]
    adjust_for: [psa]
    show_covariates: true
    spline: 4
    increment: {samples: 20}
    strata: [spect_scanner]
multiplicity:
  - {name: all_models, label: All models, analyses: [dryness, cox]}
"""


def answers_of(rows: dict[str, list[Row]]) -> list[Row]:
    """Synthetic answers to the eleven items of 1 to 3 points, at baseline and before each later cycle."""
    random = np.random.default_rng(4)
    made: list[Row] = []
    for number, patient in enumerate(row["patient_id"] for row in rows["patients"]):
        own = [row for row in rows["cycles"] if row["patient_id"] == patient]
        days = [-1, *(42 * (row["cycle"] - 1) for row in own if row["cycle"] > 1), 42 * len(own)]
        level = 14 + number % 5 + random.normal(0, 1)
        for place, day in enumerate(days):
            total = int(np.clip(round(level + 0.6 * place + random.normal(0, 1)), 11, 33))
            for item in range(11):
                answer = total // 11 + (item < total % 11)
                made.append(
                    {"patient_id": patient, "date": on(day), "instrument": "xi-3", "item": f"XI{item + 1}",
                     "answer": float(answer)}
                )  # fmt: skip
    return made


@pytest.fixture(scope="module")
def ran(
    abstract_rows: dict[str, list[Row]], abstract_facts: WithPictures, tmp_path_factory: pytest.TempPathFactory
) -> RunResult:
    facts = WithPictures(
        HandFacts({**abstract_rows, "questionnaires": answers_of(abstract_rows)}), abstract_facts.picture("any")
    )
    return run_study(parse_protocol(STUDY, "baseline.yaml"), facts, tmp_path_factory.mktemp("baseline"))


def numbers_of(ran: RunResult) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads(ran.results.read_text(encoding="utf-8"))["numbers"]
    return found


def test_each_model_of_the_study_stands_in_results_and_report(ran: RunResult) -> None:
    numbers = numbers_of(ran)
    for key in (
        "screen/treated_all/psa50/age/unadjusted",
        "screen/treated_all/psa50/psa/auc/unadjusted",
        "dryness/treated_all/xi_scores/psa/unadjusted",
        "dryness/treated_all/xi_scores/psa/cycles/unadjusted",
        "dryness/treated_all/xi_scores/psa/per_sd/unadjusted",
        "dryness/treated_all/xi_scores/psa/five/unadjusted",
        "cox/C2/os/ttv/adjusted",
        "cox/C2/os/ttv/psa/adjusted",
        "cox/C2/os/ttv/increment/adjusted",
    ):
        assert numbers[key]["value"] is not None, key
    html = ran.report.html.read_text(encoding="utf-8")
    assert "Cycles within a patient, beside Age" in html
    assert "PSA before therapy, beside Tumour volume" in html


def test_the_screen_and_the_family_have_q_and_tell_the_number_of_tests(ran: RunResult) -> None:
    numbers = numbers_of(ran)
    screen = [numbers[f"screen/treated_all/psa50/{term}/unadjusted"] for term in ("age", "psa")]
    p = sorted(float(one["p"]) for one in screen)  # type: ignore[arg-type]
    assert sorted(float(one["q"]) for one in screen) == [min(2 * p[0], p[1]), p[1]]  # type: ignore[arg-type]
    assert numbers["cox/C2/os/ttv/adjusted"]["checks"]["multiplicity"]["n_tests"] == 3  # type: ignore[index]
    assert "q" not in numbers["cox/C2/os/ttv/unadjusted"]
    texts = [notice.text for notice in ran.computation.notices]
    assert any(
        text.startswith("Response by values before therapy: screen: 2 tests were made; q: p adjusted") for text in texts
    )
    assert not any("without correction for multiplicity" in text for text in texts)


def test_every_score_of_a_mixed_model_is_evidence(ran: RunResult) -> None:
    number = numbers_of(ran)["dryness/treated_all/xi_scores/age/unadjusted"]
    scores = [row for row in ran.computation.evidence if row.endpoint == "xi_scores"]
    assert len(scores) == number["checks"]["n_scores"]  # type: ignore[index]
    assert {row.source_table for row in scores} == {"questionnaires"}
    assert {row.category for row in scores} >= {"baseline", "after 1 cycles", "after 3 cycles"}


def test_cycles_given_before_the_day_of_the_answers_count(ran: RunResult) -> None:
    # Answers of day 42 come before the second cycle of that day, those of day 126 after the third of day 84.
    by_day = {row.days: row.category for row in ran.computation.evidence if row.endpoint == "xi_scores"}
    assert (by_day[42.0], by_day[126.0]) == ("after 1 cycles", "after 3 cycles")


def test_patients_who_move_a_model_stand_under_study_numbers(ran: RunResult) -> None:
    text = (ran.results.parent / "tables" / "influences.csv").read_text(encoding="utf-8")
    assert len(text.splitlines()) > 1
    assert "patient-" not in text


def test_a_curved_effect_has_its_points_in_the_unit_of_the_value(ran: RunResult) -> None:
    effects = [row for row in ran.computation.tables["effects"] if row["adjusted"]]
    assert len(effects) == 41
    middle = min(effects, key=lambda row: abs(row["value"] - row["reference"]))
    assert abs(middle["estimate"] - 1) < 0.1
    volumes = [row["ttv_ml"] for row in ran.computation.analysis_set if row["population"] == "C2"]
    assert min(volumes) <= effects[0]["value"] < effects[-1]["value"] <= max(volumes)
    assert (ran.results.parent / "figures" / "cox_C2_os_ttv.svg").is_file()
    p = numbers_of(ran)["cox/C2/os/ttv/nonlinear/adjusted"]["p"]
    assert f"Curved against straight: p = {p:.2f}" in ran.report.html.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("outcomes: [psa50]", "outcomes: [psa500]"), "did you mean psa50?"),
        (("terms: [age, psa]\n    standardised", "terms: [agee]\n    standardised"), "did you mean age?"),
        (("weights: {cycles: 5}", "weights: {visits: 5}"), "contrasts.five.weights: expected one of age, psa, cycles"),
        (("analyses: [dryness, cox]", "analyses: [drynes]"), "multiplicity.all_models.analyses: expected one of"),
        (("strata: [spect_scanner]", "strata: [scanner]"), "did you mean spect_scanner?"),
    ],
)
def test_a_name_that_the_study_has_not_is_refused_with_the_nearest(change: tuple[str, str], told: str) -> None:
    assert change[0] in STUDY
    with pytest.raises(ProtocolError) as refused:
        parse_protocol(STUDY.replace(*change), "baseline.yaml")
    assert told in str(refused.value)


def test_two_measures_of_one_region_are_refused_in_one_model() -> None:
    values = """
values:
  - {kind: scan, name: mean, label: SUVmean, region: tumour, measure: suv_mean}
  - {kind: scan, name: volume, label: Volume, region: tumour, measure: volume_ml}
"""
    text = STUDY.replace("value: psa_baseline", "value: mean").replace("value: ttv_ml", "value: volume") + values
    with pytest.raises(ProtocolError, match=r"ttv and psa are measures of one region \(tumour: volume_ml, suv_mean\)"):
        parse_protocol(text, "baseline.yaml")
