"""PSMA expression of a lesion against blood pool, liver or spleen, and parotid gland of the same scan: miPSMA score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lutrace.imaging import Mask, Volume
from lutrace.segment.reference import measure_reference, reference_region


@dataclass(frozen=True)
class ExpressionScale:
    """Mean SUVbw in g/mL of blood pool, liver (spleen for PSMA-1007; which, is `region`) and parotid glands."""

    blood_pool: float
    organ: float
    parotid: float
    region: str


def measure_expression_scale(
    volume: Volume, organs: Mapping[str, Mask], *, tracer: str | None, erosion_mm: float
) -> ExpressionScale | None:
    """The scale of a scan in SUVbw; None without masks of all three, or when their means do not rise in this order.

    The liver (or spleen) is taken `erosion_mm` inside its mask; blood pool and parotid glands as they were drawn.
    """
    region = reference_region(tracer)
    glands = [organs[name] for name in ("parotid_left", "parotid_right") if name in organs]
    glands = [gland for gland in glands if not gland.is_empty]
    blood, organ = organs.get("blood_pool"), organs.get(region)
    if blood is None or organ is None or not glands or blood.is_empty or organ.is_empty:
        return None
    parotid = np.concatenate([gland.values_of(volume) for gland in glands])
    scale = ExpressionScale(
        blood_pool=float(blood.values_of(volume).mean(dtype=np.float64)),
        organ=measure_reference(volume, organ, erosion_mm=erosion_mm).suv_mean,
        parotid=float(parotid.mean(dtype=np.float64)),
        region=region,
    )
    return scale if scale.blood_pool < scale.organ < scale.parotid else None


def compute_mipsma_score(suv_mean: float, scale: ExpressionScale | None) -> int | None:
    """The miPSMA score, 0 to 3, of a lesion's SUVmean: below blood pool, liver, parotid gland, or at least as the last.

    Source: Eiber et al., J Nucl Med 2018;59:469 (PROMISE), kept in PROMISE V2; the spleen stands for the liver where
    the liver clears the ligand.

    >>> scale = ExpressionScale(1.5, 5.0, 15.0, "liver")
    >>> [compute_mipsma_score(suv, scale) for suv in (1.0, 1.5, 5.0, 15.0)]
    [0, 1, 2, 3]
    """
    if scale is None:
        return None
    return sum(suv_mean >= level for level in (scale.blood_pool, scale.organ, scale.parotid))
