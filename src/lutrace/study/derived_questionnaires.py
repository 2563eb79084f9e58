"""Derived tables of questionnaires: whether they came, and who worsens under each rule that trials use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import pyarrow as pa

from lutrace.core import Row
from lutrace.endpoints import (
    count_completion,
    derive_visits_by_cycle,
    derive_visits_by_day,
    derive_worsening_rows,
    describe_worsening,
    held,
    worsening_variants,
)
from lutrace.protocol import DerivedCompletion, DerivedWorseningVariants, TimeToWorsening
from lutrace.study.derived_parts import Derivation, Ground, Reading, Variable
from lutrace.tables import COMPLETION_VISITS, COMPLETIONS, WORSENINGS

_LABELS = {
    "valid": "scored",
    "too_few_items": "came, too few items for a score",
    "no_sheet": "expected, none came",
    "not_followed": "not treated or followed then",
    "worsening": "worse",
}
_WINDOWS = {"cycle": 14.0, "day": 21.0}


def derive_completion_tables(ground: Ground, item: DerivedCompletion) -> Derivation:
    """The status of each patient at each visit, and how many were expected, came and could be scored."""
    basis, window = ground.basis, _WINDOWS[item.by] if item.window is None else item.window
    if item.by == "cycle":
        visits = held(derive_visits_by_cycle(basis, item.instrument, item.scale, window_days=window))
    else:
        visits = held(derive_visits_by_day(basis, item.instrument, item.scale, days=item.days, window_days=window))
    found = visits.select("visit").distinct().order_by("visit").to_pyarrow()["visit"].to_pylist()
    expected = "of those given the cycle" if item.by == "cycle" else "of those alive and followed on the day"
    return Derivation(
        {COMPLETION_VISITS.name: visits, COMPLETIONS.name: count_completion(visits)},
        tuple(_of_visit(item, visit) for visit in found),
        (f"A sheet of {item.instrument} is expected {expected}, within {window:g} days of it.",),
        labels=_LABELS,
    )


def _of_visit(item: DerivedCompletion, visit: float) -> Variable:
    levels = COMPLETION_VISITS.by_name["status"].codes or ()

    def read(rows: Sequence[Row]) -> Reading:
        return rows[0]["status"] if rows else None

    return Variable(
        f"{item.by}_{visit:g}", f"{item.scale}, {item.by} {visit:g}", "classes", COMPLETION_VISITS.name, read,
        lambda row: row["visit"] == visit, levels=levels,
    )  # fmt: skip


def derive_variant_tables(ground: Ground, item: DerivedWorseningVariants) -> Derivation:
    """How many worsen under the rule as stated and under each change of it."""
    rows = derive_worsening_rows(ground.basis, item.of)
    outcome = ground.protocol.outcome(item.of)
    assert isinstance(outcome, TimeToWorsening)  # checked when the protocol was read
    variants = worsening_variants(outcome)
    table = ibis.memtable(pa.Table.from_pylist(rows, schema=WORSENINGS.arrow_schema))
    return Derivation(
        {WORSENINGS.name: table},
        tuple(_of_variant(item.of, name) for name in variants),
        _rules_of(variants),
        labels=_LABELS,
    )


def _rules_of(variants: Mapping[str, TimeToWorsening]) -> tuple[str, ...]:
    """Each rule in words once, behind the variants that have it."""
    names: dict[str, list[str]] = {}
    for name, variant in variants.items():
        names.setdefault(describe_worsening(variant), []).append(name)
    return tuple(f"{'; '.join(own)}: {words}." for words, own in names.items())


def _of_variant(outcome: str, variant: str) -> Variable:
    levels = ("worsening", "progression", "death", "censored", "left_out")

    def read(rows: Sequence[Row]) -> Reading:
        return rows[0]["category"] if rows else None

    return Variable(
        "_".join(variant.split()), f"{outcome}: {variant}", "classes", WORSENINGS.name, read,
        lambda row: row["variant"] == variant, levels=levels,
    )  # fmt: skip
