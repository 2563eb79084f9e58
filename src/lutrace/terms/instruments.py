"""Questionnaires by item id: which instrument an item belongs to and how it may be answered."""

from __future__ import annotations

import functools
from pathlib import Path

from lutrace.core import FrozenModel, read_document


class Instrument(FrozenModel):
    """One questionnaire: its item ids and the range of a raw answer."""

    name: str
    items: tuple[str, ...]
    low: float
    high: float


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
