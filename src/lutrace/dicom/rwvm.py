"""The Real World Value Mapping of a header: slope, intercept and unit of its stored values."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.dataset import Dataset

from lutrace.core import ContradictionError, UnsupportedError
from lutrace.dicom import elements as el
from lutrace.dicom.pixels import is_usable_scale

_BQ_ML = ("bq/ml", "bq.ml-1")
_SUV = ("{suvbw}g/ml", "g/ml{suvbw}", "g/ml")
_COUNTS = ("{counts}", "1")


@dataclass(frozen=True)
class RealWorldMapping:
    """Real value = slope x stored value + intercept, in `units` (as Units (0054,1001) would name it)."""

    slope: float
    intercept: float
    units: str
    unit_text: str


def read_mapping(header: Dataset) -> RealWorldMapping | None:
    """The mapping to activity, SUV or counts of a header, or None without one.

    Raises UnsupportedError for a look-up table or an unknown unit, ContradictionError for an unusable slope or for
    mappings to the same unit that differ. Source: DICOM PS3.3 C.7.6.16.2.11.
    """
    mappings = [_mapping(item) for item in el.sequence_items(header, 0x00409096)]
    for units in ("BQML", "GML", "CNTS"):
        fitting = {mapping for mapping in mappings if mapping.units == units}
        if len(fitting) > 1:
            raise ContradictionError(
                f"Real World Value Mapping (0040,9096): {len(fitting)} different mappings to {units}; expected one"
            )
        if fitting:
            return fitting.pop()
    return None


def _mapping(item: Dataset) -> RealWorldMapping:
    codes = el.sequence_items(item, 0x004008EA)
    unit_text = (el.element_text(codes[0], 0x00080100) if codes else None) or "absent"
    slope = el.element_number(item, 0x00409225, "Real World Value Slope")
    intercept = el.element_number(item, 0x00409224, "Real World Value Intercept") or 0.0
    if slope is None:
        raise UnsupportedError(
            "Real World Value Mapping (0040,9096): expected a slope (0040,9225); tables are not read"
        )
    if not is_usable_scale(slope, intercept):
        raise ContradictionError(f"Real World Value Slope (0040,9225) = {slope:g}: expected finite and not 0")
    return RealWorldMapping(slope, intercept, _units(unit_text), unit_text)


def _units(unit_text: str) -> str:
    compact = unit_text.replace(" ", "").casefold()
    for units, spellings in (("BQML", _BQ_ML), ("GML", _SUV), ("CNTS", _COUNTS)):
        if compact in spellings:
            return units
    raise UnsupportedError(
        f"Real World Value Mapping (0040,9096): expected Bq/ml, {{SUVbw}}g/ml or {{counts}}, found {unit_text}"
    )
