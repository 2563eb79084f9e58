"""Kaplan-Meier curves with their risk table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from lutrace.core import DAYS_PER_MONTH, Row, UnusableInputError
from lutrace.report.contents import SurvivalFigure
from lutrace.report.figure_style import (
    FAINT,
    FOOT_IN,
    INK,
    PALETTE,
    SOFT,
    WIDTH_IN,
    Drawing,
    axes_at,
    blank_axes_at,
    draw_nothing,
    fitted,
    new_figure,
    spread,
    text_width_in,
    wrapped,
)
from lutrace.report.material import Material
from lutrace.report.suppression import ALL
from lutrace.report.wording import format_estimate, format_p, format_value

_DAYS = {"days": 1.0, "weeks": 7.0, "months": DAYS_PER_MONTH, "years": 365.25}
_STEPS = {
    "days": (7, 14, 30, 60, 90, 180, 360),
    "weeks": (2, 4, 8, 13, 26, 52, 104),
    "months": (1, 2, 3, 6, 12, 24, 48),
    "years": (1, 2, 5),
}
_LINE_IN = 0.165
_TEST = "; p "
_NARROWEST_RIGHT_IN, _WIDEST_RIGHT_IN = 0.6, 1.35
_AFTER_CURVE_IN = 0.15


@dataclass(frozen=True)
class _Curve:
    """One group: its name, the name in short where all names begin alike, its colour, its rows in order of time."""

    label: str
    short: str
    colour: str
    rows: Sequence[Row]

    def at_risk(self, days: float) -> int:
        """Patients at risk just before that day."""
        return next((int(row["at_risk"]) for row in self.rows if row["time_days"] >= days), 0)

    def events_by(self, days: float) -> int:
        """Events up to and on that day."""
        return sum(int(row["events"]) for row in self.rows if row["time_days"] <= days)


def draw_survival(spec: SurvivalFigure, material: Material) -> Drawing:
    """Curves with confidence bands and censoring ticks, medians and tests above, numbers at risk below."""
    rows = material.rows(
        "curves", analysis=spec.analysis, population=spec.population, endpoint=spec.endpoint, group=spec.groups
    )
    if spec.time_unit not in _DAYS:
        raise UnusableInputError(f"{spec.name}: time_unit must be one of {', '.join(_DAYS)}, got {spec.time_unit!r}")
    if not rows:
        return draw_nothing(spec.name, spec.caption)
    groups = spec.groups or tuple(dict.fromkeys(row["group"] for row in rows))
    labels = ["All patients" if group == ALL else material.word(group) for group in groups]
    curves = [
        _Curve(label, short, PALETTE[place % len(PALETTE)], _rows_of(rows, group))
        for place, (group, label, short) in enumerate(zip(groups, labels, _shortened(labels), strict=True))
    ]
    left, right = _left_margin_in(curves), _right_margin_in(curves)
    texts = [
        (line, colour)
        for text, colour in _texts_above(spec, material, groups, curves)
        for line in fitted(text, WIDTH_IN - left - 0.05)
    ]
    above, below = 0.12 + _LINE_IN * len(texts), 0.48 + _LINE_IN * (len(curves) + 1) + FOOT_IN
    figure = new_figure(above + 2.6 + below)
    width = WIDTH_IN - left - right
    axes = axes_at(figure, left, below, width, 2.6)
    ticks = _draw_curves(axes, curves, spec.time_unit)
    axes.set_ylabel(wrapped(_outcome(material, spec.endpoint), 36))
    axes.set_xlabel(f"{spec.time_unit.capitalize()} from {material.word(spec.population)}")
    head = blank_axes_at(figure, left, below + 2.6, width + right, above)
    for line, (text, colour) in enumerate(texts):
        head.text(0.0, above - 0.1 - _LINE_IN * line, text, color=colour, va="center")
    table = axes_at(figure, left, FOOT_IN, width, _LINE_IN * (len(curves) + 1))
    _draw_risk_table(table, curves, ticks, axes.get_xlim(), _DAYS[spec.time_unit])
    n = sum(curve.at_risk(0.0) for curve in curves)
    foot = f"n = {n}, {sum(curve.events_by(math.inf) for curve in curves)} events"
    return Drawing(spec.name, spec.caption, _describe(spec, material, curves), figure, rows, _NOTES, foot)


def _left_margin_in(curves: Sequence[_Curve]) -> float:
    """Room for the names in the risk table."""
    return 0.35 + max(0.95, *(text_width_in(_cut(curve.short), 7.5) for curve in curves))


def _right_margin_in(curves: Sequence[_Curve]) -> float:
    """Room for the names at the ends of the curves."""
    widest = max(text_width_in(line) for curve in curves for line in _end_name(curve))
    return min(max(_NARROWEST_RIGHT_IN, widest + _AFTER_CURVE_IN), _WIDEST_RIGHT_IN)


def _end_name(curve: _Curve) -> list[str]:
    return fitted(curve.short, _WIDEST_RIGHT_IN - _AFTER_CURVE_IN)


def _cut(name: str) -> str:
    return name if len(name) <= 30 else f"{name[:29]}…"


_NOTES = (
    "Shaded: 95% confidence interval. Vertical ticks: censored. Below: patients at risk just before, and in brackets "
    "events up to and on that day.",
)


def _rows_of(rows: Sequence[Row], group: str) -> list[Row]:
    return sorted((row for row in rows if row["group"] == group), key=lambda row: row["time_days"])


def _shortened(labels: Sequence[str]) -> list[str]:
    """`above median`, `up to median` of names that begin alike up to a colon; a bare yes or no stays whole."""
    tails = [label.partition(": ")[2] for label in labels]
    same = len({label.partition(": ")[0] for label in labels}) == 1
    return tails if same and all(len(tail) > 3 for tail in tails) else list(labels)


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
            kind = "adjusted" if row["adjusted"] else "unadjusted"
            unit = f" ({row['covariate_unit']})" if row["covariate_unit"] else ""
            text = f"HR {material.word(row['term'])}{unit}, {kind}: {format_estimate(row)}, p {_equals(row.get('p'))}"
            texts.append((text, INK))
    return texts


def _equals(p: float | None) -> str:
    text = format_p(p)
    return text if text[0] in "<>" else f"= {text}"


def _draw_curves(axes: Axes, curves: Sequence[_Curve], unit: str) -> list[float]:
    scale = _DAYS[unit]
    longest = max((row["time_days"] for curve in curves for row in curve.rows), default=scale) / scale
    step = next((step for step in _STEPS[unit] if longest / step <= 8), _STEPS[unit][-1])
    end = step * math.ceil(longest / step) if longest > 0 else step
    ticks = [float(tick) for tick in range(0, int(end) + 1, step)]
    axes.set_xlim(0, end)
    axes.set_ylim(0, 1.02)
    axes.set_xticks(ticks)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "0.25", "0.50", "0.75", "1.00"])
    axes.axhline(0.5, color=FAINT, linewidth=0.7, zorder=0)
    for curve in curves:
        _draw_curve(axes, curve, scale)
    shown = [curve for curve in curves if curve.rows]
    names = ["\n".join(_end_name(curve)) for curve in shown]
    gap = 0.1 if all("\n" not in name for name in names) else 0.15
    ends = spread([float(curve.rows[-1]["survival"]) for curve in shown], gap, 0.05, 0.98)
    for curve, name, height in zip(shown, names, ends, strict=True):
        axes.annotate(
            name,
            (curve.rows[-1]["time_days"] / scale, height),
            (6, 0),
            textcoords="offset points",
            color=curve.colour,
            va="center",
            annotation_clip=False,
        )
    return ticks


def _draw_curve(axes: Axes, curve: _Curve, scale: float) -> None:
    times = np.array([0.0, *(row["time_days"] / scale for row in curve.rows)])
    survival = np.array([1.0, *(row["survival"] for row in curve.rows)])
    low, high = (
        np.array([np.nan, *(np.nan if row.get(name) is None else row[name] for row in curve.rows)])
        for name in ("low", "high")
    )
    axes.fill_between(times, low, high, step="post", color=curve.colour, alpha=0.14, linewidth=0)
    axes.step(times, survival, where="post", color=curve.colour)
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


def _draw_risk_table(
    axes: Axes, curves: Sequence[_Curve], ticks: Sequence[float], limits: tuple[float, float], scale: float
) -> None:
    """Numbers under the ticks of the curve above: same limits, same width, so that they stay aligned."""
    axes.set_axis_off()
    axes.set_xlim(*limits)
    axes.set_ylim(-len(curves) - 0.5, 0.5)
    edge: dict[str, Any] = {
        "xycoords": ("axes fraction", "data"),
        "textcoords": "offset points",
        "annotation_clip": False,
    }
    axes.annotate("At risk (events)", (0.0, 0.0), (-16, 0), color=SOFT, ha="right", va="center", fontsize=7.5, **edge)
    for line, curve in enumerate(curves, start=1):
        axes.annotate(
            _cut(curve.short),
            (0.0, -line),
            (-16, 0),
            color=curve.colour,
            ha="right",
            va="center",
            fontsize=7.5,
            **edge,
        )
        for tick in ticks:
            text = f"{curve.at_risk(tick * scale)} ({curve.events_by(tick * scale)})"
            axes.text(tick, -line, text, ha="center", va="center", fontsize=7.5, clip_on=False)


def _describe(spec: SurvivalFigure, material: Material, curves: Sequence[_Curve]) -> str:
    parts = [f"{curve.label}: {curve.at_risk(0.0)} patients, {curve.events_by(math.inf)} events" for curve in curves]
    subject = f"{material.word(spec.endpoint)} from {material.word(spec.population)}"
    return f"Kaplan-Meier curves of {subject}. {'; '.join(parts)}."
