"""Numbers of a topic by case and quantity: R's as stored, lutrace's as computed, and how far apart they are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from lutrace.core import Row, read_rows
from lutrace.stats import Survival, survival_of

Numbers = dict[tuple[str, str], list[float]]
STATS = Path(__file__).parent
INPUTS = STATS / "inputs"


def read_reference(path: Path) -> Numbers:
    """R's numbers by case and quantity, in order; NA is NaN."""
    numbers: Numbers = {}
    for row in read_rows(path):
        value = math.nan if row["value"] in ("NA", "NaN") else float(row["value"])
        numbers.setdefault((row["case"], row["quantity"]), []).append(value)
    return numbers


def compare(found: Numbers, expected: Numbers) -> Iterator[tuple[str, str, float]]:
    """Per case and quantity the largest relative difference (of a value under a thousandth of the largest: of that)."""
    for (case, quantity), values in found.items():
        theirs = np.asarray(expected.get((case, quantity), []), dtype=np.float64)
        ours = np.asarray(values, dtype=np.float64)
        if ours.shape != theirs.shape or not np.array_equal(np.isnan(ours), np.isnan(theirs)):
            yield case, quantity, math.inf
            continue
        known = ~np.isnan(ours) & (ours != theirs)
        floor = np.abs(theirs[np.isfinite(theirs)]).max(initial=0.0) / 1000
        difference = np.abs(ours[known] - theirs[known]) / np.maximum(np.abs(theirs[known]), floor)
        yield case, quantity, float(difference.max(initial=0.0))


def read_complete(name: str, columns: Sequence[str]) -> list[Row]:
    """The rows of a shared input in which none of the columns is empty."""
    return [row for row in read_rows(INPUTS / f"{name}.csv") if all(row[column] is not None for column in columns)]


def floats_of(rows: Sequence[Row], column: str) -> list[float]:
    """One column as numbers."""
    return [float(row[column]) for row in rows]


def follow_up_of(rows: Sequence[Row], *, entry: bool = False) -> Survival:
    """The columns time, event and, where asked for, entry as follow-up."""
    return survival_of(
        floats_of(rows, "time"), floats_of(rows, "event"), entry=floats_of(rows, "entry") if entry else None
    )


def gaps_of(values: Sequence[float | None]) -> list[float]:
    """The values with NaN for what there is not."""
    return [math.nan if value is None else value for value in values]
