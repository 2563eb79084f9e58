"""The derived table of timelines: which series over time, and by which version of CTCAE they are graded."""

from __future__ import annotations

from typing import Literal

from lutrace.core import Field, field_validator
from lutrace.protocol.derived_item import DerivedItem
from lutrace.protocol.worsening import check_scale
from lutrace.terms import analyte_names, instruments

TUMOUR_VOLUME, WEIGHT = "tumour_volume", "weight_kg"
SCORE_SEPARATOR = "."
"""Between an instrument and its scale, in the name of a series."""


class DerivedTimeline(DerivedItem):
    """Results and events of each patient on the clock of the first cycle: what swimmer and spider figures, laboratory
    courses and the sheet of a patient are drawn from.

    series: analytes of the vocabulary, `tumour_volume` (mL, of the scans after cycles, by the study's plan),
    `weight_kg`, and scales of questionnaires (`fact-p.fact_p`). criteria: version of CTCAE that grades the analytes.
    """

    kind: Literal["timeline"]
    series: tuple[str, ...] = Field(default=("psa", "haemoglobin", "platelets", "neutrophils"), min_length=1)
    criteria: Literal["ctcae-4.0", "ctcae-5.0", "ctcae-6.0"] = "ctcae-5.0"

    @property
    def analytes(self) -> tuple[str, ...]:
        """The series that are laboratory values."""
        return tuple(name for name in self.series if name in analyte_names())

    @property
    def scores(self) -> tuple[str, ...]:
        """The series that are scales of questionnaires."""
        return tuple(name for name in self.series if SCORE_SEPARATOR in name)

    @field_validator("series")
    @classmethod
    def _are_known(cls, series: tuple[str, ...]) -> tuple[str, ...]:
        for name in series:
            instrument, dot, scale = name.partition(SCORE_SEPARATOR)
            if dot and any(one.name == instrument for one in instruments()):
                check_scale(instrument, scale)
            elif name not in (*analyte_names(), TUMOUR_VOLUME, WEIGHT):
                raise ValueError(f"expected an analyte, {TUMOUR_VOLUME}, {WEIGHT} or instrument.scale; got {name!r}")
        return tuple(dict.fromkeys(series))
