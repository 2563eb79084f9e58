"""Rules of response and eligibility as versioned data: RECIP, PPP, VISION, TheraP, and PSA with RECIP."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated, Literal

from lutrace.core import Days, Field, FrozenModel, NanogramsPerMl, Percent, UnusableInputError, read_document

_FOLDER = Path(__file__).parent / "data" / "criteria"


class _Rule(FrozenModel):
    """What every rule says of itself: its source, how the text was checked, and the modality it was made for."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    version: str
    label: str
    source: str
    checked: str
    meant_for: Literal["PET"] = "PET"


class RecipRule(_Rule):
    """Change of tumour volume with new lesions; `fall` and `rise` in percent, both reached at the value itself."""

    kind: Literal["recip"]
    fall: Percent = Field(gt=0)
    rise: Percent = Field(gt=0)
    least_common_view: Percent = Field(gt=0, le=100)


class PsaRecipRule(_Rule):
    """PSA and the RECIP rule named `recip` together; percentages of the baseline PSA."""

    kind: Literal["psa_recip"]
    recip: str
    psa_rise: Percent = Field(gt=0)
    psa_rise_absolute: NanogramsPerMl = Field(ge=0)
    psa_fall: Percent = Field(gt=0)


class PppRule(_Rule):
    """Progression on PSMA-PET by new lesions or growth, with clinical or laboratory data."""

    kind: Literal["ppp"]
    new_distant: int = Field(ge=1)
    distant: tuple[str, ...]
    growth: Percent = Field(gt=0)
    growth_of: tuple[Literal["volume", "suv_max", "suv_mean"], ...] = Field(min_length=1)
    window: Days
    psa_rise: Percent = Field(gt=0)
    psa_rise_absolute: NanogramsPerMl = Field(ge=0)
    least_common_view: Percent = Field(gt=0, le=100)


class VisionRule(_Rule):
    """A metastasis above the liver, and no large lesion at or below it; sizes are short axes on CT in mm."""

    kind: Literal["vision"]
    node_mm: float = Field(gt=0)
    organ_mm: float = Field(gt=0)
    bone_mm: float = Field(gt=0)
    node_sites: tuple[str, ...]
    organ_sites: tuple[str, ...]
    bone_sites: tuple[str, ...]
    window: Days


class TherapRule(_Rule):
    """SUVmax at one site and at every measurable site, g/mL; sizes in mm."""

    kind: Literal["therap"]
    dominant_suv: float = Field(gt=0)
    dominant_strict: bool = False
    other_suv: float = Field(gt=0)
    measurable_mm: float = Field(gt=0)
    needs_fdg: bool = True
    window: Days


ResponseRule = RecipRule | PsaRecipRule | PppRule | VisionRule | TherapRule


class _Rules(FrozenModel):
    version: str
    rules: tuple[Annotated[ResponseRule, Field(discriminator="kind")], ...]


@functools.cache
def response_rules() -> tuple[ResponseRule, ...]:
    """All rules of response and eligibility, file by file in a fixed order."""
    files = ("recip", "psa_recip", "ppp", "vision", "therap")
    return tuple(rule for name in files for rule in read_document(_FOLDER / f"{name}.yaml", _Rules).rules)


def response_rule(name: str) -> ResponseRule:
    """The rule of that name. Raises UnusableInputError for another name."""
    for rule in response_rules():
        if rule.name == name:
            return rule
    known = ", ".join(rule.name for rule in response_rules())
    raise UnusableInputError(f"expected a response rule among {known}, got {name!r}")


def recip_rule(name: str) -> RecipRule:
    """The RECIP rule of that name. Raises UnusableInputError for another name or kind."""
    rule = response_rule(name)
    if not isinstance(rule, RecipRule):
        raise UnusableInputError(f"expected a RECIP rule, got {name!r}, which is {rule.label}")
    return rule
