"""From activity concentration to SUVbw: the factor and its use are physics', the volume is ours."""

from __future__ import annotations

from lutrace.imaging.volume import Volume
from lutrace.physics import SuvFactor, apply_suv_factor


def to_suvbw(volume: Volume, factor: SuvFactor) -> Volume:
    """The volume in SUVbw, g/mL, float32; `factor` is that of this very series. Negative values stay negative.

    Raises ContradictionError when the number of slice factors is not the number of slices.
    """
    return volume.with_array(apply_suv_factor(volume.array, factor), "g/mL")
