"""What is waited for: the outcomes that a study can declare."""

from __future__ import annotations

from typing import Literal

from lutrace.core import FrozenModel
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


Outcome = PsaPfs | OverallSurvival | Pfs | TimeToNextTreatment | TimeToWorsening | Toxicity
