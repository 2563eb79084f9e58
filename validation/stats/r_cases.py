"""The same analyses as reference.R, by lutrace: what the tests and `run.py` compare with R's numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

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

Numbers = dict[tuple[str, str], list[float]]
INTERVALS: tuple[IntervalType, ...] = ("log-log", "log", "plain")
TIES: tuple[Ties, ...] = ("efron", "breslow")
R_DATA = {
    "lung": ("age", "sex", "ecog", "karno"),
    "veteran": ("age", "trt", "karno", "diagtime"),
    "pbc": ("age", "edema", "bili", "albumin", "stage"),
    "heart": ("age", "year", "surgery", "transplant"),
}
OWN_TERMS = ("age", "marker", "treated")


def read_reference(path: Path) -> Numbers:
    """R's numbers by case and quantity, in order; NA is NaN."""
    numbers: Numbers = {}
    for row in read_rows(path):
        value = math.nan if row["value"] in ("NA", "NaN") else float(row["value"])
        numbers.setdefault((row["case"], row["quantity"]), []).append(value)
    return numbers


def compute_own(inputs: Path) -> Numbers:
    """All numbers of the synthetic inputs."""
    numbers: Numbers = {}
    for name in ("flat", "flat_half"):
        numbers |= _curve(f"km {name}", _follow_up(read_rows(inputs / f"{name}.csv")))
    for name in ("months", "days"):
        rows = read_rows(inputs / f"{name}.csv")
        strata = [row["stratum"] for row in rows]
        numbers |= _all_of(name, rows, OWN_TERMS, strata)
        plain, treated = _follow_up(rows), [row["treated"] for row in rows]
        numbers |= _log_rank(f"log-rank {name}", plain, treated, None)
        numbers |= _log_rank(f"log-rank three {name}", plain, strata, None)
        numbers |= _log_rank(f"log-rank strata {name}", plain, treated, strata)
    rows = read_rows(inputs / "months.csv")[:40]
    numbers |= _firth("firth months", _follow_up(rows), _columns(rows, ("marker", "treated")))
    event = [1, 1, 1, 1, 0, 1, 0, 1, 1, 0]
    numbers |= _firth("firth apart", survival_of(range(1, 11), event), np.repeat([[1.0], [0.0]], (4, 6), axis=0))
    return numbers | _small(read_rows(inputs / "days.csv")[:66])


def compute_r_data(folder: Path) -> Numbers:
    """All numbers of R's own data sets, as reference.R wrote them into `folder`."""
    numbers: Numbers = {}
    for name, terms in R_DATA.items():
        rows = read_rows(folder / f"{name}.csv")
        numbers |= _all_of(name, rows, terms, None)
        if name == "lung":
            numbers |= _log_rank("log-rank lung", _follow_up(rows), [row["sex"] for row in rows], None)
    return numbers


def compare(found: Numbers, expected: Numbers) -> Iterator[tuple[str, str, float]]:
    """Per case and quantity the largest relative difference (of a value under a thousandth of the largest: of that)."""
    for (case, quantity), values in found.items():
        theirs = np.asarray(expected[(case, quantity)], dtype=np.float64)
        ours = np.asarray(values, dtype=np.float64)
        if ours.shape != theirs.shape or not np.array_equal(np.isnan(ours), np.isnan(theirs)):
            yield case, quantity, math.inf
            continue
        known = ~np.isnan(ours) & (ours != theirs)
        floor = np.abs(theirs[np.isfinite(theirs)]).max(initial=0.0) / 1000
        difference = np.abs(ours[known] - theirs[known]) / np.maximum(np.abs(theirs[known]), floor)
        yield case, quantity, float(difference.max(initial=0.0))


def tolerance_of(case: str) -> float:
    """Firth's numbers carry firthmodels' default stopping rule and R's optimiser; all else is rounding."""
    return 1e-5 if case.startswith("firth") else 1e-9


def _follow_up(rows: Sequence[Row], *, entry: bool = False) -> Survival:
    start = [float(row["entry"]) for row in rows] if entry else None
    return survival_of([float(row["time"]) for row in rows], [float(row["event"]) for row in rows], entry=start)


def _columns(rows: Sequence[Row], terms: Sequence[str]) -> np.ndarray:
    return np.array([[float(row[term]) for term in terms] for row in rows])


def _all_of(name: str, rows: Sequence[Row], terms: Sequence[str], strata: Sequence[str] | None) -> Numbers:
    plain, x = _follow_up(rows), _columns(rows, terms)
    numbers = _curve(f"km {name}", plain) | _curve(f"reverse {name}", plain, reverse=True)
    delayed = _follow_up(rows, entry=True) if "entry" in rows[0] else None
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
        numbers[(case, f"median {interval}")] = _gaps([median.estimate, median.low, median.high])
        if "flat_half" not in case and "entry months" not in case:
            numbers[(case, f"quartiles {interval}")] = _gaps(quartiles)
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
        ("pearson", "numbers"): _gaps((pearson.estimate, pearson.low, pearson.high, pearson.statistic, pearson.p)),
        ("spearman", "numbers"): [compute_spearman(age, marker).estimate],
        ("summary", "quartiles"): [summary.minimum, summary.q1, summary.median, summary.q3, summary.maximum],
        ("summary", "sd"): _gaps([summary.sd]),
    }
    for n_events, n in ((50, 66), (0, 12), (13, 13), (1, 857)):
        share = compute_proportion(n_events, n)
        numbers[(f"proportion {n_events} of {n}", "interval")] = [share.low, share.high]
    return numbers


def _gaps(values: Sequence[float | None]) -> list[float]:
    return [math.nan if value is None else value for value in values]
