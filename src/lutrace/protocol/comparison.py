"""Two cohorts beside each other, what a comparison of them needs before it may be made, and deaths that were missed."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from lutrace.core import Days, Field, FrozenModel, field_validator, model_validator
from lutrace.protocol.analysis_base import OnPopulations

Weighting = Literal["ATE", "ATT", "overlap", "matching"]
Share = tuple[float, float]
CHECKLIST: dict[str, str] = {
    "eligibility": "the same patients could have entered either cohort",
    "index_date": "time runs from the same point of the disease",
    "calendar_time": "both cohorts are of the same years",
    "mortality_capture": "deaths are known equally well",
    "ascertainment": "what the cohorts are adjusted for was looked for in the same way",
}
"""What must be alike before two cohorts may be compared, in the order of the checklist."""


class Harmonised(FrozenModel):
    """One line of the checklist: whether it holds, how that was achieved or why not, who says so and since when."""

    harmonised: bool
    how: str = Field(min_length=3)
    by: str = ""
    when: dt.date | None = None

    @model_validator(mode="after")
    def _is_signed(self) -> Harmonised:
        if self.harmonised and not (self.by.strip() and self.when):
            raise ValueError("expected who (by) and which day (when) beside harmonised: yes")
        return self


class Comparability(FrozenModel):
    """The comparability checklist: only with `harmonised: yes` in every line may the cohorts be compared."""

    eligibility: Harmonised
    index_date: Harmonised
    calendar_time: Harmonised
    mortality_capture: Harmonised
    ascertainment: Harmonised

    @property
    def open_items(self) -> tuple[str, ...]:
        """The lines that do not hold, in the checklist's order."""
        return tuple(name for name in CHECKLIST if not getattr(self, name).harmonised)


class CohortEffect(FrozenModel):
    """How two cohorts are compared once the checklist is signed.

    adjust_for: covariates of the propensity score. weights: for whom the effect is (`ATE` everybody, `ATT` the first
    cohort, `overlap` those whom either cohort might hold, `matching` those whom pairs would hold).
    horizons: up to which days restricted means are compared, also augmented (`augmented`). landmark: events and ends of
    follow-up up to that day are left out, and time runs from it. strata: a covariate whose values have baseline hazards
    of their own (calendar period).
    """

    adjust_for: tuple[str, ...] = Field(min_length=1)
    weights: tuple[Weighting, ...] = Field(default=("overlap",), min_length=1)
    horizons: tuple[Days, ...] = ()
    augmented: bool = True
    landmark: Days = Field(default=0.0, ge=0)
    strata: str | None = None

    @field_validator("weights", "adjust_for", "horizons")
    @classmethod
    def _stand_once(cls, names: tuple[Any, ...]) -> tuple[Any, ...]:
        if len(set(names)) != len(names):
            raise ValueError("expected each entry once")
        return names


class Rerun(FrozenModel):
    """A named patch: the comparison again with the values at some places of the study replaced, beside its own result.

    Places are the keys from the top, items of a list by their name: `endpoints.os.death_dates.day: first`.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$")
    label: str
    change: dict[str, Any] = Field(min_length=1)


class ComparisonAnalysis(OnPopulations):
    """One or two cohorts, and published curves, beside each other: medians, curves and baseline balance.

    It is no comparison: a hazard ratio, a test and differences of two cohorts appear only with an `effect` and a
    checklist every line of which is signed as harmonised; else their row says what stands open.
    balance: covariates whose standardised differences are given; those of `ascertainment_differs` (covariate: why) are
    marked, and may not be adjusted for. external: names of published curves to set beside.
    """

    kind: Literal["comparison"]
    populations: tuple[str, ...] = Field(min_length=1, max_length=2)
    endpoints: tuple[str, ...] = Field(min_length=1)
    external: tuple[str, ...] = ()
    time_unit: Literal["weeks", "months"] = "months"
    balance: tuple[str, ...] = ()
    ascertainment_differs: dict[str, str] = Field(default_factory=dict)
    checklist: Comparability | None = None
    effect: CohortEffect | None = None
    reruns: tuple[Rerun, ...] = ()

    @model_validator(mode="after")
    def _is_of_two(self) -> ComparisonAnalysis:
        if len(set(self.populations)) < len(self.populations):
            raise ValueError("expected two different populations")
        if len(self.populations) == 1 and (self.balance or self.effect or self.checklist):
            raise ValueError("balance, checklist and effect expect two populations")
        if len(self.populations) == 1 and not self.external:
            raise ValueError("expected a second population, or published curves (external), to stand beside")
        if len({one.name for one in self.reruns}) < len(self.reruns):
            raise ValueError("expected reruns of different names")
        return self

    @model_validator(mode="after")
    def _adjusts_for_what_is_alike(self) -> ComparisonAnalysis:
        unlike = [name for name in self.ascertainment_differs if name not in self.balance]
        if unlike:
            raise ValueError(f"ascertainment_differs expects covariates of balance, got {', '.join(unlike)}")
        adjusted = self.effect.adjust_for if self.effect is not None else ()
        both = [name for name in adjusted if name in self.ascertainment_differs]
        if both:
            raise ValueError(
                f"effect.adjust_for expects what both cohorts looked for in the same way, got {', '.join(both)}, which "
                "ascertainment_differs names"
            )
        return self

    @property
    def pair(self) -> str:
        """The name under which rows of both cohorts stand together."""
        return "+".join(self.populations)

    def part(self, name: str) -> str:
        """The name under which the rows of one of its weightings or reruns stand."""
        return f"{self.name}.{name}"

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of all its rows: its own, those of its weightings and of its reruns."""
        weights = ("", *(f".{one}" for one in (() if self.effect is None else self.effect.weights)))
        names = (self.name, *(self.part(one.name) for one in self.reruns))
        return tuple(f"{name}{weighting}" for name in names for weighting in weights)

    @property
    def open_items(self) -> tuple[str, ...]:
        """What of the checklist stands open; all of it without a checklist."""
        return tuple(CHECKLIST) if self.checklist is None else self.checklist.open_items

    @property
    def covariates(self) -> tuple[str, ...]:
        """All covariates that it names, each once."""
        effect = self.effect
        others = () if effect is None else (*effect.adjust_for, *filter(None, (effect.strata,)))
        return tuple(dict.fromkeys((*self.balance, *others)))


class Capture(FrozenModel):
    """How well deaths of a population are known: shares from lowest to highest, with where they come from.

    sensitivity: of those who died the share on record as dead; specificity: of those alive the share not recorded dead.
    """

    population: str
    sensitivity: Share
    specificity: Share = (1.0, 1.0)
    source: str = Field(min_length=3)

    @field_validator("sensitivity", "specificity")
    @classmethod
    def _is_a_range(cls, ends: Share) -> Share:
        if not 0 < ends[0] <= ends[1] <= 1:
            raise ValueError(f"expected two shares above 0 and up to 1, low before high, got {ends[0]:g}, {ends[1]:g}")
        return ends


class MissedDeathsAnalysis(FrozenModel):
    """The median of a time to death if part of the deaths are missing from the records (quantitative bias analysis).

    Per draw a sensitivity and a specificity are drawn evenly from the range of each population. comparison: that of two
    of these populations whose hazard ratio is redrawn too, once its checklist is signed.
    """

    kind: Literal["missed_deaths"]
    name: str
    label: str
    endpoint: str
    capture: tuple[Capture, ...] = Field(min_length=1)
    time_unit: Literal["weeks", "months"] = "months"
    comparison: str | None = None
    draws: int = Field(default=500, ge=50, le=10_000)
    seed: int = Field(default=1, ge=0)

    @field_validator("capture")
    @classmethod
    def _is_one_each(cls, captures: tuple[Capture, ...]) -> tuple[Capture, ...]:
        if len({one.population for one in captures}) < len(captures):
            raise ValueError("expected each population once")
        return captures

    @property
    def populations(self) -> tuple[str, ...]:
        """The populations asked about."""
        return tuple(one.population for one in self.capture)
