"""One patient on one clock: results in panels, the course and all dated events in lanes below."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lutrace.core import Row
from lutrace.report.course_figure_style import MARKS, Mark, state_colour
from lutrace.report.figure_style import axes_at, fitted, palette, text_width_in, width_in
from lutrace.report.figure_themes import FAINT, INK, SOFT
from lutrace.report.figure_time import TimeAxis, time_axis
from lutrace.report.material import Material
from lutrace.report.trajectory_figure import draw_bands, set_log_axis, titled

_LEFT_IN, _RIGHT_IN, _LANE_IN, _GAP_IN, _AXIS_IN = 1.12, 0.62, 0.19, 0.1, 0.42
_HEIGHTS = {"psa": 1.55, "tumour_volume": 0.8}
_PANEL_IN = 0.78
_UNIT = "months"
_BEFORE_DAYS = 90.0
"""Results older than this are not drawn: they are in the table of facts."""
_SHARES = {"baseline": 1.0, "−50%": 0.5, "−90%": 0.1}
"""Lines across the panel of PSA, as shares of the baseline."""
_DEFAULT = Mark("o", size=3.4)
_POINTS = {
    "scan": "Scans",
    "support": "Support",
    "toxicity": "Adverse events",
    "questionnaire": "Questionnaires",
    "progression": "Progression",
    "status": "Status",
}
"""Tracks whose events are points, and the names of their lanes."""
_SHORT = {"red_cells": "RBC", "platelets": "PLT", "g_csf": "G-CSF", "esa": "ESA", "tpo_ra": "TPO-RA"}


@dataclass(frozen=True)
class PatientRows:
    """What is known of one patient: results, events, states and the bands of grades, by study number."""

    patient: str
    results: Sequence[Row]
    events: Sequence[Row]
    states: Sequence[Row]
    bands: Sequence[Row]

    @property
    def series(self) -> list[str]:
        """The series with results, PSA and tumour volume first."""
        found = dict.fromkeys(row["series"] for row in self.results)
        first = [name for name in _HEIGHTS if name in found]
        return [*first, *(name for name in found if name not in first)]


def timeline_height_in(rows: PatientRows) -> float:
    """The height that the timeline of a patient needs, in inches."""
    panels = sum(_height(name) + _GAP_IN for name in rows.series)
    return panels + _LANE_IN * len(_lanes(rows)) + _AXIS_IN


def draw_timeline(figure: Figure, rows: PatientRows, material: Material, *, left_in: float, top_in: float) -> None:
    """Draw the panels and lanes of a patient below and right of a corner, all on one axis from the first dose."""
    days = [row["day"] for row in (*rows.results, *rows.events) if row["day"] >= -_BEFORE_DAYS]
    days += [row["exit_day"] for row in rows.states if row["state"] != "dead"]
    axis = time_axis(rows.patient, _UNIT, max(days, default=0.0))
    begin = min([0.0, *days]) / axis.scale - 0.02 * axis.end
    bottom, width = top_in, width_in() - _LEFT_IN - _RIGHT_IN
    doses = [row for row in rows.events if row["track"] == "dose"]
    for name in rows.series:
        bottom -= _height(name)
        axes = axes_at(figure, left_in + _LEFT_IN, bottom, width, _height(name))
        _draw_panel(axes, name, rows, axis, material)
        _prepare(axes, axis, begin, doses, is_last=False)
        bottom -= _GAP_IN
    lanes = _lanes(rows)
    bottom -= _LANE_IN * len(lanes)
    axes = axes_at(figure, left_in + _LEFT_IN, bottom, width, _LANE_IN * len(lanes))
    _prepare(axes, axis, begin, doses, is_last=True)
    axes.set_ylim(len(lanes) - 0.5, -0.5)
    axes.set_yticks(range(len(lanes)), list(lanes), fontsize=7)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(f"{_UNIT.capitalize()} from the first dose")
    for place, draw in enumerate(lanes.values()):
        draw(axes, place, rows, axis)


def _height(series: str) -> float:
    return _HEIGHTS.get(series, _PANEL_IN)


def _prepare(axes: Axes, axis: TimeAxis, begin: float, doses: Sequence[Row], *, is_last: bool) -> None:
    """The shared time axis, with a faint line at each dose."""
    axes.set_xlim(begin, axis.end)
    axes.set_xticks(axis.ticks, None if is_last else [""] * len(axis.ticks))
    for row in doses:
        axes.axvline(row["day"] / axis.scale, color=FAINT, linewidth=0.8, zorder=0)


def _draw_panel(axes: Axes, series: str, rows: PatientRows, axis: TimeAxis, material: Material) -> None:
    own = sorted(
        (row for row in rows.results if row["series"] == series and row["day"] >= -_BEFORE_DAYS),
        key=lambda row: row["day"],
    )
    x, y = [row["day"] / axis.scale for row in own], [row["value"] for row in own]
    if series == "tumour_volume":
        axes.vlines(x, 0, y, color=palette()[2], linewidth=5)
        for at, value in zip(x, y, strict=True):
            axes.annotate(f"{value:.0f}", (at, value), (4, -1), textcoords="offset points", fontsize=6, va="top")
        axes.set_ylim(0, max(y, default=1.0) * 1.15 or 1.0)
    else:
        axes.plot(x, y, color=INK, linewidth=1.0, linestyle="-", marker="o", markersize=2.6, zorder=3)
    if series == "psa":
        _finish_psa(axes, own, rows.events, axis)
    unit = next((row["unit"] for row in rows.results if row["series"] == series), "")
    axes.set_ylim(*axes.get_ylim())
    draw_bands(axes, [row for row in rows.bands if row["series"] == series], _height(series))
    words = "\n".join(fitted(titled(material.word(series), unit), _LEFT_IN - 0.5, 7))
    axes.set_ylabel(words, fontsize=7, rotation=0, ha="right", va="center", labelpad=24)
    axes.tick_params(axis="y", labelsize=6.5)


def _finish_psa(axes: Axes, own: Sequence[Row], events: Sequence[Row], axis: TimeAxis) -> None:
    """A log axis, lines at the baseline and at 50 and 90 % below it, marks of what was reached."""
    if all(row["value"] > 0 for row in own) and own:
        set_log_axis(axes, [row["value"] for row in own])
    baselines = [float(row["baseline"]) for row in own if row["baseline"]][:1]
    low, high = axes.get_ylim()
    lines = [(name, at * share) for at in baselines for name, share in _SHARES.items()]
    for name, at in lines:
        if low <= at <= high:
            axes.axhline(at, color=SOFT, linewidth=0.7, linestyle=(0, (4, 3)), zorder=1)
            axes.annotate(
                name, (1.0, at), (3, 0), xycoords=("axes fraction", "data"), textcoords="offset points", va="center",
                fontsize=6.5, color=SOFT,
            )  # fmt: skip
    axes.set_ylim(low, high * (2.2 if axes.get_yscale() == "log" else 1.15))
    for row in events:
        if row["track"] == "psa" and row["kind"] in MARKS and row["value"] is not None:
            mark = MARKS[row["kind"]]
            at = row["day"] / axis.scale
            axes.plot(
                [at], [row["value"]], marker=mark.marker, markersize=mark.size + 1.5, color=palette()[1], zorder=5,
                markerfacecolor=palette()[1] if mark.filled else "white", linestyle="none",
            )  # fmt: skip
            text = {"psa50": "PSA50", "psa90": "PSA90"}.get(row["kind"], "PSA progression")
            axes.annotate(
                text, (at, row["value"]), (0, 6), textcoords="offset points", ha="center", fontsize=6,
                color=palette()[1], zorder=6,
            )  # fmt: skip


_Draw = Callable[[Axes, int, PatientRows, TimeAxis], None]


def _lanes(rows: PatientRows) -> Mapping[str, _Draw]:
    """The lanes that have something to show, from top to bottom."""
    tracks = {row["track"] for row in rows.events}
    lanes: dict[str, _Draw] = {}
    if "dose" in tracks:
        lanes["Doses, GBq"] = _draw_doses
    if rows.states:
        lanes["Course"] = _draw_states
    if "line" in tracks:
        lanes["Other lines"] = _draw_lines
    for track, name in _POINTS.items():
        if track in tracks:
            lanes[name] = _points_of(track)
    return lanes


def _draw_doses(axes: Axes, place: int, rows: PatientRows, axis: TimeAxis) -> None:
    for row in (row for row in rows.events if row["track"] == "dose"):
        at = row["day"] / axis.scale
        axes.plot([at], [place], marker="v", markersize=4.5, color=palette()[0], linestyle="none")
        if row["value"] is not None:
            axes.annotate(
                f"{row['value']:.1f}", (at, place), (4, 0), textcoords="offset points", fontsize=6, va="center"
            )


def _draw_states(axes: Axes, place: int, rows: PatientRows, axis: TimeAxis) -> None:
    for row in rows.states:
        begin, end = row["entry_day"] / axis.scale, row["exit_day"] / axis.scale
        if row["state"] != "dead" and end > begin:
            axes.barh(place, end - begin, left=begin, height=0.6, color=state_colour(row["state"]), linewidth=0)


def _draw_lines(axes: Axes, place: int, rows: PatientRows, axis: TimeAxis) -> None:
    """Lines from begin to end; one without an end as its begin, one that ended before the axis not at all."""
    low, high = axes.get_xlim()
    inch = (width_in() - _LEFT_IN - _RIGHT_IN) / (high - low)
    for row in (row for row in rows.events if row["track"] == "line"):
        begin = row["day"] / axis.scale
        end = begin if row["end_day"] is None else row["end_day"] / axis.scale
        if end < low:
            continue
        begin = max(begin, low)
        axes.barh(
            place, max(end - begin, (high - low) * 0.006), left=begin, height=0.6, color=palette()[5], linewidth=0
        )
        text = (row["detail"] or "").replace("_", " ")
        if text_width_in(text, 6) < (high - begin) * inch:
            axes.annotate(text, (begin, place), (4, 0), textcoords="offset points", fontsize=6, va="center", zorder=4)


def _points_of(track: str) -> _Draw:
    """Draws the events of a track as marks, each named where there is room before the next."""

    def draw(axes: Axes, place: int, rows: PatientRows, axis: TimeAxis) -> None:
        low, high = axes.get_xlim()
        inch = (width_in() - _LEFT_IN - _RIGHT_IN) / (high - low)
        own = sorted((row for row in rows.events if row["track"] == track), key=lambda row: row["day"])
        shown = [row for row in own if row["day"] / axis.scale >= low]
        for row, later in zip(shown, [*shown[1:], None], strict=True):
            at = row["day"] / axis.scale
            mark = MARKS.get(row["kind"], Mark("s", size=3.6) if track == "scan" else _DEFAULT)
            axes.plot(
                [at], [place], marker=mark.marker, markersize=mark.size, color=INK, linestyle="none",
                markerfacecolor=INK if mark.filled else "white", clip_on=False,
            )  # fmt: skip
            room = ((later["day"] / axis.scale if later is not None else high) - at) * inch - 0.1
            if text_width_in(_text_of(row), 6) < room:
                axes.annotate(_text_of(row), (at, place), (4, 0), textcoords="offset points", fontsize=6, va="center")

    return draw


def _text_of(row: Row) -> str:
    """What stands beside the mark of an event."""
    if row["track"] == "toxicity":
        return f"{row['detail']} G{row['value']:.0f}"
    if row["track"] == "scan":
        return {"psma_pet": "PET", "rlt_spect": "SPECT"}[row["kind"]]
    if row["track"] == "questionnaire":
        return str(row["kind"]).upper()
    return _SHORT.get(row["kind"], str(row["kind"]).replace("_", " "))
