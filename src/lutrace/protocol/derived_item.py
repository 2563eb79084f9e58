"""What every derived table of a study has."""

from __future__ import annotations

from lutrace.core import Field, FrozenModel


class DerivedItem(FrozenModel):
    """A derived table by its name in files and numbers, and by its label for a reader."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$")
    label: str
