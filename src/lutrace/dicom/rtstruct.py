"""RTSTRUCT -> masks: each region's contours filled on the image's grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from lutrace.core import ContradictionError, LutraceError, Source, UnusableInputError
from lutrace.dicom.elements import decoded_text, element_numbers
from lutrace.dicom.region_names import clean_region_names
from lutrace.imaging import Geometry, Mask, fill_contours

RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
_ROI_NAME = 0x30060026
_CONTOUR_DATA = 0x30060050


def masks_of_rtstruct(
    dataset: Dataset, reference: Geometry, digest: str, *, series_uid: str | None = None
) -> list[Mask]:
    """One mask per region of an RT Structure Set, in its order, on the grid of `reference`.

    Closed planar contours are filled by the rule of `imaging.fill_contours`; points and open lines enclose nothing and
    are noted. A region that cannot be laid on the image is empty, with the reason as its note, when another one can.
    `digest` names the file in the provenance; `series_uid` is the image's: a structure set that names this very series
    is taken although its frame of reference differs, with a note.
    Where no region can be read, raises the first reason: ContradictionError when it was drawn in another frame of
    reference than the image's, UnsupportedError for contours in no plane of the grid, UnusableInputError for malformed
    contour data.
    Source: DICOM PS3.3 C.8.8.5 (Structure Set), C.8.8.6 (ROI Contour).
    """
    is_of_series = series_uid is not None and series_uid in _referenced_series(dataset)
    regions = list(dataset.get("StructureSetROISequence", ()))
    names = clean_region_names(dataset, [decoded_text(region, _ROI_NAME) or "" for region in regions])
    drawn = _drawn(dataset)
    masks: list[Mask] = []
    refused: list[LutraceError] = []
    for region, name in zip(regions, names, strict=True):
        number = int(region.ROINumber)
        source = Source("masks", digest, f"rtstruct roi {number}")
        try:
            noted = _check_frame(region, reference, name, is_of_series=is_of_series)
            contours, notes = _contours(drawn.get(number), name)
            filled = fill_contours(contours, reference)
        except LutraceError as error:
            refused.append(error)
            empty = np.zeros(reference.shape_zyx, np.bool_)
            masks.append(Mask(name, empty, reference, source, (f"not read: {error}",)))
            continue
        masks.append(Mask(name, filled.array, reference, source, (*noted, *notes, *filled.notes)))
    if refused and not any(mask.array.any() for mask in masks):
        raise refused[0]
    return masks


def contours_by_region(dataset: Dataset) -> list[tuple[str, str | None, list[NDArray[np.float64]]]]:
    """Name, frame of reference and closed planar contours (n, 3; LPS mm) of each region, in the object's order.

    Raises UnusableInputError for malformed contour data.
    """
    regions = list(dataset.get("StructureSetROISequence", ()))
    names = clean_region_names(dataset, [decoded_text(region, _ROI_NAME) or "" for region in regions])
    drawn = _drawn(dataset)
    return [
        (
            name,
            str(region.get("ReferencedFrameOfReferenceUID") or "") or None,
            [points for points in _contours(drawn.get(int(region.ROINumber)), name)[0] if len(points) > 2],
        )
        for region, name in zip(regions, names, strict=True)
    ]


def _drawn(dataset: Dataset) -> dict[int, Dataset]:
    """The contours' items by the number of their region."""
    items = list(dataset.get("ROIContourSequence", ()))
    if any("ReferencedROINumber" not in item for item in items):
        raise UnusableInputError("ROI Contour Sequence (3006,0039): an item names no region; export the regions again")
    return {int(item.ReferencedROINumber): item for item in items}


def _referenced_series(dataset: Dataset) -> set[str]:
    """The series that the structure set says it was drawn on."""
    return {
        str(series.get("SeriesInstanceUID", ""))
        for frame in dataset.get("ReferencedFrameOfReferenceSequence", None) or ()
        for study in frame.get("RTReferencedStudySequence", None) or ()
        for series in study.get("RTReferencedSeriesSequence", None) or ()
    }


def _check_frame(region: Dataset, reference: Geometry, name: str, *, is_of_series: bool) -> list[str]:
    """Contours of another patient position must not be laid over this image; gives a note where it is tolerated."""
    frame, known = region.get("ReferencedFrameOfReferenceUID"), reference.frame_of_reference
    if not frame or not known or str(frame) == known:
        return []
    if is_of_series:
        return ["its frame of reference is not the image's, but the structure set names this very series: taken"]
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
