"""Cumulative incidences of competing events, with the numbers at risk below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from lutrace.core import Row
from lutrace.report.figure_contents import IncidenceFigure
from lutrace.report.figure_style import (
    FOOT_IN,
    Drawing,
    axes_at,
    dashes,
    draw_nothing,
    fitted,
    new_figure,
    palette,
    shortened,
    spread,
    text_width_in,
    width_in,
)
from lutrace.report.figure_themes import SOFT
from lutrace.report.figure_time import LINE_IN, TableLine, TimeAxis, draw_table_below, time_axis
from lutrace.report.material import Material
from lutrace.report.suppression import ALL

_DOSES = "doses"
_PLOT_IN, _WIDEST_NAME_IN = 2.7, 1.5
_DASHES = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 2, 1, 2)))


@dataclass(frozen=True)
class _Curve:
    """One cause in one group: names in words, colour, line, rows in order of time."""

    group: str
    cause: str
    label: str
    colour: str
    dash: Any
    rows: Sequence[Row]


def draw_incidence(spec: IncidenceFigure, material: Material) -> Drawing:
    """Steps with confidence bands, named at their ends; below the patients at risk and the events of each cause."""
    rows = material.rows(
        "incidences", analysis=spec.analysis, population=spec.population, endpoint=spec.endpoint, group=spec.groups,
        cause=spec.causes,
    )  # fmt: skip
    axis = _axis(spec, rows)
    if not rows:
        return draw_nothing(spec.name, spec.caption)
    groups = spec.groups or tuple(dict.fromkeys(row["group"] for row in rows))
    causes = spec.causes or tuple(dict.fromkeys(row["cause"] for row in rows))
    curves = _curves(rows, groups, causes, material)
    lines = _table_lines(curves, groups, axis, material)
    left = 0.35 + max(0.75, *(text_width_in(line.label, 7.5) * 1.1 for line in lines))
    right = min(max(text_width_in(curve.label) for curve in curves), _WIDEST_NAME_IN) + 0.2
    below = 0.48 + LINE_IN * len(lines) + FOOT_IN
    figure = new_figure(_PLOT_IN + below + 0.12)
    axes = axes_at(figure, left, below, width_in() - left - right, _PLOT_IN)
    _draw_curves(axes, curves, axis)
    axes.set_ylabel("Cumulative incidence")
    axes.set_xlabel(_x_label(axis, material.start_of(spec.population)))
    table = axes_at(figure, left, FOOT_IN, width_in() - left - right, LINE_IN * len(lines))
    draw_table_below(table, lines, axis.ticks, axes.get_xlim())
    n = sum(_at_risk([row for row in rows if row["group"] == group], 0.0) for group in groups)
    told = "; ".join(f"{curve.label}: {_events(curve.rows, float('inf'))} events" for curve in curves)
    alt = f"Cumulative incidence from {material.start_of(spec.population)}, {n} patients. {told}."
    notes = (
        "Aalen-Johansen estimates; each cause competes with the others. Shaded: 95% confidence interval. Below: "
        "patients at risk just before, events of each cause up to and on that time.",
    )
    return Drawing(spec.name, spec.caption, alt, figure, rows, notes, f"n = {n}")


def _axis(spec: IncidenceFigure, rows: Sequence[Row]) -> TimeAxis:
    longest = max((row["time"] for row in rows), default=0.0)
    if rows and rows[0]["time_unit"] == _DOSES:
        return TimeAxis(_DOSES, 1.0, tuple(float(tick) for tick in range(int(longest) + 1)))
    return time_axis(spec.name, spec.time_unit, longest)


def _x_label(axis: TimeAxis, start: str) -> str:
    return "After dose" if axis.unit == _DOSES else f"{axis.unit.capitalize()} from {start}"


def _curves(rows: Sequence[Row], groups: Sequence[str], causes: Sequence[str], material: Material) -> list[_Curve]:
    """Groups differ in colour and causes in line; where there is one group, causes differ in colour."""
    curves = []
    short = dict(zip(groups, shortened([_group_word(group, material) for group in groups]), strict=True))
    for g, group in enumerate(groups):
        for c, cause in enumerate(causes):
            own = [row for row in rows if row["group"] == group and row["cause"] == cause]
            place = c if len(groups) == 1 else g
            dash = dashes()[place] if len(groups) == 1 else _DASHES[c % len(_DASHES)]
            word = material.word(cause)
            name = word if len(groups) == 1 else f"{short[group]}: {word}"
            if own:
                ordered = sorted(own, key=lambda row: row["time"])
                curves.append(_Curve(group, cause, name, palette()[place % len(palette())], dash, ordered))
    return curves


def _group_word(group: str, material: Material) -> str:
    return "All patients" if group == ALL else material.word(group)


def _table_lines(
    curves: Sequence[_Curve], groups: Sequence[str], axis: TimeAxis, material: Material
) -> list[TableLine]:
    times = [tick * axis.scale for tick in axis.ticks]
    lines: list[TableLine] = []
    for group in groups:
        own = [curve for curve in curves if curve.group == group]
        if len(groups) > 1:
            lines.append(TableLine(_group_word(group, material), colour=own[0].colour, strong=True))
        lines.append(TableLine("At risk", [str(_at_risk(own[0].rows, time)) for time in times]))
        for curve in own:
            colour = curve.colour if len(groups) == 1 else SOFT
            counts = [str(_events(curve.rows, time)) for time in times]
            lines.append(TableLine(material.word(curve.cause), counts, colour))
    return lines


def _at_risk(rows: Sequence[Row], time: float) -> int:
    """Patients at risk just before that time."""
    later = [row for row in rows if row["time"] >= time]
    return int(min(later, key=lambda row: row["time"])["at_risk"]) if later else 0


def _events(rows: Sequence[Row], time: float) -> int:
    return sum(int(row["events"]) for row in rows if row["time"] <= time)


def _draw_curves(axes: Axes, curves: Sequence[_Curve], axis: TimeAxis) -> None:
    axes.set_xlim(0, axis.end)
    axes.set_ylim(0, 1.0)
    axes.set_xticks(axis.ticks)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "0.25", "0.50", "0.75", "1.00"])
    for curve in curves:
        times = np.array([0.0, *(row["time"] / axis.scale for row in curve.rows)])
        share = np.array([0.0, *(row["incidence"] for row in curve.rows)])
        low, high = (
            np.array([np.nan, *(np.nan if row.get(name) is None else row[name] for row in curve.rows)])
            for name in ("low", "high")
        )
        axes.fill_between(times, low, high, step="post", color=curve.colour, alpha=0.13, linewidth=0)
        axes.step(times, share, where="post", color=curve.colour, linestyle=curve.dash)
    names = ["\n".join(fitted(curve.label, _WIDEST_NAME_IN)) for curve in curves]
    gap = 0.06 if all("\n" not in name for name in names) else 0.11
    heights = spread([float(curve.rows[-1]["incidence"]) for curve in curves], gap, 0.03, 0.98)
    for curve, name, height in zip(curves, names, heights, strict=True):
        axes.annotate(
            name, (1.0, height), (6, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
            color=curve.colour, va="center", annotation_clip=False,
        )  # fmt: skip
