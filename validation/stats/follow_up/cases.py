"""The same analyses as reference.R, by lutrace."""

from __future__ import annotations

import numpy as np
from validation.stats.comparison import INPUTS, Numbers, floats_of

from lutrace.core import read_rows
from lutrace.stats import fit_cox, make_landmark_set, make_time_varying_rows, measurements_of, survival_of


def tolerance_of(case: str) -> float:
    """All is rounding."""
    return 1e-8


def compute_all() -> Numbers:
    """All numbers."""
    rows = read_rows(INPUTS / "mgus2.csv")
    patient = np.array(floats_of(rows, "id"))
    futime, malignant = np.array(floats_of(rows, "futime")), np.array(floats_of(rows, "pstat")) == 1
    when = np.array(floats_of(rows, "ptime"))
    survival, numbers_of = survival_of(futime, floats_of(rows, "death")), np.arange(len(rows))
    ill = measurements_of(
        np.concatenate([numbers_of, numbers_of[malignant]]),
        np.concatenate([np.zeros(len(rows)), when[malignant]]),
        np.repeat([0.0, 1.0], [len(rows), malignant.sum()]),
        n=len(rows),
    )
    measured = [number for number, row in enumerate(rows) if row["hgb"] is not None]
    value, start = np.array(floats_of([rows[number] for number in measured], "hgb")), (patient[measured] % 5) * 4
    hgb = measurements_of(
        np.tile(measured, 4),
        np.concatenate([start + 13 * visit for visit in range(4)]),
        np.concatenate([value - visit / 2 for visit in range(4)]),
        n=len(rows),
    )
    made = make_time_varying_rows(survival, {"hgb": hgb, "ill": ill})
    entry = made.survival.entry
    assert entry is not None
    fit = fit_cox(made.survival, made.covariates, terms=made.terms)
    later = make_landmark_set(survival, landmark=24)
    age = np.array(floats_of(rows, "age"))
    covariates = np.column_stack([malignant & (when <= 24), age])[later.rows]
    landmark = fit_cox(later.survival, covariates, terms=["ill", "age"])
    return {
        ("rows", "number"): [float(made.patient.size), float(made.n_never), float(made.n_unknown)],
        ("rows", "patient"): list(patient[made.patient][::7]),
        ("rows", "start"): list(entry[::7]),
        ("rows", "stop"): list(made.survival.time[::7]),
        ("rows", "event"): list(made.survival.event.astype(float)[::7]),
        ("rows", "hgb"): list(made.covariates[::7, 0]),
        ("rows", "ill"): list(made.covariates[::7, 1]),
        ("cox", "coef"): list(fit.coef),
        ("cox", "se"): list(fit.se),
        ("landmark", "counts"): [float(n) for n in (later.rows.size, later.n_event_before, later.n_censored_before)],
        ("landmark", "coef"): list(landmark.coef),
    }
