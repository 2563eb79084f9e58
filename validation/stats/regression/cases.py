"""The same analyses as reference.R, by lutrace."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from validation.stats.comparison import INPUTS, STATS, Numbers, floats_of

from lutrace.core import Row, read_rows
from lutrace.stats import (
    CaseRows,
    IccKind,
    KappaWeights,
    LogisticFit,
    MixedFit,
    RandomEffects,
    compute_agreement,
    compute_balance,
    compute_chi_square,
    compute_fisher,
    compute_icc,
    compute_kruskal_wallis,
    compute_limits_of_agreement,
    compute_partial,
    compute_pearson,
    compute_proportion,
    compute_proportion_difference,
    compute_rank_sum,
    compute_spearman,
    compute_welch,
    compute_wilson,
    fit_firth_logistic,
    fit_fractional,
    fit_linear,
    fit_logistic,
    fit_mixed,
    fit_ordinal,
    split_within_between,
)

TABLES: dict[str, list[list[int]]] = {
    "small": [[3, 1], [1, 6]],
    "even": [[12, 9], [7, 14]],
    "zero": [[5, 0], [3, 9]],
    "large": [[3, 1, 2, 4], [0, 4, 2, 9], [5, 1, 1, 2]],
}
FIXED = ["visit", "treated", "course", "between", "within"]


def tolerance_of(case: str) -> float:
    """lmer and polr stop where their optimisers do; Firth's profile in R is maximised without slopes."""
    if case.startswith(("sleep", "visits", "flat", "ordinal")):
        return 1e-5
    return 1e-6 if case.startswith("firth") else 1e-8


def compute_all() -> Numbers:
    """All numbers."""
    visits, pairs = _read("visits"), _read("pairs")
    numbers = _mixed_sleep() | _mixed_visits(visits) | _linear(visits) | _logistic(visits) | _bounded(visits)
    numbers |= _firth("firth separated", _read("separated"), ["marker", "age"])
    numbers |= _firth("firth visits", [row for row in visits if row["visit"] == "0"], ["treated", "pain"])
    return numbers | _proportions() | _tables() | _groups(pairs) | _agreement(pairs)


def _read(name: str) -> list[Row]:
    return read_rows(STATS / "regression" / "inputs" / f"{name}.csv")


def _columns(rows: list[Row], names: list[str]) -> np.ndarray[Any, Any]:
    return np.column_stack([floats_of(rows, name) for name in names])


def _mixed(case: str, *given: Any, contrasts: Any = None, **options: Any) -> Numbers:
    methods = ("satterthwaite", "kenward-roger") if options.get("reml", True) else ("satterthwaite",)
    numbers: Numbers = {}
    for method in methods:
        fit: MixedFit = fit_mixed(*given, df_method=method, **options)
        word = "Satterthwaite" if method == "satterthwaite" else "Kenward-Roger"
        numbers |= {
            (case, "loglik"): [fit.loglik],
            (case, "coef"): list(fit.coef),
            (case, "model se"): list(fit.model_se),
            (case, "random sd"): [*fit.random_sd, fit.residual_sd],
            (case, f"{word} se"): list(fit.se),
            (case, f"{word} df"): list(fit.df),
            (case, f"{word} p"): list(fit.p),
        }
        if contrasts is not None:
            joint, single = fit.compute_joint_test(contrasts), fit.compute_contrast(np.sum(contrasts, axis=0))
            numbers[(case, f"{word} joint")] = [joint.statistic, joint.df_numerator, joint.df, joint.p]
            numbers[(case, f"{word} contrast")] = [
                *(single.estimate, single.se, single.df, single.low, single.high, single.p)
            ]
    return numbers


def _mixed_sleep() -> Numbers:
    rows = read_rows(INPUTS / "sleepstudy.csv")
    given = (floats_of(rows, "Reaction"), floats_of(rows, "Days"))
    subject = [row["Subject"] for row in rows]
    numbers: Numbers = {}
    for case, random in (
        ("sleep correlated", RandomEffects(subject, ["Days"])),
        ("sleep uncorrelated", RandomEffects(subject, ["Days"], correlated=False)),
        ("sleep intercept", RandomEffects(subject)),
    ):
        numbers |= _mixed(case, *given, terms=["Days"], random=random)
    slope = RandomEffects(subject, ["Days"])
    return numbers | _mixed("sleep maximum", *given, terms=["Days"], random=slope, reml=False)


def _mixed_visits(rows: list[Row]) -> Numbers:
    patient = [row["patient"] for row in rows]
    visit, treated = (np.array(floats_of(rows, name)) for name in ("visit", "treated"))
    between, within = split_within_between(floats_of(rows, "pain"), patient)
    covariates = np.column_stack([visit, treated, visit * treated, between, within])
    score, flat = floats_of(rows, "score"), floats_of(rows, "flat")
    contrasts = [[0, 0, 1, 0, 0, 0], [0, 0, 0, 1, 0, 0]]
    slope = RandomEffects(patient, ["visit"])
    numbers: Numbers = {}
    for case, random in (
        ("visits correlated", slope),
        ("visits uncorrelated", RandomEffects(patient, ["visit"], correlated=False)),
        ("visits intercept", RandomEffects(patient)),
        ("visits two slopes", RandomEffects(patient, ["visit", "within"])),
    ):
        numbers |= _mixed(case, score, covariates, terms=FIXED, random=random, contrasts=contrasts)
    numbers |= _mixed("visits maximum", score, covariates, terms=FIXED, random=slope, reml=False)
    for case, random in (("flat intercept", RandomEffects(patient)), ("flat correlated", slope)):
        numbers |= _mixed(case, flat, covariates[:, :2], terms=FIXED[:2], random=random)
    return numbers


def _linear(rows: list[Row]) -> Numbers:
    names = ["treated", "age", "pain"]
    score, covariates = floats_of(rows, "score"), _columns(rows, names)
    plain = fit_linear(score, covariates, terms=names)
    clustered = fit_linear(score, covariates, terms=names, clusters=[row["patient"] for row in rows])
    return {
        ("linear plain", "coef"): list(plain.coef),
        ("linear plain", "se"): list(plain.se),
        ("linear plain", "p"): list(plain.p),
        ("linear plain", "low"): list(plain.low),
        ("linear plain", "fit"): [plain.residual_sd, plain.r_squared, plain.df],
        ("linear clusters", "se"): list(clustered.se),
        ("linear clusters", "p"): list(clustered.p),
    }


def _logistic(rows: list[Row]) -> Numbers:
    names = ["treated", "age", "pain"]
    event, covariates = floats_of(rows, "event"), _columns(rows, names)

    def fit(interval: Any, known: CaseRows | None) -> LogisticFit:
        return fit_logistic(event, covariates, terms=names, interval=interval, rows=known)

    counts = CaseRows(weights=floats_of(rows, "count"), offset=floats_of(rows, "offset"))
    numbers: Numbers = {}
    for case, known in (("logistic plain", None), ("logistic counts", counts)):
        profile, wald = fit("profile", known), fit("wald", known)
        numbers |= _estimates(case, profile) | {
            (case, "wald p"): list(wald.p),
            (case, "ratio p"): list(profile.p),
        }
    for case, known in (
        ("logistic clusters", CaseRows(clusters=[row["patient"] for row in rows])),
        ("logistic weights", CaseRows(weights=floats_of(rows, "weight"))),
    ):
        robust = fit("profile", known)
        numbers |= _estimates(case, robust) | {(case, "wald p"): list(robust.p)}
    return numbers


def _estimates(case: str, fit: LogisticFit) -> Numbers:
    return {
        (case, "coef"): list(fit.coef),
        (case, "se"): list(fit.se),
        (case, "low"): list(fit.low),
        (case, "high"): list(fit.high),
        (case, "loglik"): [fit.loglik],
    }


def _firth(case: str, rows: list[Row], names: list[str]) -> Numbers:
    given = floats_of(rows, "event"), _columns(rows, names)
    plain, flic, flac = (fit_firth_logistic(*given, terms=names, intercept=kind) for kind in ("plain", "flic", "flac"))
    return {
        (case, "coef"): list(plain.coef),
        (case, "se"): list(plain.se),
        (case, "loglik"): [plain.loglik],
        (case, "low"): list(plain.low[1:]),
        (case, "high"): list(plain.high[1:]),
        (case, "ratio p"): list(plain.p[1:]),
        (case, "FLIC intercept"): [flic.coef[0]],
        (case, "FLAC coef"): list(flac.coef),
        (case, "FLAC se"): list(flac.se),
        (case, "FLAC low"): list(flac.low[1:]),
        (case, "FLAC high"): list(flac.high[1:]),
    }


def _bounded(rows: list[Row]) -> Numbers:
    names = ["treated", "age", "pain"]
    covariates, patient = _columns(rows, names), [row["patient"] for row in rows]
    ordinal = fit_ordinal([row["class"] for row in rows], covariates, terms=names, classes=list("01234"))
    score = floats_of(rows, "score")
    fractional = fit_fractional(score, covariates, terms=names, bounds=(0, 100), clusters=patient)
    return {
        ("ordinal", "coef"): list(ordinal.coef),
        ("ordinal", "cut points"): list(ordinal.cut_points),
        ("ordinal", "se"): [*ordinal.se, *ordinal.cut_se],
        ("ordinal", "loglik"): [ordinal.loglik],
        ("fractional", "coef"): list(fractional.coef),
        ("fractional", "se"): list(fractional.se),
        ("fractional", "mean change"): list(fractional.mean_change[1:]),
    }


def _proportions() -> Numbers:
    numbers: Numbers = {}
    for pair in ((0, 12), (3, 17), (50, 66), (9, 9)):
        for word, found in (("exact", compute_proportion(*pair)), ("Wilson", compute_wilson(*pair))):
            numbers[(f"proportion {pair[0]} {pair[1]}", word)] = [found.low, found.high]
    for first, second in (((66, 99), (37, 101)), ((0, 10), (3, 12))):
        gap = compute_proportion_difference(first, second)
        case = f"{first[0]} of {first[1]}, {second[0]} of {second[1]}"
        numbers[("difference", case.replace(",", ""))] = [gap.estimate, gap.low, gap.high]
    return numbers


def _tables() -> Numbers:
    numbers: Numbers = {}
    for name, table in TABLES.items():
        case, fisher, plain = f"table {name}", compute_fisher(table), compute_chi_square(table, corrected=False)
        numbers[(case, "fisher p")] = [fisher.p]
        if name == "large":
            numbers[(case, "chi-square")] = [plain.statistic, plain.df or math.nan, plain.p]
            continue
        for word, value in (("odds ratio", fisher.odds_ratio), ("low", fisher.low), ("high", fisher.high)):
            numbers[(case, word)] = [math.nan if value is None else value]
        corrected = compute_chi_square(table)
        numbers[(case, "chi-square TRUE")] = [corrected.statistic, corrected.p]
        numbers[(case, "chi-square FALSE")] = [plain.statistic, plain.p]
    return numbers


def _groups(rows: list[Row]) -> Numbers:
    group, x, z = [row["group"] for row in rows], np.array(floats_of(rows, "x")), np.array(floats_of(rows, "z"))
    is_a = np.array(group) == "a"
    welch = compute_welch(x[is_a], x[~is_a])
    tied = compute_rank_sum(z[is_a], z[~is_a])
    first, second = (list(dict.fromkeys(x[side].tolist())) for side in (is_a, ~is_a))
    free = compute_rank_sum(first[:9], np.array(second[:12]) + 0.05)
    kruskal = compute_kruskal_wallis(z, group)
    weights = floats_of(rows, "weight")
    yardsticks: Any = ("pooled", "treated", "controls")
    return {
        ("groups", "Welch"): [
            *(welch.estimate, welch.low, welch.high, welch.test.statistic),
            *(welch.test.df or math.nan, welch.test.p),
        ],
        ("groups", "rank sum tied"): [tied.statistic, tied.p],
        ("groups", "rank sum exact"): [free.statistic, free.p],
        ("groups", "Kruskal-Wallis"): [kruskal.statistic, kruskal.df or math.nan, kruskal.p],
        ("groups", "standardised"): [
            compute_balance(is_a, x, terms=["x"], weights=weights, denominator=kind).terms[0].after.standardised
            for kind in yardsticks
        ],
    }


def _agreement(rows: list[Row]) -> Numbers:
    x, y = floats_of(rows, "x"), floats_of(rows, "y")
    taken = _columns(rows, ["z", "weight"])
    pearson, spearman = compute_pearson(x, y), compute_spearman(x, y)
    partial = compute_partial(x, y, taken, terms=["z", "weight"])
    numbers: Numbers = {
        ("correlation", "Pearson"): [*_bounded_by(pearson), pearson.statistic, pearson.p],
        ("correlation", "Spearman"): _bounded_by(spearman),
        ("correlation", "partial"): [*_bounded_by(partial), partial.statistic, partial.p],
    }
    first, second = ([row[name] for row in rows] for name in ("grade_x", "grade_y"))
    weights: tuple[KappaWeights, ...] = ("none", "linear", "quadratic")
    for kind in weights:
        found = compute_agreement(first, second, classes="01234", weights=kind)
        values = (found.kappa, found.se, found.low, found.high)
        numbers[("agreement", f"kappa {kind}")] = [math.nan if value is None else value for value in values]
    kinds: tuple[IccKind, ...] = ("1,1", "2,1", "3,1")
    for icc in kinds:
        numbers[("agreement", f"icc {icc}".replace(",", " "))] = _bounded_by(
            compute_icc(_columns(rows, ["x", "y", "z"]), kind=icc)
        )
    for word, patients in (("single", None), ("repeated", [row["patient"] for row in rows])):
        limits = compute_limits_of_agreement(x, y, patients=patients)
        numbers[("agreement", f"limits {word}")] = [*limits.bias, *limits.lower, *limits.upper]
    return numbers


def _bounded_by(found: Any) -> list[float]:
    return [found.estimate, found.low, found.high]
