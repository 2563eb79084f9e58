"""Published curves named in a study: read with it, held to their digest, refused where they are not what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from lutrace.core import ProtocolError
from lutrace.protocol import Protocol, parse_protocol, read_protocol

STUDY = """
study: beside-a-trial
title: A synthetic cohort beside a synthetic trial
question: How long do patients live?
population: {agents: [lu177_psma_617]}
populations: [{name: here, label: Treated here, index: {event: first_cycle}}]
endpoints: [{kind: os, name: os, label: Overall survival}]
external:
  - name: trial
    label: A trial
    citation: "Synthetic trial, figure 2, made for this test"
    outcome: os
    file: trial.csv
    holds: HOLDS
    time_unit: months
    arms: [{arm: drug, label: Drug, n: 4, events: 3, median: 2.5, low: 1, high: 4, place: table 2}]
analyses:
  - {kind: comparison, name: beside, label: Beside, populations: [here], endpoints: [os], external: [trial]}
"""
TIMES = "arm,time,event\ndrug,1,1\ndrug,2,1\ndrug,3,1\ndrug,4,0\nother,1,1\n"


def write(folder: Path, table: str, holds: str = "individual", extra: str = "") -> Path:
    (folder / "trial.csv").write_text(table, encoding="utf-8")
    path = folder / "study.yaml"
    text = STUDY.replace("HOLDS", holds).replace("    time_unit: months\n", f"    time_unit: months\n{extra}")
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_of_the_arms_named_are_read_with_the_study_and_their_digest_is_in_its_own(tmp_path: Path) -> None:
    protocol = read_protocol(write(tmp_path, TIMES))
    assert protocol.external[0].points_of("drug") == [
        ("drug", 1.0, 1.0, None), ("drug", 2.0, 1.0, None), ("drug", 3.0, 1.0, None), ("drug", 4.0, 0.0, None)
    ]  # fmt: skip
    other = read_protocol(write(tmp_path, TIMES.replace("drug,4,0", "drug,5,0")))
    assert len(protocol.external[0].digest) == 64
    assert other.digest != protocol.digest
    assert "points" not in protocol.as_document()["external"][0]


def test_columns_and_rows_of_another_file_are_chosen_by_name(tmp_path: Path) -> None:
    table = "study,months,died,arm\nA,1,1,drug\nB,9,1,drug\n"
    extra = "    columns: {time: months, event: died}\n    rows: {study: A}\n"
    protocol = read_protocol(write(tmp_path, table, extra=extra))
    assert protocol.external[0].points_of("drug") == [("drug", 1.0, 1.0, None)]


def test_a_study_as_it_was_run_is_refused_when_the_file_holds_other_rows(tmp_path: Path) -> None:
    digest = read_protocol(write(tmp_path, TIMES)).external[0].digest
    again = write(tmp_path, TIMES, extra=f"    digest: {digest}\n")
    assert isinstance(read_protocol(again), Protocol)
    with pytest.raises(ProtocolError, match="the rows are not those that the study was written for"):
        read_protocol(write(tmp_path, TIMES.replace("drug,3,1", "drug,3,0"), extra=f"    digest: {digest}\n"))


@pytest.mark.parametrize(
    ("table", "holds", "match"),
    [
        ("arm,time\ndrug,1\n", "individual", "expected the columns event"),
        ("arm,time,event\ndrug,1,2\n", "individual", r"row 2: event expected 1 \(event\) or 0"),
        ("arm,time,event\ndrug,-1,1\n", "individual", "row 2: time expected a time from 0 on"),
        ("arm,time,event\ndrug,\"1,5\",1\n", "individual", "row 2: time expected a number with a decimal point"),
        ("arm,time,event\nplacebo,1,1\n", "individual", "no row has the arm drug"),
        ("arm,time,survival,n_at_risk\ndrug,0,,\n", "curve", "expected survival, n_at_risk, or both"),
    ],
)  # fmt: skip
def test_what_a_file_lacks_is_told_by_file_and_row(tmp_path: Path, table: str, holds: str, match: str) -> None:
    with pytest.raises(ProtocolError, match=match):
        read_protocol(write(tmp_path, table, holds))


def test_a_comparison_of_two_published_arms_needs_arms_of_the_source(tmp_path: Path) -> None:
    extra = "    hazard_ratio: {arm: drug, against: placebo, estimate: 0.8}\n"
    with pytest.raises(ProtocolError, match="hazard_ratio expects two of the arms drug"):
        read_protocol(write(tmp_path, TIMES, extra=extra))


def test_without_the_file_the_study_can_be_read_as_text_and_a_patch_keeps_the_rows(tmp_path: Path) -> None:
    protocol = read_protocol(write(tmp_path, TIMES))
    patched = protocol.patched({"endpoints.os.censor_at": "last_activity"}, "a patch")
    assert patched.external[0].points == protocol.external[0].points
    assert parse_protocol(protocol.as_yaml(), "text").external[0].points == ()
