"""Whether a count of a total is the percentage that is written, under the ways in which people round."""

from __future__ import annotations

import math
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from lutrace.prose.figures import Figure

_ROUNDINGS = (ROUND_HALF_UP, ROUND_HALF_EVEN)


def is_share(n: int, total: int, percent: Figure) -> bool:
    """Whether `n` of `total` is `percent` at the decimals that it is written with, halves rounded up or to even."""
    return any(_rounded(n, total, percent.decimals, way) == _written(percent) for way in _ROUNDINGS)


def is_cut_off(n: int, total: int, percent: Figure) -> bool:
    """Whether the percentage is that share with its further decimals cut off, not rounded: 2 of 3 as 66 %."""
    return _rounded(n, total, percent.decimals, ROUND_DOWN) == _written(percent)


def find_totals(n: int, percent: Figure) -> tuple[int, ...]:
    """Every whole total of which `n` is that percentage; none when no group of people gives it."""
    half = half_step(percent)
    if n == 0 or percent.value <= 0:
        return ()
    lowest = max(n, math.floor(100 * n / (percent.value + half)))
    highest = math.ceil(100 * n / max(percent.value - half, 0.01 * half))
    return tuple(total for total in range(lowest, highest + 1) if is_share(n, total, percent))


def find_counts(total: int, percent: Figure) -> tuple[int, ...]:
    """Every whole count that is that percentage of `total`."""
    middle = round(percent.value * total / 100)
    near = range(max(0, middle - 1), min(total, middle + 1) + 1)
    return tuple(n for n in near if is_share(n, total, percent))


def format_share_of(n: int, total: int, decimals: int = 1) -> str:
    """`17/35 = 48.6 %`, halves rounded up."""
    return f"{n}/{total} = {_rounded(n, total, max(decimals, 1), ROUND_HALF_UP)} %"


def half_step(figure: Figure) -> float:
    """How far a number can be from what is written, by its last decimal."""
    return 0.5 * 10.0**-figure.decimals


def find_side(value: Figure, low: Figure, high: Figure) -> str:
    """On which side of an interval a value lies, `above` or `below`; empty inside, or where rounding can explain it."""
    if value.value - half_step(value) > high.value + half_step(high):
        return "above"
    return "below" if value.value + half_step(value) < low.value - half_step(low) else ""


def _rounded(n: int, total: int, decimals: int, way: str) -> Decimal:
    return (Decimal(100 * n) / Decimal(total)).quantize(Decimal(1).scaleb(-decimals), rounding=way)


def _written(percent: Figure) -> Decimal:
    return Decimal(repr(percent.value)).quantize(Decimal(1).scaleb(-percent.decimals))
