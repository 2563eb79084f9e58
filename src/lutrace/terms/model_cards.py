"""Prognostic models as cards: whose they are, what they were made on, each coefficient with its table, and a digest."""

from __future__ import annotations

import functools
import math
from pathlib import Path
from typing import Literal

from lutrace.core import (
    Field,
    FrozenModel,
    ProtocolError,
    UnusableInputError,
    digest_of,
    model_validator,
    read_document,
)

_FOLDER = Path(__file__).parent / "data" / "model_cards"
CardStatus = Literal["absent", "ratios_only", "transcribed", "re_estimated"]
Setting = Literal["lu177_psma_mcrpc", "mcrpc", "prostate_cancer"]


class CardPredictor(FrozenModel):
    """One predictor: how it enters (`transform`, `per`, less `centre`) and its coefficient, a log hazard ratio.

    hazard_ratio, low, high: as printed, where the source gives ratios. unit: what one step is, in words; empty where
    the source does not say it. place: the table that it was read from.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str
    transform: Literal["log2", "log", "identity", "present", "per"] | None = None
    per: float = Field(default=1.0, gt=0)
    unit: str = ""
    centre: float = 0.0
    coefficient: float | None = None
    hazard_ratio: float | None = Field(default=None, gt=0)
    low: float | None = Field(default=None, gt=0)
    high: float | None = Field(default=None, gt=0)
    place: str = ""

    @property
    def weight(self) -> float | None:
        """The log hazard ratio per step; None where the source gives none, or does not say what a step is."""
        if self.transform is None or not self.unit:
            return None
        if self.coefficient is not None:
            return self.coefficient
        return None if self.hazard_ratio is None else math.log(self.hazard_ratio)


class BaselinePoint(FrozenModel):
    """Survival at so many months of a patient all of whose predictors are at their centre."""

    months: float = Field(gt=0)
    survival: float = Field(gt=0, lt=1)


class ModelCard(FrozenModel):
    """A prognostic model as data. Nothing in it may change without its digest.

    status: `absent` = published, coefficients not obtainable; `ratios_only` = hazard ratios without a baseline;
    `transcribed` from a table; `re_estimated` on other patients (`made_from`: digest of the card that it changes).
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: str = "1"
    label: str
    citation: str = Field(min_length=10)
    outcome: Literal["os", "psa_pfs", "pfs"]
    setting: Setting
    population: str = Field(min_length=10)
    n: int | None = Field(default=None, ge=1)
    events: int | None = Field(default=None, ge=0)
    status: CardStatus
    checked: str = Field(min_length=3)
    licence: str
    note: str = ""
    made_from: str = ""
    predictors: tuple[CardPredictor, ...] = Field(min_length=1)
    baseline: tuple[BaselinePoint, ...] = ()
    digest: str = ""

    @model_validator(mode="after")
    def _says_what_it_has(self) -> ModelCard:
        weighted = [one.weight is not None or one.hazard_ratio is not None for one in self.predictors]
        if self.status == "absent" and (any(weighted) or self.baseline):
            raise ValueError("expected no coefficient and no baseline in a card whose status is absent")
        if self.status in ("transcribed", "re_estimated") and not all(
            one.weight is not None for one in self.predictors
        ):
            raise ValueError(
                f"expected a coefficient with its unit for every predictor of a card that is {self.status}"
            )
        if self.status == "transcribed" and not all(one.place for one in self.predictors):
            raise ValueError("expected the table (place) that each coefficient was transcribed from")
        if self.status == "ratios_only" and self.baseline:
            raise ValueError("expected no baseline in a card of hazard ratios only")
        months = [one.months for one in self.baseline]
        falls = [one.survival for one in self.baseline]
        if months != sorted(set(months)) or falls != sorted(falls, reverse=True):
            raise ValueError("expected a baseline of ascending months and never rising survival")
        return self

    @property
    def content_digest(self) -> str:
        """SHA-256 of all that the card says, its own digest excepted."""
        return digest_of(self.model_dump(mode="json", exclude={"digest"}))

    @property
    def horizon_months(self) -> float:
        """The last time that it predicts survival for; 0 without a baseline."""
        return self.baseline[-1].months if self.baseline else 0.0

    @property
    def lacking(self) -> tuple[str, ...]:
        """What hinders computing a risk from it, predictor by predictor; nothing for a card that can be used."""
        if self.status == "absent":
            return ("its coefficients are not published where they could be read",)
        return tuple(
            f"{one.label}: {'the source does not say what one step is' if one.hazard_ratio else 'no coefficient'}"
            for one in self.predictors
            if one.weight is None
        )

    def locked(self) -> ModelCard:
        """The card with the digest of its content."""
        return self.model_copy(update={"digest": self.content_digest})


def check_card(card: ModelCard) -> ModelCard:
    """The card itself. Raises ProtocolError when its content is not that of its digest."""
    if card.digest != card.content_digest:
        found = f"{card.digest[:12]} stands there" if card.digest else "none stands there"
        raise ProtocolError(
            f"card {card.name}: expected the digest {card.content_digest}, {found}; compare every number with its "
            "source, then write this digest into the card"
        )
    return card


@functools.cache
def model_cards() -> tuple[ModelCard, ...]:
    """The shipped cards by name, each checked against its digest."""
    return tuple(check_card(read_document(path, ModelCard)) for path in sorted(_FOLDER.glob("*.yaml")))


def model_card(name: str) -> ModelCard:
    """The shipped card of that name. Raises UnusableInputError for another."""
    for card in model_cards():
        if card.name == name:
            return card
    raise UnusableInputError(
        f"expected a model card among {', '.join(one.name for one in model_cards())}, got {name!r}"
    )
