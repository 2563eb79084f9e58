"""The inputs of this topic: 61 synthetic patients as an analysis set, and their synthetic scores over cycles.

Run by hand: `python -m validation.stats.study.make_inputs`; the files are kept, R and lutrace read them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lutrace.core import Row, write_rows

INPUTS = Path(__file__).parent / "inputs"
N = 61


def make_patients(random: np.random.Generator) -> list[Row]:
    """One row per patient: three covariates, a yes or no of each kind, a number, and two times to an event."""
    hb = random.normal(12, 1.5, N).round(1)
    suv = random.lognormal(2, 0.4, N).round(2)
    psa = (0.5 * np.log(suv) + random.normal(4, 1, N)).round(3)
    tox = random.exponential(np.exp(6.2 + 0.45 * (hb - 12)))
    worse = random.exponential(np.exp(5.2 + 0.15 * (suv - 7) - 0.1 * (psa - 5)))
    end = random.uniform(150, 420, N)
    return [
        {
            "patient_id": f"p{place:02d}",
            "hb": float(hb[place]),
            "suv": float(suv[place]),
            "psa": float(psa[place]),
            "site": "AB"[place % 2],
            "response": float(random.random() < 1 / (1 + np.exp(-(suv[place] - 7) / 2.5))),
            "rare": float(random.random() < 1 / (1 + np.exp(1.6 + 0.5 * (hb[place] - 12)))),
            "gland": float(np.round(15 - 0.8 * psa[place] + random.normal(0, 2), 2)),
            "tox_days": float(np.ceil(min(tox[place], end[place]))),
            "tox_event": bool(tox[place] <= end[place]),
            "worse_days": float(np.ceil(min(worse[place], end[place]))),
            "worse_event": bool(worse[place] <= end[place]),
        }
        for place in range(N)
    ]


def make_scores(patients: list[Row], random: np.random.Generator) -> list[Row]:
    """Scores from 11 to 33 at 0 to 6 cycles, 0.63 points per cycle, with a patient's own level; some are missing."""
    rows: list[Row] = []
    for patient in patients:
        level = 13 + 0.2 * (patient["suv"] - 7) + random.normal(0, 1.6)
        for cycle in range(int(random.integers(2, 7)) + 1):
            if cycle and random.random() < 0.15:
                continue
            score = float(np.clip(np.round(level + 0.63 * cycle + random.normal(0, 1.2)), 11, 33))
            rows.append({"patient_id": patient["patient_id"], "cycles": cycle, "score": score})
    return rows


if __name__ == "__main__":
    generator = np.random.default_rng(61)
    made = make_patients(generator)
    write_rows(INPUTS / "patients.csv", made, tuple(made[0]))
    scored = make_scores(made, generator)
    write_rows(INPUTS / "scores.csv", scored, tuple(scored[0]))
