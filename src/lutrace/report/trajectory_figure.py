"""Results over time, a panel per series: each patient thin, the middle bold, grades of CTCAE as bands."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator

from lutrace.core import Row
from lutrace.report.figure_contents import TrajectoryFigure
from lutrace.report.figure_style import FOOT_IN, Drawing, axes_at, draw_nothing, new_figure, palette, width_in
from lutrace.report.figure_themes import SOFT
from lutrace.report.figure_time import TimeAxis, time_axis
from lutrace.report.material import Material, group_rows
from lutrace.report.wording import with_unit

_THIN = "#9aa5b1"
_PANEL_IN, _HEAD_IN, _AXIS_IN, _LEFT_IN, _GAP_IN, _BAND_IN = 1.55, 0.28, 0.42, 0.5, 0.72, 0.28
_SHADES = {1: 0.07, 2: 0.14, 3: 0.24, 4: 0.36}
_LOG = ("psa", "tumour_volume")
"""Series that span powers of ten."""
_WIDE = 30.0


def draw_trajectories(spec: TrajectoryFigure, material: Material) -> Drawing:
    """Panels in two columns, each in its canonical unit; below the horizontal axis the days or the doses."""
    rows = material.derived(spec.timeline, "trajectories")
    names = spec.series or tuple(dict.fromkeys(row["series"] for row in rows))
    shown = [name for name in names if any(row["series"] == name for row in rows)]
    longest = max((row["day"] for row in rows if row["series"] in shown), default=0.0)
    axis = time_axis(spec.name, spec.time_unit, longest)
    if not shown:
        return draw_nothing(spec.name, spec.caption)
    bands, trends = material.derived(spec.timeline, "grade_bands"), material.derived(spec.timeline, "trends")
    columns = min(2, len(shown))
    lines = math.ceil(len(shown) / columns)
    row_in = _HEAD_IN + _PANEL_IN + _AXIS_IN
    figure = new_figure(row_in * lines + FOOT_IN)
    panel_in = (width_in() - _LEFT_IN - _BAND_IN - (_GAP_IN + _BAND_IN) * (columns - 1)) / columns
    counts = []
    for place, name in enumerate(shown):
        left = _LEFT_IN + (place % columns) * (panel_in + _GAP_IN + _BAND_IN)
        bottom = FOOT_IN + _AXIS_IN + row_in * (lines - 1 - place // columns)
        axes = axes_at(figure, left, bottom, panel_in, _PANEL_IN)
        own = [row for row in rows if row["series"] == name]
        _draw_patients(axes, own, spec, axis)
        _draw_middle(axes, [row for row in trends if row["series"] == name and row["by"] == spec.by], axis)
        _finish(axes, own, spec, axis)
        draw_bands(axes, [row for row in bands if row["series"] == name], _PANEL_IN)
        n = len({row["patient_id"] for row in own})
        counts.append(f"{material.word(name)}: {n}")
        axes.set_title(f"{titled(material.word(name), own[0]['unit'])} (n = {n})", fontsize=8, loc="left", pad=4)
    alt = f"Results over time; patients by panel: {'; '.join(counts)}."
    middle = (
        "median and quartiles of the last result after each dose"
        if spec.by == "dose"
        else "LOWESS of all results (of their logarithms on a log axis)"
    )
    notes = [f"Thin: each patient; bold: {middle}."]
    if any(row["series"] in shown for row in bands):
        criteria = next(row["criteria"] for row in bands)
        notes.append(f"Shaded: grades of {criteria} (G1 to G4), where the limit is one number for all patients.")
    data = [row for row in rows if row["series"] in shown]
    n_all = len({row["patient_id"] for row in data})
    return Drawing(spec.name, spec.caption, alt, figure, data, tuple(notes), f"n = {n_all}")


def titled(name: str, unit: str) -> str:
    """A series with its unit, powers of ten as such."""
    return with_unit(name, unit.replace("10^9", "10⁹"))


def _draw_patients(axes: Axes, rows: Sequence[Row], spec: TrajectoryFigure, axis: TimeAxis) -> None:
    for own in group_rows(rows, lambda row: str(row["patient_id"])).values():
        taken = [row for row in own if row["last_of_dose"]] if spec.by == "dose" else own
        line = sorted(taken, key=lambda row: row["day"])
        x = [float(row["dose"]) if spec.by == "dose" else row["day"] / axis.scale for row in line]
        marker = "o" if len(line) == 1 else ""
        axes.plot(
            x, [row["value"] for row in line], color=_THIN, linewidth=0.6, alpha=0.75, marker=marker, markersize=2,
            linestyle="-", zorder=2,
        )  # fmt: skip


def _draw_middle(axes: Axes, trends: Sequence[Row], axis: TimeAxis) -> None:
    line = sorted(trends, key=lambda row: row["at"])
    if not line:
        return
    colour = palette()[0]
    if line[0]["by"] == "day":
        x = [row["at"] / axis.scale for row in line]
        axes.plot(x, [row["smooth"] for row in line], color=colour, linewidth=2.0, linestyle="-", zorder=4)
        return
    x = [row["at"] for row in line]
    axes.plot(
        x, [row["median"] for row in line], color=colour, linewidth=2.0, marker="o", markersize=3.5, linestyle="-",
        zorder=4,
    )  # fmt: skip
    axes.vlines(x, [row["q1"] for row in line], [row["q3"] for row in line], color=colour, linewidth=1.2, zorder=4)


def _finish(axes: Axes, rows: Sequence[Row], spec: TrajectoryFigure, axis: TimeAxis) -> None:
    values = [row["value"] for row in rows]
    if rows[0]["series"] in _LOG and min(values) > 0:
        set_log_axis(axes, values)
    axes.set_ylim(*axes.get_ylim())
    if spec.by == "dose":
        last = max(row["dose"] for row in rows)
        axes.set_xlim(-0.15, last + 0.15)
        axes.set_xticks(range(last + 1))
        axes.set_xlabel("Doses given before", labelpad=2)
        return
    first = min((row["day"] for row in rows), default=0.0) / axis.scale
    axes.set_xlim(min(first, 0.0), axis.end)
    axes.set_xticks(axis.ticks)
    axes.set_xlabel(f"{spec.time_unit.capitalize()} from the first dose", labelpad=2)


def set_log_axis(axes: Axes, values: Sequence[float]) -> None:
    """A logarithmic vertical axis with plain numbers, also between the powers of ten where it spans few."""
    wide = max(values) > _WIDE * min(values)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_formatter(lambda value, _: "")


def draw_bands(axes: Axes, bands: Sequence[Row], height_in: float) -> None:
    """Shades of grades behind the lines of axes of that height, within what they show, each named at the right."""
    bottom, top = axes.get_ylim()
    for row in bands:
        low = bottom if row["low"] is None else max(row["low"], bottom)
        high = top if row["high"] is None else min(row["high"], top)
        if low >= high:
            continue
        axes.axhspan(low, high, color=palette()[1], alpha=_SHADES[row["grade"]], linewidth=0, zorder=0)
        share = (high - low) / (top - bottom)
        if axes.get_yscale() == "linear" and share * height_in > 0.1:
            axes.annotate(
                f"G{row['grade']}", (1.0, (low + high) / 2), (3, 0), xycoords=("axes fraction", "data"),
                textcoords="offset points", va="center", color=SOFT, fontsize=6.5,
            )  # fmt: skip
