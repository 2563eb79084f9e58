"""The scales of one answered sheet: mean of the answered items, parts added up, and whether the score stands."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from lutrace.terms import Instrument, Scale

DIGITS = 3
"""Subscales are rounded to so many decimals, and totals add the rounded subscales, as FACIT's own programs do."""


@dataclass(frozen=True)
class _Part:
    """What is known of a scale on a sheet: answered items, unusable answers, its score exact and rounded, one row."""

    answered: ir.IntegerValue
    unusable: ir.IntegerValue
    stands: ir.BooleanValue
    exact: ir.FloatingValue
    rounded: ir.FloatingValue
    row: ir.StringValue


def score_long(answers: ir.Table, instrument: Instrument, keys: Sequence[str]) -> ir.Table:
    """Scores of sheets that are stored item by item: `keys`, `item`, `answer` (raw), `row_id` of one instrument.

    Gives `keys` and the columns of `score_wide`; `evidence_row` is the lowest row of the answered items of the scale.
    """
    aggregates: dict[str, Any] = {}
    for scale in instrument.scales:
        if scale.items:
            hit = answers.item.isin(list(scale.items))
            usable = hit & _is_usable(answers.answer, instrument)
            outside = hit & ~_is_usable(answers.answer, instrument) & ~_is_missing(answers.answer, instrument)
            value = answers.answer.cast("float64")
            turned = answers.item.isin(list(scale.reversed)) if scale.reversed else ibis.literal(False)
            counted = ibis.cases((turned, instrument.low + instrument.high - value), else_=value)
            aggregates |= {
                f"n_{scale.name}": ibis.cases((usable, 1), else_=0).sum().cast("int64"),
                f"bad_{scale.name}": ibis.cases((outside, 1), else_=0).sum().cast("int64"),
                f"sum_{scale.name}": ibis.cases((usable, counted), else_=0.0).sum(),
                f"row_{scale.name}": ibis.cases((usable, answers.row_id)).min(),
            }
    return _scales(answers.group_by(list(keys)).aggregate(**aggregates), instrument, keys)


def score_wide(sheets: ir.Table, instrument: Instrument, keys: Sequence[str]) -> ir.Table:
    """Scores of sheets with one column per item: a row per sheet and scale.

    Columns: `keys`, `place` (order of the scale), `scale`, `score` (rounded to three decimals), `exact`, `n_answered`,
    `n_items`, `valid`, `reason` (why it does not stand), `evidence_row` (empty here).
    """
    sums: dict[str, Any] = {}
    for scale in instrument.scales:
        columns = [sheets[item].cast("float64") for item in scale.items]
        if columns:
            usable = [_is_usable(column, instrument) for column in columns]
            counted = [
                ibis.cases(
                    (ok, instrument.low + instrument.high - column if item in scale.reversed else column), else_=0.0
                )
                for item, column, ok in zip(scale.items, columns, usable, strict=True)
            ]
            outside = [~ok & ~_is_missing(column, instrument) for column, ok in zip(columns, usable, strict=True)]
            sums |= {
                f"n_{scale.name}": _total([ibis.cases((ok, 1), else_=0) for ok in usable]).cast("int64"),
                f"bad_{scale.name}": _total([ibis.cases((bad, 1), else_=0) for bad in outside]).cast("int64"),
                f"sum_{scale.name}": _total(counted),
                f"row_{scale.name}": ibis.null("string"),
            }
    return _scales(sheets.select(*keys, **sums), instrument, keys)


def _is_usable(answer: ir.NumericValue, instrument: Instrument) -> ir.BooleanValue:
    inside = (answer >= instrument.low) & (answer <= instrument.high) & (answer == answer.floor())
    return inside.fill_null(False)


def _is_missing(answer: ir.NumericValue, instrument: Instrument) -> ir.BooleanValue:
    if not instrument.missing:
        return answer.isnull()
    return answer.isnull() | answer.isin([float(code) for code in instrument.missing]).fill_null(False)


def _scales(sums: ir.Table, instrument: Instrument, keys: Sequence[str]) -> ir.Table:
    """A row per scale, by a join on the instrument's name with its list of scales."""
    parts: dict[str, _Part] = {}
    for scale in instrument.scales:
        parts[scale.name] = _of_items(sums, scale) if scale.items else _of_parts(scale, parts)
    listed = ibis.memtable(
        {
            "instrument": [instrument.name] * len(parts),
            "place": list(range(len(parts))),
            "scale": list(parts),
            "n_items": [len(instrument.items_of(scale)) for scale in instrument.scales],
        }
    )
    columns: dict[str, Any] = {"instrument": ibis.literal(instrument.name)}
    for name, part in parts.items():
        columns |= {
            f"score_{name}": ibis.cases((part.stands, part.rounded)),
            f"exact_{name}": ibis.cases((part.stands, part.exact)),
            f"n_{name}": part.answered,
            f"reason_{name}": _reason(instrument.scale(name), instrument, part, parts),
            f"row_{name}": part.row,
        }
    wide = sums.select(*keys, **columns)
    rows = wide.inner_join(listed, "instrument")

    def picked(prefix: str) -> Any:
        first, *others = [(rows.scale == name, rows[f"{prefix}_{name}"]) for name in parts]
        return ibis.cases(first, *others)

    return rows.select(
        *keys,
        "instrument",
        "place",
        "scale",
        score=picked("score"),
        exact=picked("exact"),
        n_answered=picked("n"),
        n_items=rows.n_items.cast("int64"),
        valid=picked("reason").isnull(),
        reason=picked("reason"),
        evidence_row=picked("row"),
    )


def _of_items(sums: ir.Table, scale: Scale) -> _Part:
    answered, unusable = sums[f"n_{scale.name}"], sums[f"bad_{scale.name}"]
    stands = (answered >= scale.least) & (unusable == 0)
    exact = sums[f"sum_{scale.name}"] / answered.nullif(0) * scale.times
    return _Part(answered, unusable, stands, exact, exact.round(DIGITS), sums[f"row_{scale.name}"])


def _of_parts(scale: Scale, known: dict[str, _Part]) -> _Part:
    parts = [known[name] for name in scale.parts]
    answered = _total([part.answered for part in parts])
    whole = functools.reduce(operator.and_, [part.stands for part in parts])
    stands = whole & (answered >= scale.least)
    return _Part(
        answered,
        _total([part.unusable for part in parts]),
        stands,
        _total([part.exact for part in parts]),
        _total([part.rounded for part in parts]).round(DIGITS),
        ibis.coalesce(*[part.row for part in parts]),
    )


def _reason(scale: Scale, instrument: Instrument, part: _Part, known: dict[str, _Part]) -> ir.StringValue:
    """Why the score does not stand; empty when it does."""
    n_items = len(instrument.items_of(scale))
    span = f"{instrument.low:g}-{instrument.high:g}"
    failing = [(~known[name].stands, ibis.literal(f"{name} does not stand")) for name in scale.parts]
    too_few = part.answered.cast("string") + f" of {n_items} items answered, at least {scale.least} are needed"
    unusable = part.unusable.cast("string") + f" of {n_items} answers is no whole number of {span}"
    first, *others = [(part.unusable > 0, unusable), *failing, (part.answered < scale.least, too_few)]
    return ibis.cases(first, *others)


def _total(values: Sequence[Any]) -> Any:
    return functools.reduce(operator.add, values)
