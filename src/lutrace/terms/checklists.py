"""What a published report should tell: reporting checklists as versioned data, in short words, each with its source."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal

from lutrace.core import Field, FrozenModel, UnusableInputError, read_document

_FOLDER = Path(__file__).parent / "data" / "checklists"
Told = Literal[
    "abstract",
    "question",
    "population",
    "methods",
    "study_file",
    "flow",
    "attrition",
    "characteristics",
    "follow_up",
    "components",
    "models",
    "absolute",
    "sensitivity",
    "checks",
    "imaging",
]
"""What of a report can tell an item."""


class ChecklistItem(FrozenModel):
    """One thing asked for. `told_by`: what of a report can tell it; without it, only a section that a study names."""

    number: str
    part: str
    asks: str
    told_by: tuple[Told, ...] = ()


class Checklist(FrozenModel):
    """A checklist with its source, how its text was read, and the numbers of items that were not read (left out)."""

    name: str
    version: str
    label: str
    source: str
    checked: str
    unread: tuple[str, ...] = ()
    items: tuple[ChecklistItem, ...] = Field(min_length=1)


@functools.cache
def checklist_names() -> tuple[str, ...]:
    """The names of all checklists."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


@functools.cache
def checklist(name: str) -> Checklist:
    """The checklist of that name. Raises UnusableInputError for another name."""
    if name not in checklist_names():
        raise UnusableInputError(f"expected a checklist among {', '.join(checklist_names())}, got {name!r}")
    return read_document(_FOLDER / f"{name}.yaml", Checklist)
