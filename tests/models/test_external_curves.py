"""Published curves beside a cohort: what their times give beside what was printed; real trials by their files."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.models.cohort_rows import row

from lutrace.core import ProtocolError, Row, read_rows
from lutrace.models import AnalysisResult, fit_analysis
from lutrace.protocol import Protocol, parse_protocol, read_protocol

STUDY = """
study: beside-trials
title: A synthetic cohort beside published curves
question: How long do patients live?
population: {agents: [lu177_psma_617]}
populations: [{name: here, label: Treated here, index: {event: first_cycle}}]
endpoints:
  - {kind: os, name: os, label: Overall survival}
  - {kind: pfs, name: pfs, label: Progression-free survival}
external: EXTERNAL
analyses:
  - {kind: comparison, name: beside, label: Beside, populations: [here], endpoints: [os, pfs], external: [NAMES]}
"""


def fit(protocol: Protocol) -> AnalysisResult:
    here = {**row(1, "here", 300.0, True), "pfs_days": 100.0, "pfs_event": True}
    return fit_analysis(protocol.analyses[0], [here], protocol)


def read(folder: Path, external: str, names: str) -> Protocol:
    path = folder / "study.yaml"
    path.write_text(STUDY.replace("EXTERNAL", external).replace("NAMES", names), encoding="utf-8")
    return read_protocol(path)


def of(result: AnalysisResult, endpoint: str) -> dict[tuple[str, str], Row]:
    return {(one["term"], one["measure"]): one for one in result.estimates if one["endpoint"] == endpoint}


CURVE = """
  - name: trial
    label: A trial
    citation: "Synthetic trial, figure 2, made for this test"
    outcome: os
    file: trial.csv
    holds: curve
    time_unit: weeks
    arms: [{arm: drug, label: Drug, n: 200, events: EVENTS, median: 40, low: 34, high: 46, place: table 2}]
"""


def test_times_rebuilt_from_a_curve_give_its_median_beside_the_printed_one(tmp_path: Path) -> None:
    """A synthetic exponential trial of 200 with median 40 weeks, read off every 2 weeks to 3 decimals."""
    rng = np.random.default_rng(4)
    death, leaving = rng.exponential(40 / np.log(2), 200), rng.uniform(60, 120, 200)
    time, event = np.minimum(death, leaving), death <= leaving
    lines, level = ["arm,time,survival,n_at_risk"], 1.0
    for week in range(0, 111, 2):
        passed = (time <= week) & (time > week - 2) & event
        level *= np.prod([1 - 1 / (time >= one).sum() for one in np.sort(time[passed])])
        lines.append(f"drug,{week},{level:.3f},{(time >= week).sum() if week % 10 == 0 else ''}")
    (tmp_path / "trial.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = of(fit(read(tmp_path, CURVE.replace("EVENTS", str(int(event.sum()))), "trial")), "os")
    rebuilt, printed = rows["trial, drug", "median"], rows["trial, drug, printed", "median"]
    true = np.sort(time)[np.argmax(np.cumprod(1 - event[np.argsort(time)] / np.arange(200, 0, -1)) < 0.5)]
    assert rebuilt["estimate"] == pytest.approx(true * 7 / 30.4375, abs=2 * 7 / 30.4375)
    assert rebuilt["n"] == 200
    assert "Guyot 2012" in rebuilt["method"]
    assert [printed[name] for name in ("estimate", "low", "high")] == pytest.approx(
        [weeks * 7 / 30.4375 for weeks in (40, 34, 46)]
    )
    assert printed["method"] == "as printed: Synthetic trial, figure 2, made for this test, table 2"


def test_an_external_curve_stands_only_beside_its_own_outcome(tmp_path: Path) -> None:
    (tmp_path / "trial.csv").write_text("arm,time,survival,n_at_risk\ndrug,0,1,200\ndrug,40,0.5,\n", encoding="utf-8")
    result = fit(read(tmp_path, CURVE.replace("EVENTS", "100"), "trial"))
    assert ("trial, drug", "median") in of(result, "os")
    assert ("trial, drug", "median") not in of(result, "pfs")


def test_no_ratio_is_ever_given_between_a_cohort_and_a_published_arm(tmp_path: Path) -> None:
    (tmp_path / "trial.csv").write_text("arm,time,survival,n_at_risk\ndrug,0,1,200\ndrug,40,0.5,\n", encoding="utf-8")
    result = fit(read(tmp_path, CURVE.replace("EVENTS", "100"), "trial"))
    assert {one["measure"] for one in result.estimates} == {"median"}


def test_a_study_without_its_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "trial.csv").write_text("arm,time,survival,n_at_risk\ndrug,0,1,200\ndrug,40,0.5,\n", encoding="utf-8")
    alone = parse_protocol(read(tmp_path, CURVE.replace("EVENTS", "100"), "trial").as_yaml(), "alone.yaml")
    with pytest.raises(ProtocolError, match=r"the rows of trial\.csv are not here; run the study from its file"):
        fit(alone)


# name in the file, outcome, arm against the other, how far the rebuilt ratio may be from the printed one.
TRIALS = [
    ("CA184043_2A", "os", "ipilimumab", "placebo"),
    ("COMET1_2A", "os", "cabozantinib", "prednisone"),
    ("COMET1_2B", "pfs", "cabozantinib", "prednisone"),
    ("ELM-PC5_2A", "os", "orteronel", "placebo"),
    ("ELM-PC5_2B", "pfs", "orteronel", "placebo"),
    ("PREVAIL_1B", "os", "enzalutamide", "placebo"),
]
# Smith et al. 2016, J Clin Oncol 34:3005, abstract: months of overall survival and of radiographic PFS.
PRINTED = {"COMET1_2A": (11.0, 9.8), "COMET1_2B": (5.6, 2.8)}


@pytest.mark.real_data
@pytest.mark.parametrize(("trial", "outcome", "arm", "against"), TRIALS)
def test_real_trials_give_their_printed_ratios_and_medians(
    tmp_path: Path, real_data: Path, trial: str, outcome: str, arm: str, against: str
) -> None:
    """The ratios as `key.csv` has them from the publications; the trials' own models are stratified, so within 0.02."""
    folder = real_data / "survival_kmdata"
    shutil.copy(folder / "reconstructed_ipd.csv", tmp_path / "trials.csv")
    printed = next(float(one["HazardRatio"]) for one in read_rows(folder / "key.csv") if one["name"] == trial)
    medians = PRINTED.get(trial, (None, None))
    arms = [
        f"{{arm: {name}, label: {name}{f', median: {median}' if median else ''}}}"
        for name, median in zip((arm, against), medians, strict=True)
    ]
    external = f"""
  - name: trial
    label: {trial}
    citation: "kmdata, individual times rebuilt from the published figure"
    licence: MIT
    outcome: {outcome}
    file: trials.csv
    holds: individual
    time_unit: months
    columns: {{time: time_months}}
    rows: {{trial: {trial}}}
    arms: [{", ".join(arms)}]
    hazard_ratio: {{arm: {arm}, against: {against}, estimate: {printed}}}
"""
    rows = of(fit(read(tmp_path, external, "trial")), outcome)
    ratio = rows[f"trial, {arm} against {against}", "hazard_ratio"]
    assert ratio["estimate"] == pytest.approx(printed, abs=0.02)
    assert rows[f"trial, {arm} against {against}, printed", "hazard_ratio"]["estimate"] == printed
    for name, median in zip((arm, against), medians, strict=True):
        if median is not None:
            assert rows[f"trial, {name}", "median"]["estimate"] == pytest.approx(median, abs=0.11)
            assert rows[f"trial, {name}, printed", "median"]["estimate"] == pytest.approx(median)
