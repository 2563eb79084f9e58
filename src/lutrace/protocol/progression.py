"""PSA progression: the thresholds and a switch for each ambiguity of the criteria."""

from __future__ import annotations

from typing import Literal

from lutrace.core import Days, Field, FrozenModel, NanogramsPerMl, Percent, UnusableInputError, field_validator
from lutrace.terms import psa_thresholds

_PCWG3 = psa_thresholds("pcwg3")


class PsaProgression(FrozenModel):
    """PSA progression by PCWG3; the defaults are its literal text (Scher et al., JCO 2016;34:1402-18).

    After a decline: the first value at least `rise` and `rise_absolute` above the nadir, confirmed. Without a decline:
    at least as much above baseline, later than `no_decline_gate`. Baseline, nadir and gate count from the first cycle.

    confirmation: `next` = the first value at least `confirmation_gap` later meets both thresholds against the same
    nadir; `unbroken` = some value that late does, and none in between falls short; `none` = no second value is needed.
    confirm_no_decline: whether the case without a decline needs that second value too (PCWG3 asks for none).
    decline_gate: values up to this day never progress after a decline either (PCWG3: 0 days; many trials: 84 days).
    strict: above the thresholds instead of at or above.
    second_value: what the second value must show: both thresholds against the same nadir, or only that PSA `rises`
    above the first value.
    unconfirmed: what a rise is that no value follows after the gap: `no_event`; an `event`; or an event only where the
    series ends with death or a new systemic treatment (`event_at_stop`).
    minimum_baseline: below this baseline progression is not judged, as 25 % say little there (PCWG3: no such limit).
    """

    criteria: str = "pcwg3"
    rise: Percent = Field(default=_PCWG3.rise, gt=0)
    rise_absolute: NanogramsPerMl = Field(default=_PCWG3.rise_absolute, ge=0)
    confirmation: Literal["next", "unbroken", "none"] = "next"
    confirmation_gap: Days = Field(default=_PCWG3.confirmation_gap, ge=1)
    second_value: Literal["meets_both", "rises"] = "meets_both"
    unconfirmed: Literal["no_event", "event_at_stop", "event"] = "no_event"
    no_decline_gate: Days = Field(default=_PCWG3.no_decline_gate, ge=0)
    confirm_no_decline: bool = False
    decline_gate: Days = Field(default=0.0, ge=0)
    minimum_baseline: NanogramsPerMl = Field(default=0.0, ge=0)
    strict: bool = False

    @field_validator("criteria")
    @classmethod
    def _is_transcribed(cls, name: str) -> str:
        try:
            psa_thresholds(name)
        except UnusableInputError as error:
            raise ValueError(str(error)) from error
        return name
