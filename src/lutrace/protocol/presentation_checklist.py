"""How a study asks for a reporting checklist, and what it may say of where an item stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from lutrace.core import AfterValidator, Field, FrozenModel
from lutrace.terms import checklist, checklist_names


def _known(name: str) -> str:
    if name not in checklist_names():
        raise ValueError(f"expected one of {', '.join(checklist_names())}, got {name!r}")
    return name


class ShowChecklist(FrozenModel):
    """Each item of a reporting checklist (strobe, record, remark) with where it stands in this report, or not told.

    stands_in: number of an item to the title of the section of the report that tells it, for what lutrace cannot see.
    """

    show: Literal["checklist"]
    name: str
    caption: str
    of: Annotated[str, AfterValidator(_known)]
    stands_in: dict[str, str] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()


def list_names_in_checklists(item: Any, sections: list[str]) -> Iterator[tuple[str, list[str], list[str]]]:
    """Key, names used and names allowed, where an item of the report is a checklist."""
    if isinstance(item, ShowChecklist):
        yield "stands_in", list(item.stands_in), [one.number for one in checklist(item.of).items]
        yield "stands_in", list(item.stands_in.values()), sections
