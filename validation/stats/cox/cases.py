"""The same analyses as reference.R, by lutrace.stats."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from validation.stats.comparison import Numbers, read_complete

from lutrace.stats import (
    CoxFit,
    CoxRows,
    Survival,
    compute_ph_tests,
    compute_row_residuals,
    compute_schoenfeld,
    compute_spline_basis,
    fit_cox,
    fit_firth_cox,
    fit_ridge_cox,
    predict_survival,
    survival_of,
)

Reader = Callable[[Any], float]


def log_of(value: Any) -> float:
    return math.log(float(value))


FRAMES: dict[str, dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "lung": {
        "time": ("time", float), "event": ("status", lambda value: float(value) - 1), "age": ("age", float),
        "sex": ("sex", float), "ecog": ("ph.ecog", float), "loss": ("wt.loss", float), "cluster": ("inst", float),
    },
    "veteran": {
        "time": ("time", float), "event": ("status", float), "age": ("age", float), "trt": ("trt", float),
        "karno": ("karno", float), "diagtime": ("diagtime", float), "stratum": ("celltype", str),
    },
    "pbc": {
        "time": ("time", float), "event": ("status", lambda value: float(value == "2")), "age": ("age", float),
        "edema": ("edema", float), "bili": ("bili", log_of), "albumin": ("albumin", float),
    },
    "ovarian": {
        "time": ("futime", float), "event": ("fustat", float), "age": ("age", float), "rx": ("rx", float),
    },
    "heart": {
        "entry": ("start", float), "time": ("stop", float), "event": ("event", float), "age": ("age", float),
        "surgery": ("surgery", float), "transplant": ("transplant", float), "cluster": ("id", float),
    },
    "bladder2": {
        "entry": ("start", float), "time": ("stop", float), "event": ("event", float), "rx": ("rx", float),
        "number": ("number", float), "size": ("size", float), "cluster": ("id", float), "stratum": ("enum", float),
    },
    "mgus2": {
        "time": ("futime", float), "event": ("death", float), "age": ("age", float), "hgb": ("hgb", float),
        "creat": ("creat", float), "mspike": ("mspike", float),
    },
    "colon": {
        "time": ("time", float), "event": ("status", float), "age": ("age", float), "obstruct": ("obstruct", float),
        "nodes": ("nodes", float), "cluster": ("id", float), "stratum": ("etype", float),
    },
    "days": {
        "entry": ("entry", float), "time": ("time", float), "event": ("event", float), "age": ("age", float),
        "marker": ("marker", float), "treated": ("treated", float), "stratum": ("stratum", str),
    },
}  # fmt: skip
FRAMES["months"] = FRAMES["days"]
VARIANTS = (
    "plain", "weights", "whole", "clusters", "strata", "offset", "strata weights clusters", "strata whole offset",
)  # fmt: skip
NO_TERM = {"entry", "time", "event", "cluster", "stratum"}
Frame = dict[str, np.ndarray]


def read_frame(name: str, n: int | None = None) -> tuple[Frame, tuple[str, ...]]:
    """The complete rows of an input with weights, clusters and strata, and the terms of its models."""
    columns = FRAMES[name]
    rows = read_complete(name, [source for source, _ in columns.values()])[:n]
    frame = {key: np.array([read(row[source]) for row in rows]) for key, (source, read) in columns.items()}
    number = np.arange(len(rows))
    frame |= {"weight": 0.4 + (number % 7) / 3, "whole": 1 + number % 3, "shift": (number % 5) / 4}
    return {"cluster": number // 2, "stratum": number % 3} | frame, tuple(key for key in columns if key not in NO_TERM)


def follow_up_of(frame: Frame, *, entry: bool = True) -> Survival:
    return survival_of(frame["time"], frame["event"], entry=frame.get("entry") if entry else None)


def matrix_of(frame: Frame, terms: Sequence[str]) -> np.ndarray:
    return np.column_stack([frame[term] for term in terms])


def rows_of(frame: Frame, variant: str) -> CoxRows:
    weights = frame["weight"] if "weights" in variant else frame["whole"] if "whole" in variant else None
    return CoxRows(
        weights=weights,
        clusters=frame["cluster"] if "clusters" in variant else None,
        offset=frame["shift"] if "offset" in variant else None,
    )


def compute_all() -> Numbers:
    """All numbers of the topic."""
    numbers: Numbers = {}
    for name in FRAMES:
        frame, terms = read_frame(name)
        for ties in ("efron", "breslow"):
            for variant in VARIANTS:
                fit = fit_cox(
                    follow_up_of(frame),
                    matrix_of(frame, terms),
                    terms=terms,
                    ties=ties,
                    strata=frame["stratum"] if "strata" in variant else None,
                    rows=rows_of(frame, variant),
                )
                case = f"{name} {ties} {variant}"
                numbers |= _fit(case, fit)
                if name in ("lung", "heart", "days"):
                    numbers |= _curve(case, fit, frame, variant)
    return numbers | _ridge() | _spline() | _firth()


def _fit(case: str, fit: CoxFit) -> Numbers:
    found = fit.concordance
    if found is None:
        raise ValueError(f"{case}: no pair is comparable")
    numbers: Numbers = {
        (case, "coef"): list(fit.coef),
        (case, "se"): list(fit.se),
        (case, "loglik"): [fit.loglik_null, fit.loglik],
        (case, "statistics"): [test.statistic for test in fit.tests],
        (case, "concordance"): [found.estimate, found.se],
        (case, "pairs"): [found.n_concordant, found.n_discordant, found.n_tied],
        (case, "schoenfeld"): list(compute_schoenfeld(fit).values[:8].ravel()),
        (case, "scaled schoenfeld"): list(compute_schoenfeld(fit, scaled=True).values[:8].ravel()),
    }
    if fit.is_robust:
        numbers[(case, "robust_se")] = list(fit.robust_se)
    for transform in ("km", "rank", "identity", "log"):
        tests = compute_ph_tests(fit, transform=transform)
        numbers[(case, f"zph {transform}")] = [test.statistic for test in tests]
    for kind in ("martingale", "deviance", "score", "dfbeta", "dfbetas"):
        numbers[(case, kind)] = list(compute_row_residuals(fit, kind)[:8].ravel())
    return numbers


def _curve(case: str, fit: CoxFit, frame: Frame, variant: str) -> Numbers:
    who = matrix_of(frame, fit.terms)[[0, -1]]
    stratum = np.unique(frame["stratum"])[0] if "strata" in variant else None
    offset = 0.25 if "offset" in variant else 0.0
    numbers: Numbers = {}
    for interval in ("log", "log-log", "plain"):
        found = predict_survival(fit, who, stratum=stratum, offset=offset, interval=interval)
        if interval == "log":
            numbers[(case, "predicted time")] = list(found.time[:15])
            numbers[(case, "predicted")] = list(found.survival[:15].ravel())
            numbers[(case, "predicted error")] = list(found.std_error[:15].ravel())
        numbers[(case, f"predicted low {interval}")] = list(found.low[:15].ravel())
        numbers[(case, f"predicted high {interval}")] = list(found.high[:15].ravel())
    return numbers


def _ridge() -> Numbers:
    frame, terms = read_frame("lung")
    numbers: Numbers = {}
    for theta in (1, 20):
        survival, matrix = follow_up_of(frame), matrix_of(frame, terms)
        every = fit_ridge_cox(survival, matrix, terms=terms, theta=theta)
        part = fit_ridge_cox(
            survival,
            matrix,
            terms=terms,
            theta=[0, 0, theta, theta],
            strata=frame["stratum"],
            rows=CoxRows(weights=frame["whole"]),
        )
        for kind, fit in (("all", every), ("part", part)):
            case = f"ridge {kind} {theta}"
            numbers[(case, "coef")] = list(fit.coef)
            numbers[(case, "se")] = list(fit.se)
            numbers[(case, "loglik")] = [fit.loglik_null, fit.loglik]
            if kind == "all":
                numbers[(case, "df")] = [fit.tests[0].df]
    return numbers


def _spline() -> Numbers:
    frame, _ = read_frame("pbc")
    basis = compute_spline_basis(frame["age"], "age", knots=4)
    matrix = np.column_stack([basis.columns, frame["edema"]])
    fit = fit_cox(follow_up_of(frame), matrix, terms=(*basis.terms, "edema"))
    predictor = matrix @ fit.coef
    return {
        ("spline", "knots"): list(basis.knots),
        ("spline", "loglik"): [fit.loglik_null, fit.loglik],
        ("spline", "predictor"): list(predictor[:30] - predictor[0]),
    }


def _firth() -> Numbers:
    frame, _ = read_frame("months", 60)
    matrix = matrix_of(frame, ("marker", "treated"))
    numbers: Numbers = {}
    for ties in ("efron", "breslow"):
        for variant in ("", " entry", " strata", " strata entry whole"):
            fit = fit_firth_cox(
                follow_up_of(frame, entry="entry" in variant),
                matrix,
                terms=("marker", "treated"),
                ties=ties,
                strata=frame["stratum"] if "strata" in variant else None,
                rows=rows_of(frame, variant),
            )
            case = f"firth{variant} {ties}"
            numbers |= {(case, "coef"): list(fit.coef), (case, "loglik"): [fit.loglik_null, fit.loglik]}
            for number, (low, high, z) in enumerate(zip(fit.low, fit.high, fit.z, strict=True), start=1):
                numbers[(case, f"bounds {number}")] = [math.log(low), math.log(high)]
                numbers[(case, f"ratio {number}")] = [z**2]
    return numbers


def tolerance_of(case: str) -> float:
    """R's optimiser limits Firth's numbers; all else is rounding."""
    return 1e-6 if case.startswith("firth") else 1e-8
