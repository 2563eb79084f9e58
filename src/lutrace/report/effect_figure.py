"""A covariate whose effect may be curved: the hazard ratio over its values, against its median."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from lutrace.core import Row
from lutrace.report.estimate_tables import describe_adjustment
from lutrace.report.figure_contents import EffectFigure
from lutrace.report.figure_style import FOOT_IN, Drawing, axes_at, draw_nothing, new_figure, palette, width_in
from lutrace.report.figure_themes import SOFT
from lutrace.report.material import Material
from lutrace.report.wording import format_p, format_value

_HEIGHT_IN, _LEFT_IN = 2.6, 0.75
_TICKS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
_WIDEST = 20.0


def draw_effect(spec: EffectFigure, material: Material) -> Drawing:
    """The curve with its 95 % band on a log axis; values that were fitted as logarithms have a log axis too."""
    wanted = {"analysis": spec.analysis, "population": spec.population, "endpoint": spec.endpoint, "term": spec.term}
    known = material.rows("effects", **wanted)
    rows = [row for row in known if row["adjusted"]] or known
    if not rows:
        return draw_nothing(spec.name, spec.caption)
    figure = new_figure(_HEIGHT_IN + 0.75 + FOOT_IN)
    axes = axes_at(figure, _LEFT_IN, 0.55 + FOOT_IN, width_in() - _LEFT_IN - 0.25, _HEIGHT_IN)
    _draw_curve(axes, rows)
    axes.set_xlabel(spec.x_label or material.word(spec.term))
    axes.set_ylabel("Hazard ratio (log scale)")
    test = next(
        (
            row
            for row in material.rows("estimates", **{**wanted, "term": f"{spec.term}/nonlinear"})
            if row["adjusted"] is rows[0]["adjusted"]
        ),
        None,
    )
    reference = format_value(rows[0]["reference"])
    notes = [
        f"Against the median ({reference}); band: 95% confidence interval at each value; from the 5th to the 95th "
        f"percentile{describe_adjustment(material, test) if test else ''}."
    ]
    if test is not None and test["p"] is not None:
        notes.append(f"Curved against straight: p {_p(test['p'])}, {test['method']}.")
    ends = ", ".join(f"{format_value(row['value'])}: {row['estimate']:.2f}" for row in (rows[0], rows[-1]))
    alt = f"Hazard ratio of {material.word(spec.term)} against {reference}; {ends}"
    n = "" if test is None else f"n = {format_value(test['n'])}, {format_value(test['events'])} events"
    return Drawing(spec.name, spec.caption, alt, figure, rows, tuple(notes), n)


def _p(value: float) -> str:
    text = format_p(value)
    return text if text.startswith("<") else f"= {text}"


def _draw_curve(axes: Axes, rows: Sequence[Row]) -> None:
    values, estimate, low, high = (
        np.array([row[name] for row in rows]) for name in ("value", "estimate", "low", "high")
    )
    axes.set_yscale("log")
    axes.axhline(1.0, color=SOFT, linewidth=0.8, zorder=0)
    axes.axvline(rows[0]["reference"], color=SOFT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    clipped = [np.clip(ends, 1 / _WIDEST, _WIDEST) for ends in (low, high)]
    axes.fill_between(values, *clipped, color=palette()[0], alpha=0.18, linewidth=0)
    axes.plot(values, np.clip(estimate, 1 / _WIDEST, _WIDEST), color=palette()[0], linewidth=1.6)
    if values.min() > 0 and np.ptp(np.diff(np.log(values))) < 1e-6:
        axes.set_xscale("log")
        _name_ticks(axes, float(values.min()), float(values.max()))
    bottom, top = min(0.5, float(clipped[0].min())), max(2.0, float(clipped[1].max()))
    axes.set_ylim(bottom / 1.05, top * 1.05)
    ticks = [tick for tick in _TICKS if bottom / 1.05 <= tick <= top * 1.05]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks([], minor=True)


def _name_ticks(axes: Axes, low: float, high: float) -> None:
    """Ticks of 1, 2 and 5 times powers of ten on a log axis of values."""
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    ticks = [one * 10.0**power for power in powers for one in (1, 2, 5) if low <= one * 10.0**power <= high]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
