"""What is known of uptake before a scan is seen: where each kind of it lies, how large, how hot, how often."""

from __future__ import annotations

import functools
from pathlib import Path

from lutrace.core import Field, FrozenModel, field_validator, read_document

Span = tuple[float, float, float]
"""Low and high end and standard deviation beyond them: even between the ends, falling off as a Gaussian."""
Spread = tuple[float, float]
"""Median and factor of one standard deviation: log-normal."""


class UptakeForm(FrozenModel):
    """One way in which an identity shows: its place in the atlas (mm) and how it looks.

    `expected` is the mean number of such components in a whole scan. `mirrored` means both sides; x is then that of the
    left. `heat` is SUVmax over the scan's hottest 20 mL, `rise` SUVmax over the component's lowest SUV, `elongation`
    the ratio of its two longest axes, `upright` mean and SD of the cosine between its axis and the body's, `twin` and
    `bone` the probability of a mirror image and of lying in bone, `hu` mean and SD of its CT number outside bone;
    `organ` is the region whose mask holds it though the organ's own uptake is another identity.
    """

    identity: str
    form: str
    expected: float = Field(gt=0)
    x: Span
    y: Span
    z: Span
    mirrored: bool = False
    volume_ml: Spread
    heat: Spread
    rise: Spread
    elongation: Spread = (1.4, 1.35)
    upright: Spread | None = None
    twin: float = Field(default=0.1, gt=0, lt=1)
    bone: float = Field(default=0.03, gt=0, lt=1)
    hu: Spread | None = None
    organ: str | None = None

    @field_validator("x", "y", "z")
    @classmethod
    def _check_span(cls, span: Span) -> Span:
        if span[0] > span[1] or span[2] <= 0:
            raise ValueError(f"expected low, high, standard deviation above 0, found {span}")
        return span


class TracerChange(FrozenModel):
    """How a tracer changes what is expected, by identity or by `identity/form`.

    `factors` multiply how often a form is expected, `heat` the uptake that it is expected to have. What is
    hotter than `most_heat` (SUVmax over the scan's hottest 20 mL) is never taken out as that identity.
    """

    pattern: str
    meaning: str
    factors: dict[str, float]
    heat: dict[str, float] = Field(default_factory=dict)
    most_heat: dict[str, float] = Field(default_factory=dict)


class UptakePriors(FrozenModel):
    """The whole of it; `profile` holds height in the atlas (mm), area of the body (cm2) and part of lung in it."""

    version: str
    sources: tuple[str, ...]
    tumour_from: float = Field(gt=0.5, lt=1)
    physiological_from: float = Field(gt=0.5, lt=1)
    second_of_its_kind: float = Field(gt=0, le=1)
    floor: float = Field(gt=0, lt=1)
    weights: dict[str, float]
    single: tuple[str, ...]
    profile: tuple[tuple[float, float, float], ...]
    tracers: tuple[TracerChange, ...]
    forms: tuple[UptakeForm, ...]


@functools.cache
def uptake_priors() -> UptakePriors:
    """The priors that come with lutrace, as declared data with their version and sources."""
    return read_document(Path(__file__).parent / "data" / "uptake_priors.yaml", UptakePriors)
