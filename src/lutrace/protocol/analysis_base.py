"""What every analysis has, and what several kinds of analysis share."""

from __future__ import annotations

from lutrace.core import Field, FrozenModel


class OnPopulations(FrozenModel):
    """An analysis by its name in keys and its label for a reader, on landmarks or populations of the study."""

    name: str
    label: str
    populations: tuple[str, ...] = Field(min_length=1)


class Adjusted(OnPopulations):
    """One model per population, outcome and term: the term alone, and with the covariates of `adjust_for`."""

    terms: tuple[str, ...] = Field(min_length=1)
    adjust_for: tuple[str, ...] = ()
    unadjusted_too: bool = True


class Bootstrap(FrozenModel):
    """How often a model is fitted anew to patients drawn with replacement, and the seed of the draws."""

    samples: int = Field(default=200, ge=20, le=10_000)
    seed: int = Field(default=1, ge=0)
