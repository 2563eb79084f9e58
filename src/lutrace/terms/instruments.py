"""Questionnaires by item id: how an item may be answered, which scales are made of them, what change is meaningful."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal

from lutrace.core import Field, FrozenModel, UnusableInputError, read_document


class MeaningfulChange(FrozenModel):
    """The published range of a change that matters to patients, in points or in percent of the baseline."""

    low: float = Field(gt=0)
    high: float = Field(gt=0)
    unit: Literal["points", "percent"]
    source: str
    checked: str


class Scale(FrozenModel):
    """One score. Of `items`: their mean times `times`; of `parts`: the sum of other scales of the instrument.

    It stands when at least `least` items are answered, and every part stands. `low` and `high` bound the score.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str
    items: tuple[str, ...] = ()
    reversed: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    times: float = 1.0
    least: int = Field(ge=0)
    low: float
    high: float
    better: Literal["higher", "lower"]
    change: MeaningfulChange | None = None
    change_not_read: str = ""

    @property
    def worst(self) -> float:
        """The worst score that the scale can show."""
        return self.low if self.better == "higher" else self.high


class Instrument(FrozenModel):
    """One questionnaire: its item ids, the range of a raw answer, the codes for no answer, and its scales."""

    name: str
    label: str
    items: tuple[str, ...]
    low: float
    high: float
    missing: tuple[int, ...] = ()
    source: str
    checked: str
    scales: tuple[Scale, ...] = Field(min_length=1)

    def scale(self, name: str) -> Scale:
        """The scale of that name. Raises UnusableInputError for another name."""
        for scale in self.scales:
            if scale.name == name:
                return scale
        known = ", ".join(scale.name for scale in self.scales)
        raise UnusableInputError(f"expected a scale of {self.name} ({known}), got {name!r}")

    def items_of(self, scale: Scale) -> tuple[str, ...]:
        """All items that a scale rests on, those of its parts too."""
        return (*scale.items, *(item for part in scale.parts for item in self.scale(part).items))


class _Instruments(FrozenModel):
    version: str
    instruments: tuple[Instrument, ...]


@functools.cache
def instruments() -> tuple[Instrument, ...]:
    """All instruments of the vocabulary."""
    return read_document(Path(__file__).parent / "data" / "instruments.yaml", _Instruments).instruments


def instrument_named(name: str) -> Instrument | None:
    """The instrument of this name, in any case; None when there is none."""
    return next((instrument for instrument in instruments() if instrument.name == name.strip().lower()), None)


def instruments_of_items(items: frozenset[str]) -> tuple[Instrument, ...]:
    """The instruments that hold all of these items: more than one when the items alone do not tell them apart."""
    return tuple(instrument for instrument in instruments() if items and items <= frozenset(instrument.items))
