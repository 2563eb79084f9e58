"""Regions of lesions by miTNM (PROMISE V2): T, N, M1a, M1b, M1c, as far as masks and positions tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lutrace.imaging import Mask, Volume

ORDER = ("T", "N", "M1a", "M1b", "M1c")
_BY_SITE = {"prostate": "T", "bone": "M1b", "liver": "M1c", "lung": "M1c", "other": "M1c"}
_PELVIC_SHARE = 0.6
_ABOVE_BLADDER_MM = 50.0
_BELOW_KIDNEY_MM = 120.0


@dataclass(frozen=True)
class NodeLevels:
    """Heights in LPS mm: below `pelvic_mm` a node is pelvic, above `extrapelvic_mm` it is not; None: not known."""

    pelvic_mm: float | None
    extrapelvic_mm: float | None


def find_node_levels(volume: Volume, organs: Mapping[str, Mask]) -> NodeLevels:
    """The heights that part pelvic from extrapelvic nodes, from the masks of bladder and kidneys.

    Pelvic nodes (N) reach to the aortic bifurcation, about the fourth lumbar vertebra; the lower poles of the kidneys
    lie about the third. So a node above the lower pole of the lower kidney is extrapelvic, and one in the lower 60 %
    of the way from the top of the bladder to it is pelvic; between them nothing is said. With one organ only, a
    node is pelvic up to 50 mm above the bladder or from 120 mm below the kidneys.
    """
    bladder = _extent_mm(volume, [organs[r] for r in ("bladder",) if r in organs])
    kidneys = _extent_mm(volume, [organs[r] for r in ("kidney_left", "kidney_right") if r in organs])
    if bladder is not None and kidneys is not None and kidneys[0] > bladder[1]:
        return NodeLevels(bladder[1] + _PELVIC_SHARE * (kidneys[0] - bladder[1]), kidneys[0])
    if kidneys is not None:
        return NodeLevels(kidneys[0] - _BELOW_KIDNEY_MM, kidneys[0])
    return NodeLevels(bladder[1] + _ABOVE_BLADDER_MM if bladder is not None else None, None)


def mitnm_of(site: str | None, height_mm: float, levels: NodeLevels) -> str | None:
    """The region of a lesion at LPS height `height_mm`; None when its site, or the level of a node, is not known.

    Source: Seifert et al., PROMISE V2, Eur Urol 2023;83:405: T local, N pelvic nodes up to the common iliac ones, M1a
    nodes beyond, M1b bone, M1c viscera.
    """
    if site != "node":
        return _BY_SITE.get(site or "")
    if levels.pelvic_mm is not None and height_mm <= levels.pelvic_mm:
        return "N"
    if levels.extrapelvic_mm is not None and height_mm >= levels.extrapelvic_mm:
        return "M1a"
    return None


def summarise_mitnm(regions: Sequence[str | None]) -> str | None:
    """The regions found, each once, in the order of miTNM; None when none is known."""
    found = [region for region in ORDER if region in regions]
    return " ".join(found) if found else None


def _extent_mm(volume: Volume, masks: Sequence[Mask]) -> tuple[float, float] | None:
    """The lowest and highest LPS height of the masks' voxels, without the outermost percent at each end."""
    places = [
        np.argwhere(mask.array[mask.box]) + [part.start for part in mask.box] for mask in masks if not mask.is_empty
    ]
    if not places:
        return None
    upwards = volume.geometry.affine[2]
    heights = np.concatenate(places) @ upwards[2::-1] + upwards[3]
    low, high = np.percentile(heights, [1.0, 99.0])
    return float(low), float(high)
