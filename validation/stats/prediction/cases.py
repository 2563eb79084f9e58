"""The same analyses as reference.R, by lutrace."""

from __future__ import annotations

import numpy as np
from scipy.special import expit
from validation.stats.comparison import INPUTS, Numbers, floats_of, follow_up_of

from lutrace.core import read_rows
from lutrace.stats import Survival, compute_auc, compute_brier, survival_of

TIMES = {"months": (301, 660), "days": (100, 200, 500), "lung": (180, 365, 600)}


def tolerance_of(case: str) -> float:
    """All is rounding."""
    return 1e-8


def compute_all() -> Numbers:
    """All numbers."""
    numbers: Numbers = {}
    for name, times in TIMES.items():
        rows = read_rows(INPUTS / f"{name}.csv")
        follow_up: Survival
        if name == "lung":
            follow_up = survival_of(floats_of(rows, "time"), [row["status"] == "2" for row in rows])
        else:
            follow_up = follow_up_of(rows)
        marker = np.array(floats_of(rows, "sex" if name == "lung" else "marker"))
        risk = marker + 0.02 * np.array(floats_of(rows, "age"))
        for word, score in (("risk", risk), ("coarse", np.round(risk))):
            numbers[(f"{name} {word}", "auc")] = [compute_auc(follow_up, score, time=time).estimate for time in times]
        chance = expit(marker - 0.5)
        numbers[(name, "brier")] = [compute_brier(follow_up, chance, time=time).estimate for time in times]
    return numbers
