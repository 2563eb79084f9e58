"""Pictures side by side."""

from __future__ import annotations

import io

from matplotlib.image import imread

from lutrace.core import MissingFactError
from lutrace.report.contents import PictureFigure
from lutrace.report.figure_style import FOOT_IN, Drawing, axes_at, new_figure, width_in
from lutrace.report.figure_themes import SOFT
from lutrace.report.material import Material

_HEAD_IN, _GAP_IN, _TALLEST_IN = 0.25, 0.08, 5.0


def draw_pictures(spec: PictureFigure, material: Material) -> Drawing:
    """The pictures of a panel at one height, each under its label, in their own pixels and colours.

    Raises MissingFactError when the panel has no picture.
    """
    pictures = [picture for picture in material.pictures if picture.panel == spec.panel]
    if not pictures:
        raise MissingFactError(f"{spec.name}: expected pictures of panel {spec.panel!r}, found none; render them first")
    images = [imread(io.BytesIO(picture.png), format="png") for picture in pictures]
    aspects = [image.shape[1] / image.shape[0] for image in images]
    room = width_in() - _GAP_IN * (len(images) + 1)
    height = min(_TALLEST_IN, room / sum(aspects))
    figure = new_figure(height + _HEAD_IN + 0.05 + FOOT_IN)
    left = (width_in() - height * sum(aspects) - _GAP_IN * (len(images) - 1)) / 2
    for picture, image, aspect in zip(pictures, images, aspects, strict=True):
        axes = axes_at(figure, left, FOOT_IN + 0.05, height * aspect, height)
        axes.imshow(image, cmap="gray", aspect="auto", interpolation="none")
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set(visible=True, color=SOFT, linewidth=0.5)
        axes.set_title(picture.label, fontsize=8, pad=4)
        left += height * aspect + _GAP_IN
    rows = [{"label": picture.label, "caption": picture.caption} for picture in pictures]
    alt = " ".join(f"{picture.label}: {picture.caption}" for picture in pictures)
    notes = tuple(dict.fromkeys(picture.caption for picture in pictures if picture.caption))
    return Drawing(spec.name, spec.caption, alt, figure, rows, notes, f"{len(pictures)} pictures")
