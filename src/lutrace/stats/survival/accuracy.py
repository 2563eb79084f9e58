"""How well a risk tells by a time who has the event: cumulative/dynamic AUC and Brier score, weighted for censoring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import BoolArray, FloatArray, IntArray, check_level, finite_vector, refuse_rows
from lutrace.stats.survival.observations import Survival


@dataclass(frozen=True)
class AccuracyAt:
    """AUC or Brier score at one time with its error and interval; `n_cases` had the event by then.

    `n_controls` are known to have outlived the time, `n_unknown` were censored before it.
    """

    time: float
    estimate: float
    se: float
    low: float
    high: float
    n: int
    n_cases: int
    n_controls: int
    n_unknown: int
    method: str


@dataclass(frozen=True, eq=False)
class _Censoring:
    """The weights of a time, and the censoring curve that they come from."""

    time: float
    cases: FloatArray
    """Weight of each row as a case, 0 for others."""
    controls: FloatArray
    last: IntArray
    """Last step whose censorings are in each row's weight, -1 for none."""
    place: IntArray
    """Step of each row."""
    censored: BoolArray
    at_risk: FloatArray
    hazard: FloatArray


def compute_auc(survival: Survival, risk: Any, *, time: float, level: float = 0.95) -> AccuracyAt:
    """The area under the cumulative/dynamic ROC curve at `time` (0.5 to tell nothing, 1 to tell all).

    The probability that of a patient with the event up to `time` and one without it until then the first has the
    higher `risk` (ties count half). Cases weigh one over the probability not to be censored before their event;
    censoring must not depend on the risk. The error counts that the censoring curve is estimated.

    Args:
        survival: follow-up without delayed entry.
        risk: risk score, known at time zero, higher meaning earlier events, shape (n,).
        time: the time, within the follow-up.
        level: confidence level of the symmetric interval.

    Raises:
        UnusableInputError: delayed entry, a wrong length, a missing value.
        EstimationError: nobody had the event by the time, or nobody is known to have outlived it.

    Source: Uno et al. 2007; Hung and Chiang 2010; Blanche, Dartigues and Jacqmin-Gadda 2013 (definition 1, and error).

    >>> from lutrace.stats import survival_of
    >>> compute_auc(survival_of([1, 2, 3, 4], [1, 1, 0, 0]), [0.9, 0.3, 0.4, 0.1], time=2.5).estimate
    0.75
    """
    scores = finite_vector(risk, "risk", size=survival.n)
    ground = _find_censoring(survival, time)
    n, cases, controls = survival.n, ground.cases, ground.controls > 0
    case_share, control_share = cases.mean(), controls.mean()
    beaten = _share_below(scores, controls.astype(np.float64))
    beating = _share_above(scores, cases)
    joint = float((cases * beaten).mean())
    auc = joint / (case_share * control_share)
    scale = case_share * control_share
    effect = beaten / scale - auc / case_share
    influence = cases * effect + controls * (beating / scale - auc / control_share)
    influence += _censoring_part(ground, cases * effect)
    se = float(np.sqrt(influence @ influence)) / n
    method = "cumulative/dynamic AUC, inverse probability of censoring weights (Kaplan-Meier)"
    return _result(survival, ground, float(auc), se, level=level, method=method)


def compute_brier(survival: Survival, predicted: Any, *, time: float, level: float = 0.95) -> AccuracyAt:
    """The Brier score at `time`: the mean squared distance of the predicted probability of the event from the truth.

    Args:
        survival: follow-up without delayed entry.
        predicted: probability (0 to 1) of an event up to `time`, shape (n,).
        time: the time, within the follow-up.
        level: confidence level of the symmetric interval.

    Raises:
        UnusableInputError: delayed entry, a wrong length, a value outside 0 to 1.
        EstimationError: nobody had the event by the time, or nobody is known to have outlived it.

    Source: Graf et al. 1999; Gerds and Schumacher 2006.

    >>> from lutrace.stats import survival_of
    >>> round(compute_brier(survival_of([1, 2, 3, 4], [1, 1, 0, 0]), [0.9, 0.3, 0.4, 0.1], time=2.5).estimate, 4)
    0.1675
    """
    chance = finite_vector(predicted, "predicted", size=survival.n)
    refuse_rows((chance < 0) | (chance > 1), "predicted must be a probability, 0 to 1, of the event by the time")
    ground = _find_censoring(survival, time)
    missed, alarmed = ground.cases * (1 - chance) ** 2, ground.controls * chance**2
    score = float((missed + alarmed).mean())
    influence = missed + alarmed - score + _censoring_part(ground, missed + alarmed)
    se = float(np.sqrt(influence @ influence)) / survival.n
    method = "Brier score, inverse probability of censoring weights (Kaplan-Meier)"
    return _result(survival, ground, score, se, level=level, method=method)


def _result(
    survival: Survival, ground: _Censoring, estimate: float, se: float, *, level: float, method: str
) -> AccuracyAt:
    check_level(level)
    half = float(ndtri(0.5 + level / 2)) * se
    n_cases, n_controls = int((ground.cases > 0).sum()), int((ground.controls > 0).sum())
    return AccuracyAt(
        time=ground.time,
        estimate=estimate,
        se=se,
        low=max(estimate - half, 0.0),
        high=min(estimate + half, 1.0),
        n=survival.n,
        n_cases=n_cases,
        n_controls=n_controls,
        n_unknown=survival.n - n_cases - n_controls,
        method=method,
    )


@dataclass(frozen=True, eq=False)
class CensoringCurve:
    """The Kaplan-Meier curve of censoring at each distinct time, events leaving first; `place` is each row's step."""

    time: FloatArray
    place: IntArray
    at_risk: FloatArray
    hazard: FloatArray

    @property
    def before(self) -> FloatArray:
        """The probability not to be censored before each time."""
        return np.concatenate([[1.0], np.cumprod(1 - self.hazard)[:-1]])


def find_censoring_curve(survival: Survival) -> CensoringCurve:
    """The curve of censoring of follow-up without delayed entry."""
    times, place = np.unique(survival.time, return_inverse=True)
    left = np.bincount(place, minlength=times.size)
    events = np.bincount(place[survival.event], minlength=times.size)
    at_risk = (np.cumsum(left[::-1])[::-1] - events).astype(np.float64)
    hazard = np.divide(left - events, at_risk, out=np.zeros(times.size), where=at_risk > 0)
    return CensoringCurve(times, place, at_risk, hazard)


def _find_censoring(survival: Survival, time: float) -> _Censoring:
    """Weights of cases (one over the curve just before the event) and controls (one over the curve at the time)."""
    if survival.entry is not None:
        raise UnusableInputError("accuracy at a time takes no delayed entry: start the follow-up at the landmark")
    curve = find_censoring_curve(survival)
    times, place, at_risk, hazard = curve.time, curve.place, curve.at_risk, curve.hazard
    after = np.cumprod(1 - hazard)
    is_case = survival.event & (survival.time <= time)
    is_control = survival.time > time
    if not is_case.any() or not is_control.any():
        raise EstimationError(
            f"accuracy at {time:g} needs patients with the event by then and patients known to outlive it, found "
            f"{int(is_case.sum())} and {int(is_control.sum())}; choose another time"
        )
    reached = int(np.searchsorted(times, time, side="right"))
    cases = np.zeros(survival.n)
    cases[is_case] = 1 / curve.before[place[is_case]]
    controls = np.where(is_control, 1 / (after[reached - 1] if reached else 1.0), 0.0)
    last = np.where(is_case, place, reached) - 1
    return _Censoring(float(time), cases, controls, last, place, ~survival.event, at_risk, hazard)


def _censoring_part(ground: _Censoring, values: FloatArray) -> FloatArray:
    """What each row moves in the sum of weighted `values` through the censoring curve."""
    n_steps = ground.at_risk.size
    counted = np.bincount(ground.last + 1, weights=values, minlength=n_steps + 1)
    depends = np.cumsum(counted[::-1])[::-1][1:]
    remaining = ground.at_risk * (1 - ground.hazard)
    pull = np.divide(depends, remaining, out=np.zeros(n_steps), where=remaining > 0)
    passed = np.concatenate([[0.0], np.cumsum(pull * ground.hazard)])
    active: FloatArray = np.where(ground.censored, pull[ground.place], 0.0)
    part: FloatArray = active - passed[ground.place + ground.censored]
    return part


def _share_below(scores: FloatArray, weight: FloatArray) -> FloatArray:
    """Per row the mean over all rows of weight x (1 where their score is below, one half where equal)."""
    distinct, code = np.unique(scores, return_inverse=True)
    mass = np.bincount(code, weights=weight, minlength=distinct.size)
    below: FloatArray = (np.cumsum(mass) - mass / 2)[code] / scores.size
    return below


def _share_above(scores: FloatArray, weight: FloatArray) -> FloatArray:
    return _share_below(-scores, weight)
