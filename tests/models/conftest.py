"""The shipped protocol and a synthetic analysis set."""

import json
from importlib.resources import files

import numpy as np
import pytest

from lutrace.core import FrozenModel
from lutrace.protocol import CoxAnalysis, parse_protocol

TEXT = (files("lutrace.study") / "protocols" / "early-spect-response.yaml").read_text(encoding="utf-8")


@pytest.fixture
def protocol():
    return parse_protocol(TEXT, "early-spect-response")


@pytest.fixture
def analysis_of(protocol):
    """An analysis of the protocol by name, or one Cox model per term (ttv_cox); some fields changed."""
    alone = [
        CoxAnalysis(
            kind="cox",
            name=f"{term}_cox",
            label=term,
            populations=("C2", "C3"),
            endpoints=("psa_pfs", "os"),
            terms=(term,),
            adjust_for=("psa_change",),
        )
        for term in ("ttv", "new_lesions")
    ]

    def find(name: str, **changes: object) -> FrozenModel:
        found = next(one for one in (*alone, *protocol.analyses) if one.name == name)
        return found.model_copy(update=changes)

    return find


@pytest.fixture
def with_origin(protocol):
    """The protocol with every landmark counted from another origin."""

    def change(origin: str):
        landmarks = tuple(one.model_copy(update={"origin": origin}) for one in protocol.landmarks)
        return protocol.model_copy(update={"landmarks": landmarks})

    return change


@pytest.fixture
def make_rows():
    """A synthetic analysis set at C2: log hazard ratio ln 1.6 per unit of ttv."""

    def make(n: int = 66, *, seed: int = 1, population: str = "C2", entry_days: float = 0.0, late: float = 0.0):
        rng = np.random.default_rng(seed)
        ttv, psa = rng.normal(8, 1.2, n), rng.normal(-0.6, 0.9, n)
        new = rng.random(n) < 0.3
        death = entry_days + np.ceil(rng.exponential(300 * np.exp(-np.log(1.6) * (ttv - 8) - 0.8 * new)))
        leaving = entry_days + np.ceil(rng.uniform(100, 700, n))
        return [
            {
                "patient_id": f"p{number}",
                "population": population,
                "entry_days": entry_days,
                "os_days": float(min(death[number], leaving[number])),
                "os_event": bool(death[number] <= leaving[number]),
                "psa_pfs_days": float(min(np.ceil(death[number] / 2) + entry_days, leaving[number])),
                "psa_pfs_event": bool(np.ceil(death[number] / 2) + entry_days <= leaving[number]),
                "ttv": float(ttv[number]),
                "ttv_days": late,
                "psa_change": float(psa[number]),
                "psa_change_days": -1.0,
                "new_lesions": float(new[number]),
                "new_lesions_days": 0.0,
                "psa_change_pct": float(100 * (2 ** psa[number] - 1)),
                "ttv_change_pct": float(60 * (2 ** psa[number] - 1) + rng.normal(0, 15)),
                "psa50": float(psa[number] < -1),
            }
            for number in range(n)
        ]

    return make


@pytest.fixture
def checks_of():
    """The checks of a row of ESTIMATES."""
    return lambda row: json.loads(row["checks"])
