"""When a questionnaire counts as worse, and from which day on: a switch for each choice that trials differ in."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from lutrace.core import AfterValidator, Days, Field, FrozenModel, Percent, UnusableInputError, field_validator
from lutrace.terms import instrument_named, instruments

RecordedProgression = Literal["psa_progression", "radiological_progression", "clinical_progression"]


def _named(name: str) -> str:
    found = instrument_named(name)
    if found is None:
        raise ValueError(f"expected one of {', '.join(one.name for one in instruments())}, got {name!r}")
    return found.name


InstrumentName = Annotated[str, AfterValidator(_named)]
"""An instrument of the vocabulary, under its own name."""


def check_scale(instrument: str, scale: str) -> str:
    """The scale itself. Raises ValueError when the instrument has no such scale; an unknown one is told elsewhere."""
    known = instrument_named(instrument)
    if known is not None:
        try:
            known.scale(scale)
        except UnusableInputError as error:
            raise ValueError(str(error)) from error
    return scale


class WorseningChange(FrozenModel):
    """How much worse than the baseline: `points` of the scale, `percent` of the baseline, or both of them.

    need: `either` is reached by the smaller of the two (the lower of both), `both` by the larger. strict: more than
    that much, instead of at least. percent_above: of a baseline at or below this no percentage is formed (0: of a
    baseline of zero none).
    """

    points: float | None = Field(default=None, gt=0)
    percent: Percent | None = Field(default=None, gt=0)
    need: Literal["either", "both"] = "either"
    strict: bool = False
    percent_above: float = Field(default=0.0, ge=0)

    @property
    def in_words(self) -> str:
        """The rule for the column `rule` and the report."""
        sign = "more than" if self.strict else "at least"
        parts = [f"{self.points:g} points"] if self.points is not None else []
        parts += [f"{self.percent:g} %"] if self.percent is not None else []
        return f"{sign} {(' or ' if self.need == 'either' else ' and ').join(parts)} worse than the baseline"


_OF_SCALE: dict[tuple[str, str], WorseningChange] = {
    ("fact-p", "fact_p"): WorseningChange(points=10, strict=True),
    ("bpi-sf", "severity"): WorseningChange(points=2, percent="30 %"),  # type: ignore[arg-type]
    ("bpi-sf", "interference"): WorseningChange(points=2, percent="30 %"),  # type: ignore[arg-type]
}
"""What is taken where a study says nothing: the choices of the study of baseline PSMA-PET and patients' reports."""


class TimeToWorsening(FrozenModel):
    """Time from the landmark to the first answer that is worse than the baseline by `change`.

    The baseline is the last score on or before the first cycle, at most `baseline_window` old. A patient whose baseline
    is so near the worst score that `change` cannot be reached is not at risk.
    confirmation: `none` = the first worse score; `next` = the next score is worse too; `definitive` = all later scores
    are worse too. alone_at_end: whether a worse score that no other follows counts under the last two.
    death: `competes` = death is no worsening, and ends follow-up as a competing event (cause-specific); `event` = death
    is an event (composite). progression: name of a `psa_pfs` outcome whose PSA progressions are events too; recorded:
    kinds of recorded progression that are events too. Death and progression count up to `counts_within` after the last
    answer (or the first cycle).
    longest_gap: after a longer pause between two answers the later one is not used; follow-up ends before the pause.
    """

    kind: Literal["time_to_worsening"]
    name: str
    label: str
    instrument: InstrumentName
    scale: str
    change: WorseningChange | None = Field(default=None, validate_default=True)
    baseline_window: Days = Field(default=28.0, ge=0)
    confirmation: Literal["none", "next", "definitive"] = "none"
    alone_at_end: Literal["counts", "does_not_count"] = "does_not_count"
    death: Literal["competes", "event"] = "competes"
    progression: str | None = None
    recorded: tuple[RecordedProgression, ...] = ()
    counts_within: Days | None = Field(default=84.0, ge=0)
    longest_gap: Days | None = Field(default=None, gt=0)

    @field_validator("scale")
    @classmethod
    def _is_a_scale(cls, name: str, info: Any) -> str:
        return check_scale(info.data.get("instrument", ""), name)

    @field_validator("change")
    @classmethod
    def _is_stated(cls, change: WorseningChange | None, info: Any) -> WorseningChange:
        found = change or _OF_SCALE.get((info.data.get("instrument", ""), info.data.get("scale", "")))
        if found is None:
            raise ValueError("expected how much worse counts, as {points: 10}: this scale has no default")
        if found.points is None and found.percent is None:
            raise ValueError("expected points, percent, or both")
        if found.need == "both" and (found.points is None or found.percent is None):
            raise ValueError("need: both asks for points and percent")
        return found

    @property
    def last_free(self) -> str:
        """The endpoint that is dated at the last visit at which the questionnaire was not worse yet."""
        return f"{self.name}_last_free"

    @property
    def rule(self) -> WorseningChange:
        """How much worse counts: what the study says, else what its scale takes."""
        assert self.change is not None
        return self.change
