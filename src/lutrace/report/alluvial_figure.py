"""How radioligand therapy ended, what followed, and the state on the data cut, as ribbons as wide as their patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Outline

from lutrace.core import Row
from lutrace.report.course_figure_style import state_colour
from lutrace.report.figure_contents import AlluvialFigure
from lutrace.report.figure_style import (
    FOOT_IN,
    Drawing,
    blank_axes_at,
    draw_nothing,
    fitted,
    new_figure,
    spread,
    width_in,
)
from lutrace.report.figure_themes import INK, SOFT
from lutrace.report.material import Material

_HEIGHT_IN, _HEAD_IN, _NODE_IN, _GAP_IN, _NAME_IN = 4.3, 0.32, 0.14, 0.075, 1.25
_TITLES = ("How therapy ended", "What followed first", "State on the data cut")
_ORDER = (
    *("ongoing", "on_treatment", "completed", "none_recorded", "not_recorded", "stopped_not_recorded"),
    *("decision", "stopped_decision", "other", "stopped_other", "toxicity", "stopped_toxicity"),
    *("progression", "stopped_progression", "break", "no_therapy", "next_line", "hospice", "lost", "dead", "death"),
)
"""Classes from the top down, in one order in every column, so that few ribbons cross."""


@dataclass(frozen=True)
class _Node:
    """A class of one column: its patients, and its place in inches."""

    category: str
    n: int
    bottom: float
    height: float


def draw_alluvial(spec: AlluvialFigure, material: Material) -> Drawing:
    """Three columns of classes with n of N; a ribbon from class to class is as wide as the patients who took it."""
    rows = material.derived(spec.course, "course_flows")
    if not rows:
        return draw_nothing(spec.name, spec.caption)
    total = rows[0]["total"]
    figure = new_figure(_HEIGHT_IN + _HEAD_IN + FOOT_IN + 0.1)
    sheet = blank_axes_at(figure, 0.0, FOOT_IN + 0.05, width_in(), _HEIGHT_IN + _HEAD_IN)
    columns = [_nodes(rows, "from", 1), _nodes(rows, "to", 1), _nodes(rows, "to", 2)]
    room = width_in() - 2 * _NAME_IN - _NODE_IN
    places = [_NAME_IN, _NAME_IN + room * 0.46, _NAME_IN + room]
    for stage in (1, 2):
        own = [row for row in rows if row["stage"] == stage]
        _draw_ribbons(sheet, own, columns[stage - 1], columns[stage], (places[stage - 1] + _NODE_IN, places[stage]))
    for column, (left, nodes, title) in enumerate(zip(places, columns, _TITLES, strict=True)):
        _draw_nodes(sheet, nodes, left)
        _name_nodes(sheet, nodes, left, material, at_left=column == 0, total=total)
        sheet.text(
            (0.02, left + _NODE_IN / 2, width_in() - 0.02)[column], _HEIGHT_IN + 0.16, title, color=SOFT,
            ha=("left", "center", "right")[column], va="center",
        )  # fmt: skip
    told = "; ".join(f"{material.word(node.category)} {node.n} of {total}" for node in columns[0])
    alt = f"Course of {total} patients in ribbons. {_TITLES[0]}: {told}."
    notes = ("Widths are patients; each column adds up to all of them.",)
    return Drawing(spec.name, spec.caption, alt, figure, rows, notes, f"n = {total}")


def _place(category: str) -> tuple[int, str]:
    return _ORDER.index(category), category


def _nodes(rows: Sequence[Row], side: str, stage: int) -> list[_Node]:
    """The classes of a column from the bottom up, in one order in every column."""
    counts: dict[str, int] = {}
    for row in rows:
        if row["stage"] == stage:
            counts[row[f"{side}_category"]] = counts.get(row[f"{side}_category"], 0) + int(row["n"])
    ordered = sorted(counts, key=_place, reverse=True)
    scale = (_HEIGHT_IN - _GAP_IN * (len(ordered) - 1)) / sum(counts.values())
    nodes, bottom = [], 0.0
    for category in ordered:
        height = counts[category] * scale
        nodes.append(_Node(category, counts[category], bottom, height))
        bottom += height + _GAP_IN
    return nodes


def _draw_ribbons(
    sheet: Axes, rows: Sequence[Row], left: Sequence[_Node], right: Sequence[_Node], ends: tuple[float, float]
) -> None:
    begin, end = ({node.category: node.bottom for node in nodes} for nodes in (left, right))
    size = [{node.category: node.height / node.n for node in nodes} for nodes in (left, right)]
    for row in sorted(rows, key=lambda row: (_place(row["from_category"]), _place(row["to_category"])), reverse=True):
        source, target = row["from_category"], row["to_category"]
        here, there = row["n"] * size[0][source], row["n"] * size[1][target]
        _draw_ribbon(sheet, ends, (begin[source], here), (end[target], there), state_colour(source))
        begin[source] += here
        end[target] += there


def _draw_ribbon(
    sheet: Axes, ends: tuple[float, float], here: tuple[float, float], there: tuple[float, float], colour: str
) -> None:
    (x0, x1), middle = ends, sum(ends) / 2
    (low0, height0), (low1, height1) = here, there
    corners = [
        *((x0, low0), (middle, low0), (middle, low1), (x1, low1)),
        (x1, low1 + height1),
        *((middle, low1 + height1), (middle, low0 + height0), (x0, low0 + height0)),
        (x0, low0),
    ]
    codes = [Outline.MOVETO, *[Outline.CURVE4] * 3, Outline.LINETO, *[Outline.CURVE4] * 3, Outline.CLOSEPOLY]
    sheet.add_patch(PathPatch(Outline(corners, codes), facecolor=colour, alpha=0.38, linewidth=0))


def _draw_nodes(sheet: Axes, nodes: Sequence[_Node], left: float) -> None:
    for node in nodes:
        sheet.add_patch(
            Rectangle(
                (left, node.bottom), _NODE_IN, node.height, facecolor=state_colour(node.category), edgecolor=SOFT,
                linewidth=0.4,
            )
        )  # fmt: skip


def _name_nodes(
    sheet: Axes, nodes: Sequence[_Node], left: float, material: Material, *, at_left: bool, total: int
) -> None:
    """Name and n of N beside each class, moved apart where classes are small."""
    texts = [
        "\n".join(fitted(f"{material.word(node.category)} {node.n}/{total}", _NAME_IN - 0.1, 7.5)) for node in nodes
    ]
    tall = [0.27 if "\n" in text else 0.15 for text in texts]
    middles = [node.bottom + node.height / 2 for node in nodes]
    heights = spread(middles, tall, 0.08, _HEIGHT_IN - 0.05)
    x, align = (left - 0.06, "right") if at_left else (left + _NODE_IN + 0.06, "left")
    for text, height in zip(texts, heights, strict=True):
        sheet.text(
            x, height, text, ha=align, va="center", fontsize=7.5, color=INK, linespacing=1.05, zorder=5,
            bbox={"boxstyle": "square,pad=0.08", "facecolor": "white", "alpha": 0.6, "linewidth": 0},
        )  # fmt: skip
