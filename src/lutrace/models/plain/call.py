"""One call of a model on a plain table: which columns, which options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lutrace.stats import (
    DfMethod,
    DistributionName,
    Estimand,
    Heterogeneity,
    IccKind,
    IndexStrategy,
    IntervalType,
    KappaWeights,
    Ties,
)

Kind = Literal[
    "km",
    "rmst",
    "milestone",
    "cox",
    "cif",
    "states",
    "fine-gray",
    "turnbull",
    "aft",
    "accuracy",
    "logistic",
    "linear",
    "fractional",
    "ordinal",
    "mixed",
    "compare",
    "proportion",
    "correlation",
    "kappa",
    "icc",
    "bland-altman",
    "propensity",
    "e-value",
    "missed-deaths",
    "reconstruct",
    "meta",
    "adjust",
    "index-dates",
    "time-varying",
]
Correlation = Literal["pearson", "spearman"]
Adjustment = Literal["holm", "bh"]
RatioKind = Literal["risk ratio", "odds ratio", "hazard ratio"]
OutcomeModel = Literal["linear", "logistic"]
LogRankTest = Literal["log-rank", "gehan", "tarone-ware", "peto", "fleming-harrington"]


@dataclass(frozen=True)
class FitCall:
    """What `lutrace fit` is asked for. Names are columns of the table; None where the call does not say.

    `event` may say which value is the event (`status=2`); `units` says in which unit a column is (`psa: ng/mL`).
    `times`, `tau` and `landmark` are in the unit of `time`; `measured` names per covariate the column that says when it
    was measured (a time on that clock, or a date beside the date of time zero in `index`). Without `ties` they are
    Efron's, with Firth's penalty Breslow's, as published.
    """

    kind: Kind
    time: str | None = None
    event: str | None = None
    entry: str | None = None
    outcome: str | None = None
    by: str | None = None
    terms: str | None = None
    strata: str | None = None
    cluster: str | None = None
    weights: str | None = None
    offset: str | None = None
    group: str | None = None
    random: str | None = None
    split: tuple[str, ...] = ()
    uncorrelated: bool = False
    df_method: DfMethod = "kenward-roger"
    classes: tuple[str, ...] = ()
    ties: Ties | None = None
    firth: bool = False
    ridge: float | None = None
    interval: IntervalType = "log-log"
    level: float = 0.95
    times: tuple[float, ...] = ()
    tau: float | None = None
    cause: str | None = None
    censored: str = "0"
    low: str | None = None
    high: str | None = None
    distribution: DistributionName = "weibull"
    units: Mapping[str, str] = field(default_factory=dict)
    landmark: float | None = None
    measured: Mapping[str, str] = field(default_factory=dict)
    index: str | None = None
    # the test between groups
    test: LogRankTest = "log-rank"
    rho_gamma: tuple[float, ...] = (0.0, 1.0)
    trend: bool = False
    # states
    state: str | None = None
    target: str | None = None
    # predictions
    risk: str | None = None
    predicted: str | None = None
    # regression
    robust: bool = False
    bounds: tuple[float, ...] = ()
    intercept: Literal["plain", "flic", "flac"] = "plain"
    impute: int | None = None
    bootstrap: int | None = None
    seed: int | None = None
    # two measurements of the same
    first: str | None = None
    second: str | None = None
    correlation: Correlation = "pearson"
    kappa_weights: KappaWeights = "none"
    icc: IccKind = "2,1"
    wilson: bool = False
    categories: bool = False
    # comparators
    treated: str | None = None
    estimand: Estimand = "ATE"
    stabilised: bool = False
    trim: float | None = None
    cap: float | None = None
    match: int | None = None
    replace: bool = False
    caliper: float | None = None
    augmented: OutcomeModel | None = None
    # estimates of others
    estimate: str | None = None
    error: str | None = None
    ratio: RatioKind | None = None
    common: bool | None = None
    share_treated: float | None = None
    share_control: float | None = None
    p: str | None = None
    label: str | None = None
    adjustment: Adjustment = "holm"
    family: int | None = None
    heterogeneity: Heterogeneity = "REML"
    knapp_hartung: bool = False
    recorded: tuple[float, ...] = ()
    draws: int = 1000
    curve: str | None = None
    at_risk: str | None = None
    n_events: int | None = None
    # the rows of a study
    eligible: str | None = None
    strategy: IndexStrategy = "first"
    at: str | None = None
