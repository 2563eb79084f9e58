"""Two measurements of the same patients, by hand."""

from __future__ import annotations

import math

import pytest

from lutrace.core import ProtocolError, Row
from lutrace.models import fit_analysis
from lutrace.protocol import parse_protocol

STUDY = """
study: readers
title: Two scans
question: Do PET and SPECT measure the same volume?
population: {agents: [lu177_psma_617]}
populations: [{name: all, label: All, index: {event: first_cycle}}]
measures: {plan: suv3}
endpoints: [{kind: os, name: os, label: Overall survival}]
values:
  - {kind: scan, name: ours, label: Volume, region: tumour, measure: volume_ml}
  - {kind: scan, name: theirs, label: Volume on SPECT, region: tumour, measure: volume_ml, of: rlt_spect}
analyses: [{kind: agreement, name: programs, label: Two scans, populations: [all], x: ours, y: theirs, unit: mL}]
"""
OURS, THEIRS = (10.0, 12.0, 15.0, 11.0, 0.0), (9.0, 13.0, 13.0, 11.0, None)


def rows_of(study: str) -> dict[str, Row]:
    """The rows by their term; the synthetic fifth patient has one measurement only."""
    protocol = parse_protocol(study, "readers.yaml")
    set_ = [
        {"patient_id": f"p{place}", "population": "all", "ours": x, "theirs": y}
        for place, (x, y) in enumerate(zip(OURS, THEIRS, strict=True))
    ]
    return {row["term"]: row for row in fit_analysis(protocol.analyses[0], set_, protocol).estimates}


def test_differences_of_1_minus_1_2_and_0_by_hand() -> None:
    rows = rows_of(STUDY)
    # Mean 0.5; standard deviation of the differences: root of (0.25 + 2.25 + 2.25 + 0.25) / 3.
    sd = math.sqrt(5 / 3)
    assert rows["bias"]["estimate"] == pytest.approx(0.5)
    assert rows["lower_limit"]["estimate"] == pytest.approx(0.5 - 1.959964 * sd, abs=1e-5)
    assert rows["upper_limit"]["estimate"] == pytest.approx(0.5 + 1.959964 * sd, abs=1e-5)
    # Within-patient variance: half the mean square of the differences, (1 + 1 + 4 + 0) / 8.
    assert rows["repeatability"]["estimate"] == pytest.approx(1.959964 * math.sqrt(2 * 6 / 8), abs=1e-5)
    assert {row["n"] for row in rows.values()} == {4}
    assert rows["bias"]["unit"] == "mL"
    assert "of ours less theirs" in rows["bias"]["method"]


def test_ratios_are_of_logarithms_and_of_pairs_above_zero() -> None:
    rows = rows_of(STUDY.replace("unit: mL}", "unit: mL, ratio: true}"))
    product = 10 / 9 * 12 / 13 * 15 / 13
    assert rows["bias"]["estimate"] == pytest.approx(product**0.25)
    assert rows["bias"]["unit"] == "times"


def test_an_unknown_value_is_refused() -> None:
    with pytest.raises(ProtocolError, match=r"analyses\.programs: expected one of ours, theirs"):
        parse_protocol(STUDY.replace("y: theirs", "y: their"), "readers.yaml")
