"""Survival, progression and the next treatment: what is an event, from which day, and where the others are censored."""

from __future__ import annotations

from typing import Any, Literal, get_args

from lutrace.core import Days, Field, FrozenModel, field_validator
from lutrace.protocol.course import CourseRules
from lutrace.protocol.progression import PsaProgression

CensorRule = Literal["last_activity", "data_cut", "earlier"]
Component = Literal["psa", "radiological", "clinical", "death"]


class DeathDates(FrozenModel):
    """Which day stands for a death known to the month or the year: never before the last sign of life or after the cut.

    day: `middle` = the 15th, or 1 July; the `first` or `last` day that it can be are the sensitivities. A sign of life
    later in that month moves the 15th to the end of the month. conflict_days: a sign of life up to so many days after
    the last day that it can be moves the death there; a later one moves nothing and is flagged.
    letters: which days of death found in letters count where no record gives one: those that a person has `reviewed`,
    `all` that are neither negated, uncertain, hypothetical nor another person's, or `none`.
    """

    day: Literal["middle", "first", "last"] = "middle"
    conflict_days: Days = Field(default=30.0, ge=0)
    letters: Literal["reviewed", "all", "none"] = "reviewed"


class OverallSurvival(FrozenModel):
    """Time from the landmark to death of any cause.

    censor_at: `earlier` = the last sign of life on record, at the latest the data cut (who is seen later lives on the
    cut); `last_activity` = the last sign of life on or before the cut; `data_cut` = the cut for everyone alive, right
    only where every death is captured.
    """

    kind: Literal["os"]
    name: str
    label: str
    censor_at: CensorRule = "earlier"
    death_dates: DeathDates = DeathDates()


class Pfs(FrozenModel):
    """Time from the landmark to the first of `components`: PSA, radiological or clinical progression, death.

    Radiological and clinical progression are those that the centre recorded after the first cycle. Without an event,
    censored at the last PSA or scan (`last_assessment`) or the last sign of life (`last_contact`).
    after_new_therapy: what comes after another systemic therapy began `counts`, or follow-up ends there (`censors`).
    """

    kind: Literal["pfs"]
    name: str
    label: str
    components: tuple[Component, ...] = Field(default=("psa", "radiological", "clinical", "death"), min_length=1)
    progression: PsaProgression = PsaProgression()
    censor_at: Literal["last_assessment", "last_contact"] = "last_assessment"
    after_new_therapy: Literal["counts", "censors"] = "counts"

    @field_validator("components")
    @classmethod
    def _stand_once(cls, names: tuple[Any, ...]) -> tuple[Any, ...]:
        if len(set(names)) != len(names):
            raise ValueError("expected each component once")
        return names


class TimeToNextTreatment(FrozenModel):
    """Time from the landmark to the next line-defining therapy; doses of the same radioligand series are none.

    death: `event` = death counts too (next treatment or death); `competes` = death ends follow-up without an event.
    """

    kind: Literal["ttnt"]
    name: str
    label: str
    death: Literal["event", "competes"] = "event"
    censor_at: CensorRule = "earlier"
    rules: CourseRules = CourseRules()


StopReason = Literal["completed", "progression", "toxicity", "decision", "other"]
STOP_REASONS: tuple[StopReason, ...] = get_args(StopReason)
"""How radioligand therapy can end with a reason on record, the planned cycles included."""


class IndexRule(FrozenModel):
    """What time runs from.

    event: `first_cycle`; `cycle` or `spect` number k; `mcrpc`; `line` number k of all lines begun; `next_line` number k
    after radioligand therapy; `documented_stop`, of those with a reason on record (`reasons`: without `completed` only
    those who discontinued); `eligible_lines`: every
    line begun after at least one line of each class of `after`, several per patient (`take: all`) or the first.
    landmark: days after that event from which time runs; who has an event or is lost by then is left out, counted.
    entry: patients are at risk only from this later event on (delayed entry).
    """

    event: Literal[
        "first_cycle", "cycle", "spect", "mcrpc", "line", "next_line", "documented_stop", "eligible_lines"
    ] = "first_cycle"
    number: int = Field(default=1, ge=1)
    after: tuple[str, ...] = ("taxane", "arpi")
    take: Literal["all", "first"] = "all"
    landmark: Days = Field(default=0.0, ge=0)
    entry: Literal["index", "first_cycle", "cycle", "spect", "mcrpc", "second_contact"] = "index"
    entry_number: int = Field(default=1, ge=1)
    reasons: tuple[StopReason, ...] = Field(
        default=STOP_REASONS, min_length=1, exclude_if=lambda names: names == STOP_REASONS
    )


class _Named(FrozenModel):
    name: str


class IndexDate(IndexRule, _Named):
    """A rule of what time runs from, as an object that a study can name."""
