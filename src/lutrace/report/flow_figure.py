"""The flow of patients: who was left after each step, and why the others were not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from lutrace.core import Row
from lutrace.report.contents import FlowFigure
from lutrace.report.figure_style import (
    FOOT_IN,
    Drawing,
    blank_axes_at,
    draw_nothing,
    new_figure,
    palette,
    width_in,
    wrapped,
)
from lutrace.report.figure_themes import INK, SOFT
from lutrace.report.material import Material
from lutrace.report.wording import format_value

_LINE_IN, _PAD_IN, _GAP_IN, _HEAD_IN = 0.15, 0.09, 0.22, 0.3
_SHARED = "Steps at which nobody was lost share a box; the table of the selection lists every step."
_ARROW = {"arrowstyle": "-|>", "color": SOFT, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 8}


@dataclass(frozen=True)
class _Column:
    """Where a column of boxes stands and how many characters a line of its boxes holds."""

    left: float
    main_width: float
    side_left: float
    side_width: float

    @property
    def middle(self) -> float:
        """Where the arrows run down."""
        return self.left + self.main_width / 2


def draw_flow(spec: FlowFigure, material: Material) -> Drawing:
    """Boxes of those left, downwards, and boxes of those left out beside the arrow between; populations in order."""
    rows = material.rows("attrition", population=spec.populations)
    populations = spec.populations or tuple(dict.fromkeys(row["population"] for row in rows))
    blocks = [_steps(rows, population) for population in populations]
    every = [block for block in blocks if block]
    if not every:
        return draw_nothing(spec.name, spec.caption)
    blocks = [_merged(block) for block in every]
    stacked = len(blocks) == 1 or (spec.chained and all(_follows(*pair) for pair in pairwise(blocks)))
    n_columns = 1 if stacked else len(blocks)
    width = width_in() if n_columns <= 2 else 3.25 * n_columns
    columns = [_column(width, n_columns, number) for number in range(n_columns)]
    heights = [_height(block, columns[0]) for block in blocks]
    total = sum(heights) if stacked else max(heights)
    figure = new_figure(total + 0.1 + FOOT_IN, width)
    sheet = blank_axes_at(figure, 0.0, FOOT_IN, width, total + 0.1)
    top = total + 0.05
    foot: float | None = None
    for number, block in enumerate(blocks):
        column = columns[0 if stacked else number]
        end = _draw_block(sheet, column, block, material.word(block[0]["population"]), top, foot)
        if stacked:
            top, foot = end - _GAP_IN, end
    alt = "Flow of patients. " + " ".join(
        f"{row['rule']}: {format_value(row['n'])} left." for block in every for row in block
    )
    notes = (_SHARED,) if blocks != every else ()
    ends = ", ".join(format_value(row["n"]) for row in (every[0][0], *(block[-1] for block in every)))
    return Drawing(
        spec.name, spec.caption, alt, figure, [row for block in every for row in block], notes, f"n = {ends}"
    )


def _steps(rows: Sequence[Row], population: str) -> list[Row]:
    return sorted((row for row in rows if row["population"] == population), key=lambda row: row["step"])


def _merged(block: Sequence[Row]) -> list[Row]:
    """The steps as boxes: the first, the last and each step with a loss open one, steps without loss join theirs."""
    boxes: list[Row] = []
    for row in block:
        joins = len(boxes) > 1 and row["excluded"] == 0 and row is not block[-1]
        if joins:
            boxes[-1] = {**boxes[-1], "rule": f"{boxes[-1]['rule']}, {row['rule']}", "n": row["n"]}
        else:
            boxes.append(row)
    return boxes


def _follows(first: Sequence[Row], second: Sequence[Row]) -> bool:
    """Whether the second population starts from those that the first ended with."""
    return bool(first[-1]["n"] == second[0]["n"])


def _column(width: float, n_columns: int, number: int) -> _Column:
    share = width / n_columns
    left = share * number + 0.1
    main = share * 0.5
    return _Column(left, main, left + main + 0.2, share - main - 0.45)


def _characters(width_in: float) -> int:
    """How many characters of 7.5 points a box holds in one line."""
    return max(12, int((width_in - 2 * _PAD_IN) / 0.0615))


def _main_text(row: Row, column: _Column) -> str:
    return f"{wrapped(row['rule'], _characters(column.main_width))}\nn = {format_value(row['n'])}"


def _side_text(row: Row, column: _Column) -> str:
    reason = wrapped(row.get("reason") or "excluded", _characters(column.side_width))
    return f"{reason}\nn = {format_value(row['excluded'])}"


def _box_height(text: str) -> float:
    return _LINE_IN * (text.count("\n") + 1) + 2 * _PAD_IN


def _has_side(row: Row) -> bool:
    return bool(row.get("reason")) and row["excluded"] != 0


def _between(row: Row, column: _Column) -> float:
    """Room between the box before a step and its own: for the box of those left out, if there is one."""
    return _box_height(_side_text(row, column)) + 0.16 if _has_side(row) else _GAP_IN


def _height(block: Sequence[Row], column: _Column) -> float:
    boxes = sum(_box_height(_main_text(row, column)) for row in block)
    return _HEAD_IN + boxes + sum(_between(row, column) for row in block[1:]) + _GAP_IN


def _draw_block(
    sheet: Axes, column: _Column, block: Sequence[Row], title: str, top: float, foot: float | None
) -> float:
    """Draw a population downwards from `top`; gives the lower edge of its last box. `foot` is the box it hangs on."""
    sheet.text(column.left if foot is None else column.side_left, top - 0.12, title, fontweight="bold", va="center")
    edge = top - _HEAD_IN
    if foot is not None:
        _draw_arrow(sheet, (column.middle, foot), (column.middle, edge))
    for number, row in enumerate(block):
        if number > 0:
            room = _between(row, column)
            _draw_arrow(sheet, (column.middle, edge), (column.middle, edge - room))
            if _has_side(row):
                _draw_side(sheet, column, row, edge - room / 2)
            edge -= room
        text = _main_text(row, column)
        height = _box_height(text)
        is_last = row is block[-1]
        _draw_box(sheet, (column.left, edge - height), (column.main_width, height), text, strong=is_last)
        edge -= height
    return edge


def _draw_side(sheet: Axes, column: _Column, row: Row, middle: float) -> None:
    text = _side_text(row, column)
    height = _box_height(text)
    _draw_arrow(sheet, (column.middle, middle), (column.side_left, middle))
    _draw_box(
        sheet, (column.side_left, middle - height / 2), (column.side_width, height), text, strong=False, side=True
    )


def _draw_arrow(sheet: Axes, begin: tuple[float, float], end: tuple[float, float]) -> None:
    sheet.annotate("", end, begin, arrowprops=_ARROW)


def _draw_box(
    sheet: Axes,
    corner: tuple[float, float],
    size: tuple[float, float],
    text: str,
    *,
    strong: bool,
    side: bool = False,
) -> None:
    box = FancyBboxPatch(
        corner,
        *size,
        boxstyle="round,pad=0,rounding_size=0.04",
        facecolor="#eaf2f8" if strong else "white",
        edgecolor=palette()[0] if strong else SOFT,
        linewidth=1.1 if strong else 0.8,
        linestyle=(0, (3, 2)) if side else "solid",
    )
    sheet.add_patch(box)
    sheet.text(
        corner[0] + size[0] / 2,
        corner[1] + size[1] / 2,
        text,
        ha="center",
        va="center",
        fontsize=7.5,
        color=INK,
        linespacing=1.25,
    )
