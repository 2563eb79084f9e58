"""Masks -> RTSTRUCT: a structure set of closed planar contours that refer to the images they lie on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian, RTStructureSetStorage

from lutrace.dicom.derived_objects import (
    ObjectUids,
    SliceReference,
    distinct_references,
    find_references,
    read_headers,
    reference_item,
    stamp,
    start_derived,
)
from lutrace.dicom.drawn_regions import Algorithm, DrawnRegion, as_drawn, check_regions
from lutrace.dicom.region_codes import region_code
from lutrace.dicom.write_common import code_item, format_decimal
from lutrace.imaging import Mask, trace_contours

_STUDY = "1.2.840.10008.3.1.2.3.1"
"""Detached Study Management, the class that PS3.3 C.8.8.5.4 asks for beside the Study Instance UID."""
_DECIMALS = 4
"""Of contour points in mm: a ten-thousandth of a millimetre, where the voxel centres are half a voxel away."""


def write_rtstruct(
    path: Path,
    masks: Sequence[Mask | DrawnRegion],
    *,
    source_files: Sequence[Path],
    description: str,
    algorithm: Algorithm | None = None,
    seed: str | None = None,
    moment: dt.datetime | None = None,
) -> str:
    """Write an RT Structure Set of `masks` and return its SOP Instance UID.

    Contours run along voxel edges in the planes of the image series (`imaging.trace_contours`), CLOSED_PLANAR, holes by
    keyhole. `source_files` are all files of the series that the masks lie on. A region's tracking is written into its
    description, its category gives the colour. `algorithm` names the program that drew the regions (None: drawn by
    hand). Written in implicit VR, as the contours of one plane may exceed the 64 kB of explicit decimal strings.
    Raises MissingFactError without masks or without a frame of reference, ContradictionError for two grids or files
    that are not the grid's series, UnsupportedError for a region that contours cannot carry.
    Source: DICOM PS3.3 A.19, C.8.8.5, C.8.8.6, C.8.8.8.
    """
    regions = as_drawn(masks)
    geometry = check_regions(regions, "structure set")
    headers = read_headers(source_files)
    slices = find_references(headers, geometry)
    dataset = start_derived(headers[0], RTStructureSetStorage, "RTSTRUCT", ObjectUids.of("rtstruct", seed))
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    stamp(dataset, moment, "StructureSet", "Series", "InstanceCreation")
    dataset.SeriesNumber, dataset.SeriesDescription = 901, description[:64]
    dataset.OperatorsName = ""
    dataset.StructureSetLabel, dataset.StructureSetDescription = "REGIONS", description
    frame = headers[0].FrameOfReferenceUID
    dataset.ReferencedFrameOfReferenceSequence = [_frame_item(headers[0], slices)]
    numbered = list(enumerate(regions, start=1))
    dataset.StructureSetROISequence = [_roi_item(n, region, str(frame), algorithm) for n, region in numbered]
    dataset.ROIContourSequence = [_contour_item(n, region, slices) for n, region in numbered]
    dataset.RTROIObservationsSequence = [_observation_item(n, region) for n, region in numbered]
    dataset.ApprovalStatus = "UNAPPROVED"
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, implicit_vr=True, little_endian=True, enforce_file_format=True)
    return str(dataset.SOPInstanceUID)


def _frame_item(header: Dataset, slices: Sequence[SliceReference]) -> Dataset:
    """The frame of reference, and within it study, series and all images that contours may lie on."""
    series, study, frame = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID = header.SeriesInstanceUID
    series.ContourImageSequence = [reference_item(one) for one in distinct_references(slices)]
    study.ReferencedSOPClassUID, study.ReferencedSOPInstanceUID = _STUDY, header.StudyInstanceUID
    study.RTReferencedSeriesSequence = [series]
    frame.FrameOfReferenceUID = header.FrameOfReferenceUID
    frame.RTReferencedStudySequence = [study]
    return frame


def _roi_item(number: int, region: DrawnRegion, frame: str, algorithm: Algorithm | None) -> Dataset:
    item = Dataset()
    item.ROINumber, item.ROIName, item.ReferencedFrameOfReferenceUID = number, region.name[:64], frame
    item.ROIDescription = _tracking_text(region)
    item.ROIVolume = format_decimal(len(region.place) * region.geometry.voxel_volume_ml)
    item.ROIGenerationAlgorithm = "MANUAL" if algorithm is None else "AUTOMATIC"
    if algorithm is not None:
        item.ROIGenerationDescription = f"{algorithm.name} {algorithm.version}"[:64]
    return item


def _tracking_text(region: DrawnRegion) -> str:
    """The identity of a region: the standard has no attribute for it in a structure set."""
    if region.tracking is None:
        return ""
    return f"Tracking ID {region.tracking.identifier}; Tracking UID {region.tracking.uid}"


def _contour_item(number: int, region: DrawnRegion, slices: Sequence[SliceReference]) -> Dataset:
    """The contours of one region in the order of the slices; a region without voxels has none."""
    item = Dataset()
    item.ReferencedROINumber, item.ROIDisplayColor = number, list(region.colour)
    traced = trace_contours(region.mask.array, region.geometry)
    if traced:
        item.ContourSequence = [
            _one_contour(n, points, slices[index]) for n, (index, points) in enumerate(traced, start=1)
        ]
    return item


def _one_contour(number: int, points: NDArray[np.float64], image: SliceReference) -> Dataset:
    contour = Dataset()
    contour.ContourNumber = number
    contour.ContourImageSequence = [reference_item(image)]
    contour.ContourGeometricType = "CLOSED_PLANAR"
    contour.NumberOfContourPoints = len(points)
    contour.ContourData = [format_decimal(value) for value in np.round(points, _DECIMALS).ravel() + 0.0]
    return contour


def _observation_item(number: int, region: DrawnRegion) -> Dataset:
    """What the region is taken for; the type that treatment planning knows is left open for lesions."""
    code = region_code(region.name, region.category)
    item = Dataset()
    item.ObservationNumber, item.ReferencedROINumber = number, number
    item.ROIObservationLabel = region.name[:16]
    item.ROIObservationDescription = ", ".join(word for word in (region.category, region.site) if word)
    item.RTROIIdentificationCodeSequence = [code_item(code.type)]
    item.RTROIInterpretedType = "" if region.category or "lesion" in region.name.casefold() else "ORGAN"
    item.ROIInterpreter = ""
    return item
