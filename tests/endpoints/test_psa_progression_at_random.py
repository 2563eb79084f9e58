"""The window functions against a plain loop written from the text of PCWG3, on series made at random."""

from __future__ import annotations

from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pytest

from lutrace.endpoints import find_psa_progression
from lutrace.protocol import PsaProgression

N_PATIENTS = 600


def reference(days: list[int], values: list[float], baseline: float, rule: PsaProgression) -> int | None:
    """PCWG3 step by step: walk the values after the first cycle, keep the nadir, look ahead to confirm."""

    def above(psa: float, nadir: float) -> bool:
        small = 1e-9 if rule.strict else -1e-9
        return psa >= (1 + rule.rise / 100) * nadir + small and psa >= nadir + rule.rise_absolute + small

    nadir = baseline
    after = [(day, psa) for day, psa in zip(days, values, strict=True) if day > 0]
    for place, (day, psa) in enumerate(after):
        declined = nadir < baseline
        gate = rule.decline_gate if declined else rule.no_decline_gate
        if above(psa, nadir) and day > gate and baseline >= rule.minimum_baseline:
            if rule.confirmation == "none" or not (declined or rule.confirm_no_decline):
                return day
            shown = [
                (d, v > psa + 1e-9 if rule.second_value == "rises" else above(v, nadir)) for d, v in after[place + 1 :]
            ]
            far = [held for d, held in shown if d >= day + rule.confirmation_gap]
            near = [held for d, held in shown if d < day + rule.confirmation_gap]
            whole = rule.confirmation == "next" or all(near)
            if whole and (far[0] if far else rule.unconfirmed == "event"):
                return day
        nadir = min(nadir, psa)
    return None


@pytest.mark.parametrize(
    "switches",
    [
        {},
        {"no_decline_gate": "0 days"},
        {"confirm_no_decline": True, "no_decline_gate": "0 days"},
        {"confirmation": "unbroken", "decline_gate": "84 days"},
        {"confirmation": "none"},
        {"confirmation": "unbroken", "second_value": "rises", "confirmation_gap": "28 days"},
        {"second_value": "rises", "unconfirmed": "event", "strict": True},
        {"unconfirmed": "event", "minimum_baseline": "5 ng/mL", "confirmation": "unbroken"},
    ],
)
def test_window_functions_agree_with_a_plain_loop(switches: dict[str, Any]) -> None:
    rng = np.random.default_rng(20260101)
    rule = PsaProgression.model_validate(switches)
    rows, baselines, expected = [], [], {}
    for number in range(N_PATIENTS):
        patient = f"p{number}"
        days = np.unique(rng.integers(-20, 300, size=rng.integers(1, 14)))
        values = np.round(np.exp(rng.normal(2.0, 0.6, size=days.size)), 1)
        baseline = float(np.round(np.exp(rng.normal(2.0, 0.6)), 1))
        rows += [
            {"patient_id": patient, "psa": float(v), "psa_row": f"{patient}:{d}", "day": int(d)}
            for d, v in zip(days, values, strict=True)
        ]
        baselines.append({"patient_id": patient, "baseline": baseline})
        day = reference([int(d) for d in days], [float(v) for v in values], baseline, rule)
        if day is not None:
            expected[patient] = day
    clocked = ibis.memtable(pa.Table.from_pylist(rows)).mutate(psa_date=ibis.null("date"))
    found = find_psa_progression(clocked, ibis.memtable(pa.Table.from_pylist(baselines)), rule)
    got = {row["patient_id"]: row["progression_day"] for row in found.to_pyarrow().to_pylist()}
    assert len(expected) > N_PATIENTS / 10
    assert got == expected


def test_the_order_of_the_rows_does_not_matter() -> None:
    rows = [
        {"patient_id": "p", "psa": psa, "psa_row": f"labs:{day}", "day": day}
        for day, psa in ((21, 40.0), (42, 60.0), (63, 70.0), (84, 80.0))
    ]
    baseline = ibis.memtable(pa.table({"patient_id": ["p"], "baseline": [100.0]}))
    days = set()
    for ordered in (rows, rows[::-1], [rows[2], rows[0], rows[3], rows[1]]):
        clocked = ibis.memtable(pa.Table.from_pylist(ordered)).mutate(psa_date=ibis.null("date"))
        found = find_psa_progression(clocked, baseline, PsaProgression()).to_pyarrow().to_pylist()
        days.add(found[0]["progression_day"])
    assert days == {42}


@pytest.mark.parametrize("dialect", ["postgres", "databricks"])
def test_the_same_expression_compiles_for_other_backends(dialect: str) -> None:
    schema = {"patient_id": "string", "psa_date": "date", "psa": "float64", "psa_row": "string", "day": "int64"}
    clocked = ibis.table(schema, name="clocked")
    baseline = ibis.table({"patient_id": "string", "baseline": "float64"}, name="baselines")
    assert "FOLLOWING" in str(ibis.to_sql(find_psa_progression(clocked, baseline, PsaProgression()), dialect=dialect))
