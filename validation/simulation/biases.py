"""Known biases on synthetic patients of whom the truth is known, and what lutrace does about each.

Survival is Weibull, shape 1.1, median 8.5 months, as in a real-world comparator.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from validation.stats.index_dates.simulate import STRATEGIES, compare

from lutrace.core import UnusableInputError
from lutrace.endpoints import derive_death_dates
from lutrace.protocol import DeathDates
from lutrace.stats import (
    Survival,
    check_known_at,
    choose_index_dates,
    compute_kaplan_meier,
    compute_weighted_hazard_ratio,
    draw_missed_deaths,
    fit_cox,
    fit_propensity,
    make_landmark_set,
    make_time_varying_rows,
    measurements_of,
    survival_of,
)
from lutrace.tables import CONTACTS, FACT_TABLES, FOLLOW_UP, Table

Floats = NDArray[np.float64]
Numbers = dict[str, float]
MONTH_DAYS = 30.4375
MEDIAN_MONTHS, SHAPE = 8.5, 1.1
FIRST_DAY = np.datetime64("2020-01-01")


class NotCaughtError(AssertionError):
    """A guard let something through."""


def draw_deaths(n: int, random: np.random.Generator) -> Floats:
    """Months to death."""
    return np.asarray(MEDIAN_MONTHS * (random.exponential(size=n) / math.log(2)) ** (1 / SHAPE))


def show_immortal_time(n: int, random: np.random.Generator) -> Numbers:
    """Hazard ratios of responders when response does nothing: ever responded, by 3 months, as it comes.

    Three of five would respond, at one of four visits six weeks apart. The guard refuses the first analysis, response
    being dated after time zero.
    """
    death, leaving = draw_deaths(n, random), random.uniform(6, 24, n)
    response = np.where(random.random(n) < 0.6, 1.4 * random.integers(1, 5, n), np.inf)
    survival = survival_of(np.minimum(death, leaving), death <= leaving)
    ever = (response < survival.time).astype(float)
    dated = {"response": np.where(ever == 1, response, np.nan)}
    _must_refuse(lambda: check_known_at(dated))
    naive = fit_cox(survival, ever, terms=["response"])
    early = {"response": np.where(response <= 3, response, np.nan)}
    later = make_landmark_set(survival, landmark=3.0, measured=early)
    landmark = fit_cox(later.survival, (response <= 3)[later.rows], terms=["response"])
    seen = np.flatnonzero(ever)
    patient, when = np.append(np.arange(n), seen), np.append(np.zeros(n), response[seen])
    values = measurements_of(patient, when, np.repeat([0.0, 1.0], [n, seen.size]), n=n)
    rows = make_time_varying_rows(survival, {"response": values})
    changing = fit_cox(rows.survival, rows.covariates, terms=rows.terms)
    return {
        "ever responded": naive.hazard_ratio[0],
        "landmark": landmark.hazard_ratio[0],
        "time-varying": changing.hazard_ratio[0],
        "log error": max(landmark.se[0], changing.se[0]),
    }


@dataclass(frozen=True)
class _Facts:
    """Follow-up and contacts given as columns; all other tables are empty."""

    columns: dict[str, dict[str, Any]]
    digest: str = "0" * 64

    def table(self, declared: Table) -> ir.Table:
        given = self.columns.get(declared.name, {})
        size = len(next(iter(given.values()), ()))
        arrays = [pa.array(given.get(one.name, [None] * size), type=one.arrow_type) for one in declared.columns]
        return ibis.memtable(pa.table(arrays, names=[one.name for one in declared.columns]))


def show_month_level_deaths(n: int, random: np.random.Generator) -> Numbers:
    """Error of the median (months) when deaths are known to the month, and the share of patients dead before time zero.

    `first of the month` and `15th` are taken as they stand; survival_of refuses their negative times. `lutrace` is
    the rule of OverallSurvival: the 15th, never before the last sign of life.
    """
    start = FIRST_DAY + random.integers(0, 1000, n).astype("timedelta64[D]")
    days = np.ceil(draw_deaths(n, random) * MONTH_DAYS).astype("timedelta64[D]")
    died = start + days
    visit = np.maximum(start, died - random.integers(1, 43, n).astype("timedelta64[D]"))
    month = died.astype("datetime64[M]").astype("datetime64[D]")
    chosen = {"first of the month": month, "15th": month + np.timedelta64(14, "D")}
    _must_refuse(lambda: survival_of((month - start).astype(float), np.ones(n)))
    patients = [f"p{number:06d}" for number in range(n)]
    rows = {"patient_id": patients, "row_id": patients}
    dead = rows | {"status": ["dead"] * n, "date": month, "date_precision": ["month"] * n}
    facts = _Facts({FOLLOW_UP.name: dead, CONTACTS.name: rows | {"date": visit, "kind": ["visit"] * n}})
    assert FACT_TABLES.keys() >= facts.columns.keys()
    for name, rules in (
        ("lutrace", DeathDates()),
        ("lutrace, first", DeathDates(day="first")),
        ("lutrace, last", DeathDates(day="last")),
    ):
        found = derive_death_dates(facts, rules).order_by("patient_id").death_date.to_pyarrow()
        chosen[name] = found.to_numpy(zero_copy_only=False).astype("datetime64[D]")
    truth = float(np.median(days.astype(float)))
    numbers = {}
    for name, dates in chosen.items():
        times = (dates - start).astype(float)
        numbers[f"{name}: error of the median"] = float(np.median(times) - truth) / MONTH_DAYS
        numbers[f"{name}: before time zero"] = float((times < 0).mean())
    return numbers


def _missed(n: int, random: np.random.Generator, *, recorded: float, cut: float) -> tuple[Survival, Floats]:
    """Follow-up to a cut `cut` months after each start, part of the deaths not recorded; the last contact of each."""
    death = draw_deaths(n, random)
    dies = death <= cut
    last = np.maximum(np.where(dies, death, cut) - random.exponential(1.0, n), 0.03)
    seen = dies & (random.random(n) < recorded)
    return survival_of(np.where(seen, death, last), seen), np.where(seen, death, cut)


def show_missed_deaths(n: int, random: np.random.Generator) -> Numbers:
    """The median (months) when 12 % of the deaths are not recorded, censored at the last contact or at the cut."""
    contact, until_cut = _missed(n, random, recorded=0.88, cut=36.0)
    whole, _ = _missed(n, random, recorded=1.0, cut=36.0)
    at_cut = Survival(until_cut, contact.event)
    medians = [compute_kaplan_meier(one).quantile().estimate or math.nan for one in (whole, contact, at_cut)]
    return {"all recorded": medians[0], "censored at last contact": medians[1], "censored at the cut": medians[2]}


def draw_two_arms(random: np.random.Generator, n: int) -> tuple[Survival, Floats]:
    """Two arms of n without difference; of the first (0: external) 15 % of the deaths are not recorded."""
    external, _ = _missed(n, random, recorded=0.85, cut=24.0)
    treated, _ = _missed(n, random, recorded=1.0, cut=24.0)
    pooled = survival_of(np.append(external.time, treated.time), np.append(external.event, treated.event))
    return pooled, np.repeat([0.0, 1.0], n)


def show_bias_analysis(n_sets: int, random: np.random.Generator, *, n: int = 200, n_draws: int = 200) -> Numbers:
    """A treatment without effect against an external arm with missed deaths: as it stands, and by bias analysis."""
    runs = []
    for _ in range(n_sets):
        survival, arm = draw_two_arms(random, n)
        fit = fit_cox(survival, arm, terms=["arm"])
        seed = int(random.integers(2**31))
        drawn = draw_missed_deaths(survival, arm, recorded=((0.8, 0.9), (1.0, 1.0)), seed=seed, n_draws=n_draws)
        naive = fit.low[0] <= 1 <= fit.high[0]
        runs.append((fit.coef[0], naive, math.log(drawn.median), drawn.low <= 1 <= drawn.high))
    means = np.mean(np.array(runs, dtype=np.float64), axis=0)
    return {
        "hazard ratio as it stands": float(np.exp(means[0])),
        "intervals that hold 1": float(means[1]),
        "hazard ratio by bias analysis": float(np.exp(means[2])),
        "intervals by bias analysis that hold 1": float(means[3]),
    }


def show_index_dates(n_sets: int, random: np.random.Generator) -> Numbers:
    """A treatment without effect against an external control with up to four lines, by the control's time zero.

    The last line comes with a warning.
    """
    chosen = choose_index_dates([0, 0], [0, 1], eligible=[1, 1], strategy="last")
    if not any("too short" in said for said in chosen.warnings):
        raise NotCaughtError("the last line as time zero came without a warning")
    numbers = {}
    for strategy in STRATEGIES:
        runs = np.array([compare(200, random, strategy) for _ in range(n_sets)], dtype=np.float64).mean(axis=0)
        for number, name in enumerate(("", ", with the number of the line")):
            numbers[f"{strategy}{name}: hazard ratio"] = float(np.exp(runs[number, 0]))
            numbers[f"{strategy}{name}: intervals that hold 1"] = float(runs[number, 1])
    return numbers


def show_known_weights(n_sets: int, random: np.random.Generator) -> Numbers:
    """Intervals that hold the truth (1) when errors take estimated weights as known, and by stacked equations."""
    runs = []
    for _ in range(n_sets):
        frailty = random.normal(size=400)
        treated = random.random(400) < 1 / (1 + np.exp(-0.8 * frailty))
        death, leaving = random.exponential(np.exp(-frailty)), random.uniform(0.5, 3, 400)
        survival = survival_of(np.minimum(death, leaving), death <= leaving)
        found = compute_weighted_hazard_ratio(fit_propensity(treated, frailty, terms=["frailty"]), survival)
        runs.append([abs(found.coef) <= 1.959964 * error for error in (found.known_se, found.se)])
    known, stacked = np.mean(runs, axis=0)
    return {"weights taken as known": float(known), "scores counted as estimated": float(stacked)}


def _must_refuse(call: Any) -> None:
    try:
        call()
    except UnusableInputError:
        return
    raise NotCaughtError("a guard let biased data through")
