"""A prognostic model from elsewhere on the patients of a study: whether it orders them, and its risk is theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lutrace.core import DAYS_PER_MONTH, EstimationError, ProtocolError, Row
from lutrace.models.outcome import count_events, count_late, covariate_of, follow_up_of, select_complete
from lutrace.models.prognostic_curves import describe_decisions, describe_groups_of_risk, describe_smooth
from lutrace.models.results import AnalysisResult, Cell, ModelWarning, finite_or_none, join_results, rows_of
from lutrace.protocol import ModelCard, PrognosticAnalysis, Protocol
from lutrace.stats import (
    Survival,
    compute_auc,
    compute_brier,
    compute_concordance,
    compute_kaplan_meier,
    compute_uno_concordance,
    fit_cox,
    predict_survival,
)

_Z = 1.959963984540054
_STEPS = 20
"""Times at which the Brier score is taken for its mean over time."""


@dataclass(frozen=True, eq=False)
class _Ground:
    """Follow-up, the linear predictor of each patient, and the card."""

    analysis: PrognosticAnalysis
    population: str
    card: ModelCard
    survival: Survival
    score: Any
    """Log hazard relative to a patient at the centres."""

    def cell(self, term: str, measure: str) -> Cell:
        return Cell(self.analysis.name, self.population, self.analysis.endpoint, term, measure)

    def hazard(self, days: Any) -> Any:
        """The baseline's cumulative hazard at these days: straight between the card's points, from 0 on."""
        points = [(0.0, 0.0), *((one.months * DAYS_PER_MONTH, -np.log(one.survival)) for one in self.card.baseline)]
        return np.interp(days, [day for day, _ in points], [hazard for _, hazard in points])

    def risk(self, day: float) -> Any:
        """The predicted probability of the event up to a day, for each patient."""
        return 1 - np.exp(-self.hazard(day) * np.exp(self.score))


def fit_prognostic(analysis: PrognosticAnalysis, rows: Sequence[Row], protocol: Protocol) -> AnalysisResult:
    """Discrimination, and with a baseline calibration and decisions, of a card's risk in each population.

    A card whose coefficients are absent, or whose steps are not said, gives a row without a number and the reason.
    """
    card = protocol.card(analysis.card)
    check_predictors(analysis, card, protocol)
    parts = [AnalysisResult(warnings=(_banner(analysis, card, protocol),))]
    for population in analysis.populations:
        parts.append(_fit_population(analysis, card, rows_of(rows, population), population, protocol=protocol))
    return join_results(parts)


def check_predictors(analysis: PrognosticAnalysis, card: ModelCard, protocol: Protocol) -> None:
    """Raises ProtocolError for a predictor without covariate, one that the card has not, or another transformation."""
    names = {one.name for one in card.predictors}
    place = f"analyses.{analysis.name}.predictors"
    if set(analysis.predictors) != names:
        raise ProtocolError(f"{place}: expected those of the card {card.name} ({', '.join(sorted(names))})")
    if protocol.outcome(analysis.endpoint).kind != card.outcome:
        raise ProtocolError(f"analyses.{analysis.name}.endpoint: expected an outcome of kind {card.outcome}")
    for one in card.predictors:
        covariate = covariate_of(protocol, analysis.predictors[one.name])
        if one.transform is not None and (covariate.transform, covariate.per) != (one.transform, one.per):
            raise ProtocolError(
                f"{place}.{one.name}: the card takes {one.label} as {one.transform} (per {one.per:g}), the covariate "
                f"{covariate.name} is {covariate.transform} (per {covariate.per:g}); declare one as the card says"
            )


def _banner(analysis: PrognosticAnalysis, card: ModelCard, protocol: Protocol) -> ModelWarning:
    treated = all(agent.startswith("lu177_psma") for agent in protocol.population.agents)
    other = "" if card.setting == "lu177_psma_mcrpc" and treated else "; the card was not made for 177Lu-PSMA in mCRPC"
    text = f"the card {card.label} was made on: {card.population}. Here: {analysis.differs}{other}"
    return ModelWarning(f"{analysis.name}, {card.name}", text, "warning")


def _fit_population(
    analysis: PrognosticAnalysis, card: ModelCard, rows: Sequence[Row], population: str, *, protocol: Protocol
) -> AnalysisResult:
    names = tuple(analysis.predictors[one.name] for one in card.predictors)
    known = select_complete(rows, analysis.endpoint, names)
    n, events = len(known), count_events(known, analysis.endpoint)
    cell = Cell(analysis.name, population, analysis.endpoint, "harrell", "concordance")
    late = [name for name in names if count_late(known, name)]
    if card.lacking or late or not known:
        reason = "; ".join(card.lacking) or "no patient has outcome and predictors"
        if late and not card.lacking:
            reason = f"known only after time zero: {', '.join(late)}"
        warning = ModelWarning(f"{analysis.name}, {population}", f"not validated: {reason}", "warning")
        return AnalysisResult((cell.refuse(n=n, events=events, reason=reason),), warnings=(warning,))
    weights = np.array([one.weight for one in card.predictors], dtype=np.float64)
    centres = np.array([one.centre for one in card.predictors])
    score = (np.array([[float(row[name]) for name in names] for row in known]) - centres) @ weights
    ground = _Ground(analysis, population, card, follow_up_of(known, analysis.endpoint), score)
    try:
        parts = [_discriminate(ground)]
        parts.append(_fit_slope(ground))
        if card.baseline:
            parts.append(_calibrate(ground))
    except EstimationError as error:
        warning = ModelWarning(f"{analysis.name}, {population}", f"not validated: {error}", "warning")
        return AnalysisResult((cell.refuse(n=n, events=events, reason=str(error)),), warnings=(warning,))
    missing = len(rows) - n
    doubts = []
    if missing:
        text = f"{missing} of {len(rows)} patients lack a predictor or the outcome and are left out"
        doubts.append(ModelWarning(f"{analysis.name}, {population}", text, "warning"))
    return join_results([*parts, AnalysisResult(warnings=tuple(doubts))])


def _discriminate(ground: _Ground) -> AnalysisResult:
    """Harrell's and Uno's concordance, and the area under the ROC curve by each day."""
    survival, horizon = ground.survival, ground.analysis.horizon
    made = []
    for term, found in (
        ("harrell", compute_concordance(survival, ground.score)),
        ("uno", compute_uno_concordance(survival, ground.score, horizon=horizon)),
    ):
        made.append(
            ground.cell(term, "concordance").fill(
                n=survival.n,
                events=survival.n_events,
                method=found.method,
                se=found.se,
                estimate=found.estimate,
                low=max(0.0, found.estimate - _Z * found.se),
                high=min(1.0, found.estimate + _Z * found.se),
            )
        )
    for day in (*ground.analysis.times, horizon):
        auc = compute_auc(survival, ground.score, time=day)
        made.append(
            ground.cell(auc_term(day), "auc").fill(
                n=auc.n,
                events=auc.n_cases,
                method=auc.method,
                se=auc.se,
                estimate=auc.estimate,
                low=auc.low,
                high=auc.high,
            )
        )
    return AnalysisResult(tuple(made))


def auc_term(day: float) -> str:
    """The term of an area under the ROC curve by a day."""
    return f"by_day_{day:g}"


def _fit_slope(ground: _Ground) -> AnalysisResult:
    """The factor that the card's coefficients need here (1: none), and the card with it and a baseline from here."""
    fit = fit_cox(ground.survival, ground.score, terms=["score"])
    checks = {}
    if ground.analysis.recalibrate:
        checks["recalibrated_card"] = _recalibrate(ground, fit).model_dump(mode="json")
    row = ground.cell("slope", "calibration_slope").fill(
        n=fit.n,
        events=fit.n_events,
        method=f"{fit.method}, of the linear predictor alone; 1 is perfect, below 1 the predictions are too extreme",
        coef=fit.coef[0],
        se=fit.se[0],
        estimate=fit.coef[0],
        low=fit.coef[0] - _Z * fit.se[0],
        high=fit.coef[0] + _Z * fit.se[0],
        checks=checks,
    )
    return AnalysisResult((row,))


def _recalibrate(ground: _Ground, fit: Any) -> ModelCard:
    """A card of its own with the slope and the baseline of these patients; nothing of the old one is lost."""
    card, slope = ground.card, fit.coef[0]
    months = [one.months for one in card.baseline] or [ground.analysis.horizon / DAYS_PER_MONTH]
    survival = predict_survival(fit, [[0.0]]).at(np.array(months) * DAYS_PER_MONTH)[:, 0]
    reached = [
        {"months": month, "survival": float(share)}
        for month, share in zip(months, survival, strict=True)
        if np.isfinite(share) and 0 < share < 1
    ]
    predictors = [
        {
            **one.model_dump(),
            "coefficient": slope * (one.weight or 0.0),
            "hazard_ratio": None,
            "low": None,
            "high": None,
        }
        for one in card.predictors
    ]
    changed = card.model_dump(exclude={"digest"}) | {
        "name": f"{card.name}-recalibrated",
        "status": "re_estimated",
        "made_from": card.digest,
        "predictors": predictors,
        "baseline": reached,
        "n": fit.n,
        "events": fit.n_events,
        "population": f"slope and baseline of {ground.population} of this study; coefficients in its origin's ratio",
        "checked": "computed, not transcribed",
    }
    return ModelCard.model_validate(changed).locked()


def _calibrate(ground: _Ground) -> AnalysisResult:
    """Observed over expected, intercept, Brier scores, and the curves of calibration and decision."""
    horizon = ground.analysis.horizon
    if horizon > ground.card.horizon_months * DAYS_PER_MONTH + 1e-9:
        raise EstimationError(
            f"the card predicts up to {ground.card.horizon_months:g} months; the horizon of {horizon:g} days is later"
        )
    risk = ground.risk(horizon)
    curve = compute_kaplan_meier(ground.survival).at([horizon])
    observed, low, high = (1 - float(values[0]) for values in (curve.survival, curve.high, curve.low))
    if not np.isfinite(observed):
        raise EstimationError(f"no patient is followed up to day {horizon:g}; take an earlier horizon")
    expected = float(risk.mean())
    counts: dict[str, Any] = {"n": ground.survival.n, "events": ground.survival.n_events}
    ratio = ground.cell("observed_expected", "observed_expected").fill(
        **counts,
        method=f"share with the event by day {horizon:g} (Kaplan-Meier, log-log interval) over the mean predicted risk",
        estimate=observed / expected,
        low=low / expected,
        high=high / expected,
        checks={"observed": observed, "expected": expected},
    )
    points = [
        *describe_groups_of_risk(ground.survival, risk, groups=ground.analysis.groups, day=horizon),
        *describe_smooth(ground.survival, risk, day=horizon),
        *describe_decisions(ground.survival, risk, thresholds=ground.analysis.thresholds, day=horizon),
    ]
    where = {"analysis": ground.analysis.name, "population": ground.population, "endpoint": ground.analysis.endpoint}
    return AnalysisResult(
        (ratio, _intercept(ground), *_brier(ground, risk)),
        validations=tuple({**where, **point} for point in points),
    )


def _intercept(ground: _Ground) -> Row:
    """Calibration in the large over the whole time up to the horizon: log of events over those expected."""
    horizon = ground.analysis.horizon
    ends = np.minimum(ground.survival.time, horizon)
    started = 0.0 if ground.survival.entry is None else ground.hazard(np.maximum(ground.survival.entry, 0))
    expected = float(((ground.hazard(ends) - started) * np.exp(ground.score)).sum())
    n_events = int((ground.survival.event & (ground.survival.time <= horizon)).sum())
    if n_events == 0:
        raise EstimationError(f"no event up to day {horizon:g}")
    se = 1 / np.sqrt(n_events)
    intercept = float(np.log(n_events / expected))
    return ground.cell("intercept", "calibration_intercept").fill(
        n=ground.survival.n,
        events=n_events,
        method="log of events over the sum of predicted cumulative hazards up to the horizon (Poisson model, Crowson, "
        "Atkinson and Therneau 2016); 0 is perfect",
        coef=intercept,
        se=float(se),
        estimate=intercept,
        low=intercept - _Z * se,
        high=intercept + _Z * se,
    )


def _brier(ground: _Ground, risk: Any) -> list[Row]:
    """The Brier score at the horizon beside that of the share of all, and its mean up to the horizon."""
    survival, horizon = ground.survival, ground.analysis.horizon
    found = compute_brier(survival, risk, time=horizon)
    curve = compute_kaplan_meier(survival)
    share = 1 - float(curve.at([horizon]).survival[0])
    plain = compute_brier(survival, np.full(survival.n, share), time=horizon).estimate
    counts: dict[str, Any] = {"n": found.n, "events": found.n_cases}
    at_horizon = ground.cell("brier", "brier").fill(
        **counts,
        method=found.method,
        se=found.se,
        estimate=found.estimate,
        low=found.low,
        high=found.high,
        checks={"of_the_share_of_all": finite_or_none(plain), "gain": finite_or_none(1 - found.estimate / plain)},
    )
    first = float(survival.time[survival.event].min())
    days = np.linspace(first, horizon, _STEPS)
    scores = [compute_brier(survival, ground.risk(float(day)), time=float(day)).estimate for day in days]
    mean = float(np.trapezoid([0.0, *scores], [0.0, *days]) / horizon)
    told = f"mean of the Brier score from day 0 to {horizon:g}, trapezoid over {_STEPS} days from the first event on"
    return [at_horizon, ground.cell("integrated_brier", "integrated_brier").fill(**counts, method=told, estimate=mean)]
