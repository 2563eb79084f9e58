"""How far two measurements of an unchanged tumour lie apart, where that is known."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal

from lutrace.core import Field, FrozenModel, read_document

Level = Literal["lesion", "patient"]
Metric = Literal["volume", "suv_max", "suv_mean"]
Modality = Literal["PET", "SPECT"]


class Repeatability(FrozenModel):
    """A repeatability coefficient in percent, with its interval, and what it holds for.

    `checked` says how it was looked up: in the paper's abstract, or in its full text.
    """

    level: Level
    metric: Metric
    modality: Modality
    tracer: str
    site: str | None = None
    coefficient_pct: float = Field(gt=0)
    low_pct: float | None = None
    high_pct: float | None = None
    source: str
    checked: Literal["abstract", "full text"]


class _Values(FrozenModel):
    version: str
    values: tuple[Repeatability, ...]


@functools.cache
def repeatability_values() -> tuple[Repeatability, ...]:
    """All coefficients of the vocabulary."""
    return read_document(Path(__file__).parent / "data" / "repeatability.yaml", _Values).values


def repeatability_of(
    level: Level, metric: Metric, *, modality: Modality, tracer: str | None, site: str | None = None
) -> Repeatability | None:
    """The coefficient for exactly this level, metric, modality and tracer; None when none is known.

    A coefficient that holds for one site is given for that site only.
    """
    for value in repeatability_values():
        same = (value.level, value.metric, value.modality, value.tracer) == (level, metric, modality, tracer)
        if same and value.site in (None, site):
            return value
    return None


def describe_repeatability(value: Repeatability | None, *, modality: Modality, tracer: str | None) -> str:
    """The coefficient in words with its source, or that none is known for this modality and tracer."""
    if value is None:
        return f"repeatability not known for {modality} with {tracer or 'a tracer that is not recorded'}"
    interval = f" (95% CI {value.low_pct:g} to {value.high_pct:g})" if value.low_pct and value.high_pct else ""
    place = f", {value.site} lesions" if value.site else ""
    unread = "" if value.checked == "full text" else "; not verified in the full text"
    return (
        f"repeatability coefficient {value.coefficient_pct:g} %{interval} of {value.metric} per {value.level}{place}, "
        f"{value.tracer} {value.modality}: {value.source}{unread}"
    )
