"""One call of a model on a plain table: which columns, which options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lutrace.stats import DfMethod, DistributionName, IntervalType, Ties

Kind = Literal["km", "rmst", "cox", "cif", "fine-gray", "aft", "logistic", "ordinal", "mixed"]


@dataclass(frozen=True)
class FitCall:
    """What `lutrace fit` is asked for. Names are columns of the table; None where the call does not say.

    `event` may say which value is the event (`status=2`); `units` says in which unit a column is (`psa: ng/mL`).
    `times` are in the unit of `time`. Without `ties` they are Efron's, with Firth's penalty Breslow's, as published.
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
    uncorrelated: bool = False
    df_method: DfMethod = "kenward-roger"
    classes: tuple[str, ...] = ()
    ties: Ties | None = None
    firth: bool = False
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
