"""How states and events of a course look in every figure: one colour per state, one mark per event."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from lutrace.report.figure_style import palette
from lutrace.report.figure_themes import FAINT, INK
from lutrace.report.material import Material

_GREY = "#9aa5b1"
_PLACE = {
    "on_treatment": 0,
    "ongoing": 0,
    "completed": 4,
    "next_line": 5,
    "stopped_progression": 1,
    "progression": 1,
    "hospice": 3,
    "stopped_toxicity": 2,
    "toxicity": 2,
}
_FIXED = {"dead": INK, "death": INK, "lost": "#ffffff", "break": "#e4e8ed", "no_therapy": FAINT, "none_recorded": FAINT}


@dataclass(frozen=True)
class Mark:
    """How an event is drawn: matplotlib's marker, and whether it is filled."""

    marker: str
    filled: bool = True
    size: float = 4.2


MARKS = {
    "psa50": Mark("o", filled=False),
    "psa90": Mark("o"),
    "psa_progression": Mark("^"),
    "radiological_progression": Mark("s"),
    "clinical_progression": Mark("D", size=3.6),
    "fracture": Mark("p"),
    "death": Mark("X", size=5.2),
    "last_contact": Mark("|", size=6.0),
    "hospice": Mark("P", size=4.6),
}
"""Events that have a mark of their own."""


def state_colour(state: str) -> str:
    """The colour of a state, or of how therapy ended."""
    colours = palette()
    if state in _PLACE:
        return colours[_PLACE[state] % len(colours)]
    return _FIXED.get(state, _GREY)


def state_alpha(state: str) -> float:
    """How strong a state is drawn where treatment is to stand out."""
    return 1.0 if state == "on_treatment" else 0.6


def state_handles(states: Iterable[str], material: Material) -> list[Patch]:
    """Entries of a legend for states, as strong as they are drawn."""
    return [
        Patch(
            facecolor=state_colour(one),
            edgecolor=_GREY,
            linewidth=0.4,
            alpha=state_alpha(one),
            label=material.word(one),
        )
        for one in states
    ]


def mark_handles(kinds: Iterable[str], material: Material) -> list[Line2D]:
    """Entries of a legend for events."""
    return [_line(MARKS[kind], material.word(kind)) for kind in kinds]


def _line(mark: Mark, label: str) -> Line2D:
    return Line2D(
        [], [], linestyle="none", marker=mark.marker, markersize=mark.size, label=label, color=INK,
        markerfacecolor=INK if mark.filled else "white", markeredgewidth=0.8,
    )  # fmt: skip
