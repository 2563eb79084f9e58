"""A prognostic model on the patients of a study: observed by predicted risk, and what deciding by it would give."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from lutrace.core import Row
from lutrace.report.figure_contents import ValidationFigure
from lutrace.report.figure_style import FOOT_IN, Drawing, axes_at, draw_nothing, new_figure, palette, width_in
from lutrace.report.figure_themes import FAINT, INK, SOFT
from lutrace.report.material import Material

_SIDE_IN, _LEFT_IN, _GAP_IN = 2.45, 0.62, 0.85


def draw_validation(spec: ValidationFigure, material: Material) -> Drawing:
    """Left: groups of equal size and the smooth curve against the diagonal. Right: net benefit by threshold."""
    rows = material.rows("validations", analysis=spec.analysis, population=spec.population, endpoint=spec.endpoint)
    if not rows:
        return draw_nothing(spec.name, spec.caption)
    figure = new_figure(_SIDE_IN + 0.75 + FOOT_IN)
    below = 0.5 + FOOT_IN
    side = min(_SIDE_IN, (width_in() - _LEFT_IN - _GAP_IN - 0.2) / 2)
    _draw_calibration(axes_at(figure, _LEFT_IN, below, side, side), rows)
    _draw_decisions(axes_at(figure, _LEFT_IN + side + _GAP_IN, below, side, side), rows)
    groups = _of(rows, "calibration_groups")
    alt = "Observed by predicted risk in groups: " + "; ".join(
        f"{row['x']:.2f} predicted, {row['y']:.2f} observed" for row in groups if row["y"] is not None
    )
    notes = (
        "Left: points are groups of equal size by predicted risk with 95% intervals, the line a smooth curve; on the "
        "diagonal prediction and observation agree. Right: net benefit of choosing whom the model puts at or above the "
        "threshold, beside choosing all, and none (0).",
    )
    n = sum(row["n"] for row in groups if isinstance(row["n"], int))
    return Drawing(spec.name, spec.caption, alt, figure, rows, notes, f"n = {n}")


def _of(rows: Sequence[Row], curve: str) -> list[Row]:
    return sorted((row for row in rows if row["curve"] == curve), key=lambda row: row["place"])


def _draw_calibration(axes: Axes, rows: Sequence[Row]) -> None:
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8, zorder=0)
    smooth = [row for row in _of(rows, "calibration_smooth") if row["y"] is not None]
    axes.plot([row["x"] for row in smooth], [row["y"] for row in smooth], color=palette()[0], zorder=2)
    bounded = [row for row in smooth if row["low"] is not None and row["high"] is not None]
    x, low, high = ([row[name] for row in bounded] for name in ("x", "low", "high"))
    axes.fill_between(x, low, high, color=palette()[0], alpha=0.14, linewidth=0)
    for row in _of(rows, "calibration_groups"):
        if row["low"] is not None and row["high"] is not None:
            axes.plot([row["x"]] * 2, [row["low"], row["high"]], color=INK, linewidth=0.9, zorder=3)
        if row["y"] is not None:
            axes.plot([row["x"]], [row["y"]], marker="o", markersize=4, color=INK, linestyle="none", zorder=3)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel("Predicted risk")
    axes.set_ylabel("Observed risk")


def _draw_decisions(axes: Axes, rows: Sequence[Row]) -> None:
    for place, (curve, name) in enumerate((("decision_model", "by the model"), ("decision_all", "choosing all"))):
        points = [(row["x"], row["y"]) for row in _of(rows, curve)]
        axes.plot(*zip(*points, strict=True), color=palette()[place], marker="o", markersize=3, label=name)
    axes.axhline(0, color=SOFT, linewidth=0.8, label="choosing none")
    benefits = [row["y"] for row in _of(rows, "decision_model")]
    axes.set_xlim(0, 1)
    axes.set_ylim(min(-0.1, *benefits) - 0.02, max(0.1, *benefits) + 0.1)
    axes.set_xlabel("Threshold of risk")
    axes.set_ylabel("Net benefit")
    axes.legend(frameon=False, fontsize=7, loc="upper right")
