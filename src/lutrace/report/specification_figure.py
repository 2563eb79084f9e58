"""One hazard ratio under every specification, in order, and below each which options gave it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from matplotlib.axes import Axes

from lutrace.core import Row
from lutrace.report.contents import SpecificationFigure
from lutrace.report.figure_style import FOOT_IN, Drawing, axes_at, draw_nothing, new_figure, palette, width_in
from lutrace.report.figure_themes import FAINT, INK, SOFT
from lutrace.report.material import Material
from lutrace.report.wording import format_estimate, format_value

_LINE_IN, _CURVE_IN, _LEFT_IN, _RIGHT_IN = 0.19, 2.3, 2.3, 0.15
_MARGIN_IN = 0.15
_WIDEST, _NARROWEST = 20.0, 2.0
"""Interval ends beyond the one ratio, or its inverse, are cut at the edge; the axis reaches the other at least."""
_TICKS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)


def draw_specifications(spec: SpecificationFigure, material: Material) -> Drawing:
    """Estimates with 95 % intervals from the lowest to the highest; the study's own is filled."""
    rows = material.rows("estimates", analysis=spec.analysis, measure="specification")
    if not rows:
        return draw_nothing(spec.name, spec.caption)
    options = [json.loads(row["checks"])["options"] for row in rows]
    choices = [part.partition("=")[0] for part in rows[0]["term"].split(", ")]
    lines = list(dict.fromkeys((choice, one[choice]) for choice in choices for one in options))
    matrix_in = _LINE_IN * (len(lines) + 0.5)
    figure = new_figure(matrix_in + _CURVE_IN + 2 * _MARGIN_IN + FOOT_IN)
    width = width_in() - _LEFT_IN - _RIGHT_IN
    matrix = axes_at(figure, _LEFT_IN, FOOT_IN + _MARGIN_IN, width, matrix_in)
    curve = axes_at(figure, _LEFT_IN, FOOT_IN + _MARGIN_IN + matrix_in + 0.08, width, _CURVE_IN - 0.08)
    _draw_curve(curve, rows)
    words = [_word(material, spec.analysis, choice, option) for choice, option in lines]
    chosen = [[one[choice] == option for one in options] for choice, option in lines]
    _draw_matrix(matrix, words, chosen)
    shares = material.rows("estimates", analysis=spec.analysis, measure="share_of_specifications")
    notes = (
        "From the lowest estimate to the highest; lines: 95% interval; filled: the study as it is written; dots: the "
        "options of each. All are of the same patients, so their agreement is no test.",
        *(f"{row['method'][0].upper()}{row['method'][1:]}." for row in shares),
    )
    alt = f"Specification curve, {len(rows)} hazard ratios: " + "; ".join(
        f"{material.word(row['term'])}: {format_estimate(row)}" for row in rows
    )
    counts = [format_value(row["n"]) for row in rows]
    return Drawing(spec.name, spec.caption, alt, figure, rows, notes, f"n = {', '.join(dict.fromkeys(counts))}")


def _word(material: Material, analysis: str, choice: str, option: str) -> str:
    heads = (f"{analysis}.{choice}", f"{analysis}.{choice}.{option}")
    return ": ".join(material.labels.get(one, one.rpartition(".")[2]) for one in heads)


def _draw_curve(axes: Axes, rows: Sequence[Row]) -> None:
    axes.set_yscale("log")
    axes.axhline(1.0, color=SOFT, linewidth=0.8, zorder=0)
    for place, row in enumerate(rows):
        estimate = row.get("estimate")
        if not isinstance(estimate, int | float) or not math.isfinite(estimate) or estimate <= 0:
            continue
        is_study = json.loads(row["checks"])["is_study"]
        colour = palette()[1] if is_study else palette()[0]
        ends = [
            min(max(end, 1 / _WIDEST), _WIDEST) if isinstance(end, int | float) and end > 0 else edge
            for end, edge in ((row.get("low"), 1 / _WIDEST), (row.get("high"), _WIDEST))
        ]
        axes.plot([place, place], ends, color=colour, linewidth=1.0, solid_capstyle="butt")
        face = colour if is_study else "white"
        axes.plot([place], [estimate], marker="o", markersize=4.5, color=colour, markerfacecolor=face)
    axes.set_xlim(-0.7, len(rows) - 0.3)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    low, high = min(axes.get_ylim()[0], 1 / _NARROWEST / 1.1), max(axes.get_ylim()[1], _NARROWEST * 1.1)
    axes.set_ylim(low, high)
    ticks = [tick for tick in _TICKS if low <= tick <= high]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks([], minor=True)
    axes.set_ylabel("Hazard ratio (log scale)")


def _draw_matrix(axes: Axes, words: Sequence[str], chosen: Sequence[Sequence[bool]]) -> None:
    for line, marks in enumerate(chosen):
        axes.axhline(line, color=FAINT, linewidth=0.5, zorder=0)
        places = [place for place, mark in enumerate(marks) if mark]
        axes.plot(places, [line] * len(places), linestyle="none", marker="o", markersize=3.5, color=INK)
    axes.set_xlim(-0.7, len(chosen[0]) - 0.3)
    axes.set_ylim(len(words) - 0.5, -0.6)
    axes.set_xticks([])
    axes.set_yticks(range(len(words)), words)
    axes.tick_params(axis="y", length=0)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
