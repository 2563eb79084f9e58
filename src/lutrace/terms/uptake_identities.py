"""What a focus of uptake may be: tumour, a normal organ, urine, or what only a reader can tell."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal

from lutrace.core import FrozenModel, read_document


class UptakeIdentity(FrozenModel):
    """One identity, what becomes of such uptake without a reader, and the organ masks in which it lies."""

    name: str
    category: Literal["tumour", "physiological", "uncertain"]
    meaning: str
    regions: tuple[str, ...] = ()


class _Identities(FrozenModel):
    version: str
    identities: tuple[UptakeIdentity, ...]


@functools.cache
def uptake_identities() -> tuple[UptakeIdentity, ...]:
    """All identities that a component of uptake may be given; the last one is `uncertain`."""
    return read_document(Path(__file__).parent / "data" / "uptake_identities.yaml", _Identities).identities
