"""What all figures are made with: sheets and axes at places in inches, texts that fit, colours of the theme."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from lutrace.core import Row
from lutrace.report.figure_themes import SOFT
from lutrace.report.wording import format_fixed

FOOT_IN = 0.28
_NOTHING = "No patients: nothing to draw."


def width_in() -> float:
    """The width of a figure over the full page in inches, by the theme that it is drawn under."""
    return float(mpl.rcParams["figure.figsize"][0])


def palette() -> tuple[str, ...]:
    """The colours of the theme, in their order."""
    return tuple(one["color"] for one in mpl.rcParams["axes.prop_cycle"])


def dashes() -> tuple[Any, ...]:
    """The lines of the theme, in the order of its colours; all solid where colours tell them apart."""
    return tuple(one.get("linestyle", "-") for one in mpl.rcParams["axes.prop_cycle"])


@dataclass(frozen=True)
class Drawing:
    """A figure with the rows that it shows, a text for those who cannot see it, and notes for below it.

    `foot` is drawn into the lower right corner: how many patients stand behind the figure.
    """

    name: str
    caption: str
    alt: str
    figure: Figure
    data: Sequence[Row]
    notes: tuple[str, ...] = ()
    foot: str = ""


def new_figure(height_in: float, wide_in: float | None = None) -> Figure:
    """An empty figure of that size in inches (as wide as the theme); the foot of it is kept for the banner."""
    return Figure(figsize=(width_in() if wide_in is None else wide_in, height_in))


def axes_at(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes at a place given in inches from the lower left corner."""
    full_width, full_height = figure.get_size_inches()
    return figure.add_axes((left / full_width, bottom / full_height, width / full_width, height / full_height))


def blank_axes_at(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes without frame or ticks whose units are inches: a sheet to write and draw on."""
    axes = axes_at(figure, left, bottom, width, height)
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    return axes


def draw_nothing(name: str, caption: str) -> Drawing:
    """A figure that says that there is nothing to draw."""
    figure = new_figure(0.9)
    blank_axes_at(figure, 0.0, 0.0, width_in(), 0.9).text(
        width_in() / 2, 0.5, _NOTHING, color=SOFT, ha="center", va="center"
    )
    return Drawing(name, caption, _NOTHING, figure, ())


def text_width_in(text: str, size: float = 8.0) -> float:
    """The width of a line of text in inches, in the type of all figures at `size` points."""
    if not text.strip():
        return 0.0
    outline = TextPath((0, 0), text, size=size, prop=FontProperties(family=mpl.rcParams["font.family"]))
    return float(outline.get_extents().x1) / 72


def fitted(text: str, room_in: float, size: float = 8.0) -> list[str]:
    """The text as lines that each fit into `room_in` inches; words joined by a no-break space stay together."""
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width_in(longer, size) <= room_in:
            lines[-1] = longer
        else:
            lines.append(word)
    return [line.replace("\xa0", " ") for line in lines]


def shortened(labels: Sequence[str]) -> list[str]:
    """`above median`, `up to median` of names that begin alike up to a colon; a bare yes or no stays whole."""
    tails = [label.partition(": ")[2] for label in labels]
    same = len({label.partition(": ")[0] for label in labels}) == 1
    return tails if same and all(len(tail) > 3 for tail in tails) else list(labels)


def signed(value: float) -> str:
    """A whole number with its sign: `+25`, `−50`, `0`."""
    return f"+{format_fixed(value, 0)}" if value > 0 else format_fixed(value, 0)


def wrapped(text: str, width: int) -> str:
    """The text broken into lines of at most `width` characters."""
    return "\n".join(textwrap.wrap(text, width)) or text


def spread(positions: Sequence[float], gap: float | Sequence[float], low: float, high: float) -> list[float]:
    """The positions moved apart to at least `gap`, in the same order and between `low` and `high`.

    `gap` may be the room that each needs: two are then apart by half of both.
    """
    order = sorted(range(len(positions)), key=lambda index: positions[index])
    placed = [positions[index] for index in order]
    sizes = [gap if isinstance(gap, float | int) else gap[index] for index in order]
    gaps = [0.0, *((before + after) / 2 for before, after in pairwise(sizes))]
    for i in range(1, len(placed)):
        placed[i] = max(placed[i], placed[i - 1] + gaps[i])
    over = placed[-1] - high if placed else 0.0
    if over > 0:
        placed[-1] = high
        for i in range(len(placed) - 2, -1, -1):
            placed[i] = min(placed[i], placed[i + 1] - gaps[i + 1])
    placed = [max(value, low) for value in placed]
    result = [0.0] * len(positions)
    for index, value in zip(order, placed, strict=True):
        result[index] = value
    return result
