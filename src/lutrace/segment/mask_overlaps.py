"""How lesions drawn as masks overlap from scan to scan, each mask on a grid of its own."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lutrace.imaging import Mask, Registration
from lutrace.segment.tracking import Overlaps

_Points = NDArray[np.float64]
_NEAR_MM = 10.0


def compute_mask_overlaps(
    baseline: Mapping[int, Mask], followup: Mapping[int, Mask], registration: Registration
) -> Overlaps:
    """Dice and shares of all pairs of lesions (by number) that overlap once the baseline is moved to the follow-up.

    A share is the part of a lesion's voxels whose centres lie in a voxel of the other; the common volume is the mean of
    both ways, so that a coarse grid on one side does not decide alone.
    """
    back = registration.inverse
    there = {number: registration.to_moving(_points_of(mask)) for number, mask in baseline.items()}
    here = {number: _points_of(mask) for number, mask in followup.items()}
    overlaps = {}
    for one, moved in there.items():
        for other, points in here.items():
            if not len(moved) or not len(points) or not _boxes_touch(moved, points):
                continue
            share_one = float(_inside(moved, followup[other]).mean())
            share_other = float(_inside(back.to_moving(points), baseline[one]).mean())
            if share_one or share_other:
                overlaps[one, other] = (
                    _dice(baseline[one], followup[other], share_one, share_other),
                    share_one,
                    share_other,
                )
    return overlaps


def _points_of(mask: Mask) -> _Points:
    """Centres of the region's voxels, LPS mm (n, 3)."""
    return mask.geometry.to_mm(np.argwhere(mask.array).astype(np.float64))


def _boxes_touch(one: _Points, other: _Points) -> bool:
    """Whether the boxes around two sets of voxel centres come within 10 mm, more than a voxel, of each other."""
    lows, highs = (one.min(axis=0), other.min(axis=0)), (one.max(axis=0), other.max(axis=0))
    return bool((lows[0] <= highs[1] + _NEAR_MM).all() and (lows[1] <= highs[0] + _NEAR_MM).all())


def _inside(points: _Points, mask: Mask) -> NDArray[np.bool_]:
    """Which points lie in a voxel of the region."""
    index = np.rint(mask.geometry.to_index(points)).astype(np.int64)
    within = ((index >= 0) & (index < np.asarray(mask.geometry.shape_zyx))).all(axis=1)
    found = np.zeros(len(points), np.bool_)
    found[within] = mask.array[tuple(index[within].T)]
    return found


def _dice(one: Mask, other: Mask, share_one: float, share_other: float) -> float:
    volumes = [float(mask.array.sum()) * mask.geometry.voxel_volume_ml for mask in (one, other)]
    common = (share_one * volumes[0] + share_other * volumes[1]) / 2
    return min(2 * common / sum(volumes), 1.0)
