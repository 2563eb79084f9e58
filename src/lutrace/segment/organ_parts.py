"""A second piece of one organ: what the watershed cut off without a valley is given back to the organ beside it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lutrace.imaging import LabelledVoxels, Volume
from lutrace.segment.labeller import Identity

SHALLOW = 1.5
"""A part whose peak is less than this many times the valley to its neighbour has no focus of its own."""

_STEPS = [step for step in itertools.product((-1, 0, 1), repeat=3) if any(step)]


def join_organ_parts(
    volume: Volume, parts: LabelledVoxels, named: Sequence[Identity], components: Sequence[int | None]
) -> tuple[Identity, ...]:
    """The identities of the parts, where an uncertain one that continues an organ has that organ's identity.

    It continues it when both come from one component and touch, when the organ's identity is the most probable of the
    uncertain part as well, and when its peak is less than 1.5 times the highest uptake at which they touch. A part that
    is taken for tumour stays tumour. `components` holds the component of each part, None for one that was not split.
    """
    joined = list(named)
    for number, one in enumerate(named, start=1):
        if one.category != "uncertain" or not one.rivals or components[number - 1] is None:
            continue
        for sibling, other in enumerate(named, start=1):
            alike = other.category == "physiological" and other.identity == one.rivals[0][0]
            if sibling == number or components[sibling - 1] != components[number - 1] or not alike:
                continue
            ratio = _peak_over_valley(volume, parts, number, sibling)
            if ratio is not None and ratio < SHALLOW:
                reason = (
                    f"continues the {other.identity} beside it: its peak is {ratio:.2f} times the valley between them"
                )
                joined[number - 1] = replace(
                    one, identity=other.identity, rivals=one.rivals[1:], reasons=(reason, *one.reasons)
                )
                break
    return tuple(joined)


def _peak_over_valley(volume: Volume, parts: LabelledVoxels, number: int, sibling: int) -> float | None:
    """Highest uptake of a part over the highest at which it touches its sibling; None when they do not touch."""
    own, others = (_indices(parts, one, volume.array.shape) for one in (number, sibling))
    low, high = own.min(axis=0) - 1, own.max(axis=0) + 1
    near = others[((others >= low) & (others <= high)).all(axis=1)]
    if not len(near):
        return None
    beside = np.zeros(high - low + 1, np.float32)
    beside[tuple((near - low).T)] = volume.array[tuple(near.T)]
    values = volume.array[tuple(own.T)]
    valley = 0.0
    for step in _STEPS:
        touched = beside[tuple((own - low + np.asarray(step)).T)]
        valley = max(valley, float(np.minimum(values, touched).max()))
    return float(values.max()) / valley if valley > 0 else None


def _indices(parts: LabelledVoxels, number: int, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """The voxels (n, 3), z y x, of one part."""
    return np.stack(np.unravel_index(parts.place[parts.number == number], shape), axis=1).astype(np.int64)
