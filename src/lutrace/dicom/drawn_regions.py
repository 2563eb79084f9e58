"""A region to be written: its voxels, and what is known of it beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lutrace.core import ContradictionError, MissingFactError, Source
from lutrace.dicom.tracking_uids import Tracking
from lutrace.imaging import COLOURS, Geometry, Mask

_PLAIN = (90, 90, 90)


@dataclass(frozen=True, eq=False)
class FlatRegion:
    """A region kept as the places of its voxels in the flattened array: a hundred lesions of a scan fit in memory."""

    name: str
    place: NDArray[np.int64]
    geometry: Geometry
    source: Source

    @property
    def mask(self) -> Mask:
        """The region as an array, made anew each time."""
        array = np.zeros(self.geometry.shape_zyx, np.bool_)
        array.ravel()[self.place] = True
        return Mask(self.name, array, self.geometry, self.source)


@dataclass(frozen=True, eq=False)
class DrawnRegion:
    """Voxels with their category (a key of imaging.COLOURS), site (bone, node, liver ...) and identity over time.

    `cut_by_view`: it reaches the edge of the field of view; None when nobody looked.
    """

    voxels: Mask | FlatRegion
    category: str | None = None
    site: str | None = None
    tracking: Tracking | None = None
    cut_by_view: bool | None = None

    @property
    def name(self) -> str:
        """What the region is called."""
        return self.voxels.name

    @property
    def geometry(self) -> Geometry:
        """The grid that it lies on."""
        return self.voxels.geometry

    @property
    def mask(self) -> Mask:
        """The region as an array."""
        return self.voxels if isinstance(self.voxels, Mask) else self.voxels.mask

    @property
    def place(self) -> NDArray[np.int64]:
        """The places of its voxels in the flattened array."""
        return np.flatnonzero(self.voxels.array) if isinstance(self.voxels, Mask) else self.voxels.place

    @property
    def colour(self) -> tuple[int, int, int]:
        """Red, green, blue: its category's, as in pictures; grey without one."""
        return COLOURS.get(self.category or "", _PLAIN)


@dataclass(frozen=True)
class Algorithm:
    """The program that drew the regions: name, version, and the parameters that decide."""

    name: str
    version: str = "1"
    parameters: tuple[tuple[str, str], ...] = ()


def as_drawn(masks: Sequence[Mask | DrawnRegion]) -> list[DrawnRegion]:
    """Masks and regions as regions."""
    return [one if isinstance(one, DrawnRegion) else DrawnRegion(one) for one in masks]


def check_regions(regions: Sequence[DrawnRegion], kind: str) -> Geometry:
    """The one grid of the regions.

    Raises MissingFactError without regions, ContradictionError when they do not share a grid; `kind` is the object's.
    """
    if not regions:
        raise MissingFactError(f"{kind}: expected at least one mask, found none; there is nothing to write")
    geometry = regions[0].geometry
    for region in regions[1:]:
        if not region.geometry.same_grid(geometry):
            raise ContradictionError(f"region {region.name}: on another grid than {regions[0].name}; resample it first")
    return geometry
