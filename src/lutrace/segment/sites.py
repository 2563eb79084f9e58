"""Where a lesion lies, as far as masks tell: bone, liver, lung, prostate, node, other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lutrace.imaging import LabelledVoxels, Mask

_DIRECT = {
    "skeleton": "bone",
    "liver": "liver",
    "lung": "lung",
    "lung_left": "lung",
    "lung_right": "lung",
    "prostate": "prostate",
}
_VISCERA = (
    "spleen",
    "kidney_left",
    "kidney_right",
    "small_bowel",
    "brain",
    "adrenal_left",
    "adrenal_right",
    "pancreas",
)


def sites_of(lesions: LabelledVoxels, organs: Mapping[str, Mask]) -> tuple[str | None, ...]:
    """The site of each lesion 1..count.

    The site is that of the mask that holds the most of the lesion's voxels, if that is at least a quarter of them (the
    uptake of a small bone lesion spreads beyond the bone). A lesion in none of the masks is a `node` when a skeleton
    and a liver mask were given, so that bone and liver are excluded; in another organ's mask it is `other`. Without
    these masks nothing is said (None). The rule is simple and meant to be corrected in review.
    """
    if lesions.count == 0:
        return ()
    number = lesions.number.astype(np.int64)
    voxels = np.bincount(number, minlength=lesions.count + 1)[1:]
    named = [(site, organs[region]) for region, site in _DIRECT.items() if region in organs]
    named += [("other", organs[region]) for region in _VISCERA if region in organs]
    if not named:
        return (None,) * lesions.count
    held = [np.bincount(number, mask.array.ravel()[lesions.place], lesions.count + 1)[1:] for _, mask in named]
    inside = np.stack(held) / voxels
    best = inside.argmax(axis=0)
    rest = "node" if {"skeleton", "liver"} <= set(organs) else None
    return tuple(named[best[k]][0] if inside[best[k], k] >= 0.25 else rest for k in range(lesions.count))
