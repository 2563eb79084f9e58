"""Regression models side by side: unadjusted beside adjusted, or one population, outcome or analysis beside another."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from lutrace.core import Row
from lutrace.report.contents import REGRESSION_MEASURES, RegressionTable
from lutrace.report.estimate_tables import (
    MEASURES,
    describe_adjustment,
    describe_heading,
    describe_term,
    method_notes,
)
from lutrace.report.material import Material
from lutrace.report.text_table import Cell, TextTable
from lutrace.report.wording import EMPTY, format_estimate, format_fixed, format_p, format_value, with_unit

_BESIDE = {"adjustment": "adjusted", "population": "population", "endpoint": "endpoint", "analysis": "analysis"}


@dataclass(frozen=True)
class _Columns:
    """What all blocks of columns show: the measure in the header if there is one only, q where some row has it."""

    measures: tuple[str, ...]
    units: tuple[str, ...]
    has_events: bool
    has_q: bool

    def headers(self, block: str) -> tuple[str, ...]:
        """The headers of one block."""
        name = REGRESSION_MEASURES[self.measures[0]] if len(self.measures) == 1 else "Estimate"
        if len(self.measures) == len(self.units) == 1:
            name = with_unit(name, self.units[0])
        counts = "n (events)" if self.has_events else "n"
        texts = (counts, f"{name} (95% CI)", "p", *(("q",) if self.has_q else ()))
        return tuple(f"{text}, {block}" for text in texts)


def compose_regression(spec: RegressionTable, material: Material) -> TextTable:
    """The table: a line per term under headings of outcome and population, a block of columns per thing compared."""
    wanted = {"analysis": spec.analyses, "population": spec.populations, "endpoint": spec.endpoints}
    rows = material.rows("estimates", **wanted, term=spec.terms, measure=spec.measures)
    rows = sorted(rows, key=lambda row: [_place(row[name], of) for name, of in _orders(spec)])
    blocks = _order(spec, rows)
    columns = _Columns(
        tuple(dict.fromkeys(row["measure"] for row in rows)) or spec.measures[:1],
        tuple(dict.fromkeys(row["unit"] for row in rows)),
        any(row.get("events") is not None for row in rows),
        any(row.get("q") is not None for row in rows),
    )
    marks, told = method_notes(material, rows)
    lines: list[tuple[Cell, ...]] = []
    by_head: dict[str, dict[tuple[object, ...], list[Row]]] = {}
    for row in rows:
        by_head.setdefault(_heading(spec, material, row), {}).setdefault(_line_of(spec, row), []).append(row)
    for head, by_line in by_head.items():
        lines.append((Cell(head, strong=True),))
        lines += [_line(spec, material, own, marks, blocks=blocks, columns=columns) for own in by_line.values()]
    names = [_block_name(spec, material, block) for block in blocks]
    headers = ("Covariate (unit)", *(text for name in names for text in columns.headers(name)))
    return TextTable(spec.name, spec.caption, headers, tuple(lines), _notes(material, rows) + told + spec.notes)


def _orders(spec: RegressionTable) -> tuple[tuple[str, Sequence[str]], ...]:
    """The columns that rows are ordered by, and the order of their names; `endpoint` before `population`."""
    return (
        ("endpoint", spec.endpoints),
        ("population", spec.populations),
        ("analysis", spec.analyses),
        ("term", spec.terms),
    )


def _place(name: str, order: Sequence[str]) -> int:
    return order.index(name) if name in order else 0


def _order(spec: RegressionTable, rows: Sequence[Row]) -> list[object]:
    """What stands side by side, in the order in which it was named."""
    named = {"population": spec.populations, "endpoint": spec.endpoints, "analysis": spec.analyses}
    found = list(dict.fromkeys(row[_BESIDE[spec.beside]] for row in rows))
    if spec.beside == "adjustment":
        return sorted(found)
    return sorted(found, key=lambda one: _place(one, named[spec.beside]))


def _block_name(spec: RegressionTable, material: Material, block: object) -> str:
    if spec.beside == "adjustment":
        return "adjusted" if block else "unadjusted"
    return material.word(str(block))


def _heading(spec: RegressionTable, material: Material, row: Row) -> str:
    parts = [row[name] for name in ("endpoint", "population") if name != spec.beside]
    if len(spec.analyses) > 1 and spec.beside != "analysis":
        parts.append(row["analysis"])
    return " · ".join(material.word(part) for part in parts)


def _line_of(spec: RegressionTable, row: Row) -> tuple[object, ...]:
    """What makes a line: its term and measure, and whether it is adjusted where that is not side by side."""
    return row["term"], row["measure"], spec.beside == "adjustment" or row["adjusted"]


def _line(
    spec: RegressionTable,
    material: Material,
    rows: Sequence[Row],
    marks: dict[str, str],
    *,
    blocks: Sequence[object],
    columns: _Columns,
) -> tuple[Cell, ...]:
    units = list(dict.fromkeys(describe_term(material, row) for row in rows))
    name = "; ".join(units)
    if spec.beside != "adjustment":
        name += describe_adjustment(material, rows[0])
    if len(columns.measures) > 1:
        name += f", {MEASURES[rows[0]['measure']]}"
    cells: list[Cell] = []
    for block in blocks:
        row = next((row for row in rows if row[_BESIDE[spec.beside]] == block), None)
        cells += _block_cells(material, row, marks, columns)
    return (Cell(name, indent=1), *cells)


def _block_cells(material: Material, row: Row | None, marks: dict[str, str], columns: _Columns) -> list[Cell]:
    if row is None:
        return [Cell(EMPTY)] * (4 if columns.has_q else 3)
    link = material.link(row, f"{describe_heading(material, row)} · {material.word(row['term'])}")
    events = f" ({format_value(row.get('events'))})" if columns.has_events else ""
    tests = [row.get("p"), *((row.get("q"),) if columns.has_q else ())]
    return [
        Cell(f"{format_value(row['n'])}{events}", link),
        Cell(f"{format_estimate(row)}{marks.get(row['method'], '')}", link),
        *(Cell(format_p(test), link if test is not None else None) for test in tests),
    ]


def _notes(material: Material, rows: Sequence[Row]) -> tuple[str, ...]:
    """Abbreviations, what models are adjusted for, events per term, and how q was made."""
    used = dict.fromkeys(row["measure"] for row in rows)
    short = [f"{REGRESSION_MEASURES[one]}: {MEASURES[one]}" for one in used if REGRESSION_MEASURES[one][-1].isupper()]
    notes = [f"{'; '.join([*short, 'CI: confidence interval'])}."]
    adjusted = sorted({describe_adjustment(material, row)[2:] for row in rows if row["adjusted"]})
    notes += [f"Adjusted models: {text}." for text in adjusted]
    per_term = [_events_per_term(row) for row in rows]
    known = [one for one in per_term if one is not None]
    if known:
        ends = dict.fromkeys((format_fixed(min(known), 1), format_fixed(max(known), 1)))
        notes.append(f"Events per term of the models: {' to '.join(ends)}; below 10 estimates may be biased.")
    if any(row.get("q") is not None for row in rows):
        notes.append("q: p value adjusted for the number of tests of its family.")
    return tuple(notes)


def _events_per_term(row: Row) -> float | None:
    checks = json.loads(row["checks"]) if isinstance(row.get("checks"), str) else {}
    found = checks.get("events_per_term")
    return float(found) if isinstance(found, int | float) else None
