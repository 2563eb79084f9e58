"""Volumes and masks in the image store: the array with its geometry, the frame of reference as its pseudonym."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lutrace.core import Row, Source
from lutrace.imaging import Geometry, Mask, Volume
from lutrace.registry import ImageStore


def store_volume(images: ImageStore, scan_id: str, volume: Volume, frame: str | None) -> str:
    """Store a volume under its scan; `frame` replaces the frame of reference. Returns the digest of its pixels."""
    geometry = replace(volume.geometry, frame_of_reference=frame)
    return images.put_array(scan_id, volume.array, {**_described(geometry), "unit": volume.unit})


def load_volume(images: ImageStore, scan: Row) -> Volume:
    """The volume of a row of `scans`."""
    array, meta = images.get_array_by_digest(scan["pixel_digest"])
    return Volume(array, _geometry(meta), meta["unit"], Source("dicom", scan["source_id"], scan["scan_id"]))


def load_geometry(images: ImageStore, scan: Row) -> Geometry:
    """The grid of a row of `scans`."""
    return load_volume(images, scan).geometry


def store_mask(images: ImageStore, mask_id: str, mask: Mask, frame: str | None) -> str:
    """Store a mask; `frame` replaces the frame of reference. Returns the digest of its voxels."""
    geometry = replace(mask.geometry, frame_of_reference=frame)
    return images.put_array(mask_id, mask.array, {**_described(geometry), "region": mask.name})


def load_mask(images: ImageStore, row: Row) -> Mask:
    """The mask of a row of `masks`, named by its region."""
    array, meta = images.get_array_by_digest(row["voxel_digest"])
    found = np.asarray(array, np.bool_)
    return Mask(
        row["region"], found, _geometry(meta), Source("masks", row["source_id"], row["source_locator"] or row["maker"])
    )


def _described(geometry: Geometry) -> dict[str, Any]:
    return {
        "size_xyz": list(geometry.size_xyz),
        "spacing_mm": list(geometry.spacing_mm),
        "origin_mm": list(geometry.origin_mm),
        "direction": list(geometry.direction),
        "frame_of_reference": geometry.frame_of_reference,
    }


def _geometry(meta: dict[str, Any]) -> Geometry:
    return Geometry(
        tuple(meta["size_xyz"]),
        tuple(meta["spacing_mm"]),
        tuple(meta["origin_mm"]),
        tuple(meta["direction"]),
        meta["frame_of_reference"],
    )
