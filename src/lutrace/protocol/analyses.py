"""What is estimated: covariates with their units, and the analyses."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from lutrace.core import Field, FrozenModel, Percent, field_validator
from lutrace.protocol.analyses_readers import AgreementAnalysis
from lutrace.protocol.analyses_regression import CoxAnalysis, LinearAnalysis, LogisticAnalysis, MixedAnalysis
from lutrace.protocol.analyses_time import (
    CumulativeIncidenceAnalysis,
    MilestonesAnalysis,
    RestrictedMeanAnalysis,
    TimeAnalysis,
    TimeUnit,
)
from lutrace.protocol.analysis_base import OnPopulations
from lutrace.protocol.comparison import ComparisonAnalysis, MissedDeathsAnalysis
from lutrace.protocol.prognostic import PrognosticAnalysis

ValueName = Literal[
    "psa_baseline",
    "psa_landmark",
    "psa_change_pct",
    "psa_ratio",
    "psa_log_ratio",
    "psa30",
    "psa50",
    "psa80",
    "psa90",
    "psa_best_change_pct",
    "psa_change_12wk_pct",
    "psa30_12wk",
    "psa50_12wk",
    "psa80_12wk",
    "psa90_12wk",
    "psa_nadir",
    "psa_flare",
    "psadt_months",
    "psa_velocity",
    "psa30_dose",
    "psa50_dose",
    "psa80_dose",
    "psa90_dose",
    "ttv_ml",
    "ttv_log_ml",
    "ttv_baseline_ml",
    "ttv_change_pct",
    "ttv_ratio",
    "ttv_log_ratio",
    "new_lesions",
    "new_lesions_any_earlier",
    "new_lesions_previous_cycle",
    "new_lesions_first_cycle",
    "new_lesions_by_mean",
    "new_lesions_by_mean_2sd",
    "recip",
    "psa_recip",
    "ppp",
    "age_years",
    "fact_p_baseline",
    "bpi_severity_baseline",
    "bpi_interference_baseline",
    "xq_baseline",
]


BUILT_IN_VALUES: tuple[str, ...] = get_args(ValueName)
"""The values that every study has; those under `values` come to them."""
KNOWN_LATE = frozenset(
    {
        *("psa_nadir", "psa_flare", "psadt_months", "psa_velocity"),
        *("psa30_dose", "psa50_dose", "psa80_dose", "psa90_dose"),
    }
)
"""Values of the whole PSA course: who has them is known when it ends, whatever day they are dated at."""


class Covariate(FrozenModel):
    """A value of the patient as it enters a model. `unit` says what a hazard ratio is per; there is none without it.

    `value` names a built-in or declared value, `transform` what is done to it: log2 (per doubling), log (per e-fold),
    identity, present (1 when above 0, else 0), per (divided by `per`). Values in a logarithm are at least
    `measures.floor` for volumes.
    """

    name: str
    label: str
    value: str
    transform: Literal["log2", "log", "identity", "present", "per"]
    per: float = Field(default=1.0, gt=0)
    unit: str = Field(min_length=3)

    @field_validator("value")
    @classmethod
    def _is_known_at_time_zero(cls, name: str) -> str:
        if name == "cycles":
            raise ValueError(
                "expected a value that is known at time zero, got cycles: how many a patient receives is known when "
                "therapy ends (immortal time); let it change with time: time_varying_cox with terms: [cycles_received]"
            )
        if name in KNOWN_LATE:
            raise ValueError(
                f"expected a value that is known at time zero, got {name}: it tells of the whole PSA course"
            )
        return name


class KaplanMeierAnalysis(OnPopulations):
    """Kaplan-Meier curves, of all patients or by a covariate: `split` present (yes, no) or median (above it or not)."""

    kind: Literal["kaplan_meier"]
    endpoints: tuple[str, ...] = Field(min_length=1)
    by: str | None = None
    split: Literal["present", "median"] = "median"
    time_unit: TimeUnit = Field(default="weeks", exclude_if=lambda unit: unit == "weeks")


class CorrelationAnalysis(OnPopulations):
    """Correlation of two endpoint values with 95 % intervals, by both methods."""

    kind: Literal["correlation"]
    x: str
    y: str
    methods: tuple[Literal["pearson", "spearman"], ...] = ("pearson", "spearman")


class SameSign(FrozenModel):
    """Both fell, or both did not."""

    kind: Literal["same_sign"]
    name: str
    label: str


class ThreeClasses(FrozenModel):
    """Response, stable, progression: each method by its own two cut points (at or beyond counts)."""

    kind: Literal["three_classes"]
    name: str
    label: str
    x_response: Percent
    x_progression: Percent
    y_response: Percent
    y_progression: Percent


class DeadZone(FrozenModel):
    """Fell, unchanged within the dead zone, rose: the same zone for both."""

    kind: Literal["dead_zone"]
    name: str
    label: str
    zone: Percent = Field(gt=0)


Definition = SameSign | ThreeClasses | DeadZone


class ConcordanceAnalysis(OnPopulations):
    """How often two changes in percent fall into the same class, under each named definition."""

    kind: Literal["concordance"]
    x: str
    y: str
    definitions: tuple[Annotated[Definition, Field(discriminator="kind")], ...] = Field(min_length=1)


class ProportionAnalysis(OnPopulations):
    """Share of patients with an exact 95 % interval.

    `of` names a built-in or declared value (counted when above 0; psa50, new_lesions...), or `alive` (no death yet).
    not_evaluable: patients without the value are left out, or counted in the whole as not having it (`count_as_no`),
    so that the share is of all.
    """

    kind: Literal["proportion"]
    of: str
    not_evaluable: Literal["left_out", "count_as_no"] = Field(
        default="left_out", exclude_if=lambda rule: rule == "left_out"
    )


class FollowUpAnalysis(OnPopulations):
    """Median follow-up to an outcome: `reverse` (the Kaplan-Meier curve of being censored) and `without_event`.

    without_event: the plain median of the follow-up of those who have not had the event (for survival: of the living).
    quartiles: both quartiles beside each median.
    """

    kind: Literal["follow_up"]
    endpoint: str
    methods: tuple[Literal["reverse", "without_event"], ...] = Field(
        default=("reverse",), min_length=1, exclude_if=lambda names: names == ("reverse",)
    )
    quartiles: bool = Field(default=False, exclude_if=lambda asked: not asked)
    time_unit: TimeUnit = Field(default="weeks", exclude_if=lambda unit: unit == "weeks")


GroupedAnalysis = KaplanMeierAnalysis | CumulativeIncidenceAnalysis | RestrictedMeanAnalysis | MilestonesAnalysis
"""An analysis of all patients or of the groups that a covariate makes, `by` and `split`."""
Analysis = (
    CoxAnalysis
    | LogisticAnalysis
    | LinearAnalysis
    | MixedAnalysis
    | KaplanMeierAnalysis
    | CorrelationAnalysis
    | ConcordanceAnalysis
    | AgreementAnalysis
    | ProportionAnalysis
    | FollowUpAnalysis
    | TimeAnalysis
    | ComparisonAnalysis
    | MissedDeathsAnalysis
    | PrognosticAnalysis
)
