"""Kaplan-Meier curves with their risk table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from lutrace.core import Row
from lutrace.report.contents import SurvivalFigure
from lutrace.report.figure_style import (
    FOOT_IN,
    Drawing,
    axes_at,
    blank_axes_at,
    dashes,
    draw_nothing,
    fitted,
    new_figure,
    palette,
    shortened,
    spread,
    text_width_in,
    width_in,
    wrapped,
)
from lutrace.report.figure_themes import FAINT, INK, SOFT
from lutrace.report.figure_time import DAYS, LINE_IN, TableLine, TimeAxis, draw_table_below, time_axis
from lutrace.report.material import Material
from lutrace.report.suppression import ALL
from lutrace.report.wording import format_estimate, format_p, format_value

_TEST = "; p "
_NOT_COMPARED = "not a comparison"
_NARROWEST_RIGHT_IN, _WIDEST_RIGHT_IN = 0.6, 1.35
_AFTER_CURVE_IN = 0.15


@dataclass(frozen=True)
class _Curve:
    """One group: its name in words, in short where all begin alike, its colour and line, its rows in order of time."""

    group: str
    label: str
    short: str
    colour: str
    dash: Any
    rows: Sequence[Row]

    def at_risk(self, days: float) -> int:
        """Patients at risk just before that day."""
        return next((int(row["at_risk"]) for row in self.rows if row["time_days"] >= days), 0)

    def events_by(self, days: float) -> int:
        """Events up to and on that day."""
        return self._sum("events", days)

    def censored_by(self, days: float) -> int:
        """Censored up to and on that day."""
        return self._sum("censored", days)

    def _sum(self, column: str, days: float) -> int:
        return sum(int(row[column]) for row in self.rows if row["time_days"] <= days)

    @property
    def n(self) -> int:
        """All who were ever at risk: each has an event or is censored; where steps are hidden, the first count."""
        return max(self.at_risk(0.0), self.events_by(math.inf) + self.censored_by(math.inf))

    @property
    def enters_late(self) -> bool:
        """Whether somebody enters after time zero: more are at risk than were left."""
        return any(
            after["at_risk"] > before["at_risk"] - before["events"] - before["censored"]
            for before, after in pairwise(self.rows)
        )


def draw_survival(spec: SurvivalFigure, material: Material) -> Drawing:
    """Curves with confidence bands and censoring ticks, medians and tests above, numbers at risk below."""
    rows = material.rows(
        "curves", analysis=spec.analysis, population=spec.population, endpoint=spec.endpoint, group=spec.groups
    )
    axis = time_axis(spec.name, spec.time_unit, max((row["time_days"] for row in rows), default=0.0))
    if not rows:
        return draw_nothing(spec.name, spec.caption)
    groups = spec.groups or tuple(dict.fromkeys(row["group"] for row in rows))
    labels = ["All patients" if group == ALL else material.word(group) for group in groups]
    curves = [
        _Curve(group, label, short, *_look(place), _rows_of(rows, group))
        for place, (group, label, short) in enumerate(zip(groups, labels, shortened(labels), strict=True))
    ]
    left, right = _left_margin_in(curves), _right_margin_in(curves)
    texts = [
        (line, colour)
        for text, colour in _texts_above(spec, material, groups, curves)
        for line in fitted(text, width_in() - left - 0.05)
    ]
    table_lines = _risk_lines(curves, axis)
    above, below = 0.12 + LINE_IN * len(texts), 0.48 + LINE_IN * len(table_lines) + FOOT_IN
    figure = new_figure(above + 2.6 + below)
    width = width_in() - left - right
    axes = axes_at(figure, left, below, width, 2.6)
    _draw_curves(axes, curves, axis)
    _draw_medians(axes, spec, material, curves, axis)
    axes.set_ylabel(wrapped(_outcome(material, spec.endpoint), 36))
    axes.set_xlabel(f"{spec.time_unit.capitalize()} from {material.start_of(spec.population)}")
    head = blank_axes_at(figure, left, below + 2.6, width + right, above)
    for line, (text, colour) in enumerate(texts):
        head.text(0.0, above - 0.1 - LINE_IN * line, text, color=colour, va="center")
    table = axes_at(figure, left, FOOT_IN, width, LINE_IN * len(table_lines))
    draw_table_below(table, table_lines, axis.ticks, axes.get_xlim())
    n = sum(curve.n for curve in curves)
    foot = f"n = {n}, {sum(curve.events_by(math.inf) for curve in curves)} events"
    notes = (_NOTE, _LATE) if any(curve.enters_late for curve in curves) else (_NOTE,)
    return Drawing(spec.name, spec.caption, _describe(spec, material, curves), figure, rows, notes, foot)


def _look(place: int) -> tuple[str, Any]:
    """Colour and line of a group."""
    return palette()[place % len(palette())], dashes()[place % len(dashes())]


def _risk_lines(curves: Sequence[_Curve], axis: TimeAxis) -> list[TableLine]:
    """At risk, censored and events of each group: the form that most readers preferred.

    Source: Morris et al., BMJ Open 2019;9:e030215 (KMunicate).
    """
    lines: list[TableLine] = []
    days = [tick * axis.scale for tick in axis.ticks]
    for curve in curves:
        if len(curves) > 1:
            lines.append(TableLine(_cut(curve.short), colour=curve.colour, strong=True))
        lines += [
            TableLine("At risk", [str(curve.at_risk(day)) for day in days], curve.colour),
            TableLine("Censored", [str(curve.censored_by(day)) for day in days], SOFT),
            TableLine("Events", [str(curve.events_by(day)) for day in days], SOFT),
        ]
    return lines


def _draw_medians(
    axes: Axes, spec: SurvivalFigure, material: Material, curves: Sequence[_Curve], axis: TimeAxis
) -> None:
    """A dotted line from the half down to the median of each group, where it is reached."""
    rows = material.rows(
        "estimates", analysis=spec.analysis, population=spec.population, endpoint=spec.endpoint, measure="median"
    )
    for curve in curves:
        row = next((row for row in rows if row["term"] == curve.group), None)
        estimate = None if row is None else row.get("estimate")
        if row is not None and isinstance(estimate, float) and math.isfinite(estimate) and row["unit"] in DAYS:
            at = estimate * DAYS[row["unit"]] / axis.scale
            axes.plot([at, at], [0, 0.5], color=curve.colour, linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=1)


def _left_margin_in(curves: Sequence[_Curve]) -> float:
    """Room for the names in the risk table."""
    return 0.35 + max(0.6, *(text_width_in(_cut(curve.short), 7.5) * 1.1 for curve in curves))


def _right_margin_in(curves: Sequence[_Curve]) -> float:
    """Room for the names at the ends of the curves."""
    widest = max(text_width_in(line) for curve in curves for line in _end_name(curve))
    return min(max(_NARROWEST_RIGHT_IN, widest + _AFTER_CURVE_IN), _WIDEST_RIGHT_IN)


def _end_name(curve: _Curve) -> list[str]:
    return fitted(curve.short, _WIDEST_RIGHT_IN - _AFTER_CURVE_IN)


def _cut(name: str) -> str:
    return name if len(name) <= 30 else f"{name[:29]}…"


_NOTE = (
    "Shaded: 95% confidence interval. Vertical ticks: censored; dotted: median. Below: patients at risk just before, "
    "censored and events up to and on that day."
)
_LATE = "Patients enter the risk set later than time zero (delayed entry): those at risk rise before they fall."


def _rows_of(rows: Sequence[Row], group: str) -> list[Row]:
    return sorted((row for row in rows if row["group"] == group), key=lambda row: row["time_days"])


def _outcome(material: Material, endpoint: str) -> str:
    return f"{material.word(endpoint)} probability"


def _texts_above(
    spec: SurvivalFigure, material: Material, groups: Sequence[str], curves: Sequence[_Curve]
) -> list[tuple[str, str]]:
    """Median of each group in its colour, then the ratios and tests, all from rows of ESTIMATES."""
    texts = []
    analyses = (spec.analysis, *spec.estimates)
    rows = material.rows("estimates", analysis=analyses, population=spec.population, endpoint=spec.endpoint)
    for group, curve in zip(groups, curves, strict=True):
        median = next((row for row in rows if row["measure"] == "median" and row["term"] == group), None)
        if median is not None:
            unitless = median["unit"] in ("1", "") or median.get("estimate") is None
            unit = "" if unitless else f" {median['unit']}"
            n_events = f"{format_value(median.get('events'))} events\xa0/\xa0{format_value(median['n'])}"
            name = curve.label.replace(": ", ", ")
            texts.append((f"{name}: median {format_estimate(median)}{unit}, {n_events}", curve.colour))
    tests = dict.fromkeys(
        f"p {_equals(row['p'])} {row['method'].split(_TEST, 1)[1]}"
        for row in rows
        if row["measure"] == "median" and row["term"] in groups and row.get("p") is not None and _TEST in row["method"]
    )
    texts += [(text, INK) for text in tests]
    for row in rows:
        if row["measure"] == "hazard_ratio":
            texts.append((_ratio_text(material, row), INK))
    return texts


def _ratio_text(material: Material, row: Row) -> str:
    """A hazard ratio with its p value, where it has one; of cohorts that may not be compared, that they are not."""
    if row["estimate"] is None and _NOT_COMPARED in row["method"]:
        return "Beside each other, not a comparison: no hazard ratio, no test"
    kind = "adjusted" if row["adjusted"] else "unadjusted"
    unit = f" ({row['covariate_unit']})" if row["covariate_unit"] else ""
    p = f", p {_equals(row['p'])}" if row.get("p") is not None else ""
    return f"HR {material.word(row['term'])}{unit}, {kind}: {format_estimate(row)}{p}"


def _equals(p: float | None) -> str:
    text = format_p(p)
    return text if text[0] in "<>" else f"= {text}"


def _draw_curves(axes: Axes, curves: Sequence[_Curve], axis: TimeAxis) -> None:
    axes.set_xlim(0, axis.end)
    axes.set_ylim(0, 1.02)
    axes.set_xticks(axis.ticks)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "0.25", "0.50", "0.75", "1.00"])
    axes.axhline(0.5, color=FAINT, linewidth=0.7, zorder=0)
    for curve in curves:
        _draw_curve(axes, curve, axis.scale)
    shown = [curve for curve in curves if curve.rows]
    names = ["\n".join(_end_name(curve)) for curve in shown]
    gap = 0.1 if all("\n" not in name for name in names) else 0.15
    ends = spread([float(curve.rows[-1]["survival"]) for curve in shown], gap, 0.05, 0.98)
    for curve, name, height in zip(shown, names, ends, strict=True):
        axes.annotate(
            name,
            (curve.rows[-1]["time_days"] / axis.scale, height),
            (6, 0),
            textcoords="offset points",
            color=curve.colour,
            va="center",
            annotation_clip=False,
        )


def _draw_curve(axes: Axes, curve: _Curve, scale: float) -> None:
    times = np.array([0.0, *(row["time_days"] / scale for row in curve.rows)])
    survival = np.array([1.0, *(row["survival"] for row in curve.rows)])
    low, high = (
        np.array([np.nan, *(np.nan if row.get(name) is None else row[name] for row in curve.rows)])
        for name in ("low", "high")
    )
    axes.fill_between(times, low, high, step="post", color=curve.colour, alpha=0.14, linewidth=0)
    axes.step(times, survival, where="post", color=curve.colour, linestyle=curve.dash)
    censored = [row for row in curve.rows if row["censored"]]
    axes.plot(
        [row["time_days"] / scale for row in censored],
        [row["survival"] for row in censored],
        linestyle="none",
        marker="|",
        markersize=5,
        markeredgewidth=0.9,
        color=curve.colour,
        clip_on=False,
    )


def _describe(spec: SurvivalFigure, material: Material, curves: Sequence[_Curve]) -> str:
    parts = [f"{curve.label}: {curve.n} patients, {curve.events_by(math.inf)} events" for curve in curves]
    subject = f"{material.word(spec.endpoint)} from {material.start_of(spec.population)}"
    return f"Kaplan-Meier curves of {subject}. {'; '.join(parts)}."
