"""RTSTRUCT -> masks: each region's contours filled on the image's grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from lutrace.core import ContradictionError, Source, UnsupportedError, UnusableInputError
from lutrace.dicom.elements import decoded_text, element_numbers
from lutrace.dicom.region_names import clean_region_names
from lutrace.imaging import Geometry, Mask, fill_contours

RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
_ROI_NAME = 0x30060026
_CONTOUR_DATA = 0x30060050


def masks_of_rtstruct(dataset: Dataset, reference: Geometry, digest: str) -> list[Mask]:
    """One mask per region of an RT Structure Set, in its order, on the grid of `reference`.

    Closed planar contours are filled by the rule of `imaging.fill_contours`; points and open lines enclose nothing and
    are noted. `digest` names the file in the provenance.
    Raises ContradictionError when the structure set was drawn in another frame of reference than the image's,
    UnsupportedError for contours in no plane of the grid, UnusableInputError for malformed contour data.
    Source: DICOM PS3.3 C.8.8.5 (Structure Set), C.8.8.6 (ROI Contour).
    """
    regions = list(dataset.get("StructureSetROISequence", ()))
    names = clean_region_names(dataset, [decoded_text(region, _ROI_NAME) or "" for region in regions])
    drawn = {int(item.ReferencedROINumber): item for item in dataset.get("ROIContourSequence", ())}
    masks = []
    for region, name in zip(regions, names, strict=True):
        number = int(region.ROINumber)
        _check_frame(region.get("ReferencedFrameOfReferenceUID"), reference, name)
        contours, notes = _contours(drawn.get(number), name)
        try:
            filled = fill_contours(contours, reference)
        except UnsupportedError as error:
            raise UnsupportedError(f"region {name}: {error}") from error
        source = Source("masks", digest, f"rtstruct roi {number}")
        masks.append(Mask(name, filled.array, reference, source, (*notes, *filled.notes)))
    return masks


def _check_frame(frame: str | None, reference: Geometry, name: str) -> None:
    """Contours of another patient position must not be laid over this image."""
    known = reference.frame_of_reference
    if frame and known and str(frame) != known:
        raise ContradictionError(
            f"region {name}: drawn in another frame of reference than the image's; give the image it was drawn on, or "
            "register and resample the region first"
        )


def _contours(item: Dataset | None, name: str) -> tuple[list[NDArray[np.float64]], list[str]]:
    """The closed contours of one region, and a note for those that enclose nothing."""
    contours: list[NDArray[np.float64]] = []
    others: list[str] = []
    for contour in item.get("ContourSequence", ()) if item is not None else ():
        kind = str(contour.get("ContourGeometricType", ""))
        if kind not in _CLOSED:
            others.append(kind or "untyped")
            continue
        numbers = np.asarray(element_numbers(contour, _CONTOUR_DATA, "Contour Data"), float)
        if numbers.size % 3:
            raise UnusableInputError(
                f"region {name}: contour data hold {numbers.size} numbers, expected a multiple of 3 (x y z)"
            )
        contours.append(numbers.reshape(-1, 3))
    notes = [f"{len(others)} contours of type {', '.join(sorted(set(others)))} enclose nothing"] if others else []
    if not contours and not others:
        notes.append("no contour is drawn")
    return contours, notes
