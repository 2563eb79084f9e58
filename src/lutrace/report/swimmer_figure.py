"""A lane per patient: states of the course, doses, events, and who was still followed on the data cut."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from lutrace.core import Row
from lutrace.report.course_figure_style import MARKS, Mark, mark_handles, state_alpha, state_colour, state_handles
from lutrace.report.figure_contents import SwimmerFigure
from lutrace.report.figure_style import FOOT_IN, Drawing, axes_at, blank_axes_at, draw_nothing, new_figure, width_in
from lutrace.report.figure_themes import INK, SOFT
from lutrace.report.figure_time import TimeAxis, time_axis
from lutrace.report.material import Material, group_rows

_TALLEST_IN, _LANE_IN, _NAMED_IN = 7.6, 0.17, 0.085
_LEFT_IN, _RIGHT_IN, _AXIS_IN, _LEGEND_LINE_IN = 0.62, 0.3, 0.45, 0.17
_END = "dead"


def draw_swimmer(spec: SwimmerFigure, material: Material) -> Drawing:
    """Lanes from the longest observed at the top; ticks: doses; cross: death; arrow: followed on the data cut."""
    states = material.derived(spec.course, "course_states")
    lanes = _in_order(states)
    axis = time_axis(spec.name, spec.time_unit, max((_end_of(lane) for lane in lanes), default=0.0))
    if not lanes:
        return draw_nothing(spec.name, spec.caption)
    events = material.derived(spec.timeline, "timeline_events") if spec.timeline else []
    shown = [kind for kind in spec.marks if any(row["kind"] == kind for row in events)]
    events = [row for row in events if row["track"] == "dose" or row["kind"] in shown]
    handles = [
        *state_handles(_states_in(lanes), material),
        *([_DOSE] if any(row["track"] == "dose" for row in events) else []),
        *mark_handles([*shown, "death"], material),
        _ONGOING,
    ]
    columns = 4
    legend_in = _LEGEND_LINE_IN * math.ceil(len(handles) / columns) + 0.02
    lane_in = min(_LANE_IN, _TALLEST_IN / len(lanes))
    height = lane_in * len(lanes)
    figure = new_figure(height + legend_in + _AXIS_IN + FOOT_IN)
    axes = axes_at(figure, _LEFT_IN, _AXIS_IN + FOOT_IN, width_in() - _LEFT_IN - _RIGHT_IN, height)
    for place, lane in enumerate(lanes):
        _draw_lane(axes, place, lane, axis)
    _draw_ends(axes, lanes, axis, lane_in)
    _draw_marks(axes, events, {lane[0]["patient_id"]: place for place, lane in enumerate(lanes)}, axis, lane_in)
    _finish(axes, spec, lanes, axis, lane_in)
    head = blank_axes_at(figure, 0.05, height + _AXIS_IN + FOOT_IN, width_in() - 0.1, legend_in)
    head.legend(
        handles=handles, ncols=columns, loc="upper left", bbox_to_anchor=(0.0, 1.0), frameon=False, fontsize=7,
        borderaxespad=0.1, columnspacing=1.2, handletextpad=0.5, labelspacing=0.35,
    )  # fmt: skip
    died = sum(1 for lane in lanes if lane[-1]["state"] == _END)
    alt = f"Swimmer plot of {len(lanes)} patients, {died} died, from the first dose to death or the data cut."
    notes = ("Lanes from the first dose to death, loss to follow-up or the data cut, the longest at the top.",)
    return Drawing(spec.name, spec.caption, alt, figure, _drawn(states, events), notes, f"n = {len(lanes)}")


_DOSE = Line2D([], [], linestyle="none", marker="|", markersize=6, markeredgewidth=1.3, color=INK, label="dose")
_ONGOING = Line2D([], [], linestyle="none", marker=">", markersize=4, color=SOFT, label="followed on the data cut")


def _in_order(states: Sequence[Row]) -> list[list[Row]]:
    """The states of each patient in their order, the longest course first."""
    grouped = group_rows(sorted(states, key=lambda row: row["ordinal"]), lambda row: str(row["patient_id"]))
    return sorted(grouped.values(), key=lambda lane: (-_end_of(lane), lane[0]["patient_id"]))


def _end_of(lane: Sequence[Row]) -> float:
    """The last day of a course: of death, or of the data cut."""
    last = lane[-1]
    return float(last["entry_day"] if last["state"] == _END else last["exit_day"])


def _states_in(lanes: Sequence[Sequence[Row]]) -> list[str]:
    found = {row["state"]: None for lane in lanes for row in lane if row["state"] != _END}
    return sorted(found, key=lambda state: (not state.startswith("on_"), not state.startswith("comp"), state))


def _drawn(states: Sequence[Row], events: Sequence[Row]) -> list[Row]:
    """States and events in the same columns, as they are drawn."""
    spans = [("state", row["state"], row["entry_day"], row["exit_day"], row) for row in states]
    points = [("event", row["kind"], row["day"], row["end_day"], row) for row in events]
    return [
        {"patient_id": row["patient_id"], "drawn_as": what, "name": name, "begin_day": begin, "end_day": end}
        for what, name, begin, end, row in (*spans, *points)
    ]


def _draw_lane(axes: Axes, place: int, lane: Sequence[Row], axis: TimeAxis) -> None:
    """The states of a patient, treatment in full colour."""
    for row in lane:
        begin, end = row["entry_day"] / axis.scale, row["exit_day"] / axis.scale
        if row["state"] != _END and end > begin:
            edge = SOFT if row["state"] == "lost" else "none"
            axes.barh(
                place,
                end - begin,
                left=begin,
                height=0.72,
                color=state_colour(row["state"]),
                edgecolor=edge,
                linewidth=0.5 if edge != "none" else 0,
                alpha=state_alpha(row["state"]),
                zorder=2,
            )


def _draw_ends(axes: Axes, lanes: Sequence[Sequence[Row]], axis: TimeAxis, lane_in: float) -> None:
    """A cross for death, an arrow for those followed on the data cut, nothing for those lost."""
    death, followed = MARKS["death"], Mark(">", size=4.0)
    for mark, colour, meant in ((death, INK, lambda state: state == _END), (followed, SOFT, _is_followed)):
        ends = [(_end_of(lane) / axis.scale, place) for place, lane in enumerate(lanes) if meant(lane[-1]["state"])]
        _draw_points(axes, ends, mark, lane_in, colour)


def _is_followed(state: str) -> bool:
    return state not in (_END, "lost")


def _draw_marks(axes: Axes, events: Sequence[Row], place_of: Mapping[str, int], axis: TimeAxis, lane_in: float) -> None:
    """Doses as ticks over the lane, every other kind with its mark."""
    known = [row for row in events if row["patient_id"] in place_of]
    doses = [(row["day"] / axis.scale, place_of[row["patient_id"]]) for row in known if row["track"] == "dose"]
    width = 1.1 if lane_in > _NAMED_IN else 0.6
    axes.vlines(
        [at for at, _ in doses],
        [place - 0.36 for _, place in doses],
        [place + 0.36 for _, place in doses],
        color=INK,
        linewidth=width,
        zorder=3,
        path_effects=[withStroke(linewidth=2 * width, foreground="white")],
    )
    for kind in dict.fromkeys(row["kind"] for row in known if row["track"] != "dose"):
        points = [(row["day"] / axis.scale, place_of[row["patient_id"]]) for row in known if row["kind"] == kind]
        _draw_points(axes, points, MARKS[kind], lane_in, INK)


def _draw_points(axes: Axes, points: Sequence[tuple[float, int]], mark: Mark, lane_in: float, colour: str) -> None:
    axes.plot(
        [at for at, _ in points],
        [place for _, place in points],
        marker=mark.marker,
        markersize=_size(mark.size, lane_in),
        color=colour,
        linestyle="none",
        markerfacecolor=colour if mark.filled else "white",
        markeredgecolor="white" if mark.filled else colour,
        markeredgewidth=0.5 if mark.filled else 0.7,
        clip_on=False,
        zorder=5,
    )


def _size(points: float, lane_in: float) -> float:
    """A mark no taller than its lane."""
    return min(points, lane_in * 72 * 0.9)


def _finish(axes: Axes, spec: SwimmerFigure, lanes: Sequence[Sequence[Row]], axis: TimeAxis, lane_in: float) -> None:
    axes.set_xlim(0, axis.end)
    axes.set_ylim(len(lanes) - 0.5, -0.5)
    axes.set_xticks(axis.ticks)
    axes.set_xlabel(f"{spec.time_unit.capitalize()} from the first dose")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    if lane_in >= _NAMED_IN:
        names = [str(lane[0]["patient_id"]) for lane in lanes]
        axes.set_yticks(range(len(lanes)), names, fontsize=min(6.5, lane_in * 72 * 0.85))
    else:
        axes.set_yticks([])
        axes.set_ylabel(f"{len(lanes)} patients")
