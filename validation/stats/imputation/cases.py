"""The same analyses as reference.R, by lutrace."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from validation.stats.comparison import STATS, Numbers, floats_of

from lutrace.core import Row, read_rows
from lutrace.stats import compute_outcome_predictors, fit_cox, pool_estimates, survival_of

INPUTS = STATS / "imputation" / "inputs"


def tolerance_of(case: str) -> float:
    """Rubin's rules by themselves, on R's sets; a Cox fit lies between for pbc."""
    return 1e-10


def compute_all() -> Numbers:
    """All numbers."""
    nhanes = _read_sets("nhanes_sets.csv")
    lines = [_fit_line(rows) for rows in nhanes]
    numbers = _pool("nhanes", lines, 22) | _pool("nhanes large", lines, None)
    pbc = _read_sets("pbc_sets.csv")
    numbers |= _pool("pbc", [_fit_cox(rows) for rows in pbc], sum(floats_of(pbc[0], "death")) - 4)
    follow_up = survival_of(floats_of(pbc[0], "time"), floats_of(pbc[0], "death"))
    return numbers | {("pbc", "hazard"): list(compute_outcome_predictors(follow_up)[:, 1])}


def _read_sets(name: str) -> list[list[Row]]:
    rows = read_rows(INPUTS / name)
    return [[row for row in rows if row["set"] == number] for number in sorted({row["set"] for row in rows})]


def _fit_line(rows: list[Row]) -> tuple[Sequence[float], Sequence[float]]:
    """Coefficients and errors of a linear model of cholesterol."""
    matrix = np.column_stack([np.ones(len(rows)), floats_of(rows, "age"), floats_of(rows, "bmi")])
    outcome = np.array(floats_of(rows, "chl"))
    basis, turn = np.linalg.qr(matrix)
    coef = np.linalg.solve(turn, basis.T @ outcome)
    residual = outcome - matrix @ coef
    inverse = np.linalg.inv(turn)
    return list(coef), list(np.sqrt((inverse**2).sum(axis=1) * (residual @ residual) / (len(rows) - 3)))


def _fit_cox(rows: list[Row]) -> tuple[Sequence[float], Sequence[float]]:
    columns = [floats_of(rows, "age"), np.log(floats_of(rows, "bili")), np.log(floats_of(rows, "chol"))]
    matrix = np.column_stack([*columns, floats_of(rows, "platelet")])
    follow_up = survival_of(floats_of(rows, "time"), floats_of(rows, "death"))
    fit = fit_cox(follow_up, matrix, terms=["age", "bili", "chol", "platelet"])
    return fit.coef, fit.se


def _pool(case: str, fits: list[tuple[Sequence[float], Sequence[float]]], df: float | None) -> Numbers:
    estimates, errors = (np.array(part) for part in zip(*fits, strict=True))
    found = [pool_estimates(*pair, df_complete=df) for pair in zip(estimates.T, errors.T, strict=True)]
    return {
        (case, "estimate"): [one.estimate for one in found],
        (case, "ubar"): [one.within for one in found],
        (case, "b"): [one.between for one in found],
        (case, "t"): [one.se**2 for one in found],
        (case, "df"): [one.df for one in found],
        (case, "riv"): [one.increase for one in found],
        (case, "lambda"): [one.share for one in found],
        (case, "fmi"): [one.missing_information for one in found],
        (case, "p"): [one.p for one in found],
        (case, "low"): [one.low for one in found],
        (case, "high"): [one.high for one in found],
    }
