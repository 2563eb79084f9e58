"""A study of two sets beside each other, from rows to report: small, synthetic, and with a published curve beside."""

from __future__ import annotations

import csv
import json
from typing import Any

import pytest
from tests.conftest import HandFacts
from tests.study.conftest import Rows

from lutrace.protocol import read_protocol
from lutrace.study import RunResult, run_study

STUDY = """
study: beside-each-other
title: Two synthetic sets beside each other
question: How long do patients of either set live?
population: {agents: [lu177_psma_617]}
landmarks:
  - {name: C2, label: SPECT of cycle 2, cycle: 2}
  - {name: C3, label: SPECT of cycle 3, cycle: 3}
measures: {plan: suv3}
endpoints: [{kind: os, name: os, label: Overall survival}]
covariates:
  - {name: psa, label: PSA, value: psa_baseline, transform: log2, unit: per doubling of PSA}
external:
  - name: trial
    label: A trial
    citation: "Synthetic trial, figure 2, made for this test"
    outcome: os
    file: trial.csv
    holds: individual
    time_unit: months
    arms: [{arm: drug, label: Drug, n: 4, median: 2}]
analyses:
  - kind: comparison
    name: beside
    label: Cycle 2 beside cycle 3
    populations: [C2, C3]
    endpoints: [os]
    external: [trial]
    balance: [psa]
    checklist:
      eligibility: {harmonised: yes, how: one hospital, by: N. N., when: 2026-01-31}
      index_date: {harmonised: no, how: another cycle}
      calendar_time: {harmonised: yes, how: same years, by: N. N., when: 2026-01-31}
      mortality_capture: {harmonised: yes, how: one registry, by: N. N., when: 2026-01-31}
      ascertainment: {harmonised: yes, how: one scanner, by: N. N., when: 2026-01-31}
    effect: {adjust_for: [psa]}
    reruns:
      - {name: three_cycles, label: all with three cycles, change: {population.minimum_cycles: 3}}
"""
N = 60  # 51 of the abstract's 66 synthetic patients have a third cycle


@pytest.fixture(scope="module")
def ran(abstract_rows: Rows, tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    folder = tmp_path_factory.mktemp("beside")
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    (folder / "trial.csv").write_text("arm,time,event\ndrug,1,1\ndrug,2,1\ndrug,3,1\ndrug,4,0\n", encoding="utf-8")
    chosen = {f"patient-{number:02d}" for number in range(N)}
    rows = {table: [row for row in own if row["patient_id"] in chosen] for table, own in abstract_rows.items()}
    return run_study(read_protocol(folder / "study.yaml"), HandFacts(rows), folder / "out")


@pytest.fixture(scope="module")
def numbers(ran: RunResult) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ran.results.read_text(encoding="utf-8"))["numbers"]
    return found


def test_each_median_leads_to_the_evidence_of_its_own_set_and_the_published_one_to_none(
    numbers: dict[str, Any],
) -> None:
    assert numbers["beside/C2+C3/os/C2/unadjusted"]["evidence"] == ["C2/os"]
    assert numbers["beside/C2+C3/os/C3/unadjusted"]["n"] == 51
    published = numbers["beside/C2+C3/os/trial, drug/unadjusted"]
    assert (published["value"], published["n"], published["evidence"]) == (2.5, 4, [])
    assert numbers["beside/C2+C3/os/trial, drug, printed/unadjusted"]["value"] == pytest.approx(2)
    assert numbers["beside/C2+C3/balance/psa/none/before"]["evidence"] == ["C2/psa", "C3/psa"]


def test_no_ratio_and_no_test_of_the_sets_is_in_the_results(numbers: dict[str, Any]) -> None:
    own = {key: one for key, one in numbers.items() if key.startswith("beside")}
    assert own["beside/C2+C3/os/C2_effect/unadjusted"]["value"] is None
    assert {one["p"] for one in own.values() if "p" in one} == {None}


def test_a_rerun_says_how_many_of_each_set_it_leaves_out(numbers: dict[str, Any]) -> None:
    assert numbers["beside.three_cycles/C2+C3/os/C2_left_out/unadjusted"]["value"] == N - 51
    assert numbers["beside.three_cycles/C2+C3/os/C3_left_out/unadjusted"]["value"] == 0
    assert numbers["beside.three_cycles/C2+C3/os/C2/unadjusted"]["n"] == 51


def test_the_page_says_that_it_is_no_comparison_and_prints_the_checklist_and_the_source(ran: RunResult) -> None:
    page = ran.report.html.read_text(encoding="utf-8")
    assert "Not a comparison: the comparability checklist is open for index date: another cycle." in page
    assert "Checklist, index date (time runs from the same point of the disease): no; another cycle." in page
    assert "Synthetic trial, figure 2, made for this test" in page


def test_the_table_of_balance_has_both_sets_with_their_missing_values(ran: RunResult) -> None:
    path = next(path for path in ran.report.tables if path.name == "beside_balance.csv")
    header, line, *_ = csv.reader(path.read_text(encoding="utf-8").splitlines())
    assert header[1:5] == [
        "SPECT of cycle 2", "SPECT of cycle 2: missing", "SPECT of cycle 3", "SPECT of cycle 3: missing",
    ]  # fmt: skip
    assert line[0] == "PSA, per doubling of PSA"
    assert line[2] == f"0/{N} (0%)"
