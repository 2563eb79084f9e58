"""Columns left out of an expression: one way, that engines run once however often the rest is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir


def without(table: ir.Table, *columns: str) -> ir.Table:
    """The table without these columns, the others in their order; a column that it does not have is refused.

    The others are chosen: a step that drops columns is never shared in the query of ibis, so that all before it would
    be written out, planned and run once for each use.
    """
    left_out = {table[name].get_name() for name in columns}
    return table.select([name for name in table.columns if name not in left_out])
