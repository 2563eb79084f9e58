"""The time axis of figures, and the table of patients below it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from lutrace.core import DAYS_PER_MONTH, UnusableInputError
from lutrace.report.figure_themes import INK

DAYS = {"days": 1.0, "weeks": 7.0, "months": DAYS_PER_MONTH, "years": 365.25}
"""Days of each unit of a time axis."""
LINE_IN = 0.165
"""Height of a line in a table below a figure."""
_STEPS = {
    "days": (7, 14, 30, 60, 90, 180, 360),
    "weeks": (2, 4, 8, 13, 26, 52, 104),
    "months": (1, 2, 3, 6, 12, 24, 48),
    "years": (1, 2, 5),
}
_MOST_TICKS = 8


@dataclass(frozen=True)
class TimeAxis:
    """An axis from 0 to its last tick in a unit of so many days."""

    unit: str
    scale: float
    ticks: tuple[float, ...]

    @property
    def end(self) -> float:
        """The last tick, in the unit."""
        return self.ticks[-1]


def time_axis(name: str, unit: str, longest_days: float) -> TimeAxis:
    """The axis of the figure `name` that reaches `longest_days`. Raises UnusableInputError for an unknown unit."""
    if unit not in DAYS:
        raise UnusableInputError(f"{name}: time_unit must be one of {', '.join(DAYS)}, got {unit!r}")
    longest = longest_days / DAYS[unit]
    step = next((step for step in _STEPS[unit] if longest / step <= _MOST_TICKS), _STEPS[unit][-1])
    end = step * math.ceil(longest / step) if longest > 0 else step
    return TimeAxis(unit, DAYS[unit], tuple(float(tick) for tick in range(0, int(end) + 1, step)))


@dataclass(frozen=True)
class TableLine:
    """A line of the table below a figure: its name, its colour, and a text under each tick."""

    label: str
    texts: Sequence[str] = ()
    colour: str = INK
    strong: bool = False


def draw_table_below(
    axes: Axes, lines: Sequence[TableLine], ticks: Sequence[float], limits: tuple[float, float]
) -> None:
    """Write the lines under the ticks of the axes above: same limits, same width, so that they stay aligned."""
    axes.set_axis_off()
    axes.set_xlim(*limits)
    axes.set_ylim(-len(lines) + 0.5, 0.5)
    edge: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center"}
    for place, line in enumerate(lines):
        axes.annotate(
            line.label, (0.0, -place), (-16, 0), color=line.colour, ha="right", fontsize=7.5, annotation_clip=False,
            fontweight="bold" if line.strong else "normal", **edge,
        )  # fmt: skip
        for tick, text in zip(ticks, line.texts, strict=bool(line.texts)):
            axes.text(tick, -place, text, ha="center", va="center", fontsize=7.5, clip_on=False)
