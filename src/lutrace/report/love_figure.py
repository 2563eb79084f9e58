"""Balance of covariates between two cohorts before and after weighting: a love plot."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from lutrace.core import Row
from lutrace.report.figure_contents import LoveFigure
from lutrace.report.figure_style import (
    FOOT_IN,
    Drawing,
    axes_at,
    draw_nothing,
    fitted,
    new_figure,
    palette,
    width_in,
)
from lutrace.report.figure_themes import FAINT, INK, SOFT
from lutrace.report.material import Material

THRESHOLD = 0.1
"""Above this an absolute difference counts as unbalanced (Austin, Stat Med 2009;28:3083)."""
_LINE_IN, _LEFT_IN = 0.22, 2.1
_MARKERS = ("o", "s", "^", "D")


def draw_love(spec: LoveFigure, material: Material) -> Drawing:
    """A line per covariate, the largest difference before at the top; open: before, filled: after each weighting."""
    rows = material.rows("balances", analysis=spec.analysis)
    known = [row for row in rows if row["difference"] is not None]
    if not known:
        return draw_nothing(spec.name, spec.caption)
    terms = _in_order(known)
    weightings = list(dict.fromkeys(row["weights"] for row in known if row["stage"] == "after"))
    height = _LINE_IN * len(terms)
    figure = new_figure(height + 0.75 + FOOT_IN)
    axes = axes_at(figure, _LEFT_IN, 0.45 + FOOT_IN, width_in() - _LEFT_IN - 0.25, height)
    flagged = {row["term"] for row in rows if row["ascertainment"]}
    _draw_differences(axes, known, terms, weightings)
    _finish(axes, [f"{material.word(term)}{' *' if term in flagged else ''}" for term in terms], known)
    _draw_legend(axes, [material.word(name) for name in weightings])
    n = [max(row[f"n_{side}"] + row[f"missing_{side}"] for row in rows) for side in ("first", "second")]
    alt = "Standardised mean differences before and after weighting: " + "; ".join(
        f"{material.word(row['term'])} {row['stage']} {row['difference']:.2f}" for row in known
    )
    notes = [f"Absolute standardised mean differences; dashed: {THRESHOLD:g}."]
    unknown = {row["term"] for row in rows if row["difference"] is None} - set(terms)
    if unknown:
        notes.append(f"Without a difference, as nothing varies: {', '.join(sorted(map(material.word, unknown)))}.")
    if flagged:
        notes.append("* looked for in another way in each cohort.")
    return Drawing(spec.name, spec.caption, alt, figure, rows, tuple(notes), f"n = {n[0]} and {n[1]}")


def _in_order(rows: Sequence[Row]) -> list[str]:
    """The covariates by their largest difference before weighting."""
    before: dict[str, float] = {}
    for row in rows:
        size = abs(row["difference"]) if row["stage"] == "before" else 0.0
        before[row["term"]] = max(before.get(row["term"], 0.0), size)
    return sorted(before, key=lambda term: (-before[term], term))


def _draw_differences(axes: Axes, rows: Sequence[Row], terms: Sequence[str], weightings: Sequence[str]) -> None:
    for place, term in enumerate(terms):
        axes.axhline(place, color=FAINT, linewidth=0.5, zorder=0)
        own = [row for row in rows if row["term"] == term]
        before = next((abs(row["difference"]) for row in own if row["stage"] == "before"), None)
        if before is not None:
            axes.plot(
                [before], [place], marker="o", markersize=5, color=INK, markerfacecolor="white", clip_on=False, zorder=3
            )
        for row in own:
            if row["stage"] == "after":
                look = weightings.index(row["weights"])
                axes.plot(
                    [abs(row["difference"])], [place], marker=_MARKERS[look % len(_MARKERS)], markersize=5,
                    color=palette()[look % len(palette())], linestyle="none", clip_on=False, zorder=4,
                )  # fmt: skip


def _finish(axes: Axes, names: Sequence[str], rows: Sequence[Row]) -> None:
    axes.axvline(THRESHOLD, color=SOFT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    axes.axvline(0.0, color=SOFT, linewidth=0.8, zorder=1)
    axes.set_xlim(0, max(0.25, *(abs(row["difference"]) * 1.08 for row in rows)))
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), ["\n".join(fitted(name, _LEFT_IN - 0.25, 7.5)) for name in names])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("Absolute standardised mean difference")


def _draw_legend(axes: Axes, weightings: Sequence[str]) -> None:
    handles = [
        Line2D([], [], linestyle="none", marker="o", markersize=5, color=INK, markerfacecolor="white", label="before")
    ]
    handles += [
        Line2D(
            [], [], linestyle="none", marker=_MARKERS[look % len(_MARKERS)], markersize=5,
            color=palette()[look % len(palette())], label=f"after: {name}",
        )
        for look, name in enumerate(weightings)
    ]  # fmt: skip
    axes.legend(
        handles=handles, ncols=len(handles), loc="lower left", bbox_to_anchor=(0.0, 1.0), frameon=False, fontsize=7.5,
        borderaxespad=0.2,
    )  # fmt: skip
