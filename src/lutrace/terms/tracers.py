"""PSMA ligands by the many ways in which headers spell them."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from lutrace.core import FrozenModel, read_document

_FILLERS = re.compile(r"[\s\-_.,()\[\]]+")


class Tracer(FrozenModel):
    """One ligand and the spellings of it, in lower case without blanks and punctuation."""

    name: str
    names: tuple[str, ...]


class _Tracers(FrozenModel):
    version: str
    tracers: tuple[Tracer, ...]


@functools.cache
def tracers() -> tuple[Tracer, ...]:
    """All ligands of the vocabulary."""
    return read_document(Path(__file__).parent / "data" / "tracers.yaml", _Tracers).tracers


def tracer_named(text: str | None) -> str | None:
    """The ligand that a text of a header names; None when it names none of the list."""
    if text is None:
        return None
    squeezed = _FILLERS.sub("", text.lower())
    return next((tracer.name for tracer in tracers() if any(name in squeezed for name in tracer.names)), None)
