"""The same analyses as reference.R, by lutrace."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from validation.stats.comparison import INPUTS, STATS, Numbers, floats_of

from lutrace.core import Row, read_rows
from lutrace.stats import (
    CompetingRisks,
    CoxRows,
    IntervalType,
    StateOccupancy,
    competing_of,
    compute_cumulative_incidence,
    compute_gray_test,
    compute_state_occupancy,
    fit_cox,
    fit_fine_gray,
    histories_of,
    make_fine_gray_rows,
)

INTERVALS: tuple[IntervalType, ...] = ("log-log", "log", "plain")
MGUS, MONTHS, COLON = [12.0, 60.0, 120.0, 240.0], [120.0, 300.0, 660.0], [365.0, 1000.0, 2000.0]
Column = np.ndarray[tuple[int], np.dtype[np.float64]]


def tolerance_of(case: str) -> float:
    """Gray's test and Fine-Gray carry the rounding of cmprsk's single-pass sums; all else is rounding."""
    return 1e-8


class Sample:
    """A data set with two causes: `columns` by name as numbers, and the follow-up."""

    def __init__(self, columns: dict[str, Column], cause: Column, entry: Column | None = None) -> None:
        self.columns = columns
        self.plain = competing_of(columns["time"], cause.astype(int), censored=0)
        self.delayed = (
            None if entry is None else competing_of(columns["time"], cause.astype(int), censored=0, entry=entry)
        )

    def matrix(self, *names: str) -> Any:
        return np.column_stack([self.columns[name] for name in names])


def compute_all() -> Numbers:
    """All numbers."""
    mgus, months, colon = _read_mgus(), _read_months(), _read_colon()
    numbers = _incidence("mgus2", MGUS, mgus.plain)
    numbers |= _incidence("mgus2 entry weights", MGUS, mgus.delayed, weights=0.4 + (mgus.columns["age"] % 7) / 3)
    clusters = np.arange(1, mgus.plain.n + 1) // 3
    for curve in compute_cumulative_incidence(mgus.plain, cluster=clusters):
        numbers[(f"mgus2 clusters {curve.cause}", "se")] = list(curve.at(MGUS).std_error)
    numbers |= _incidence("months", MONTHS, months.plain) | _incidence("colon", COLON, colon.plain)
    numbers |= _gray("mgus2", mgus.plain, mgus.columns["male"], MGUS)
    numbers |= _gray("mgus2 strata", mgus.plain, mgus.columns["male"], MGUS, strata=mgus.columns["age"] > 70)
    numbers |= _gray("mgus2 rho", mgus.plain, mgus.columns["male"], MGUS, rho=1)
    stratum = [row["stratum"] for row in read_rows(INPUTS / "months.csv")]
    numbers |= _gray("months", months.plain, stratum, MONTHS)
    numbers |= _gray("months strata", months.plain, months.columns["treated"], MONTHS, strata=stratum, rho=0.5)
    arms = [row["rx"] for row in read_rows(INPUTS / "colon.csv") if row["etype"] == "1"]
    numbers |= _gray("colon", colon.plain, arms, COLON)
    numbers |= _fine_gray("mgus2", mgus, ("age", "male"), MGUS, [70, 1])
    numbers |= _fine_gray("months", months, ("age", "marker", "treated"), MONTHS, [70, 0.5, 1])
    numbers |= _fine_gray("colon", colon, ("age", "node4", "sex"), COLON, [60, 1, 0])
    numbers |= _rows("mgus2", mgus.plain, mgus.matrix("age", "male"))
    numbers |= _rows("months", months.plain, months.matrix("age", "marker", "treated"))
    numbers |= _rows("months entry", months.delayed, months.matrix("age", "marker", "treated"))
    return numbers | _all_states()


def _read_mgus() -> Sample:
    rows = read_rows(INPUTS / "mgus2.csv")
    malignancy = np.array(floats_of(rows, "pstat")) == 1
    time = np.where(malignancy, floats_of(rows, "ptime"), floats_of(rows, "futime"))
    age = np.array(floats_of(rows, "age"))
    columns = {"time": time, "age": age, "male": np.array([float(row["sex"] == "M") for row in rows])}
    cause = np.where(malignancy, 1, 2 * np.array(floats_of(rows, "death")))
    return Sample(columns, cause, np.minimum(time - 0.5, (age % 5) * 6))


def _read_months() -> Sample:
    rows = read_rows(INPUTS / "months.csv")
    columns = {name: np.array(floats_of(rows, name)) for name in ("time", "age", "marker", "treated")}
    cause = np.where(np.array(floats_of(rows, "event")) == 1, 1 + (columns["age"] % 1 > 0.45), 0)
    return Sample(columns, cause, np.array(floats_of(rows, "entry")))


def _read_colon() -> Sample:
    rows = read_rows(INPUTS / "colon.csv")
    first, death = ([row for row in rows if row["etype"] == kind] for kind in ("1", "2"))
    columns = {name: np.array(floats_of(first, name)) for name in ("time", "age", "node4", "sex")}
    died = 2 * np.array(floats_of(death, "status"))
    return Sample(columns, np.where(np.array(floats_of(first, "status")) == 1, 1, died))


def _incidence(case: str, times: list[float], follow_up: CompetingRisks | None, **given: Any) -> Numbers:
    assert follow_up is not None
    numbers: Numbers = {}
    for interval in INTERVALS:
        for curve in compute_cumulative_incidence(follow_up, interval=interval, **given):
            points, name = curve.at(times), f"{case} {curve.cause}"
            numbers[(name, "incidence")] = list(points.incidence)
            numbers[(name, "se")] = list(points.std_error)
            numbers[(name, f"low {interval}")] = list(points.low)
            numbers[(name, f"high {interval}")] = list(points.high)
    return numbers


def _gray(case: str, follow_up: CompetingRisks, groups: Any, times: list[float], **given: Any) -> Numbers:
    tests = [compute_gray_test(follow_up, groups, cause=cause, **given) for cause in follow_up.causes]
    points = [curve.at(times) for curve in compute_cumulative_incidence(follow_up, error="Aalen")]
    return {
        (f"gray {case}", "statistic"): [test.statistic for test in tests],
        (f"gray {case}", "p"): [test.p for test in tests],
        (f"gray {case}", "df"): [float(test.df) for test in tests],
        (f"aalen {case}", "incidence"): list(np.concatenate([one.incidence for one in points])),
        (f"aalen {case}", "se"): list(np.concatenate([one.std_error for one in points])),
    }


def _fine_gray(case: str, sample: Sample, terms: tuple[str, ...], times: list[float], patient: list[float]) -> Numbers:
    numbers: Numbers = {}
    for cause in ("1", "2"):
        fit = fit_fine_gray(sample.plain, sample.matrix(*terms), terms=terms, cause=cause)
        name = f"fine-gray {case} {cause}"
        numbers[(name, "coef")] = list(fit.coef)
        numbers[(name, "se")] = list(fit.se)
        numbers[(name, "naive se")] = list(fit.naive_se)
        numbers[(name, "loglik")] = [fit.loglik_null, fit.loglik]
        numbers[(name, "predicted")] = list(fit.predict([patient], times)[0])
    return numbers


def _rows(case: str, follow_up: CompetingRisks | None, covariates: Any) -> Numbers:
    assert follow_up is not None
    rows = make_fine_gray_rows(follow_up, cause="1")
    entry = rows.survival.entry
    assert entry is not None
    weights, length = rows.weights, rows.survival.time - entry
    terms = [f"x{number}" for number in range(covariates.shape[1])]
    given = CoxRows(weights=weights, clusters=rows.patient)
    fit = fit_cox(rows.survival, covariates[rows.patient], terms=terms, ties="breslow", rows=given)
    places = np.trunc(np.linspace(1, weights.size, 50) + 1e-9).astype(int) - 1
    name = f"rows {case}"
    return {
        (name, "number"): [float(weights.size)],
        (name, "sums"): [weights.sum(), weights @ weights, weights @ length, weights @ entry],
        (name, "weights"): list(weights[places]),
        (name, "coef"): list(fit.coef),
        (name, "robust se"): list(fit.robust_se),
    }


def _all_states() -> Numbers:
    rows = read_rows(STATS / "competing" / "inputs" / "mgus2_states.csv")
    weights = floats_of(rows, "weight")
    numbers = _states("states", rows, "start", "stop")
    numbers |= _states("states entry weights", rows, "entry", "stop", weights=weights)
    ill = {row["id"] for row in rows if row["state"] == "pcm"}
    kept = [row for row in rows if row["state"] == "pcm" or row["id"] not in ill]
    moved: list[Row] = []
    for row in kept:
        start, stop, late = float(row["start"]), float(row["stop"]), float(row["entry"])
        is_ill = row["state"] == "pcm"
        moved.append({**row, "begins": 0 if is_ill else late, "ends": stop - start if is_ill else stop})
    return numbers | _states("states mixed start", moved, "begins", "ends")


def _states(case: str, rows: list[Row], start: str, stop: str, *, weights: list[float] | None = None) -> Numbers:
    patients, state = [row["id"] for row in rows], [row["state"] for row in rows]
    target = [row["target"] for row in rows]
    names = ["none", "pcm", "dead"]
    starts, stops = floats_of(rows, start), floats_of(rows, stop)
    histories = histories_of(patients, starts, stops, state=state, target=target, states=names)
    numbers: Numbers = {}
    scales: tuple[Literal["log-log", "log"], ...] = ("log-log", "log")
    for interval in scales:
        found: StateOccupancy = compute_state_occupancy(histories, weights=weights, interval=interval)
        place = np.searchsorted(found.time, MGUS, side="right") - 1
        numbers[(case, f"low {interval}")] = list(found.low[place].ravel())
        numbers[(case, f"high {interval}")] = list(found.high[place].ravel())
    probability, error = found.at(MGUS)
    numbers[(case, "probability")] = list(probability.ravel())
    numbers[(case, "se")] = list(error.ravel())
    numbers[(case, "start")] = list(found.start)
    numbers[(case, "deaths")] = [float(count) for count in found.transitions[:2, 2]]
    return numbers
