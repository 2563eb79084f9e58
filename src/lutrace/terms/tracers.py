"""Tracers by the many ways in which headers spell them, and which of them bind to PSMA."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from lutrace.core import FrozenModel, read_document

_FILLERS = re.compile(r"[\s\-_.,()\[\]]+")


class Tracer(FrozenModel):
    """One tracer, what takes it up, and the spellings of it, in lower case without blanks and punctuation."""

    name: str
    target: str
    names: tuple[str, ...]


class _Tracers(FrozenModel):
    version: str
    tracers: tuple[Tracer, ...]


@functools.cache
def tracers() -> tuple[Tracer, ...]:
    """All tracers of the vocabulary."""
    return read_document(Path(__file__).parent / "data" / "tracers.yaml", _Tracers).tracers


def tracer_named(text: str | None) -> str | None:
    """The tracer that a text of a header names; None when it names none of the list."""
    found = _found(text)
    return found.name if found is not None else None


def tracer_target(text: str | None) -> str | None:
    """What the tracer that a text of a header names binds to, or what takes it up; None when it names none known."""
    found = _found(text)
    if found is not None:
        return found.target
    return "psma" if text is not None and "psma" in text.lower() else None


def is_psma_tracer(text: str | None) -> bool | None:
    """Whether a text of a header names a ligand of PSMA; None when it names no tracer that is known."""
    target = tracer_target(text)
    return None if target is None else target == "psma"


def _found(text: str | None) -> Tracer | None:
    squeezed = _FILLERS.sub("", (text or "").lower())
    return next((tracer for tracer in tracers() if any(name in squeezed for name in tracer.names)), None)
