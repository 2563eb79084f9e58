"""Themes of figures: one width, one type and one palette for all figures of a report, as matplotlib's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from matplotlib.font_manager import fontManager
from matplotlib.rcsetup import cycler

from lutrace.core import UnusableInputError

INK = "#1f2933"
SOFT = "#5f6b7a"
FAINT = "#c5ccd6"
_MM_PER_IN = 25.4
_HEIGHT_IN = 4.0
_OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
_GREYS = ("#000000", "#767676", "#4d4d4d", "#a6a6a6", "#5e5e5e", "#c0c0c0")
_SOLID = ("-",) * 6
_DASHED = ("-", "--", ":", "-.", (0, (6, 2, 1, 2, 1, 2)), (0, (1, 3)))
_SANS = ("Arial", "Helvetica", "Liberation Sans", "DejaVu Sans")
_SERIF = ("Times New Roman", "Times", "Liberation Serif", "DejaVu Serif")
_UNREAD = "width and type chosen here; the journal's own instructions to authors were not read"


@dataclass(frozen=True)
class Theme:
    """How all figures of a report look.

    `width_mm` is that of a figure over the full page; `families` are types, the first that the computer has is taken;
    `palette` are colours that readers with any colour vision tell apart, `dashes` the lines in the same order;
    `checked` says what was read of a journal's instructions.
    """

    name: str
    width_mm: float
    size_pt: float
    families: tuple[str, ...]
    palette: tuple[str, ...]
    dashes: tuple[Any, ...]
    checked: str

    def settings(self) -> dict[Any, Any]:
        """The theme as matplotlib's settings: what a figure is drawn and written under."""
        known = set(fontManager.get_font_names())
        family = next((one for one in self.families if one in known), "DejaVu Sans")
        return {
            **_SHARED,
            "font.family": family,
            "font.size": self.size_pt,
            "axes.labelsize": self.size_pt,
            "xtick.labelsize": self.size_pt - 0.5,
            "ytick.labelsize": self.size_pt - 0.5,
            "figure.figsize": (self.width_mm / _MM_PER_IN, _HEIGHT_IN),
            "axes.prop_cycle": cycler(color=self.palette, linestyle=self.dashes),
        }


_SHARED: Mapping[Any, Any] = MappingProxyType(
    {
        "text.parse_math": False,
        "text.color": INK,
        "axes.edgecolor": SOFT,
        "axes.labelcolor": INK,
        "axes.linewidth": 0.7,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "xtick.color": SOFT,
        "ytick.color": SOFT,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "xtick.major.width": 0.7,
        "ytick.major.width": 0.7,
        "xtick.major.size": 3.0,
        "ytick.major.size": 3.0,
        "lines.linewidth": 1.5,
        "svg.hashsalt": "lutrace",
        "svg.fonttype": "path",
        "pdf.fonttype": 42,
        "savefig.facecolor": "white",
        "figure.facecolor": "white",
    }
)

THEMES: Mapping[str, Theme] = MappingProxyType(
    {
        theme.name: theme
        for theme in (
            Theme("default", 165.1, 8.0, ("DejaVu Sans",), _OKABE_ITO, _SOLID, "lutrace's own: 6.5 inches"),
            Theme("jnm", 178.0, 8.0, _SANS, _OKABE_ITO, _SOLID, _UNREAD),
            Theme("jco", 178.0, 8.0, _SANS, _OKABE_ITO, _SOLID, _UNREAD),
            Theme("lancet", 160.0, 8.0, _SERIF, _OKABE_ITO, _SOLID, _UNREAD),
            Theme("greyscale", 165.1, 8.0, ("DejaVu Sans",), _GREYS, _DASHED, "lutrace's own: greys and dashes"),
        )
    }
)
"""All themes by name. Colours: Okabe and Ito 2008, Color Universal Design."""


def theme_named(name: str) -> Theme:
    """The theme of that name. Raises UnusableInputError for another name."""
    if name not in THEMES:
        raise UnusableInputError(f"report.theme: expected one of {', '.join(THEMES)}, got {name[:40]!r}")
    return THEMES[name]
