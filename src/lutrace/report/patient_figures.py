"""Figures with one mark per patient: waterfall and scatter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from lutrace.core import Row
from lutrace.report.contents import ScatterFigure, WaterfallFigure
from lutrace.report.figure_style import (
    FOOT_IN,
    Drawing,
    axes_at,
    draw_nothing,
    new_figure,
    palette,
    signed,
    width_in,
    wrapped,
)
from lutrace.report.figure_themes import FAINT, INK, SOFT
from lutrace.report.material import Material
from lutrace.report.wording import format_estimate, format_fixed, format_p, format_value, with_unit

_GREY = "#9aa5b1"
_MARGINS_IN, _VALUE_IN = 1.15, 0.08
_MARKS = "patient_id", "value", "unit", "category"


def draw_waterfall(spec: WaterfallFigure, material: Material) -> Drawing:
    """A bar per evaluable patient, the largest rise at the left; cut bars carry their value, lines their percentage."""
    rows = material.rows("endpoint_values", population=spec.population, endpoint=spec.endpoint)
    known = sorted(
        (row for row in rows if row.get("value") is not None), key=lambda row: (-row["value"], row["patient_id"])
    )
    if not known:
        return draw_nothing(spec.name, spec.caption)
    figure = new_figure(3.15 + FOOT_IN)
    axes = axes_at(figure, 0.6, 0.42 + FOOT_IN, width_in() - _MARGINS_IN, 2.4)
    categories = _categories(known)
    for place, row in enumerate(known):
        _draw_bar(axes, place, row, spec.cap_pct, categories, told=_has_room(len(known)))
    _finish_waterfall(axes, spec, material, known)
    if categories:
        handles = [Patch(color=colour, label=material.word(name)) for name, colour in categories.items()]
        axes.legend(
            handles=handles,
            ncols=len(handles),
            loc="lower right",
            bbox_to_anchor=(1.0, 1.0),
            borderaxespad=0.2,
            frameon=False,
            fontsize=7.5,
        )
    alt = f"Waterfall of {material.word(spec.endpoint)} in {len(known)} patients at {material.word(spec.population)}."
    foot = f"n = {len(known)} of {len(rows)}"
    return Drawing(spec.name, spec.caption, alt, figure, _shown(known), _waterfall_notes(rows, known, spec), foot)


def _categories(rows: Sequence[Row]) -> dict[str, str]:
    """A colour for each class, classes from left to right; better is blue and worse orange in every figure."""
    names = list(dict.fromkeys(row["category"] for row in rows if row.get("category")))
    better, worse, *others = palette()
    known = {"response": better, "stable": _GREY, "progression": worse}
    return {name: known.get(name, others[i % len(others)]) for i, name in enumerate(names)}


def _has_room(n: int) -> bool:
    """Whether bars are wide enough for a value above each."""
    return (width_in() - _MARGINS_IN) / n >= _VALUE_IN


def _draw_bar(axes: Axes, place: int, row: Row, cap_pct: float, categories: dict[str, str], *, told: bool) -> None:
    value = row["value"]
    colour = categories.get(row.get("category") or "", palette()[0])
    axes.bar(place, min(value, cap_pct), width=0.82, color=colour, linewidth=0)
    if abs(value) < 0.8:
        axes.plot([place - 0.41, place + 0.41], [0, 0], color=colour, linewidth=2.4, solid_capstyle="butt")
    if value > cap_pct and told:
        axes.plot([place - 0.55, place + 0.55], [cap_pct * 0.94, cap_pct * 0.98], color="white", linewidth=1.2)
        text = f"+{format_fixed(value, 0)}"
        axes.text(place, cap_pct + 3, text, ha="center", va="bottom", fontsize=6, rotation=90)


def _finish_waterfall(axes: Axes, spec: WaterfallFigure, material: Material, rows: Sequence[Row]) -> None:
    highest = max((row["value"] for row in rows), default=0.0)
    cut = spec.cap_pct * (1.25 if _has_room(len(rows)) else 1.02)
    top = cut if highest > spec.cap_pct else max(highest * 1.1, *(line * 1.2 for line in spec.lines), 10)
    axes.set_xlim(-0.7, max(len(rows), 1) - 0.3)
    axes.set_ylim(-105, top)
    axes.set_yticks([tick for tick in range(-100, int(spec.cap_pct) + 1, 25) if tick <= top])
    axes.yaxis.set_major_formatter(lambda value, _: signed(value))
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.axhline(0, color=INK, linewidth=0.8)
    for line in spec.lines:
        axes.axhline(line, color=SOFT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=3)
        axes.annotate(
            f"{signed(line)}%",
            (1.0, line),
            (3, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            color=SOFT,
            fontsize=7.5,
        )
    axes.set_ylabel(with_unit(material.word(spec.endpoint), "%"))
    axes.set_xlabel(f"Patients, largest rise first (n = {len(rows)})")


def _waterfall_notes(rows: Sequence[Row], known: Sequence[Row], spec: WaterfallFigure) -> tuple[str, ...]:
    reasons = Counter(row.get("reason") or "no reason recorded" for row in rows if row.get("value") is None)
    missing = "; ".join(f"{reason}: {n}" for reason, n in sorted(reasons.items()))
    notes = [f"{len(known)} of {len(rows)} patients evaluable" + (f" (not evaluable: {missing})." if missing else ".")]
    cut = [row["value"] for row in known if row["value"] > spec.cap_pct]
    if cut and _has_room(len(known)):
        notes.append(f"Bars above {signed(spec.cap_pct)}% are cut; their value stands above them.")
    elif cut:
        notes.append(f"{len(cut)} bars above {signed(spec.cap_pct)}% are cut; the highest is {signed(max(cut))}%.")
    return tuple(notes)


def draw_scatter(spec: ScatterFigure, material: Material) -> Drawing:
    """A point per patient with both values; dashed lines at the thresholds; correlations as their rows give them."""
    x_rows = material.rows("endpoint_values", population=spec.population, endpoint=spec.x_endpoint)
    y_rows = material.rows("endpoint_values", population=spec.population, endpoint=spec.y_endpoint)
    y_of = {row["patient_id"]: row["value"] for row in y_rows if row.get("value") is not None}
    pairs = [
        {"patient_id": row["patient_id"], "x": row["value"], "y": y_of[row["patient_id"]]}
        for row in x_rows
        if row.get("value") is not None and row["patient_id"] in y_of
    ]
    if not pairs:
        return draw_nothing(spec.name, spec.caption)
    figure = new_figure(4.2 + FOOT_IN)
    axes = axes_at(figure, 0.75, 0.5 + FOOT_IN, 3.5, 3.5)
    _draw_points(axes, pairs, spec.cap)
    _draw_quadrants(axes, spec)
    axes.set_xlabel(with_unit(material.word(spec.x_endpoint), _unit(x_rows)))
    axes.set_ylabel(with_unit(material.word(spec.y_endpoint), _unit(y_rows)))
    lines = [f"n = {len(pairs)}", *_correlations(spec, material)]
    for place, line in enumerate(lines):
        figure.text(4.45 / width_in(), (3.9 + FOOT_IN - 0.2 * place) / (4.2 + FOOT_IN), line, va="top", fontsize=7.5)
    alt = (
        f"Scatter of {material.word(spec.y_endpoint)} against {material.word(spec.x_endpoint)} at "
        f"{material.word(spec.population)}: {'; '.join(lines)}."
    )
    cut = spec.cap is not None and any(max(pair["x"], pair["y"]) > spec.cap for pair in pairs)
    n_all = len({row["patient_id"] for row in (*x_rows, *y_rows)})
    notes = [f"{len(pairs)} of {n_all} patients have both values."]
    if cut:
        notes += [f"Open triangles: a value above {signed(spec.cap or 0)}, drawn at the edge."]
    return Drawing(spec.name, spec.caption, alt, figure, pairs, tuple(notes), f"n = {len(pairs)} of {n_all}")


def _unit(rows: Sequence[Row]) -> str:
    return next((row["unit"] for row in rows if row.get("unit")), "1")


def _draw_points(axes: Axes, pairs: Sequence[Row], cap: float | None) -> None:
    for pair in pairs:
        x, y = (value if cap is None else min(value, cap) for value in (pair["x"], pair["y"]))
        is_cut = (x, y) != (pair["x"], pair["y"])
        axes.plot(
            [x],
            [y],
            marker="^" if is_cut else "o",
            markersize=5,
            markerfacecolor="none" if is_cut else palette()[0],
            markeredgecolor=palette()[0],
            markeredgewidth=0.8,
            alpha=1.0 if is_cut else 0.7,
            clip_on=False,
        )


def _draw_quadrants(axes: Axes, spec: ScatterFigure) -> None:
    for draw, values in ((axes.axvline, spec.x_lines), (axes.axhline, spec.y_lines)):
        draw(0.0, color=FAINT, linewidth=0.8, zorder=0)
        for value in values:
            if value != 0.0:
                draw(value, color=SOFT, linewidth=0.7, linestyle=(0, (4, 3)), zorder=0)
    if spec.cap is not None:
        axes.set_xlim(right=spec.cap * 1.02 if axes.get_xlim()[1] >= spec.cap else None)
        axes.set_ylim(top=spec.cap * 1.02 if axes.get_ylim()[1] >= spec.cap else None)


def _correlations(spec: ScatterFigure, material: Material) -> list[str]:
    rows = material.rows("estimates", analysis=spec.analysis, population=spec.population, measure="correlation")
    if not spec.analysis:
        return []
    lines = wrapped(material.word(spec.analysis), 30).split("\n") if spec.analysis in material.labels else []
    for row in rows:
        lines += [
            material.word(row["term"]),
            f"  r = {format_estimate(row)}",
            f"  p {_equals(row)}, n = {format_value(row['n'])}",
        ]
    return lines


def _equals(row: Row) -> str:
    text = format_p(row.get("p"))
    return text if text[0] in "<>" else f"= {text}"


def _shown(rows: Sequence[Row]) -> list[Row]:
    return [{name: row.get(name) for name in _MARKS} for row in rows]
