"""Region statistics of other software: numbers of one region must fit each other, or a unit is wrong."""

from __future__ import annotations

import itertools

from lutrace.core import Row
from lutrace.ehr.fhir_elements import RecordError

_NUMBERS = ("volume_ml", "suv_mean", "suv_sd", "suv_min", "suv_max", "suv_peak", "tlp_ml")
_ORDER = ("suv_min", "suv_mean", "suv_max")
_ROUNDING = 0.01
"""Numbers are exported with about two decimals."""
_FACTOR = 1.5
"""Rounded volumes of small regions are off by less; a wrong unit by a factor of ten or more."""
_REMEDY = "check the units that the mapping states for this software"


def checked_region(row: Row) -> Row:
    """The row of one region. Raises RecordError where its numbers cannot be of one region, or there is none."""
    if all(row.get(name) is None for name in _NUMBERS):
        raise RecordError("suv_mean", "neither volume nor uptake is given", "map a column of volume or uptake")
    known = [(name, row[name]) for name in _ORDER if row.get(name) is not None]
    for (low_name, low), (high_name, high) in itertools.pairwise(known):
        if low > high + _ROUNDING:
            raise RecordError(low_name, f"{low_name} is above {high_name}", _REMEDY)
    volume, mean, total = (row.get(name) for name in ("volume_ml", "suv_mean", "tlp_ml"))
    if volume and mean and total and not 1 / _FACTOR <= total / (volume * mean) <= _FACTOR:
        raise RecordError("tlp_ml", "tlp_ml is not suv_mean x volume_ml, not even roughly", _REMEDY)
    return row
