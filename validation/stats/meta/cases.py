"""The same analyses as reference.R, by lutrace."""

from __future__ import annotations

from validation.stats.comparison import STATS, Numbers, floats_of

from lutrace.core import read_rows
from lutrace.stats import Heterogeneity, pool_studies

METHODS: dict[str, Heterogeneity] = {"FE": "fixed", "DL": "DL", "REML": "REML"}


def tolerance_of(case: str) -> float:
    """Rounding alone."""
    return 1e-8


def compute_all() -> Numbers:
    """All numbers."""
    numbers: Numbers = {}
    for name, method in METHODS.items():
        numbers |= _pool(f"all {name}", list(range(13)), method) | _pool(f"alike {name}", [0, 1, 2, 5], method)
    numbers |= _pool("all REML knapp", list(range(13)), "REML", knapp_hartung=True)
    return numbers | _pool("all DL knapp", list(range(13)), "DL", knapp_hartung=True)


def _pool(case: str, places: list[int], method: Heterogeneity, *, knapp_hartung: bool = False) -> Numbers:
    rows = read_rows(STATS / "meta" / "inputs" / "studies.csv")
    chosen = [rows[place] for place in places]
    found = pool_studies(
        floats_of(chosen, "estimate"),
        floats_of(chosen, "error"),
        heterogeneity=method,
        knapp_hartung=knapp_hartung,
    )
    return {
        (case, "estimate"): [found.estimate, found.se, found.low, found.high],
        (case, "p"): [found.p],
        (case, "heterogeneity"): [found.q, found.q_p, found.i2, found.h2],
        (case, "tau2"): [found.tau2],
        (case, "weights"): list(found.weights),
        (case, "prediction"): [found.prediction_low, found.prediction_high],
    }
