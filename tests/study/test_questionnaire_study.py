"""A study of patients' reports runs from snapshot to report: outcome, baseline as covariate, losses by reason."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import HandFacts
from tests.spec.questionnaire_patient import bpi_rows
from tests.study.conftest import WithPictures, on

from lutrace.core import Row
from lutrace.protocol import parse_protocol
from lutrace.study import run_study

STUDY = """
study: pain
title: Pain after radioligand therapy
question: When does pain become worse?
population: {agents: [lu177_psma_617]}
landmarks:
  - {name: C1, label: from cycle 1, cycle: 1, origin: administration}
measures: {plan: suv3}
endpoints:
  - {kind: time_to_worsening, name: pain, label: Pain worse, instrument: bpi-sf, scale: severity}
covariates:
  - {name: pain0, label: Pain before therapy, value: bpi_severity_baseline, transform: identity, unit: per point}
analyses:
  - {kind: cox, name: cox, label: Cox, populations: [C1], endpoints: [pain], terms: [pain0]}
  - {kind: kaplan_meier, name: km, label: Curve, populations: [C1], endpoints: [pain]}
"""


def test_a_study_of_pain_runs_and_its_numbers_add_up(
    abstract_rows: dict[str, list[Row]], abstract_facts: WithPictures, tmp_path: Path
) -> None:
    patients = sorted({row["patient_id"] for row in abstract_rows["patients"]})
    first = {row["patient_id"]: row["administered_date"] for row in abstract_rows["cycles"] if row["cycle"] == 1}
    answers: list[Row] = []
    for number, name in enumerate(patients):
        if number % 11 == 0:
            continue
        course = [(0, float(number % 5)), (42, float(number % 7)), (84, float(number % 9))]
        shift = (first[name] - on(0)).days
        answers += bpi_rows([(day + shift, score) for day, score in course], on, name)
    facts = WithPictures(HandFacts({**abstract_rows, "questionnaires": answers}), abstract_facts.picture("any"))
    result = run_study(parse_protocol(STUDY, "pain.yaml"), facts, tmp_path / "out")
    values = result.computation.tables["endpoint_values"]
    pain = [row for row in values if row["endpoint"] == "pain"]
    assert len(pain) == len(patients)
    assert sum(row["reason"] == "no baseline score" for row in pain) == sum(n % 11 == 0 for n in range(len(patients)))
    (ratio,) = [row for row in result.computation.tables["estimates"] if row["measure"] == "hazard_ratio"]
    assert ratio["n"] == sum(row["reason"] is None for row in pain)
    assert ratio["events"] == sum(row["event"] is True for row in pain) > 10
    steps = [row for row in result.computation.tables["attrition"] if row["population"] == "C1, pain"]
    assert ("questionnaire answered before the first cycle", 6) in {(row["rule"], row["excluded"]) for row in steps}
    assert result.report.html.is_file()
