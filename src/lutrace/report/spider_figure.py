"""A line per patient: change from baseline over days or by dose."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from lutrace.core import Row
from lutrace.report.figure_contents import SpiderFigure
from lutrace.report.figure_style import FOOT_IN, Drawing, axes_at, draw_nothing, new_figure, palette, signed, width_in
from lutrace.report.figure_themes import INK, SOFT
from lutrace.report.figure_time import TimeAxis, time_axis
from lutrace.report.material import Material, group_rows
from lutrace.report.wording import with_unit

_OTHERS = "#9aa5b1"
_PLOT_IN = 3.1


def draw_spider(spec: SpiderFigure, material: Material) -> Drawing:
    """Changes in percent of baseline; who reached the event is in colour, changes above the cap are at the edge."""
    every = material.derived(spec.timeline, "trajectories")
    series = [row for row in every if row["series"] == spec.series]
    rows = [row for row in series if row["change_pct"] is not None and (spec.by == "day" or row["last_of_dose"])]
    lines = [
        sorted(own, key=lambda row: row["day"])
        for own in group_rows(rows, lambda row: str(row["patient_id"])).values()
        if len(own) > 1
    ]
    axis = time_axis(spec.name, spec.time_unit, max((row["day"] for line in lines for row in line), default=0.0))
    if not lines:
        return draw_nothing(spec.name, spec.caption)
    events = material.derived(spec.timeline, "timeline_events")
    reached = {row["patient_id"] for row in events if row["kind"] == spec.reached}
    figure = new_figure(_PLOT_IN + 0.85 + FOOT_IN)
    axes = axes_at(figure, 0.68, 0.45 + FOOT_IN, width_in() - 1.25, _PLOT_IN)
    for line in sorted(lines, key=lambda line: line[0]["patient_id"] in reached):
        _draw_line(axes, line, spec, axis, in_colour=line[0]["patient_id"] in reached)
    _finish(axes, spec, material, axis, lines)
    n_reached = sum(1 for line in lines if line[0]["patient_id"] in reached)
    _draw_legend(axes, material.word(spec.reached), n_reached, len(lines))
    n_all = len({row["patient_id"] for row in series})
    alt = f"Spider plot of {material.word(spec.series)} in {len(lines)} patients, {n_reached} reached {spec.reached}."
    notes = [f"{len(lines)} of {n_all} patients with a result have a baseline above 0 and a later result."]
    if any(row["change_pct"] > spec.cap_pct for line in lines for row in line):
        notes.append(f"Changes above {signed(spec.cap_pct)}% are drawn at the edge.")
    if spec.by == "dose":
        notes.append("By dose: the last result before the next; a result of the day of a dose is before it.")
    data = [row for line in lines for row in line]
    return Drawing(spec.name, spec.caption, alt, figure, data, tuple(notes), f"n = {len(lines)} of {n_all}")


def _draw_line(axes: Axes, line: Sequence[Row], spec: SpiderFigure, axis: TimeAxis, *, in_colour: bool) -> None:
    x = [float(row["dose"]) if spec.by == "dose" else max(row["day"], 0.0) / axis.scale for row in line]
    y = [min(row["change_pct"], spec.cap_pct) for row in line]
    colour = palette()[0] if in_colour else _OTHERS
    axes.plot(x, y, color=colour, linewidth=0.9, alpha=0.8, linestyle="-", zorder=3 if in_colour else 2)
    axes.plot(x[-1:], y[-1:], marker="o", markersize=2.6, color=colour, zorder=4)
    cut = [at for at, row in zip(x, line, strict=True) if row["change_pct"] > spec.cap_pct]
    edge = [spec.cap_pct] * len(cut)
    axes.plot(cut, edge, linestyle="none", marker="^", markersize=3.4, color=colour, clip_on=False, zorder=4)


def _finish(axes: Axes, spec: SpiderFigure, material: Material, axis: TimeAxis, lines: Sequence[Sequence[Row]]) -> None:
    highest = max(row["change_pct"] for line in lines for row in line)
    top = spec.cap_pct if highest > spec.cap_pct else max(highest * 1.05, *spec.lines, 30.0)
    axes.set_ylim(-104, top)
    axes.yaxis.set_major_formatter(lambda value, _: signed(value))
    if spec.by == "dose":
        last = max(row["dose"] for line in lines for row in line)
        axes.set_xlim(-0.1, last + 0.1)
        axes.set_xticks(range(last + 1), ["baseline", *(str(dose) for dose in range(1, last + 1))])
        axes.set_xlabel("After dose")
    else:
        axes.set_xlim(0, axis.end)
        axes.set_xticks(axis.ticks)
        axes.set_xlabel(f"{spec.time_unit.capitalize()} from the first dose")
    axes.axhline(0, color=INK, linewidth=0.8, zorder=1)
    for line in spec.lines:
        axes.axhline(line, color=SOFT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
        axes.annotate(
            f"{signed(line)}%", (1.0, line), (4, 0), xycoords=("axes fraction", "data"),
            textcoords="offset points", va="center", color=SOFT, fontsize=7.5,
        )  # fmt: skip
    axes.set_ylabel(with_unit(f"Change of {material.word(spec.series)} from baseline", "%"))


def _draw_legend(axes: Axes, reached: str, n_reached: int, n: int) -> None:
    handles = [
        Line2D([], [], color=palette()[0], linewidth=1.2, label=f"{reached} reached: {n_reached} of {n}"),
        Line2D([], [], color=_OTHERS, linewidth=1.2, label=f"not: {n - n_reached} of {n}"),
    ]
    axes.legend(
        handles=handles, ncols=2, loc="lower right", bbox_to_anchor=(1.0, 1.01), frameon=False, fontsize=7.5,
        borderaxespad=0.2,
    )  # fmt: skip
