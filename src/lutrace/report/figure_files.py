"""Figures drawn and written: SVG, PNG, PDF and the data as CSV, the same bytes for the same rows."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl

from lutrace.core import write_rows
from lutrace.report.contents import (
    FigureSpec,
    FlowFigure,
    ForestFigure,
    PictureFigure,
    ScatterFigure,
    SpecificationFigure,
    SurvivalFigure,
    WaterfallFigure,
)
from lutrace.report.figure_style import SOFT, STYLE, Drawing
from lutrace.report.flow_figure import draw_flow
from lutrace.report.forest_figure import draw_forest
from lutrace.report.material import Material
from lutrace.report.patient_figures import draw_scatter, draw_waterfall
from lutrace.report.picture_figure import draw_pictures
from lutrace.report.specification_figure import draw_specifications
from lutrace.report.survival_figure import draw_survival

_METADATA = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}
PNG_DPI = 200


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
    with mpl.rc_context(STYLE):
        drawing = _draw(spec, material)
        drawing.figure.text(0.008, 0.012, " · ".join(banner), fontsize=5.5, color=SOFT, va="bottom")
        drawing.figure.text(0.992, 0.012, drawing.foot, fontsize=5.5, color=SOFT, va="bottom", ha="right")
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


def _draw(spec: FigureSpec, material: Material) -> Drawing:
    match spec:
        case FlowFigure():
            return draw_flow(spec, material)
        case SurvivalFigure():
            return draw_survival(spec, material)
        case ForestFigure():
            return draw_forest(spec, material)
        case SpecificationFigure():
            return draw_specifications(spec, material)
        case WaterfallFigure():
            return draw_waterfall(spec, material)
        case ScatterFigure():
            return draw_scatter(spec, material)
        case PictureFigure():
            return draw_pictures(spec, material)


def _save(drawing: Drawing, kind: str) -> bytes:
    buffer = io.BytesIO()
    drawing.figure.savefig(buffer, format=kind, dpi=PNG_DPI, metadata=_METADATA[kind])
    return buffer.getvalue()
