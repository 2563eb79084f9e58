"""How well a model of a plain table tells patients apart, corrected for what it owes to its own data."""

from __future__ import annotations

from collections.abc import Callable

from lutrace.core import Row, UnusableInputError
from lutrace.models.plain.call import FitCall
from lutrace.models.plain.results import check_row
from lutrace.stats import Optimism


def check_optimism(call: FitCall, compute: Callable[[int, int], Optimism]) -> tuple[Row, ...]:
    """The check that `call.bootstrap` asks for: concordance less Harrell's optimism; nothing where it asks for none.

    `compute` is given the seed and the number of samples. Raises UnusableInputError without a seed, beside --impute,
    and with --firth.
    """
    if call.bootstrap is None:
        return ()
    if call.seed is None or call.impute is not None or call.firth:
        raise UnusableInputError(
            "--bootstrap needs --seed, so that the answer can be had again, and no --impute and no --firth"
        )
    found = compute(call.seed, call.bootstrap)
    told = f"in these data {found.apparent:.4f}, of that optimism {found.optimism:.4f}; {found.method}"
    return (
        check_row("concordance_corrected", "model", value=found.corrected, told="; ".join((told, *found.warnings))),
    )
