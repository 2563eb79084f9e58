"""What kind a new lesion is: avid above the liver of the same scan, not avid with a finding on CT, or neither."""

from __future__ import annotations

from typing import Literal

from lutrace.segment.reference import LiverReference

NewClass = Literal["psma_avid", "not_avid_ct", "indeterminate"]

_MARGIN = 0.10
"""Within 10 % of the liver mean neither side is taken: the reference itself is no better known."""


def classify_new(suv_max: float, liver: LiverReference | None, *, ct_correlate: bool | None = None) -> NewClass:
    """The class of a new lesion from its SUVmax (g/mL), the liver SUVmean of the same scan, and what CT shows.

    More than 10 % above the liver mean: `psma_avid`. More than 10 % below and a correlate on CT (`ct_correlate` True):
    `not_avid_ct`. Otherwise, and without a liver reference: `indeterminate`. On 177Lu SPECT the liver is low and
    noisy, so its SD and voxel count travel with the reference; the line is not that of PET.
    """
    if liver is None or liver.suv_mean <= 0:
        return "indeterminate"
    if suv_max > (1 + _MARGIN) * liver.suv_mean:
        return "psma_avid"
    if suv_max < (1 - _MARGIN) * liver.suv_mean and ct_correlate:
        return "not_avid_ct"
    return "indeterminate"
