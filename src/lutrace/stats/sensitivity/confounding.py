"""How strong an unmeasured confounder would have to be to explain an effect away."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Literal

from lutrace.core import EstimationError, UnusableInputError

Ratio = Literal["risk ratio", "odds ratio", "hazard ratio"]


@dataclass(frozen=True)
class EValue:
    """The least risk ratio that a confounder must have with both treatment and outcome to explain the effect away.

    `estimate` belongs to the ratio, `limit` to the end of its interval nearer to 1 (1: the interval holds 1 already).
    `risk_ratio` is what the ratio was taken for.
    """

    estimate: float
    limit: float | None
    risk_ratio: float
    method: str


def compute_e_value(
    ratio: float, *, measure: Ratio, is_common: bool, low: float | None = None, high: float | None = None
) -> EValue:
    """The E-value of a ratio and of its interval.

    Args:
        ratio: the estimate, above 0.
        measure: what it is.
        is_common: whether more than 15 % of the patients have the event by the end of follow-up: odds and hazard
            ratios are then farther from 1 than the risk ratio, which is approximated.
        low: lower end of its interval; with `high`, or neither.
        high: upper end.

    Raises:
        UnusableInputError: a number not above 0, or an interval that does not hold the ratio.

    Source: VanderWeele and Ding 2017, Ann Intern Med 167:268.

    >>> [round(compute_e_value(0.62, measure="hazard ratio", is_common=one).estimate, 2) for one in (False, True)]
    [2.61, 2.13]
    """
    if (low is None) != (high is None):
        raise UnusableInputError("give both ends of the interval, or neither")
    ends = [] if low is None or high is None else [low, high]
    if not all(value > 0 for value in (ratio, *ends)) or (ends and not ends[0] <= ratio <= ends[1]):
        raise UnusableInputError(f"a ratio and its interval must be above 0 and the interval hold it: {ratio}, {ends}")
    risk = _to_risk_ratio(ratio, measure, is_common)
    limit = None
    if ends:
        nearer = ends[0] if ratio > 1 else ends[1]
        limit = 1.0 if (nearer - 1) * (ratio - 1) <= 0 else _e_value(_to_risk_ratio(nearer, measure, is_common))
    taken = "as a risk ratio" if measure == "risk ratio" or not is_common else "approximated for a common outcome"
    return EValue(_e_value(risk), limit, risk, f"E-value of a {measure} {taken} (VanderWeele and Ding 2017)")


def compute_confounder_bias(ratio: float, *, share_treated: float, share_control: float) -> float:
    """The factor by which a binary confounder multiplies the risk ratio.

    Args:
        ratio: risk ratio of the confounder with the outcome, above 0.
        share_treated: share of the treated who have it, 0 to 1.
        share_control: share of the controls.

    Raises:
        UnusableInputError: outside these ranges.

    Source: Schlesselman 1978, Am J Epidemiol 108:3; Lin, Psaty and Kronmal 1998, Biometrics 54:948.

    >>> compute_confounder_bias(3, share_treated=0.5, share_control=0.25)  # (1 + 0.5 * 2) / (1 + 0.25 * 2)
    1.3333333333333333
    """
    if not ratio > 0 or not (0 <= share_treated <= 1 and 0 <= share_control <= 1):
        raise UnusableInputError(
            f"a ratio above 0 and shares from 0 to 1 are needed, got {ratio}, {share_treated}, {share_control}"
        )
    return (1 + share_treated * (ratio - 1)) / (1 + share_control * (ratio - 1))


def find_tipping_ratio(risk_ratio: float, *, share_treated: float, share_control: float) -> float:
    """The confounder's risk ratio with the outcome that alone would make the observed (limit of the) risk ratio.

    Args:
        risk_ratio: observed, or the end of its interval nearer to 1; above 0.
        share_treated: share of the treated who have the confounder.
        share_control: share of the controls.

    Raises:
        UnusableInputError: outside the ranges of `compute_confounder_bias`.
        EstimationError: no such ratio: with these shares no confounder can do it.

    >>> find_tipping_ratio(4 / 3, share_treated=0.5, share_control=0.25)
    3.0
    """
    compute_confounder_bias(risk_ratio, share_treated=share_treated, share_control=share_control)
    divisor = share_treated - risk_ratio * share_control
    found = 1 + (risk_ratio - 1) / divisor if divisor != 0 else 0.0
    if found <= 0:
        raise EstimationError(
            f"no confounder in {share_treated:g} of the treated and {share_control:g} of the controls makes a risk "
            f"ratio of {risk_ratio:g}"
        )
    return round(found, 12)


def _e_value(risk_ratio: float) -> float:
    away = max(risk_ratio, 1 / risk_ratio)
    return away + sqrt(away * (away - 1))


def _to_risk_ratio(ratio: float, measure: Ratio, is_common: bool) -> float:
    if not is_common or measure == "risk ratio":
        return ratio
    if measure == "odds ratio":
        return sqrt(ratio)
    return float((1 - 0.5 ** sqrt(ratio)) / (1 - 0.5 ** sqrt(1 / ratio)))
