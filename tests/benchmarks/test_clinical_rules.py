"""The benchmark of the clinical rules measures the same work: patients as said, and pandas gives the same rows."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

STEPS = Path(__file__).parents[2] / "benchmarks" / "clinical_rules_steps"
PATIENTS = 200


def load(name: str) -> Any:
    key = f"lutrace_benchmarks_clinical_rules_{name}"
    if key not in sys.modules:
        spec = importlib.util.spec_from_file_location(key, STEPS / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[key] = module
        spec.loader.exec_module(module)
    return sys.modules[key]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("clinical_rules")
    load("patients").write_patients(folder, PATIENTS)
    return folder


def test_each_patient_has_100_rows_of_which_16_are_psa_in_the_words_of_laboratories(tables: Path) -> None:
    labs = pd.read_parquet(tables / "labs.parquet")
    psa = labs[labs["analyte"] == "psa"]["value"]

    assert labs.groupby("patient_id").size().tolist() == [100] * PATIENTS
    assert len(psa) == 16 * PATIENTS
    assert psa.str.contains(",").any()
    assert psa.str.startswith("<0").any()
    assert set(labs.loc[labs["analyte"] == "haemoglobin", "unit"]) == {"g/dL", "g/L", "mmol/L"}
    assert labs["lln"].isna().any()


def test_a_patient_is_the_same_in_every_size(tables: Path) -> None:
    smaller = load("patients").draw_block(0, 20)["psa"].to_pandas()
    larger = pd.read_parquet(tables / "psa.parquet")

    expected = larger[larger["patient_id"] < "P0000020"].reset_index(drop=True)
    pd.testing.assert_frame_equal(smaller, expected, check_dtype=False)


@pytest.mark.parametrize(("step", "least"), [("grade", 20_000), ("psa", 190), ("lines", 1_000)])
def test_pandas_gives_the_rows_of_lutrace_and_one_changed_row_is_found(tables: Path, step: str, least: int) -> None:
    ours, theirs = (tables / f"{name}_{step}.parquet" for name in ("ours", "theirs"))
    load("ours").STEPS[step](tables, ours)
    answer = load("peer").STEPS[step](tables)
    answer.to_parquet(theirs)
    compared, differ = load("agreement").count_differences(step, ours, theirs)

    assert compared >= least
    assert differ == 0

    column = {"grade": "grade", "psa": "nadir_ng_ml", "lines": "begun_agents"}[step]
    at = answer.index[answer[column].notna()][7]
    answer.loc[at:at, column] = "none" if step == "lines" else answer.loc[at:at, column] + 1
    answer.to_parquet(theirs)
    assert load("agreement").count_differences(step, ours, theirs)[1] == 1
