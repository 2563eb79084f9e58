"""What the right side asks of a snapshot: a fact table as an ibis expression, on whatever backend it lives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from lutrace.core import Table

if TYPE_CHECKING:
    import ibis.expr.types as ir


class Facts(Protocol):
    """The frozen fact tables of one snapshot."""

    @property
    def digest(self) -> str:
        """Digest of the snapshot."""

    def table(self, declared: Table) -> ir.Table:
        """The rows of a declared fact table, all its columns, as an ibis expression."""
