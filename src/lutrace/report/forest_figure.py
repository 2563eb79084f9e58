"""Hazard ratios, odds ratios and their like side by side on a log axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeGuard

from matplotlib.axes import Axes

from lutrace.core import Row
from lutrace.report.contents import REGRESSION_MEASURES, ForestFigure
from lutrace.report.figure_style import (
    FOOT_IN,
    Drawing,
    axes_at,
    blank_axes_at,
    draw_nothing,
    new_figure,
    palette,
    text_width_in,
    width_in,
)
from lutrace.report.figure_themes import FAINT, INK, SOFT
from lutrace.report.material import Material, group_rows
from lutrace.report.wording import format_estimate, format_p, format_value

_LINE_IN = 0.28
_PLOT_LEFT_IN, _AFTER_PLOT_IN = 2.95, 1.8
_TICKS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
_WIDEST = (0.05, 50.0)
_NAME_IN = 2.2
_RATIOS = {
    "hazard_ratio": "Hazard ratio",
    "odds_ratio": "Odds ratio",
    "subdistribution_hazard_ratio": "Subdistribution hazard ratio",
    "cause_specific_hazard_ratio": "Cause-specific hazard ratio",
    "time_ratio": "Time ratio",
}
"""Measures whose axis is logarithmic with no effect at 1, and their names."""


def draw_forest(spec: ForestFigure, material: Material) -> Drawing:
    """A line per ratio: name and unit, n and events, square with 95 % interval, text and p value."""
    rows = [
        row
        for row in material.rows(
            "estimates",
            analysis=spec.analyses,
            population=spec.populations,
            endpoint=spec.endpoints,
            term=spec.terms,
            measure=tuple(_RATIOS),
        )
        if spec.adjusted is None or row["adjusted"] is spec.adjusted
    ]
    if not rows:
        return draw_nothing(spec.name, spec.caption)
    lines = _lines(material, rows)
    height = _LINE_IN * (len(lines) + 1)
    figure = new_figure(height + 0.55 + FOOT_IN)
    sheet = blank_axes_at(figure, 0.0, 0.5 + FOOT_IN, width_in(), height)
    plot = axes_at(figure, _PLOT_LEFT_IN, 0.5 + FOOT_IN, width_in() - _PLOT_LEFT_IN - _AFTER_PLOT_IN, height - _LINE_IN)
    measures = list(dict.fromkeys(row["measure"] for row in rows))
    _write_headers(sheet, height, REGRESSION_MEASURES[measures[0]] if len(measures) == 1 else "Ratio")
    _prepare(plot, rows, len(lines), " or ".join(_RATIOS[one] for one in measures).capitalize())
    for place, line in enumerate(lines):
        middle = height - _LINE_IN * (place + 1.5)
        if isinstance(line, str):
            sheet.text(0.02, middle, line, fontweight="bold", va="center", fontsize=7.5)
        else:
            _write_line(sheet, middle, material, line)
            _draw_line(plot, place, line)
    alt = "Forest plot of ratios. " + "; ".join(
        f"{material.word(row['endpoint'])}, {material.word(row['population'])}, {_name(material, row)}: "
        f"{format_estimate(row)}"
        for row in rows
    )
    notes = ("Squares: ratio, filled when adjusted; lines: 95% interval, arrowheads where it goes on.",)
    counts = sorted({row["n"] for row in rows if isinstance(row["n"], int)}, reverse=True)
    foot = f"n = {', '.join(map(str, counts))} as the lines say" if counts else ""
    return Drawing(spec.name, spec.caption, alt, figure, rows, notes, foot)


def _lines(material: Material, rows: Sequence[Row]) -> list[str | Row]:
    groups = group_rows(rows, lambda row: f"{material.word(row['endpoint'])} · {material.word(row['population'])}")
    lines: list[str | Row] = []
    for head, own in groups.items():
        lines += [head, *own]
    return lines


def _name(material: Material, row: Row) -> str:
    return f"{material.word(row['term'])}{', adjusted' if row['adjusted'] else ''}"


def _write_headers(sheet: Axes, height: float, measure: str) -> None:
    middle = height - _LINE_IN / 2
    for x, text, align in (
        (0.02, "Covariate (unit)", "left"),
        (2.85, "n (events)", "right"),
        (width_in() - 1.65, f"{measure} (95% CI)", "left"),
        (width_in() - 0.05, "p", "right"),
    ):
        sheet.text(x, middle, text, color=SOFT, ha=align, va="center", fontsize=7.5)
    sheet.plot([0.02, width_in() - 0.05], [height - _LINE_IN] * 2, color=FAINT, linewidth=0.7)


def _write_line(sheet: Axes, middle: float, material: Material, row: Row) -> None:
    unit = row["covariate_unit"]
    name = _name(material, row)
    size = max(7.5 * min(1.0, _NAME_IN / max(text_width_in(name, 7.5), 0.01)), 5.0)
    sheet.text(0.14, middle + (0.06 if unit else 0.0), name, va="center", fontsize=size)
    sheet.text(0.14, middle - 0.065, unit, va="center", fontsize=6, color=SOFT)
    counts = f"{format_value(row['n'])} ({format_value(row.get('events'))})"
    sheet.text(2.85, middle, counts, ha="right", va="center", fontsize=7.5)
    sheet.text(width_in() - 1.65, middle, format_estimate(row), va="center", fontsize=7.5)
    sheet.text(width_in() - 0.05, middle, format_p(row.get("p")), ha="right", va="center", fontsize=7.5)


def _prepare(plot: Axes, rows: Sequence[Row], n_lines: int, axis: str) -> None:
    ends = [row[name] for row in rows for name in ("estimate", "low", "high") if _drawable(row.get(name))]
    low = min([0.5, *(max(end, _WIDEST[0]) for end in ends)])
    high = max([2.0, *(min(end, _WIDEST[1]) for end in ends)])
    plot.patch.set_visible(False)
    plot.set_xscale("log")
    plot.set_xlim(low / 1.15, high * 1.15)
    plot.set_ylim(n_lines - 0.5, -0.5)
    plot.set_yticks([])
    plot.spines["left"].set_visible(False)
    ticks = [tick for tick in _TICKS if low / 1.15 <= tick <= high * 1.15]
    plot.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    plot.set_xticks([], minor=True)
    plot.axvline(1.0, color=SOFT, linewidth=0.8, zorder=0)
    plot.set_xlabel(f"{axis} (log scale)")


def _draw_line(plot: Axes, place: int, row: Row) -> None:
    estimate, low, high = row.get("estimate"), row.get("low"), row.get("high")
    if not _drawable(estimate):
        return
    left, right = plot.get_xlim()
    colour = palette()[0] if row["adjusted"] else INK
    begin = max(low, left) if _drawable(low) else left
    end = min(high, right) if _drawable(high) else right
    plot.plot([begin, end], [place, place], color=colour, linewidth=1.2, solid_capstyle="butt")
    for is_cut, where, marker in ((begin == left, left, "<"), (end == right, right, ">")):
        if is_cut:
            plot.plot([where], [place], marker=marker, markersize=4, color=colour, clip_on=False)
    precision = 1.0 / row["se"] if row.get("se") else 2.0
    plot.plot(
        [min(max(estimate, left), right)],
        [place],
        marker="s",
        markersize=min(8.0, max(3.5, 2.6 + 0.8 * math.sqrt(precision) * 1.2)),
        color=colour,
        markerfacecolor=colour if row["adjusted"] else "white",
        markeredgewidth=1.1,
    )


def _drawable(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and math.isfinite(value) and value > 0
