"""Small counts hidden in the balance of two cohorts: the counts themselves, and shares that would tell them."""

from __future__ import annotations

from collections.abc import Sequence

from lutrace.core import Row
from lutrace.report.wording import Suppressed

_SIDES = ("first", "second")
_NUMBERS = ("mean_first", "mean_second", "difference", "variance_ratio")


def suppress_balances(rows: Sequence[Row], min_cell: int) -> list[Row]:
    """Rows of BALANCES without counts of patients from 1 to `min_cell` - 1; a covariate told by one has no number."""
    told = {_covariate(row) for row in rows if _tells_few(row, min_cell)}
    return [_hidden(row, min_cell, whole=_covariate(row) in told) for row in rows]


def _covariate(row: Row) -> tuple[str, str, str]:
    return row["analysis"], row["population"], row["term"]


def _tells_few(row: Row, min_cell: int) -> bool:
    """Whether a mean is of few patients, or the share of few, or of all but few."""
    for side in _SIDES:
        n, mean = row[f"n_{side}"], row[f"mean_{side}"]
        if mean is None:
            continue
        few = round(mean * n) if row["is_share"] else n
        if 0 < few < min_cell or (row["is_share"] and 0 < n - few < min_cell):
            return True
    return False


def _hidden(row: Row, min_cell: int, *, whole: bool) -> Row:
    left = dict(row)
    for side in _SIDES:
        n, missing = row[f"n_{side}"], row[f"missing_{side}"]
        if 0 < missing < min_cell or 0 < n < min_cell:
            left |= {f"n_{side}": Suppressed(), f"missing_{side}": Suppressed(min_cell) if missing else missing}
    if whole:
        left |= dict.fromkeys(_NUMBERS) | {"unbalanced": True}
    return left
