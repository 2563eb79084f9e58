"""From activity concentration to SUVbw: the factor is physics', the multiplication is ours."""

from __future__ import annotations

import numpy as np

from lutrace.core import ContradictionError
from lutrace.imaging.volume import Volume
from lutrace.physics import SuvFactor


def to_suvbw(volume: Volume, factor: SuvFactor) -> Volume:
    """The volume in SUVbw, g/mL: each slice times `factor_suvbw` and, where given, its own slice factor.

    The products are formed in double precision and stored as float32. Negative values stay negative.
    Raises ContradictionError when the number of slice factors is not the number of slices.
    """
    slices = volume.geometry.shape_zyx[0]
    if factor.slice_factors and len(factor.slice_factors) != slices:
        raise ContradictionError(
            f"slice factors: expected one for each of {slices} slices, found {len(factor.slice_factors)}; "
            "compute the factor from the facts of this same series"
        )
    if not factor.slice_factors:
        return volume.with_array((volume.array * np.float64(factor.factor_suvbw)).astype(np.float32), "g/mL")
    per_slice = np.asarray(factor.slice_factors, np.float64) * factor.factor_suvbw
    return volume.with_array((volume.array * per_slice[:, None, None]).astype(np.float32), "g/mL")
