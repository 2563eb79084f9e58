"""What must hold of PSA answers for any series, on series made at random."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.spec.psa_series import results, table

from lutrace.endpoints import one_per_day, summarise_psa
from lutrace.protocol import PsaProgression, PsaRules

N_PATIENTS = 300
ROWS = ("baseline_row", "nadir_row", "psa50_row", "psa90_row", "progression_row", "confirming_row")


def made_at_random(seed: int) -> dict[str, list[tuple[int, float]]]:
    """Series by patient: days from -40 to 400, some doubled, values around 10 ng/mL with one decimal."""
    rng = np.random.default_rng(seed)
    series = {}
    for number in range(N_PATIENTS):
        days = np.sort(rng.integers(-40, 400, size=rng.integers(3, 16)))
        values = np.round(np.exp(2 + np.cumsum(rng.normal(0, 0.5, size=days.size))), 1)
        series[f"p{number}"] = [(int(day), float(psa)) for day, psa in zip(days, values, strict=True)]
    return series


def summaries(rows: list[dict[str, Any]], **progression: Any) -> dict[str, dict[str, Any]]:
    clocked = one_per_day(table(rows), "day", PsaRules().values)
    found = summarise_psa(clocked, PsaRules(), PsaProgression.model_validate(progression))
    return {row["patient_id"]: row for row in found.to_pyarrow().to_pylist()}


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return [row for name, one in made_at_random(11).items() for row in results(one, name)]


@pytest.fixture(scope="module")
def before(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return summaries(rows)


def test_a_later_value_never_changes_an_earlier_confirmed_day(
    rows: list[dict[str, Any]], before: dict[str, dict[str, Any]]
) -> None:
    rng = np.random.default_rng(5)
    later = [
        row | {"day": 401 + int(rng.integers(0, 90)), "psa": float(np.exp(rng.normal(2, 1))), "psa_row": "later"}
        for row in results([(0, 1.0)] * N_PATIENTS)
    ]
    added = [row | {"patient_id": f"p{number}"} for number, row in enumerate(later)]
    after = summaries([*rows, *added])
    confirmed = [name for name, row in before.items() if row["confirming_day"] is not None]
    assert len(confirmed) > N_PATIENTS / 10
    for name in confirmed:
        assert after[name]["progression_day"] == before[name]["progression_day"]
    for name, row in before.items():
        if row["psa50_confirmed"]:
            assert (after[name]["psa50_day"], after[name]["psa50_confirmed"]) == (row["psa50_day"], True)


def test_the_order_of_the_rows_changes_nothing(rows: list[dict[str, Any]], before: dict[str, dict[str, Any]]) -> None:
    order = np.random.default_rng(6).permutation(len(rows))
    assert summaries([rows[place] for place in order]) == before


def test_every_row_of_evidence_exists_and_belongs_to_the_patient(
    rows: list[dict[str, Any]], before: dict[str, dict[str, Any]]
) -> None:
    owner = {row["psa_row"]: row["patient_id"] for row in rows}
    named = [(row[name], row["patient_id"]) for row in before.values() for name in ROWS if row[name] is not None]
    assert len(named) > N_PATIENTS
    assert all(owner[row] == patient for row, patient in named)


def test_another_unit_changes_no_percentage_and_no_day_where_the_absolute_rise_is_scaled_too(
    rows: list[dict[str, Any]], before: dict[str, dict[str, Any]]
) -> None:
    scaled = summaries([row | {"psa": row["psa"] * 4} for row in rows], rise_absolute="8 ng/mL")
    names = ("psa30_day", "psa50_day", "psa90_day", "progression_day", "confirming_day", "flare", "nadir_day")
    for name, row in before.items():
        assert [scaled[name][one] for one in names] == [row[one] for one in names]
        if row["evaluable"]:
            assert scaled[name]["best_change_pct"] == pytest.approx(row["best_change_pct"], rel=1e-9)
