"""How far two measurements of the same patients agree: two readers, two programs, two readings."""

from __future__ import annotations

from typing import Literal

from lutrace.core import Field
from lutrace.protocol.analysis_base import OnPopulations


class AgreementAnalysis(OnPopulations):
    """Two values in one unit: intraclass correlation, mean difference, limits of agreement, repeatability coefficient.

    `ratio` compares logarithms: differences are then ratios, as volumes ask for. icc: `2,1` agreement of readers as a
    sample of readers, `3,1` consistency of these two.
    """

    kind: Literal["agreement"]
    x: str
    y: str
    unit: str = Field(min_length=1)
    ratio: bool = False
    icc: Literal["2,1", "3,1"] = "2,1"
