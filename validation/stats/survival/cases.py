"""The same analyses as reference.R, by lutrace."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from validation.stats.comparison import INPUTS, Numbers, follow_up_of, gaps_of, read_complete

from lutrace.core import Row, read_rows
from lutrace.stats import (
    CoxFit,
    IntervalType,
    Survival,
    Ties,
    compute_kaplan_meier,
    compute_log_rank,
    compute_pearson,
    compute_proportion,
    compute_reverse_kaplan_meier,
    compute_spearman,
    compute_summary,
    fit_cox,
    fit_firth_cox,
    survival_of,
)

INTERVALS: tuple[IntervalType, ...] = ("log-log", "log", "plain")
TIES: tuple[Ties, ...] = ("efron", "breslow")
R_DATA = {
    "lung": ("time", "status", "2", ("age", "sex", "ph.ecog", "ph.karno")),
    "veteran": ("time", "status", "1", ("age", "trt", "karno", "diagtime")),
    "pbc": ("time", "status", "2", ("age", "edema", "bili", "albumin", "stage")),
    "heart": ("stop", "event", "1", ("age", "year", "surgery", "transplant")),
}
"""The column of the time, the column of the status, its value for an event, and the terms."""
OWN_TERMS = ("age", "marker", "treated")


def compute_all() -> Numbers:
    """All numbers of the synthetic inputs and of R's own data sets."""
    return _compute_synthetic() | _compute_r_data()


def _compute_synthetic() -> Numbers:
    numbers: Numbers = {}
    for name in ("flat", "flat_half"):
        numbers |= _curve(f"km {name}", follow_up_of(read_rows(INPUTS / f"{name}.csv")))
    for name in ("months", "days"):
        rows = read_rows(INPUTS / f"{name}.csv")
        strata = [row["stratum"] for row in rows]
        numbers |= _all_of(name, rows, OWN_TERMS, strata)
        plain, treated = follow_up_of(rows), [row["treated"] for row in rows]
        numbers |= _log_rank(f"log-rank {name}", plain, treated, None)
        numbers |= _log_rank(f"log-rank three {name}", plain, strata, None)
        numbers |= _log_rank(f"log-rank strata {name}", plain, treated, strata)
    rows = read_rows(INPUTS / "months.csv")[:40]
    numbers |= _firth("firth months", follow_up_of(rows), _columns(rows, ("marker", "treated")))
    event = [1, 1, 1, 1, 0, 1, 0, 1, 1, 0]
    numbers |= _firth("firth apart", survival_of(range(1, 11), event), np.repeat([[1.0], [0.0]], (4, 6), axis=0))
    return numbers | _small(read_rows(INPUTS / "days.csv")[:66])


def _compute_r_data() -> Numbers:
    """R's own data sets; of each long vector every seventh number, as reference.R keeps them."""
    numbers: Numbers = {}
    for name, (time, status, event, terms) in R_DATA.items():
        rows = read_complete(name, (time, *terms))
        used = [{**row, "time": row[time], "event": float(row[status] == event)} for row in rows]
        if name == "heart":
            used = [{**row, "entry": row["start"]} for row in used]
        numbers |= _all_of(name, used, terms, None)
        if name == "lung":
            numbers |= _log_rank("log-rank lung", follow_up_of(used), [row["sex"] for row in used], None)
    return {key: values[::7] if len(values) > 40 else values for key, values in numbers.items()}


def tolerance_of(case: str) -> float:
    """Firth's numbers carry firthmodels' default stopping rule and R's optimiser; all else is rounding."""
    return 1e-5 if case.startswith("firth") else 1e-9


def _columns(rows: Sequence[Row], terms: Sequence[str]) -> np.ndarray:
    return np.array([[float(row[term]) for term in terms] for row in rows])


def _all_of(name: str, rows: Sequence[Row], terms: Sequence[str], strata: Sequence[str] | None) -> Numbers:
    plain, x = follow_up_of(rows), _columns(rows, terms)
    numbers = _curve(f"km {name}", plain) | _curve(f"reverse {name}", plain, reverse=True)
    delayed = follow_up_of(rows, entry=True) if "entry" in rows[0] else None
    if delayed is not None:
        numbers |= _curve(f"km entry {name}", delayed)
    for ties in TIES:
        numbers |= _cox(f"cox {name} {ties}", fit_cox(plain, x, terms=terms, ties=ties))
        if delayed is not None:
            numbers |= _cox(f"cox entry {name} {ties}", fit_cox(delayed, x, terms=terms, ties=ties))
        if strata is not None and delayed is not None:
            fit = fit_cox(plain, x, terms=terms, ties=ties, strata=strata)
            numbers |= _cox(f"cox strata {name} {ties}", fit)
            fit = fit_cox(delayed, x, terms=terms, ties=ties, strata=strata)
            numbers |= _cox(f"cox strata entry {name} {ties}", fit)
    return numbers


def _curve(case: str, survival: Survival, *, reverse: bool = False) -> Numbers:
    make = compute_reverse_kaplan_meier if reverse else compute_kaplan_meier
    numbers: Numbers = {}
    for interval in INTERVALS:
        curve = make(survival, interval=interval)
        median, first, third = (curve.quantile(share) for share in (0.5, 0.25, 0.75))
        quartiles = (first.estimate, third.estimate, first.low, third.low, first.high, third.high)
        numbers[(case, f"low {interval}")] = list(curve.low)
        numbers[(case, f"high {interval}")] = list(curve.high)
        numbers[(case, f"median {interval}")] = gaps_of([median.estimate, median.low, median.high])
        if "flat_half" not in case and "entry months" not in case:
            numbers[(case, f"quartiles {interval}")] = gaps_of(quartiles)
    numbers[(case, "time")] = list(curve.time)
    numbers[(case, "at_risk")] = [float(count) for count in curve.at_risk]
    numbers[(case, "survival")] = list(curve.survival)
    numbers[(case, "std_error")] = list(curve.std_error)
    return numbers


def _cox(case: str, fit: CoxFit) -> Numbers:
    found = fit.concordance
    if found is None:
        raise ValueError(f"{case}: no pair is comparable")
    return {
        (case, "coef"): list(fit.coef),
        (case, "se"): list(fit.se),
        (case, "robust_se"): list(fit.robust_se),
        (case, "loglik"): [fit.loglik_null, fit.loglik],
        (case, "statistics"): [test.statistic for test in fit.tests],
        (case, "concordance"): [found.estimate, found.se],
        (case, "pairs"): [found.n_concordant, found.n_discordant, found.n_tied],
        (case, "zph"): [test.statistic for test in fit.ph_tests],
        (case, "zph_p"): [test.p for test in fit.ph_tests],
        (case, "dfbeta of the first rows"): list(fit.dfbeta[:20].ravel()),
    }


def _firth(case: str, survival: Survival, x: np.ndarray) -> Numbers:
    fit = fit_firth_cox(survival, x, terms=[f"x{number}" for number in range(x.shape[1])])
    numbers: Numbers = {(case, "coef"): list(fit.coef), (case, "loglik"): [fit.loglik_null, fit.loglik]}
    for number, (low, high, z) in enumerate(zip(fit.low, fit.high, fit.z, strict=True), start=1):
        numbers[(case, f"bounds {number}")] = [math.log(low), math.log(high)]
        numbers[(case, f"ratio {number}")] = [z**2]
    return numbers


def _log_rank(case: str, survival: Survival, groups: Sequence[str], strata: Sequence[str] | None) -> Numbers:
    test = compute_log_rank(survival, groups, strata=strata)
    return {(case, "statistic"): [test.statistic], (case, "expected"): list(test.expected), (case, "p"): [test.p]}


def _small(rows: Sequence[Row]) -> Numbers:
    age, marker = (_columns(rows, (term,))[:, 0] for term in ("age", "marker"))
    pearson, summary = compute_pearson(age, marker), compute_summary(age)
    numbers: Numbers = {
        ("pearson", "numbers"): gaps_of((pearson.estimate, pearson.low, pearson.high, pearson.statistic, pearson.p)),
        ("spearman", "numbers"): [compute_spearman(age, marker).estimate],
        ("summary", "quartiles"): [summary.minimum, summary.q1, summary.median, summary.q3, summary.maximum],
        ("summary", "sd"): gaps_of([summary.sd]),
    }
    for n_events, n in ((50, 66), (0, 12), (13, 13), (1, 857)):
        share = compute_proportion(n_events, n)
        numbers[(f"proportion {n_events} of {n}", "interval")] = [share.low, share.high]
    return numbers
