"""The face taken out of the slices of a head CT or PET: the same grid, air where the face was."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from lutrace.core import UnusableInputError
from lutrace.dicom import elements as el
from lutrace.dicom.deidentify import code_item
from lutrace.dicom.deidentify_table import FACE_CODE
from lutrace.imaging import FaceRegion, Geometry, Mask

_CT_AIR_HU = -1000.0
_CT_BODY_HU = -300.0
_UPTAKE_SUV = 3.0


@dataclass(frozen=True, eq=False)
class Defacing:
    """Where the face is, the regions whose voxels stay (tumour), and g/mL per rescaled value where it is known."""

    face: FaceRegion
    kept: tuple[Mask, ...] = ()
    g_ml_per_value: float | None = None


@dataclass(frozen=True)
class FaceLoss:
    """What taking out the face cost: mL set to air that were not air, mL kept for tumour, SUV of what was lost.

    `uptake_ml` is what of it had an SUV of 3 or more: what could have been tumour. SUVs are None without SUV.
    """

    removed_ml: float = 0.0
    kept_ml: float = 0.0
    suv_max: float | None = None
    uptake_ml: float | None = None
    n_slices: int = 0

    def plus(self, other: FaceLoss) -> FaceLoss:
        """Both together."""
        peaks = [one.suv_max for one in (self, other) if one.suv_max is not None]
        sums = [one.uptake_ml for one in (self, other) if one.uptake_ml is not None]
        return FaceLoss(
            self.removed_ml + other.removed_ml,
            self.kept_ml + other.kept_ml,
            max(peaks) if peaks else None,
            sum(sums) if sums else None,
            self.n_slices + other.n_slices,
        )


def deface_dataset(dataset: Dataset, defacing: Defacing) -> FaceLoss:
    """Set the face of one CT or PET slice to air, in place, and say what was lost.

    Image Type becomes DERIVED, and the method, its code 113102 and (0028,0302) say that faces were taken out. Slices
    without face keep their pixels. Raises UnusableInputError when the pixels cannot be decoded.
    """
    _state(dataset)
    geometry = _slice_geometry(dataset)
    face = defacing.face.holds(geometry)[0]
    if not face.any():
        return FaceLoss()
    kept = np.zeros_like(face)
    for mask in defacing.kept:
        kept |= _on_slice(mask, geometry, face)
    stored, slope, intercept = _stored(dataset)
    is_ct = dataset.Modality == "CT"
    air = round(((_CT_AIR_HU if is_ct else 0.0) - intercept) / slope)
    low, high = np.iinfo(stored.dtype).min, np.iinfo(stored.dtype).max
    values = stored.astype(np.float64) * slope + intercept
    body = values > (_CT_BODY_HU if is_ct else 0.0)
    gone = face & ~kept
    lost = values[gone & body]
    stored[gone] = min(max(air, low), high)
    _write_pixels(dataset, stored)
    factor = None if is_ct else defacing.g_ml_per_value
    suv_max = float(lost.max() * factor) if factor is not None and lost.size else None
    volume_ml = geometry.voxel_volume_ml
    uptake_ml = float((lost * factor >= _UPTAKE_SUV).sum()) * volume_ml if factor is not None else None
    return FaceLoss(lost.size * volume_ml, float((face & kept & body).sum()) * volume_ml, suv_max, uptake_ml, 1)


def _state(dataset: Dataset) -> None:
    image_type = list(dataset.get("ImageType", None) or ["DERIVED", "SECONDARY"])
    dataset.ImageType = ["DERIVED", *image_type[1:]]
    dataset.RecognizableVisualFeatures = "NO"
    dataset.DeidentificationMethod = [*dataset.DeidentificationMethod, "face set to air by a flat cut"]
    dataset.DeidentificationMethodCodeSequence.append(code_item(FACE_CODE[0], "DCM", FACE_CODE[1]))


def _slice_geometry(dataset: Dataset) -> Geometry:
    """The grid of one slice, as thick as the slice says."""
    place = el.element_numbers(dataset, 0x00200032, "Image Position (Patient)")
    turned = el.element_numbers(dataset, 0x00200037, "Image Orientation (Patient)")
    spacing = el.element_numbers(dataset, 0x00280030, "Pixel Spacing")
    thickness = el.element_number(dataset, 0x00180050, "Slice Thickness")
    if len(place) != 3 or len(turned) != 6 or len(spacing) != 2:
        raise UnusableInputError("Image Position, Orientation and Pixel Spacing: expected all to find the face")
    normal = np.cross(turned[:3], turned[3:])
    direction = np.stack([turned[:3], turned[3:], normal], axis=1).ravel()
    return Geometry(
        (int(dataset.Columns), int(dataset.Rows), 1),
        (spacing[1], spacing[0], thickness or 1.0),
        (place[0], place[1], place[2]),
        tuple(float(v) for v in direction),  # type: ignore[arg-type]
    )


def _on_slice(mask: Mask, geometry: Geometry, face: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which voxels of a slice's face lie in a region drawn on another grid: the nearest voxel tells."""
    found = np.zeros_like(face)
    rows, columns = np.nonzero(face)
    points = geometry.to_mm(np.stack([np.zeros(len(rows)), rows, columns], axis=1).astype(float))
    index = np.rint(mask.geometry.to_index(points)).astype(int)
    inside = ((index >= 0) & (index < np.array(mask.array.shape))).all(axis=1)
    hit = np.zeros(len(rows), np.bool_)
    hit[inside] = mask.array[tuple(index[inside].T)]
    found[rows, columns] = hit
    return found


def _stored(dataset: Dataset) -> tuple[NDArray[np.signedinteger | np.unsignedinteger], float, float]:
    try:
        stored = np.array(dataset.pixel_array)
    except (RuntimeError, ValueError, AttributeError, NotImplementedError, KeyError, TypeError) as error:
        raise UnusableInputError("Pixel Data (7FE0,0010): cannot be decoded to take out the face") from error
    if stored.ndim != 2 or stored.dtype.kind not in "iu":
        raise UnusableInputError("Pixel Data (7FE0,0010): expected one grey slice of whole numbers")
    slope = el.element_number(dataset, 0x00281053, "Rescale Slope")
    intercept = el.element_number(dataset, 0x00281052, "Rescale Intercept")
    return stored, slope or 1.0, intercept or 0.0


def _write_pixels(dataset: Dataset, stored: NDArray[np.signedinteger | np.unsignedinteger]) -> None:
    """Put the slice back; what was compressed becomes explicit little endian, for a lossy coding would spread it."""
    if dataset.file_meta.TransferSyntaxUID.is_compressed:
        dataset.set_pixel_data(
            stored, dataset.PhotometricInterpretation, int(dataset.BitsStored), generate_instance_uid=False
        )
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        return
    is_big = dataset.original_encoding[1] is False
    dataset["PixelData"].value = stored.astype(stored.dtype.newbyteorder(">" if is_big else "<")).tobytes()
