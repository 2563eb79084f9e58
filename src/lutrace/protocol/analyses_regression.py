"""Regression models of a study: of a yes or no, of a number, of scores over time; and families of their tests."""

from __future__ import annotations

from typing import Any, Literal

from lutrace.core import Field, FrozenModel, field_validator
from lutrace.protocol.analysis_base import Adjusted, Bootstrap
from lutrace.protocol.worsening import InstrumentName, check_scale
from lutrace.terms import Scale, instrument_named

MOST_VIF = 5.0
"""Variance inflation from which on covariates are not put into one model: 80 % of one is told by the others."""
CYCLES, CYCLES_BETWEEN, BY_CYCLE, BASELINE_SCORE = "cycles", "cycles_between", "by_cycle", "baseline_score"
"""What a mixed model of scores has beside covariates: cycles, their mean, their product with the term, the baseline."""


class Regression(Adjusted):
    """Regression models, and what they tell beside the terms.

    show_covariates: the covariates beside the term have rows of their own, named `<term>/<covariate>`. standardised:
    each term has a second row, `<term>/per_sd`, per standard deviation of the patients in the model. A model in which
    a covariate has a variance inflation above `most_vif` is not fitted.
    """

    show_covariates: bool = Field(default=False, exclude_if=lambda shown: not shown)
    standardised: bool = Field(default=False, exclude_if=lambda asked: not asked)
    most_vif: float = Field(default=MOST_VIF, gt=1, exclude_if=lambda limit: limit == MOST_VIF)


class CoxAnalysis(Regression):
    """Hazard ratios of outcomes with a time: one Cox model per population, endpoint and term.

    strata: values with classes (a scanner, a centre), each of whose combinations has a baseline hazard of its own.
    Several rows of one patient form a cluster: errors are robust then. firth: `auto` takes Firth's penalty where the
    likelihood is monotone, `few` also below ten events per covariate. ridge: the penalty theta per standard deviation,
    in place of Firth's. `bootstrap` asks for the concordance of each model corrected for optimism, for the penalty
    `always` excepted. increment: what the term adds to `adjust_for`, as likelihood ratio and as concordance. spline:
    knots of a restricted cubic spline of the term, whose curve is drawn. e_value: how strong an unmeasured confounder
    would have to be.
    """

    kind: Literal["cox"]
    endpoints: tuple[str, ...] = Field(min_length=1)
    ties: Literal["efron", "breslow"] = "efron"
    firth: Literal["auto", "few", "always", "never"] = "auto"
    ridge: float | None = Field(default=None, gt=0, exclude_if=lambda theta: theta is None)
    strata: tuple[str, ...] = Field(default=(), exclude_if=lambda names: not names)
    bootstrap: Bootstrap | None = Field(default=None, exclude_if=lambda asked: asked is None)
    increment: Bootstrap | None = Field(default=None, exclude_if=lambda asked: asked is None)
    spline: int | None = Field(default=None, ge=3, le=7, exclude_if=lambda knots: knots is None)
    e_value: bool = Field(default=False, exclude_if=lambda asked: not asked)

    @field_validator("bootstrap")
    @classmethod
    def _has_no_penalty_always(cls, asked: Bootstrap | None, info: Any) -> Bootstrap | None:
        if asked is not None and info.data.get("firth") == "always":
            raise ValueError("expected no bootstrap with firth: always; its samples are fitted as with firth: auto")
        return asked

    @field_validator("ridge")
    @classmethod
    def _is_one_penalty(cls, theta: float | None, info: Any) -> float | None:
        if theta is not None and info.data.get("firth") in ("always", "few"):
            raise ValueError("expected one penalty: ridge, or firth")
        return theta

    @field_validator("increment")
    @classmethod
    def _adds_to_something(cls, asked: Bootstrap | None, info: Any) -> Bootstrap | None:
        if asked is not None and not info.data.get("adjust_for"):
            raise ValueError("expected covariates under adjust_for, to which the term adds")
        return asked


class LogisticAnalysis(Regression):
    """Odds ratios of yes or no values (`outcomes`: psa50, a declared value; yes is above 0), known after time zero.

    Each term stands in a model of its own (the univariable screen, whose p values are adjusted for their number), with
    `adjust_for` in a second one, or, with `together`, all terms in one. firth: `auto` takes Firth's penalty where the
    rarer answer has fewer than `few_events` patients, or covariates separate the answers. A model with fewer than
    `events_per_covariate` of the rarer answer per covariate is refused, unless `allow_overfit` states a reason.
    """

    kind: Literal["logistic"]
    outcomes: tuple[str, ...] = Field(min_length=1)
    together: bool = False
    firth: Literal["auto", "always", "never"] = "auto"
    few_events: int = Field(default=20, ge=0)
    events_per_covariate: float = Field(default=5.0, ge=5, le=20)
    allow_overfit: str = ""

    @field_validator("together")
    @classmethod
    def _adjusts_once(cls, together: bool, info: Any) -> bool:
        if together and info.data.get("adjust_for"):
            raise ValueError("expected adjust_for or together: with together every term is adjusted for the others")
        return together

    @field_validator("allow_overfit")
    @classmethod
    def _is_a_reason(cls, reason: str) -> str:
        if reason and len(reason.split()) < 3:
            raise ValueError(f"expected a reason in words, which the report prints, got {reason!r}")
        return reason


class LinearAnalysis(Regression):
    """Differences of the mean of values that are numbers (`outcomes`), in `unit`, per unit of each covariate.

    The value enters as its logarithm to the base 2 with `transform: log2`; differences are then doublings. robust:
    errors that hold where the spread is not the same everywhere (HC1).
    """

    kind: Literal["linear"]
    outcomes: tuple[str, ...] = Field(min_length=1)
    unit: str = Field(min_length=1)
    transform: Literal["identity", "log2"] = "identity"
    robust: bool = True


class Contrast(FrozenModel):
    """A weighted sum of coefficients of a mixed model: {cycles: 5} is the change over five cycles."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$")
    label: str
    weights: dict[str, float] = Field(min_length=1)


class MixedAnalysis(Regression):
    """Scores of a questionnaire over the cycles: a linear mixed model with an intercept per patient.

    Each score stands at the cycles given before its day. cycles: `split` takes the mean of a patient's cycles
    (`cycles_between`) apart from what changes within a patient (`cycles`); `plain` takes one coefficient for both.
    baseline: the last score before the first cycle is a `row` (at 0 cycles), a `covariate` of all later rows
    (`baseline_score`), or `left_out`. slope: each patient has an own change per cycle too. by_cycle: the term's effect
    may change with the cycles (`<term>/by_cycle`). sensitivity: `fractional`, a model that knows the ends of the scale;
    `ordinal`, the last score of each patient as ordered classes.
    """

    kind: Literal["mixed"]
    instrument: InstrumentName
    scale: str
    cycles: Literal["split", "plain"] = "split"
    baseline: Literal["row", "covariate", "left_out"] = "row"
    slope: bool = False
    by_cycle: bool = False
    df: Literal["kenward-roger", "satterthwaite"] = "kenward-roger"
    contrasts: tuple[Contrast, ...] = ()
    sensitivity: tuple[Literal["fractional", "ordinal"], ...] = ()

    @field_validator("scale")
    @classmethod
    def _is_a_scale(cls, name: str, info: Any) -> str:
        return check_scale(info.data.get("instrument", ""), name)

    @property
    def own_terms(self) -> tuple[str, ...]:
        """The terms that every one of its models has beside those that the study names."""
        cycles = (CYCLES, CYCLES_BETWEEN) if self.cycles == "split" else (CYCLES,)
        by_cycle = (BY_CYCLE,) if self.by_cycle else ()
        return (*cycles, *by_cycle, *((BASELINE_SCORE,) if self.baseline == "covariate" else ()))

    @property
    def outcome(self) -> str:
        """The name of these scores among the outcomes of the study."""
        return f"{self.scale}_scores"

    @property
    def outcome_label(self) -> str:
        """Its label for a reader."""
        low, high = self.ends
        return f"{self._scale.label[:1].upper()}{self._scale.label[1:]} over cycles ({low:g} to {high:g})"

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest score that the scale can have."""
        return self._scale.low, self._scale.high

    @property
    def _scale(self) -> Scale:
        found = instrument_named(self.instrument)
        assert found is not None  # checked when the study was read
        return found.scale(self.scale)


class Family(FrozenModel):
    """Tests that are judged together: the p values of the named analyses are adjusted for their number.

    One test per model counts: that of the adjusted model of each term where there is one, else of the unadjusted. A
    model that could not be fitted counts as a test made. method: `bh` controls the share of false discoveries
    (Benjamini and Hochberg), `holm` the chance of any.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$")
    label: str
    analyses: tuple[str, ...] = Field(min_length=1)
    method: Literal["bh", "holm"] = "bh"
