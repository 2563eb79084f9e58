"""Rows of SUMMARIES from values of patients: statistics of each type of variable, by group, and the groups compared.

A value is a row with `value`, `category`, `unit` and `reason`, as in ENDPOINT_VALUES; `gap` may say in short why it is
missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from lutrace.core import ContradictionError, Row
from lutrace.stats import Summary, compute_summary

ALL = "all"
_QUARTILES = "median, quartiles of type 7"
_STATISTICS = {
    "median_iqr": _QUARTILES,
    "median_range": "median, minimum and maximum",
    "mean_sd": "mean, standard deviation",
}


@dataclass(frozen=True)
class SummaryLine:
    """One variable of a table: an endpoint value as a number, as yes or no (above 0), or by its classes."""

    endpoint: str
    kind: Literal["number", "yes", "classes"]
    levels: tuple[str, ...] = ()
    statistics: tuple[str, ...] = ("median_iqr",)


def describe_groups(table: str, lines: Sequence[SummaryLine], groups: Mapping[str, Sequence[Row]]) -> list[Row]:
    """Rows of SUMMARIES of one table, group by group, with one order of variables and levels for all of them.

    Raises ContradictionError, with the classes, where the counts of a variable do not sum to the patients of a group.
    """
    rows: list[Row] = []
    every = [row for values in groups.values() for row in values]
    named = [_with_levels(line, every) for line in lines]
    for group, values in groups.items():
        made: list[Row] = []
        for line in named:
            made += _line_rows(line, [row for row in values if row["endpoint"] == line.endpoint])
        rows += [{"table": table, "group": group, "order": order, **row} for order, row in enumerate(made)]
    check_sums(rows)
    return _same_order(rows)


def _with_levels(line: SummaryLine, values: Sequence[Row]) -> SummaryLine:
    """The line with its classes: those declared, else all that any group has, by name."""
    if line.kind != "classes" or line.levels:
        return line
    found = {row["category"] for row in values if row["endpoint"] == line.endpoint and row["category"] is not None}
    return replace(line, levels=tuple(sorted(found)))


def check_sums(rows: Sequence[Row]) -> None:
    """Raise ContradictionError where classes and missing of a variable do not add up to the patients of their group."""
    found: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        if row["statistic"] == "missing" or (row["statistic"] == "count" and row["level"] is not None):
            found.setdefault((row["table"], row["group"], row["variable"]), []).append(row)
    for (table, group, variable), own in found.items():
        classes = [row for row in own if row["statistic"] == "count"]
        counted = sum(row["value"] for row in own)
        total = own[0]["total"]
        if classes and counted != total:
            named = ", ".join(f"{row['level'] or 'unknown'} {row['value']:g}" for row in own)
            raise ContradictionError(
                f"{table}, {group}, {variable}: the classes ({named}) sum to {counted:g}, expected {total} patients"
            )


def _same_order(rows: Sequence[Row]) -> list[Row]:
    """The rows with one order of variables and levels, the same in each group."""
    own: dict[tuple[str, str | None, str], int] = {}
    for row in sorted(rows, key=lambda row: row["order"]):
        own.setdefault((row["variable"], row["level"], row["statistic"]), row["order"])
    places = {key: n for n, key in enumerate(sorted(own, key=lambda key: (own[key], str(key))))}
    return [{**row, "order": places[row["variable"], row["level"], row["statistic"]]} for row in rows]


def _line_rows(line: SummaryLine, rows: Sequence[Row]) -> list[Row]:
    if not rows:
        return []
    match line.kind:
        case "number":
            return _number_rows(line, rows)
        case "yes":
            return _yes_rows(line, rows)
        case "classes":
            return _class_rows(line, rows)


def known_numbers(rows: Sequence[Row]) -> list[float]:
    """The values that are evaluable."""
    return [row["value"] for row in rows if row["reason"] is None and row["value"] is not None]


def _number_rows(line: SummaryLine, rows: Sequence[Row]) -> list[Row]:
    known = known_numbers(rows)
    unit = next((row["unit"] for row in rows if row["unit"] is not None), "1")
    base = _base(line, len(known), len(rows), unit)
    summary = compute_summary(known) if known else None
    made = [{**base, **_statistic(name, summary)} for name in line.statistics]
    return [*made, *_missing(base, rows, len(known))]


def _statistic(name: str, summary: Summary | None) -> Row:
    ends: dict[str, tuple[str, str | None, str | None]] = {
        "median_iqr": ("median", "q1", "q3"),
        "median_range": ("median", "minimum", "maximum"),
        "mean_sd": ("mean", None, None),
    }
    value, low, high = (None if one is None else getattr(summary, one, None) for one in ends[name])
    sd = getattr(summary, "sd", None) if name == "mean_sd" else None
    return {"statistic": name, "value": value, "low": low, "high": high, "sd": sd, "method": _STATISTICS[name]}


def _yes_rows(line: SummaryLine, rows: Sequence[Row]) -> list[Row]:
    known = known_numbers(rows)
    base = _base(line, len(known), len(rows), "patients")
    return [_count(base, None, sum(1 for value in known if value > 0)), *_missing(base, rows, len(known))]


def _class_rows(line: SummaryLine, rows: Sequence[Row]) -> list[Row]:
    counts = Counter(row["category"] for row in rows if row["category"] is not None)
    known = sum(counts.values())
    base = _base(line, known, len(rows), "patients")
    return [*(_count(base, level, counts[level]) for level in line.levels), *_missing(base, rows, known)]


def _base(line: SummaryLine, n: int, total: int, unit: str) -> Row:
    empty = {"level": None, "low": None, "high": None, "sd": None, "method": None}
    return {"variable": line.endpoint, "unit": unit, "n": n, "total": total, **empty}


def _count(base: Row, level: str | None, number: int) -> Row:
    return {**base, "level": level, "statistic": "count", "value": float(number)}


def _missing(base: Row, rows: Sequence[Row], known: int) -> list[Row]:
    """How many have no value: by why, where that is told, and the others."""
    told = Counter(row["gap"] for row in rows if row.get("gap") is not None)
    others = len(rows) - known - told.total()
    counts = [*sorted(told.items()), *([(None, others)] if others else [])]
    return [{**_count(base, gap, number), "statistic": "missing"} for gap, number in counts]
