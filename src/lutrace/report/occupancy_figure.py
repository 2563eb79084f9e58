"""The share of patients in each state over time, stacked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from lutrace.report.course_figure_style import state_colour
from lutrace.report.figure_contents import OccupancyFigure
from lutrace.report.figure_style import (
    FOOT_IN,
    Drawing,
    axes_at,
    draw_nothing,
    new_figure,
    spread,
    text_width_in,
    width_in,
)
from lutrace.report.figure_themes import INK
from lutrace.report.figure_time import TimeAxis, time_axis
from lutrace.report.material import Material

_PLOT_IN, _LEFT_IN = 3.1, 0.62
_ORDER = ("on_treatment", "completed", "break", "next_line", "no_therapy", "hospice", "lost", "dead")


def draw_occupancy(spec: OccupancyFigure, material: Material) -> Drawing:
    """States from treatment below to death above; their shares add up to 1 at each time."""
    rows = material.rows("occupancies", analysis=spec.analysis, population=spec.population)
    axis = time_axis(spec.name, spec.time_unit, max((row["time_days"] for row in rows), default=0.0))
    if not rows:
        return draw_nothing(spec.name, spec.caption)
    times = sorted({row["time_days"] for row in rows})
    states = sorted({row["state"] for row in rows if row["probability"] > 0}, key=_place)
    share = {(row["state"], row["time_days"]): row["probability"] for row in rows}
    levels = np.array([[share.get((state, time), 0.0) for time in times] for state in states])
    names = [material.word(state) for state in states]
    right = max(text_width_in(name) for name in names) + 0.3
    figure = new_figure(_PLOT_IN + 0.6 + FOOT_IN)
    axes = axes_at(figure, _LEFT_IN, 0.48 + FOOT_IN, width_in() - _LEFT_IN - right, _PLOT_IN)
    _draw_states(axes, np.array(times) / axis.scale, states, levels)
    _name_states(axes, names, states, levels)
    _finish(axes, axis, times[-1], f"{axis.unit.capitalize()} from the first dose")
    n = sum(int(row["at_risk"]) for row in rows if row["time_days"] == times[0])
    last = "; ".join(f"{name} {100 * level[-1]:.0f}%" for name, level in zip(names, levels, strict=True))
    alt = f"State occupancy over time, stacked; at the last time: {last}."
    notes = ("Aalen-Johansen estimates of the share in each state; the shares at a time add up to 100%.",)
    return Drawing(spec.name, spec.caption, alt, figure, rows, notes, f"n = {n}" if n else "")


def _place(state: str) -> tuple[int, str]:
    """Treatment first, stops after completion, death last."""
    if state in _ORDER:
        return 10 * _ORDER.index(state), state
    return 11, state


def _draw_states(axes: Axes, times: np.ndarray, states: Sequence[str], levels: np.ndarray) -> None:
    tops = np.cumsum(levels, axis=0)
    for place, state in enumerate(states):
        below = tops[place - 1] if place else np.zeros_like(tops[0])
        axes.fill_between(
            times, below, tops[place], step="post", color=state_colour(state), alpha=0.85, linewidth=0,
        )  # fmt: skip
        axes.step(times, tops[place], where="post", color="white", linewidth=0.7, linestyle="-")


def _name_states(axes: Axes, names: Sequence[str], states: Sequence[str], levels: np.ndarray) -> None:
    """Names at the right, beside the last share of each state."""
    ends = levels[:, -1]
    middles = list(np.cumsum(ends) - ends / 2)
    for name, state, middle, height in zip(names, states, middles, spread(middles, 0.052, 0.02, 0.98), strict=True):
        axes.annotate(
            "", (1.0, middle), (1.02, height), xycoords="axes fraction", textcoords="axes fraction",
            arrowprops={"arrowstyle": "-", "color": state_colour(state), "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip
        axes.annotate(name, (1.025, height), xycoords="axes fraction", va="center", color=INK, annotation_clip=False)


def _finish(axes: Axes, axis: TimeAxis, last_day: float, label: str) -> None:
    axes.set_xlim(0, last_day / axis.scale)
    axes.set_ylim(0, 1)
    axes.set_xticks([tick for tick in axis.ticks if tick <= last_day / axis.scale])
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25", "50", "75", "100"])
    axes.set_ylabel("Patients in the state, %")
    axes.set_xlabel(label)
