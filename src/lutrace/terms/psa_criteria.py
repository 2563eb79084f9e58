"""Versions of the PSA criteria as data: PCWG3, and PCWG4 as a slot that is refused until its text is transcribed."""

from __future__ import annotations

import functools
from pathlib import Path

from lutrace.core import Days, Field, FrozenModel, NanogramsPerMl, Percent, UnusableInputError, read_document

_FILE = Path(__file__).parent / "data" / "criteria" / "psa.yaml"


class PsaThresholds(FrozenModel):
    """The numbers of one version: rise over nadir or baseline, second value, early rises, least PSA at entry."""

    rise: Percent = Field(gt=0)
    rise_absolute: NanogramsPerMl = Field(ge=0)
    confirmation_gap: Days = Field(ge=1)
    no_decline_gate: Days = Field(ge=0)
    response_gap: Days = Field(ge=1)
    least_start: NanogramsPerMl = Field(ge=0)


class PsaCriteria(FrozenModel):
    """One version: its source, how the text was checked, and its thresholds, or what is missing to have them."""

    name: str = Field(pattern=r"^[a-z0-9]+$")
    label: str
    source: str
    checked: str
    thresholds: PsaThresholds | None = None
    missing: tuple[str, ...] = ()


class _Versions(FrozenModel):
    version: str
    criteria: tuple[PsaCriteria, ...]


@functools.cache
def psa_criteria() -> tuple[PsaCriteria, ...]:
    """All versions, those without thresholds too."""
    return read_document(_FILE, _Versions).criteria


def psa_thresholds(name: str) -> PsaThresholds:
    """The thresholds of a version. Raises UnusableInputError for an unknown one, and for one that was not read."""
    for version in psa_criteria():
        if version.name == name:
            if version.thresholds is None:
                raise UnusableInputError(
                    f"{version.label} has no thresholds here ({version.checked}). Missing from {version.source}: "
                    f"{'; '.join(version.missing)}. Choose {_known()}, or transcribe them into the criteria file"
                )
            return version.thresholds
    raise UnusableInputError(f"expected PSA criteria {_known()}, got {name!r}")


def _known() -> str:
    return " or ".join(version.name for version in psa_criteria() if version.thresholds is not None)
