"""What is waited for: the outcomes that a study can declare."""

from __future__ import annotations

from typing import Literal

from lutrace.core import Field, FrozenModel, Percent
from lutrace.protocol.course import CourseRules
from lutrace.protocol.progression import PsaProgression
from lutrace.protocol.survival import OverallSurvival, Pfs, TimeToNextTreatment
from lutrace.protocol.toxicity import Toxicity
from lutrace.protocol.worsening import TimeToWorsening


class PsaPfs(FrozenModel):
    """Time from the landmark to PSA progression or death; without either, censored at the last PSA value.

    after_new_therapy: whether PSA values after the start of another systemic treatment count, or follow-up ends there.
    """

    kind: Literal["psa_pfs"]
    name: str
    label: str
    progression: PsaProgression = PsaProgression()
    censor_at: Literal["last_psa", "last_contact"] = "last_psa"
    after_new_therapy: Literal["counts", "censors"] = "counts"


class PsaResponse(FrozenModel):
    """Time from the landmark to the first PSA at least `fall` below the baseline (PSA50: 50 %), dated at that value.

    A death before it competes: such a patient ends with category `death`, without an event. Without either, censored at
    the last PSA. confirmed: whether a second value at least `psa.response_confirmation` later must have fallen as far.
    after_new_therapy: whether PSA values after the start of another systemic treatment count, or follow-up ends there.
    rules: when treatment counts as over, after which no further dose can be followed by a response.
    """

    kind: Literal["psa_response"]
    name: str
    label: str
    fall: Percent = Field(default="50 %", gt=0, le=100, validate_default=True)
    confirmed: bool = False
    after_new_therapy: Literal["counts", "censors"] = "censors"
    rules: CourseRules = CourseRules()

    @property
    def by_dose(self) -> str:
        """The endpoint whose value is the dose that the response followed, or the last dose without one."""
        return f"{self.name}_by_dose"


Outcome = PsaPfs | PsaResponse | OverallSurvival | Pfs | TimeToNextTreatment | TimeToWorsening | Toxicity
