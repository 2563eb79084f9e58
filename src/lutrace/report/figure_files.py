"""Figures drawn and written: SVG, PNG, PDF and the data as CSV, the same bytes for the same rows."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl

from lutrace.core import write_rows
from lutrace.report.alluvial_figure import draw_alluvial
from lutrace.report.contents import (
    FigureSpec,
    FlowFigure,
    ForestFigure,
    PictureFigure,
    ReleasePolicy,
    ScatterFigure,
    SpecificationFigure,
    SurvivalFigure,
    TableSpec,
    WaterfallFigure,
)
from lutrace.report.effect_figure import draw_effect
from lutrace.report.figure_contents import (
    AlluvialFigure,
    EffectFigure,
    IncidenceFigure,
    LoveFigure,
    OccupancyFigure,
    PatientSheets,
    SpiderFigure,
    SwimmerFigure,
    TrajectoryFigure,
    ValidationFigure,
)
from lutrace.report.figure_style import Drawing, fitted, text_width_in
from lutrace.report.figure_themes import SOFT, theme_named
from lutrace.report.flow_figure import draw_flow
from lutrace.report.forest_figure import draw_forest
from lutrace.report.incidence_figure import draw_incidence
from lutrace.report.love_figure import draw_love
from lutrace.report.material import Material
from lutrace.report.occupancy_figure import draw_occupancy
from lutrace.report.patient_figures import draw_scatter, draw_waterfall
from lutrace.report.picture_figure import draw_pictures
from lutrace.report.specification_figure import draw_specifications
from lutrace.report.spider_figure import draw_spider
from lutrace.report.survival_figure import draw_survival
from lutrace.report.swimmer_figure import draw_swimmer
from lutrace.report.trajectory_figure import draw_trajectories
from lutrace.report.validation_figure import draw_validation

_DRAWN_BY: Mapping[type, Callable[[Any, Material], Drawing]] = {
    FlowFigure: draw_flow,
    SurvivalFigure: draw_survival,
    ForestFigure: draw_forest,
    SpecificationFigure: draw_specifications,
    WaterfallFigure: draw_waterfall,
    ScatterFigure: draw_scatter,
    PictureFigure: draw_pictures,
    SwimmerFigure: draw_swimmer,
    SpiderFigure: draw_spider,
    TrajectoryFigure: draw_trajectories,
    AlluvialFigure: draw_alluvial,
    IncidenceFigure: draw_incidence,
    OccupancyFigure: draw_occupancy,
    LoveFigure: draw_love,
    ValidationFigure: draw_validation,
    EffectFigure: draw_effect,
}
_OF_PERSONS = (
    *(WaterfallFigure, ScatterFigure, PictureFigure, SwimmerFigure, SpiderFigure, TrajectoryFigure, PatientSheets),
)
_OF_COUNTS = (AlluvialFigure, IncidenceFigure, OccupancyFigure, LoveFigure, ValidationFigure)
"""Figures of counts that cannot be hidden one by one: they leave only where no small count is hidden."""
METADATA = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}
PNG_DPI = 200
_FOOT_PT = 5.5


@dataclass(frozen=True)
class RenderedFigure:
    """A figure as bytes, ready to be placed; `width_in` is its width on paper in inches."""

    name: str
    caption: str
    alt: str
    notes: tuple[str, ...]
    svg: bytes
    png: bytes
    width_in: float
    paths: tuple[Path, ...]


def render_figure(spec: FigureSpec, material: Material, folder: Path, banner: Sequence[str]) -> RenderedFigure:
    """Draw the figure and write `name.svg`, `name.png`, `name.pdf` and `name.csv` (its data) into `folder`."""
    with mpl.rc_context(theme_named(material.theme).settings()):
        drawing = _DRAWN_BY[type(spec)](spec, material)
        _write_foot(drawing, banner)
        saved = {kind: _save(drawing, kind) for kind in ("svg", "png", "pdf")}
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for kind, content in saved.items():
        path = folder / f"{drawing.name}.{kind}"
        path.write_bytes(content)
        paths.append(path)
    data_path = folder / f"{drawing.name}.csv"
    write_rows(data_path, [{**row, "notice": "; ".join(banner)} for row in drawing.data])
    return RenderedFigure(
        drawing.name,
        drawing.caption,
        drawing.alt,
        (*drawing.notes, *spec.notes),
        saved["svg"],
        saved["png"],
        float(drawing.figure.get_size_inches()[0]),
        (*paths, data_path),
    )


def may_be_shown(item: TableSpec | FigureSpec | PatientSheets, policy: ReleasePolicy) -> bool:
    """Whether an item may leave: one of persons where their rows may, one of counts where no small count is hidden."""
    if isinstance(item, _OF_PERSONS):
        return policy.shows_persons
    return policy.min_cell is None or not isinstance(item, _OF_COUNTS)


def _write_foot(drawing: Drawing, banner: Sequence[str]) -> None:
    """The banner at the left of the foot, in as many lines as it needs, and the counts at the right."""
    width, height = drawing.figure.get_size_inches()
    room = width - 0.3 - text_width_in(drawing.foot, _FOOT_PT)
    lines = fitted(" · ".join(banner), room, _FOOT_PT)
    style: dict[str, Any] = {"fontsize": _FOOT_PT, "color": SOFT, "va": "bottom"}
    for place, line in enumerate(reversed(lines)):
        drawing.figure.text(0.05 / width, (0.04 + 0.095 * place) / height, line, **style)
    drawing.figure.text(1 - 0.05 / width, 0.04 / height, drawing.foot, ha="right", **style)


def _save(drawing: Drawing, kind: str) -> bytes:
    buffer = io.BytesIO()
    drawing.figure.savefig(buffer, format=kind, dpi=PNG_DPI, metadata=METADATA[kind])
    return buffer.getvalue()
