"""The protocols that come with lutrace."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from lutrace.core import ProtocolError
from lutrace.protocol import Covariate
from lutrace.study import load_protocol, shipped_names, shipped_text
from lutrace.study.analysis_set import transform


@pytest.mark.parametrize("name", shipped_names())
def test_each_shipped_protocol_is_read_under_its_own_name(name: str) -> None:
    assert load_protocol(name).study == name


def test_a_copy_in_a_folder_is_the_same_study(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(shipped_text("early-spect-response"), encoding="utf-8")
    assert load_protocol(str(path)) == load_protocol("early-spect-response")


def test_a_name_that_is_neither_is_told_with_those_that_exist() -> None:
    with pytest.raises(
        ProtocolError,
        match=r"no such protocol; did you mean early-spect-response\? expected a YAML file or one of after-rlt, ",
    ):
        load_protocol("late-spect-response")


def test_no_time_of_the_first_study_runs_from_before_its_scan() -> None:
    assert {landmark.origin for landmark in load_protocol("early-spect-response").landmarks} == {"spect"}


@pytest.mark.parametrize(
    ("value_name", "how", "value", "expected"),
    [
        ("ttv_ml", "log2", 8.0, 3.0),
        ("ttv_ml", "log2", 0.0, 0.0),
        ("ttv_ml", "log", math.e, 1.0),
        ("psa_ratio", "log2", 0.25, -2.0),
        ("psa_ratio", "log2", 0.0, None),
        ("new_lesions", "present", 3.0, 1.0),
        ("new_lesions", "present", 0.0, 0.0),
        ("age_years", "per", 75.0, 7.5),
        ("age_years", "identity", 75.0, 75.0),
        ("age_years", "identity", None, None),
    ],
)
def test_covariates_enter_models_as_the_protocol_says(
    value_name: str, how: str, value: float | None, expected: float | None
) -> None:
    fields = {"name": "x", "label": "x", "value": value_name, "transform": how, "per": 10, "unit": "per unit"}
    got = transform(Covariate.model_validate(fields), value, floor_ml=1.0)
    assert got == (pytest.approx(expected, rel=1e-12) if expected is not None else None)
