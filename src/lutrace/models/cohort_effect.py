"""Two cohorts compared under propensity weights: hazard ratio, restricted means, and what speaks against them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lutrace.core import DAYS_PER_MONTH, EstimationError, Row
from lutrace.models.balance import Cohorts, Weighted, balance_rows, join_cohorts
from lutrace.models.curves import DAYS_OF, curve_rows, median_row
from lutrace.models.outcome import count_events, count_late, follow_up_of
from lutrace.models.results import AnalysisResult, Cell, ModelWarning, finite_or_none, join_results
from lutrace.protocol import CohortEffect, ComparisonAnalysis, Protocol
from lutrace.stats import (
    CoxRows,
    Estimand,
    PropensityScores,
    PropensityWeights,
    Survival,
    compute_augmented_effect,
    compute_e_value,
    compute_kaplan_meier,
    compute_pseudo_means,
    compute_weighted_effect,
    compute_weighted_hazard_ratio,
    compute_weights,
    fit_cox,
    fit_propensity,
)

_ESTIMAND: dict[str, Estimand] = {"ATE": "ATE", "ATT": "ATT", "overlap": "ATO", "matching": "ATM"}
_COMMON = 0.15
"""Share of patients with the event from which on a hazard ratio is far from the risk ratio (VanderWeele, Ding 2017)."""


@dataclass(frozen=True, eq=False)
class _Ground:
    """What every estimate of one comparison and outcome starts from: who, how long, and the scores."""

    analysis: ComparisonAnalysis
    effect: CohortEffect
    endpoint: str
    protocol: Protocol
    cohorts: Cohorts
    survival: Survival
    scores: PropensityScores
    clusters: Any
    """Patient of each row, where one is in both cohorts; else None."""

    @property
    def where(self) -> str:
        return f"{self.analysis.name}, {self.analysis.pair}, {self.endpoint}"

    def cell(self, term: str, measure: str, weighting: str = "", *, unit: str = "1") -> Cell:
        """Which row of ESTIMATES: of the comparison itself, or of one of its weightings."""
        first, second = (self.protocol.landmark(name).label for name in self.analysis.populations)
        return Cell(
            self.analysis.part(weighting) if weighting else self.analysis.name,
            self.analysis.pair,
            self.endpoint,
            term,
            measure,
            unit=unit,
            covariate_unit=f"{first} against {second}",
            adjusted_for=self.effect.adjust_for if weighting else (),
        )


def effect_term(analysis: ComparisonAnalysis) -> str:
    """The term of the ratio of the first cohort against the second."""
    return f"{analysis.populations[0]}_effect"


def fit_cohort_effect(
    analysis: ComparisonAnalysis, rows: Sequence[Row], endpoint: str, *, protocol: Protocol
) -> AnalysisResult:
    """Hazard ratio and restricted means of the first cohort against the second, unadjusted and under each weighting."""
    effect = analysis.effect
    assert effect is not None
    terms = (*effect.adjust_for, *filter(None, (effect.strata,)))
    cohorts = _from_landmark(join_cohorts(analysis, rows, (f"{endpoint}_days", *terms)), endpoint, effect.landmark)
    where = f"{analysis.name}, {analysis.pair}, {endpoint}"
    late = {name: count_late(cohorts.rows, name) for name in terms}
    if any(late.values()):
        names = ", ".join(f"{name} ({count} patients)" for name, count in late.items() if count)
        return _refuse(analysis, cohorts, endpoint, reason=f"known only after time zero: {names}", severity="blocking")
    try:
        scores = fit_propensity(cohorts.treated, cohorts.matrix(effect.adjust_for), terms=effect.adjust_for)
        survival = follow_up_of(cohorts.rows, endpoint)
        ground = _Ground(
            analysis, effect, endpoint, protocol, cohorts, survival, scores, _patients_in_both(cohorts.rows)
        )
        parts = [_unadjusted(ground)]
        for name in effect.weights:
            parts.append(_weigh(ground, name))
    except EstimationError as error:
        return _refuse(analysis, cohorts, endpoint, reason=str(error))
    doubts = [ModelWarning(where, text, "warning") for text in scores.warnings]
    if any(cohorts.n_missing):
        first, second = cohorts.n_missing
        text = f"{first} and {second} patients of the two cohorts lack a covariate or the outcome and are left out"
        doubts.append(ModelWarning(where, text, "warning"))
    if ground.clusters is not None:
        n_both = len(cohorts.rows) - len({row["patient_id"] for row in cohorts.rows})
        text = f"{n_both} patients are in both cohorts; their rows vary together in all errors (clusters)"
        doubts.append(ModelWarning(where, text, "warning"))
    return join_results([*parts, AnalysisResult(warnings=tuple(doubts))])


def _from_landmark(cohorts: Cohorts, endpoint: str, landmark: float) -> Cohorts:
    """The cohorts from a later day on: who has an event or is lost up to it is left out, and time runs from it."""
    if landmark == 0:
        return cohorts
    kept = [row[f"{endpoint}_days"] > landmark for row in cohorts.rows]
    rows = tuple(
        {
            **row,
            f"{endpoint}_days": row[f"{endpoint}_days"] - landmark,
            "entry_days": max(0.0, (row.get("entry_days") or 0.0) - landmark),
        }
        for row, keep in zip(cohorts.rows, kept, strict=True)
        if keep
    )
    return Cohorts(rows, cohorts.treated[np.array(kept, dtype=bool)], cohorts.n_missing)


def _patients_in_both(rows: Sequence[Row]) -> Any:
    names = [row["patient_id"] for row in rows]
    return np.unique(names, return_inverse=True)[1] if len(set(names)) < len(names) else None


def _unadjusted(ground: _Ground) -> AnalysisResult:
    """The hazard ratio of the cohorts as they are, and within the strata asked for."""
    strata = ground.effect.strata
    rows = [_plain_row(ground, effect_term(ground.analysis), None)]
    if strata is not None:
        term = f"{effect_term(ground.analysis)}_within_{strata}"
        rows.append(_plain_row(ground, term, [row[strata] for row in ground.cohorts.rows]))
    return AnalysisResult(tuple(rows))


def _plain_row(ground: _Ground, term: str, strata: Any) -> Row:
    fit = fit_cox(
        ground.survival,
        ground.cohorts.treated,
        terms=["cohort"],
        strata=strata,
        rows=CoxRows(clusters=ground.clusters),
    )
    return ground.cell(term, "hazard_ratio").fill(
        n=fit.n,
        events=fit.n_events,
        method=f"{fit.method}{_since(ground)}",
        coef=fit.coef[0],
        se=fit.robust_se[0] if fit.is_robust else fit.se[0],
        estimate=fit.hazard_ratio[0],
        low=fit.low[0],
        high=fit.high[0],
        statistic=fit.z[0],
        p=fit.p[0],
        checks={"proportional_hazards_p": {test.term: finite_or_none(test.p) for test in fit.ph_tests}},
    )


def _since(ground: _Ground) -> str:
    days = ground.effect.landmark
    return f"; time from day {days:g} on, events up to it left out" if days else ""


def _weigh(ground: _Ground, name: str) -> AnalysisResult:
    """All estimates under one weighting, the balance that it gives, the curves and how many patients carry them."""
    weights = compute_weights(ground.scores, estimand=_ESTIMAND[name])
    weighted = Weighted(name, weights.weights, "treated" if name == "ATT" else "pooled")
    balances = balance_rows(
        ground.analysis, ground.cohorts, ground.effect.adjust_for, protocol=ground.protocol, weighted=weighted
    )
    curves = _weighted_curves(ground, weighted)
    estimates = [*_hazard_rows(ground, name, weights), *curves.estimates, *_restricted_rows(ground, name)]
    unbalanced = [row["term"] for row in balances if row["stage"] == "after" and row["unbalanced"]]
    texts = [text for text in weights.warnings if text not in ground.scores.warnings]
    if unbalanced:
        texts.append(f"{', '.join(unbalanced)}: standardised difference above 0.1 after {name} weights")
    warnings = tuple(ModelWarning(ground.where, text, "warning") for text in texts)
    return AnalysisResult(tuple(estimates), curves.curves, warnings=warnings, balances=tuple(balances))


def _hazard_rows(ground: _Ground, name: str, weights: PropensityWeights) -> list[Row]:
    found = compute_weighted_hazard_ratio(
        ground.scores, ground.survival, estimand=_ESTIMAND[name], clusters=ground.clusters
    )
    is_common = found.n_events / found.n > _COMMON
    e_value = compute_e_value(
        found.hazard_ratio, measure="hazard ratio", is_common=is_common, low=found.low, high=found.high
    )
    counts: dict[str, Any] = {"n": found.n, "events": found.n_events}
    ratio = ground.cell(effect_term(ground.analysis), "hazard_ratio", name).fill(
        **counts,
        method=f"{found.method}{_since(ground)}",
        coef=found.coef,
        se=found.se,
        estimate=found.hazard_ratio,
        low=found.low,
        high=found.high,
        statistic=found.coef / found.se,
        p=found.p,
        checks={"positivity": _describe_scores(ground), "known_se": finite_or_none(found.known_se)},
    )
    needed = ground.cell("e_value", "e_value", name).fill(
        **counts, method=e_value.method, estimate=e_value.estimate, checks={"of_the_interval": e_value.limit}
    )
    sizes = [
        ground.cell(f"{cohort}_effective", "effective_n", name, unit="patients").fill(
            n=size, method="effective sample size (Kish): squared sum of the weights over the sum of their squares",
            estimate=effective,
        )
        for cohort, size, effective in zip(
            ground.analysis.populations,
            ground.cohorts.sizes,
            (weights.effective_treated, weights.effective_controls),
            strict=True,
        )
    ]  # fmt: skip
    return [ratio, needed, *sizes]


def _describe_scores(ground: _Ground) -> dict[str, Any]:
    """Where the propensity scores of each cohort lie: without common ground nothing can be compared."""
    shares = (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1)
    told = {}
    for cohort, chosen in zip(
        ground.analysis.populations, (ground.cohorts.treated, ~ground.cohorts.treated), strict=True
    ):
        places = np.quantile(ground.scores.score[chosen], shares)
        told[cohort] = {f"{share:g}": float(place) for share, place in zip(shares, places, strict=True)}
    return told


def _weighted_curves(ground: _Ground, weighted: Weighted) -> AnalysisResult:
    """The weighted curve and median of each cohort."""
    estimates, curves = [], []
    for cohort, chosen in zip(
        ground.analysis.populations, (ground.cohorts.treated, ~ground.cohorts.treated), strict=True
    ):
        rows = chosen & (weighted.weights > 0)
        curve = compute_kaplan_meier(ground.survival.select(rows), weights=weighted.weights[rows])
        cell = ground.cell(cohort, "median", weighted.name, unit=ground.analysis.time_unit)
        estimates.append(median_row(cell, curve, {}))
        curves += curve_rows(cell, curve)
    return AnalysisResult(tuple(estimates), tuple(curves))


def restricted_term(horizon: float, *, augmented: bool = False) -> str:
    """The term of a difference of restricted means up to so many days."""
    return f"restricted_mean_{horizon:g}d{'_augmented' if augmented else ''}"


def _restricted_rows(ground: _Ground, name: str) -> list[Row]:
    """Differences of restricted mean survival under the weights, and augmented by a model of the outcome."""
    made = []
    unit = ground.analysis.time_unit
    estimand = _ESTIMAND[name]
    for horizon in ground.effect.horizons:
        outcome = _pseudo_means(ground, horizon) / DAYS_OF[unit]
        term = restricted_term(horizon)
        found = [(term, compute_weighted_effect(ground.scores, outcome, estimand=estimand, clusters=ground.clusters))]
        if ground.effect.augmented and estimand in ("ATE", "ATT"):
            augmented = compute_augmented_effect(
                ground.scores,
                outcome,
                ground.cohorts.matrix(ground.effect.adjust_for),
                terms=ground.effect.adjust_for,
                model="linear",
                estimand="ATT" if estimand == "ATT" else "ATE",
                clusters=ground.clusters,
            )
            found.append((restricted_term(horizon, augmented=True), augmented))
        for term, one in found:
            made.append(
                ground.cell(term, "rmst_difference", name, unit=unit).fill(
                    n=one.n,
                    events=count_events(ground.cohorts.rows, ground.endpoint),
                    method=f"restricted mean survival by pseudo-observations; {one.method}{_since(ground)}"
                    + (f"; months of {DAYS_PER_MONTH:g} days" if unit == "months" else ""),
                    se=one.se,
                    estimate=one.difference,
                    low=one.low,
                    high=one.high,
                    p=one.p,
                    checks={"mean_first": one.mean_treated, "mean_second": one.mean_control},
                )
            )
    return made


def _pseudo_means(ground: _Ground, horizon: float) -> Any:
    """Pseudo-observations of the restricted mean in days, of each cohort by its own curve."""
    outcome = np.empty(len(ground.cohorts.rows))
    for chosen in (ground.cohorts.treated, ~ground.cohorts.treated):
        outcome[chosen] = compute_pseudo_means(ground.survival.select(chosen), horizon=horizon)
    return outcome


def _refuse(
    analysis: ComparisonAnalysis, cohorts: Cohorts, endpoint: str, *, reason: str, severity: Any = "warning"
) -> AnalysisResult:
    assert analysis.effect is not None
    cell = Cell(
        analysis.name,
        analysis.pair,
        endpoint,
        effect_term(analysis),
        "hazard_ratio",
        covariate_unit=" against ".join(analysis.populations),
        adjusted_for=analysis.effect.adjust_for,
    )
    events = count_events(cohorts.rows, endpoint)
    row = cell.refuse(n=len(cohorts.rows), events=events, reason=reason)
    where = f"{analysis.name}, {analysis.pair}, {endpoint}"
    return AnalysisResult((row,), warnings=(ModelWarning(where, f"no comparison: {reason}", severity),))
