"""Derived tables of what happened after the first cycle: course, survival, toxicity, questionnaires, PSA switches."""

from __future__ import annotations

from typing import Any, Literal

from lutrace.core import Days, Field, field_validator
from lutrace.protocol.course import CourseRules
from lutrace.protocol.derived_item import DerivedItem
from lutrace.protocol.derived_timeline import DerivedTimeline
from lutrace.protocol.survival import CensorRule, DeathDates, IndexDate
from lutrace.protocol.toxicity import HAEMATOLOGY, TermNames, ToxicityRules, counted_terms
from lutrace.protocol.worsening import InstrumentName, check_scale

TimedEndpoint = Literal["os", "ttnt", "time_on_treatment"]


class DerivedCourse(DerivedItem):
    """How radioligand therapy ended, what followed, transitions, support of each line, and what the records leave open.

    Needs the data cut, as who is ongoing is so on a day.
    """

    kind: Literal["course"]
    rules: CourseRules = CourseRules()
    death_dates: DeathDates = DeathDates()


class DerivedSurvivalTimes(DerivedItem):
    """Times from index dates of any kind, by endpoint and rule of censoring, side by side. Needs the data cut."""

    kind: Literal["survival_times"]
    indexes: tuple[IndexDate, ...] = Field(default=(IndexDate(name="first_cycle"),), min_length=1)
    endpoints: tuple[TimedEndpoint, ...] = Field(default=("os",), min_length=1)
    censor_rules: tuple[CensorRule, ...] = Field(default=("last_activity", "data_cut", "earlier"), min_length=1)
    rules: CourseRules = CourseRules()
    death_dates: DeathDates = DeathDates()

    @field_validator("indexes")
    @classmethod
    def _have_names_of_their_own(cls, indexes: tuple[IndexDate, ...]) -> tuple[IndexDate, ...]:
        if len({index.name for index in indexes}) != len(indexes):
            raise ValueError("expected index dates with names of their own")
        return indexes


class _OfToxicity(DerivedItem):
    """Rules, and the terms that are counted."""

    rules: ToxicityRules = ToxicityRules()
    terms: TermNames = HAEMATOLOGY
    lymphocytes: bool = False

    @property
    def counted(self) -> tuple[str, ...]:
        """The terms under the names of the version, lymphopenia included when asked for."""
        return counted_terms(self.terms, self.rules.criteria, lymphocytes=self.lymphocytes)


class DerivedToxicity(_OfToxicity):
    """Worst grade, first grade 3, recovery, shift from baseline and the worst of each cycle, by term and who graded."""

    kind: Literal["toxicity"]


class DerivedGradeFlips(_OfToxicity):
    """Patients whose laboratory values have another grade by another version of CTCAE."""

    kind: Literal["grade_flips"]
    against: tuple[Literal["ctcae-4.0", "ctcae-5.0", "ctcae-6.0"], ...] = ("ctcae-4.0", "ctcae-6.0")

    @property
    def others(self) -> tuple[str, ...]:
        """The versions compared with, without the study's own."""
        return tuple(name for name in dict.fromkeys(self.against) if name != self.rules.criteria)

    @field_validator("against")
    @classmethod
    def _differ(cls, names: tuple[str, ...], info: Any) -> tuple[str, ...]:
        rules = info.data.get("rules")
        if rules is not None and not set(names) - {rules.criteria}:
            raise ValueError("expected another version than that of the rules")
        return names


class DerivedCompletion(DerivedItem):
    """Whether a questionnaire came at each visit: of each cycle, or of `days` from the first cycle.

    window: days between the visit and the sheet (default 14 by cycle, 21 by day).
    """

    kind: Literal["completion"]
    instrument: InstrumentName
    scale: str
    by: Literal["cycle", "day"] = "cycle"
    days: tuple[int, ...] = (0, 42, 84, 126, 168)
    window: Days | None = Field(default=None, ge=0)

    @field_validator("scale")
    @classmethod
    def _is_a_scale(cls, name: str, info: Any) -> str:
        return check_scale(info.data.get("instrument", ""), name)


class DerivedWorseningVariants(DerivedItem):
    """The outcome `of` (kind time_to_worsening) under every variant of its rule."""

    kind: Literal["worsening_variants"]
    of: str


class DerivedPsaSwitches(DerivedItem):
    """Whose PSA progression and PSA50 each other value of each switch moves, from the rules of `of` (kind psa_pfs)."""

    kind: Literal["psa_switches"]
    of: str


DerivedAfter = (
    DerivedCourse
    | DerivedSurvivalTimes
    | DerivedToxicity
    | DerivedGradeFlips
    | DerivedCompletion
    | DerivedWorseningVariants
    | DerivedPsaSwitches
    | DerivedTimeline
)
