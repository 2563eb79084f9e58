"""The kind of a new lesion: avid above the reference organ of its scan, not avid with a finding on CT, or neither.

Software never infers a lesion without uptake: a reader names it, and `measure_at` measures the uptake at its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lutrace.core import ContradictionError, Row, UnusableInputError
from lutrace.imaging import Volume
from lutrace.segment.lesions import LesionSet
from lutrace.segment.reference import LiverReference

NewClass = Literal["psma_avid", "not_avid_ct", "indeterminate"]

_MARGIN = 0.10
"""Within 10 % of the line neither side is taken: the reference itself is no better known."""
_STANDARD_DEVIATIONS = 2.0
"""The stricter line: reference mean and so many standard deviations."""


def classify_new(suv: float, line: float | None, *, ct_correlate: bool | None = None) -> NewClass:
    """The class of a new lesion from its SUVbw (g/mL), the line of the same scan (g/mL), and what a reader saw on CT.

    More than 10 % above the line: `psma_avid`. More than 10 % below and a correlate on CT (`ct_correlate` True):
    `not_avid_ct`. Otherwise, and without a line: `indeterminate`. On 177Lu SPECT the liver is low and noisy, so the
    SD and voxel count of the reference travel with the class; the line is not that of PET.
    """
    if line is None or line <= 0:
        return "indeterminate"
    if suv > (1 + _MARGIN) * line:
        return "psma_avid"
    if suv < (1 - _MARGIN) * line and ct_correlate:
        return "not_avid_ct"
    return "indeterminate"


def new_class_row(
    suv_max: float,
    suv_mean: float,
    reference: LiverReference | None,
    *,
    ct_correlate: bool | None = None,
) -> Row:
    """The class columns of `lesion_links` for a new lesion, SUVbw in g/mL, with the rule and its values in words.

    `new_class` holds SUVmax against the reference mean, `new_class_by_mean` SUVmean against it, and
    `new_class_by_mean_2sd` SUVmax against mean + 2 SD. The reference is the liver, or the spleen for PSMA-1007.
    """
    mean = reference.suv_mean if reference is not None else None
    upper = reference.suv_mean + _STANDARD_DEVIATIONS * reference.suv_sd if reference is not None else None
    return {
        "new_class": classify_new(suv_max, mean, ct_correlate=ct_correlate),
        "new_class_by_mean": classify_new(suv_mean, mean, ct_correlate=ct_correlate),
        "new_class_by_mean_2sd": classify_new(suv_max, upper, ct_correlate=ct_correlate),
        **_reference_row(reference),
        "rule": _rule_in_words(suv_max, reference, ct_correlate),
    }


def empty_class_row(reference: LiverReference | None) -> Row:
    """The class columns of `lesion_links` for a lesion that is not new: the reference of the scan, and no class."""
    classes = dict.fromkeys(("new_class", "new_class_by_mean", "new_class_by_mean_2sd"))
    return {**classes, **_reference_row(reference), "rule": None}


def _reference_row(reference: LiverReference | None) -> Row:
    if reference is None:
        names = ("reference_region", "reference_suv_mean", "reference_suv_sd", "reference_voxels")
        return dict.fromkeys(names)
    return {
        "reference_region": reference.region,
        "reference_suv_mean": reference.suv_mean,
        "reference_suv_sd": reference.suv_sd,
        "reference_voxels": reference.voxels,
    }


@dataclass(frozen=True)
class PlaceUptake:
    """SUVbw in g/mL within a sphere around a place that a reader named, and how many voxels it holds.

    `whole` is false where part of the sphere lies outside the image.
    """

    suv_max: float
    suv_mean: float
    voxels: int
    whole: bool


def measure_at(volume: Volume, place_mm: NDArray[np.float64], radius_mm: float) -> PlaceUptake:
    """Uptake in a sphere of `radius_mm` around `place_mm` (x, y, z; LPS mm): every voxel whose centre lies in it.

    The voxel that holds the place always counts, however small the sphere. The place is the reader's: nothing is
    searched for around it.
    Raises ContradictionError when the volume is not in SUV, UnusableInputError for a place outside the image or a
    radius that is not above 0.
    """
    if volume.unit != "g/mL":
        raise ContradictionError(f"uptake at a place: expected a volume in g/mL (SUVbw), found {volume.unit}")
    if not radius_mm > 0:
        raise UnusableInputError(f"uptake at a place: radius_mm must be above 0, got {radius_mm}")
    place = np.asarray(place_mm, np.float64).reshape(1, 3)
    centre = volume.geometry.to_index(place)[0]
    shape = np.asarray(volume.geometry.shape_zyx)
    if (centre < -0.5).any() or (centre > shape - 0.5).any():
        raise UnusableInputError("uptake at a place: the place lies outside the image; check the scan and its frame")
    reach = radius_mm / np.asarray(volume.geometry.spacing_mm[::-1])
    whole = bool((centre - reach >= -0.5).all() and (centre + reach <= shape - 0.5).all())
    index_zyx = _sphere(volume, place, centre, radius_mm)
    values = volume.array[tuple(index_zyx.T)].astype(np.float64)
    return PlaceUptake(float(values.max()), float(values.mean()), int(values.size), whole)


def _sphere(
    volume: Volume, place: NDArray[np.float64], centre: NDArray[np.float64], radius_mm: float
) -> NDArray[np.int64]:
    """Array indices (n, 3) of the voxels within the radius, and of the one that holds the place."""
    last = np.asarray(volume.geometry.shape_zyx) - 1
    nearest = np.clip(np.rint(centre), 0, last).astype(np.int64)
    reach = np.ceil(radius_mm / np.asarray(volume.geometry.spacing_mm[::-1])).astype(np.int64)
    low, high = np.maximum(nearest - reach, 0), np.minimum(nearest + reach, last)
    axes = np.meshgrid(*(np.arange(a, b + 1) for a, b in zip(low, high, strict=True)), indexing="ij")
    grid = np.stack([axis.ravel() for axis in axes], axis=1)
    distance = np.linalg.norm(volume.geometry.to_mm(grid.astype(np.float64)) - place, axis=1)
    return np.asarray(grid[(distance <= radius_mm + 1e-6) | (grid == nearest).all(axis=1)], np.int64)


def _rule_in_words(suv_max: float, reference: LiverReference | None, ct_correlate: bool | None) -> str:
    if reference is None or reference.suv_mean <= 0:
        return "no reference: no liver or spleen was measured in the later scan, so uptake cannot be classed"
    mean = reference.suv_mean
    spread = f"SD {reference.suv_sd:.2f}, {reference.voxels} voxels"
    line = f"{reference.region} SUVmean {mean:.2f} of the same scan ({spread})"
    if suv_max > (1 + _MARGIN) * mean:
        return f"SUVmax {suv_max:.2f} is more than {_MARGIN:.0%} above the {line}"
    if suv_max < (1 - _MARGIN) * mean:
        seen = "a reader saw it on CT" if ct_correlate else "no finding of a reader on CT is given"
        return f"SUVmax {suv_max:.2f} is more than {_MARGIN:.0%} below the {line}; {seen}"
    return f"SUVmax {suv_max:.2f} is within {_MARGIN:.0%} of the {line}"


def find_lesions_near(lesions: LesionSet, place_mm: NDArray[np.float64], radius_mm: float) -> frozenset[int]:
    """The numbers of the lesions with a voxel whose centre is at most `radius_mm` from a place (x, y, z; LPS mm)."""
    voxels = lesions.voxels
    if voxels.count == 0:
        return frozenset()
    index_zyx = np.stack(np.unravel_index(voxels.place, lesions.geometry.shape_zyx), axis=1).astype(np.float64)
    away = np.linalg.norm(lesions.geometry.to_mm(index_zyx) - place_mm, axis=1)
    return frozenset(int(number) for number in np.unique(voxels.number[away <= radius_mm]))
