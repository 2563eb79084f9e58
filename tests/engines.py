"""Rows of the same derivations on several engines: how they are read, compared, and chosen for Spark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ibis.expr.types as ir
import pytest
from tests.conftest import WIDE

from lutrace.core import Row


def read_rows_of(made: Mapping[str, ir.Table], names: Iterable[str] | None = None) -> dict[str, list[Row]]:
    """The rows of each derivation (of all where no names are given), in an order that is their own."""
    return {name: sorted(made[name].to_pyarrow().to_pylist(), key=_place) for name in names or made}


def _place(row: Row) -> str:
    return str([round(row[name], 9) if isinstance(row[name], float) else row[name] for name in sorted(row)])


def check_same_rows(ours: Sequence[Row], theirs: Sequence[Row], rel: float = 1e-12) -> None:
    """The same rows in the same order; numbers to `rel`, as engines add in different orders."""
    assert len(ours) == len(theirs)
    for left, right in zip(ours, theirs, strict=True):
        assert left.keys() == right.keys()
        wanted = {name: _nearly(value, rel) for name, value in left.items()}
        assert dict(right) == wanted


def _nearly(value: Any, rel: float) -> Any:
    return pytest.approx(value, rel=rel, abs=rel) if isinstance(value, float) else value


def check_same(ours: Mapping[str, list[Row]], theirs: Mapping[str, list[Row]], rel: float = 1e-12) -> None:
    """The same rows of every derivation that the other engine was asked for."""
    assert theirs.keys() <= ours.keys()
    for name, rows in theirs.items():
        check_same_rows(ours[name], rows, rel)


def names_for_spark(few: Sequence[str], made: Iterable[str]) -> tuple[str, ...]:
    """Spark plans each derivation for tens of seconds: a few of each family here, every one in `make validate`."""
    return tuple(made) if WIDE else tuple(few)
