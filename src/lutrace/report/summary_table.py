"""Characteristics and counts by group, as gtsummary lays them out: variables, their levels, statistics, comparisons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lutrace.core import Row
from lutrace.report.contents import SummaryTable
from lutrace.report.material import Material
from lutrace.report.suppression import ALL
from lutrace.report.text_table import Cell, TextTable, mark_notes
from lutrace.report.wording import (
    EMPTY,
    decimals_for,
    format_fixed,
    format_mean,
    format_p,
    format_quartiles,
    format_share,
    format_value,
    with_unit,
)

_COMPARISONS = {"smd": "SMD", "p": "p"}
_OF_NUMBERS = {
    "median_iqr": "Median (Q1, Q3)",
    "median_range": "Median (minimum, maximum)",
    "mean_sd": "Mean (SD)",
}
_UNBALANCED = 0.1
_SMD_NOTE = "SMD: the first group less the second; * above 0.1 in size: the groups are not alike in this."
Lines = dict[str, dict[tuple[str, str | None], dict[str, Row]]]


@dataclass(frozen=True)
class _Layout:
    """What all lines of one table share: its groups, its comparisons, the footnote marks of tests and variables."""

    spec: SummaryTable
    material: Material
    groups: tuple[str, ...]
    compared: tuple[str, ...]
    tests: Mapping[str, str]
    remarks: Mapping[str, str]


def compose_summary(spec: SummaryTable, material: Material) -> TextTable:
    """The table: a column per group, one line for a number or a yes/no, a head and its levels for a category."""
    rows = sorted(material.rows("summaries", table=spec.table), key=lambda row: row["order"])
    shown = [row for row in rows if row["statistic"] not in _COMPARISONS]
    groups = tuple(
        dict.fromkeys(
            row["group"] for row in material.rows("summaries", table=spec.table) if row["statistic"] not in _COMPARISONS
        )
    )
    totals = {row["group"]: row["total"] for row in shown}
    used = {row["statistic"] for row in rows}
    tests, test_notes = mark_notes([row["method"] for row in rows if row["statistic"] == "p"], "Test")
    remarks = {name: f" [{chr(ord('a') + place)}]" for place, name in enumerate(spec.remarks)}
    compared = tuple(name for name in _COMPARISONS if name in used)
    layout = _Layout(spec, material, groups, compared, tests, remarks)
    by_variable: Lines = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        by_variable[row["variable"]][row["statistic"], row.get("level")][row["group"]] = row
    lines = [line for variable, levels in by_variable.items() for line in _variable_lines(layout, variable, levels)]
    headers = (
        "Characteristic",
        *(_group_header(material, group, totals[group], len(groups)) for group in groups),
        *(_COMPARISONS[name] for name in compared),
    )
    notes = (
        *_statistics_note(spec, rows),
        *((_SMD_NOTE, *_methods(rows, "smd")) if "smd" in used else ()),
        *test_notes,
        *(f"{remarks[name].strip()} {text}" for name, text in spec.remarks.items()),
        *spec.notes,
    )
    return TextTable(spec.name, spec.caption, headers, tuple(lines), notes)


def _statistics_note(spec: SummaryTable, rows: Sequence[Row]) -> tuple[str, ...]:
    used = {row["statistic"] for row in rows}
    quartiles = any("type 7" in (row.get("method") or "") for row in rows)
    texts = {
        "median_iqr": f"median (Q1, Q3{'; quartiles of type 7' if quartiles else ''})",
        "median_range": "median (minimum, maximum)",
        "mean_sd": "mean (standard deviation)",
        "count": "n/N (%) of patients with a known value" if spec.percent_of == "known" else "n/N (%) of all patients",
    }
    told = [text for name, text in texts.items() if name in used]
    return (f"Statistics: {'; '.join(told)}.",) if told else ()


def _methods(rows: Sequence[Row], statistic: str) -> tuple[str, ...]:
    """The methods of a statistic, each once, as a sentence."""
    texts = dict.fromkeys(row["method"] for row in rows if row["statistic"] == statistic)
    return tuple(f"{text[0].upper()}{text[1:]}." for text in texts if text)


def _group_header(material: Material, group: str, total: object, n_groups: int) -> str:
    name = "Overall" if group == ALL and n_groups > 1 else "" if group == ALL else material.word(group)
    return f"{name}, N = {format_value(total)}" if name else f"N = {format_value(total)}"


def _variable_lines(
    layout: _Layout, variable: str, levels: Mapping[tuple[str, str | None], dict[str, Row]]
) -> list[tuple[Cell, ...]]:
    shown = {key: by_group for key, by_group in levels.items() if key[0] not in _COMPARISONS}
    of_numbers = [key for key in shown if key[0] in _OF_NUMBERS]
    headed = len(of_numbers) > 1 or any(statistic == "count" and level is not None for statistic, level in shown)
    name = layout.material.word(variable)
    mark = layout.remarks.get(variable, "")
    lines: list[tuple[Cell, ...]] = []
    if headed:
        head = Cell(f"{name}{mark}", strong=True)
        lines.append((head, *(Cell("") for _ in layout.groups), *_comparison(layout, levels, None)))
    for (statistic, level), by_group in shown.items():
        sample = next(iter(by_group.values()))
        decimals = _decimals_of(by_group.values())
        cells = [_summary_cell(layout, variable, by_group.get(group), decimals) for group in layout.groups]
        if not headed and not lines:
            first = Cell(f"{with_unit(name, sample['unit']) if statistic in _OF_NUMBERS else name}{mark}", strong=True)
            lines.append((first, *cells, *_comparison(layout, levels, None)))
            continue
        compared = _comparison(layout, levels, level) if statistic == "count" else [Cell("") for _ in layout.compared]
        lines.append((_level_name(layout.material, sample), *cells, *compared))
    return lines


def _comparison(
    layout: _Layout, levels: Mapping[tuple[str, str | None], dict[str, Row]], level: str | None
) -> list[Cell]:
    """SMD and p of a variable (level None), or of one level."""
    cells = []
    for statistic in layout.compared:
        row = levels.get((statistic, level), {}).get(ALL)
        if row is None:
            cells.append(Cell(""))
        elif statistic == "p":
            cells.append(Cell(f"{format_p(row['value'])}{layout.tests[row['method']]}"))
        else:
            cells.append(Cell(_format_smd(row["value"])))
    return cells


def _format_smd(value: object) -> str:
    if not isinstance(value, float):
        return format_value(value)
    return f"{format_fixed(value, 2)}{' *' if abs(value) > _UNBALANCED else ''}"


def _level_name(material: Material, sample: Row) -> Cell:
    if sample["statistic"] in _OF_NUMBERS:
        return Cell(with_unit(_OF_NUMBERS[sample["statistic"]], sample["unit"]), indent=1)
    none = "Unknown" if sample["statistic"] == "missing" else "Any"
    return Cell(material.word(sample.get("level")) or none, indent=1)


def _decimals_of(rows: Iterable[Row]) -> int:
    """One number of decimals for a line: the most that a group of it needs."""
    numbers = [[row.get(name) for name in ("value", "low", "high")] for row in rows]
    return max((decimals_for(*(one for one in own if isinstance(one, float))) for own in numbers), default=0)


def _summary_cell(layout: _Layout, variable: str, row: Row | None, decimals: int) -> Cell:
    if row is None:
        return Cell(EMPTY)
    of_all = layout.spec.percent_of == "all"
    match row["statistic"]:
        case "median_iqr" | "median_range":
            text = format_quartiles(row, decimals)
        case "mean_sd":
            text = format_mean(row)
        case "count":
            text = format_share(row.get("value"), row["total"] if of_all else row["n"])
        case _:
            value = None if row.get("value") is None else _whole(row["value"])
            text = format_share(value, row["total"]) if of_all else format_value(value)
    return Cell(text, _link(layout, variable, row))


def _link(layout: _Layout, variable: str, row: Row) -> int | None:
    """The values behind a cell: of the patients of its group, and of a count of those with that class."""
    spec, material = layout.spec, layout.material
    population = row["group"] if material.evidence.has_population(row["group"]) else spec.population or row["group"]
    endpoint = material.evidence.endpoint_of(population, variable)
    classes: list[tuple[str | None, str]] = []
    if row["group"] not in (ALL, population):
        classes.append((spec.by or None, row["group"]))
    if row["statistic"] == "count" and row.get("level") is not None:
        classes.append((endpoint, row["level"]))
    parts = (material.word(population), material.word(variable), material.word(row.get("level")))
    return material.evidence.link(" · ".join(part for part in parts if part), population, [endpoint], classes)


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) else value
