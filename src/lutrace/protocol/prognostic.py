"""External validation of a prognostic model: which card, on whom, by which covariates, up to when."""

from __future__ import annotations

from typing import Literal

from lutrace.core import Days, Field, field_validator
from lutrace.protocol.analysis_base import OnPopulations


class PrognosticAnalysis(OnPopulations):
    """How well the risk that a model card predicts fits the patients of a study.

    card: name of a shipped card, or of one under `cards`. predictors: for each predictor of the card the covariate of
    the study that it is, transformed as the card says. horizon: up to which day risks are compared; times: days for the
    area under the ROC curve. differs: in what these patients differ from those that the card was made on; it stands as
    a banner. groups: of equal size, by predicted risk. thresholds: risks at which a decision is weighed.
    recalibrate: whether a card with slope and baseline of these patients is given.
    """

    kind: Literal["prognostic"]
    endpoint: str
    card: str
    predictors: dict[str, str] = Field(min_length=1)
    horizon: Days = Field(gt=0)
    times: tuple[Days, ...] = ()
    differs: str = Field(min_length=3)
    groups: int = Field(default=4, ge=2, le=10)
    thresholds: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
    recalibrate: bool = True

    @field_validator("thresholds")
    @classmethod
    def _are_risks(cls, thresholds: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0 < one < 1 for one in thresholds) or list(thresholds) != sorted(set(thresholds)):
            raise ValueError("expected risks between 0 and 1, ascending")
        return thresholds
