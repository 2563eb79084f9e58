"""Writes the Real World Value Mapping that turns the stored values of an image series into SUVbw."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import RealWorldValueMappingStorage

from lutrace.core import ContradictionError
from lutrace.dicom import elements as el
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
from lutrace.dicom.rwvm import read_mapping
from lutrace.dicom.write_common import code_item
from lutrace.imaging import Geometry

SUVBW_UNIT = Code("{SUVbw}g/ml", "UCUM", "Standardized Uptake Value body weight")
_QUANTITY = Code("246205007", "SCT", "Quantity")
_SUVBW = Code("126401", "DCM", "SUVbw")
_METHOD = Code("370129005", "SCT", "Measurement Method")
_BY_WEIGHT = Code("126410", "DCM", "SUV body weight calculation method")


def write_rwvm(
    path: Path,
    *,
    source_files: Sequence[Path],
    geometry: Geometry,
    factors: Sequence[float],
    description: str,
    seed: str | None = None,
    moment: dt.datetime | None = None,
) -> str:
    """Write a Real World Value Mapping object and return its SOP Instance UID.

    `factors` is g/mL of SUVbw per unit of the image (Bq/mL, counts or g/mL after its own rescaling), one for each slice
    of `geometry`, or one for all. Each image of a series gets its own slope, so that slices with slopes of their own
    are right too.
    Raises ContradictionError when slices and factors differ in number, or the files are not the grid's series.
    Source: DICOM PS3.3 A.46 and C.7.6.16.2.11; SUV by body weight as in PS3.16 CID 85.
    """
    headers = read_headers(source_files)
    slices = find_references(headers, geometry)
    if len(factors) not in (1, len(slices)):
        raise ContradictionError(f"SUV mapping: expected a factor for each of {len(slices)} slices, got {len(factors)}")
    each = list(factors) * (len(slices) if len(factors) == 1 else 1)
    dataset = start_derived(headers[0], RealWorldValueMappingStorage, "RWV", ObjectUids.of("rwvm", seed))
    stamp(dataset, moment, "Content", "Series", "InstanceCreation")
    dataset.SeriesNumber, dataset.SeriesDescription = 902, description[:64]
    dataset.ContentLabel, dataset.ContentDescription, dataset.ContentCreatorName = "SUVBW", description[:64], ""
    dataset.Laterality = ""
    del dataset.PositionReferenceIndicator, dataset.FrameOfReferenceUID
    of_uid = {str(header.SOPInstanceUID): header for header in headers}
    whole = distinct_references(slices)
    if len(whole) < len(slices) and len(set(each)) == 1:
        slices, each = whole, each[: len(whole)]
    dataset.ReferencedImageRealWorldValueMappingSequence = [
        _image_item(of_uid[one.sop_instance_uid], one, factor) for one, factor in zip(slices, each, strict=True)
    ]
    dataset.ReferencedSeriesSequence = [_series_item(headers[0], whole)]
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return str(dataset.SOPInstanceUID)


def _image_item(header: Dataset, reference: SliceReference, factor: float) -> Dataset:
    item = Dataset()
    item.ReferencedImageSequence = [reference_item(reference)]
    item.RealWorldValueMappingSequence = [_mapping_item(header, factor)]
    return item


def _mapping_item(header: Dataset, factor: float) -> Dataset:
    """Stored value -> SUVbw: the image's own scale (its mapping, else its rescale) times the factor."""
    own = read_mapping(header)
    slope = own.slope if own is not None else el.element_number(header, 0x00281053, "Rescale Slope")
    intercept = own.intercept if own is not None else el.element_number(header, 0x00281052, "Rescale Intercept")
    bits = int(header.BitsStored)
    is_signed = bool(header.PixelRepresentation)
    first, last = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if is_signed else (0, 2**bits - 1)
    vr = "SS" if is_signed else "US"
    item = Dataset()
    item.LUTExplanation, item.LUTLabel = "SUV by body weight", "SUVbw"
    item.MeasurementUnitsCodeSequence = [code_item(SUVBW_UNIT)]
    item.add_new(0x00409216, vr, first)
    item.add_new(0x00409211, vr, last)
    item.RealWorldValueIntercept = (intercept or 0.0) * factor
    item.RealWorldValueSlope = (1.0 if slope is None else slope) * factor
    item.QuantityDefinitionSequence = [_content_item(_QUANTITY, _SUVBW), _content_item(_METHOD, _BY_WEIGHT)]
    return item


def _content_item(name: Code, value: Code) -> Dataset:
    item = Dataset()
    item.ValueType = "CODE"
    item.ConceptNameCodeSequence, item.ConceptCodeSequence = [code_item(name)], [code_item(value)]
    return item


def _series_item(header: Dataset, references: Sequence[SliceReference]) -> Dataset:
    item = Dataset()
    item.SeriesInstanceUID = header.SeriesInstanceUID
    item.ReferencedInstanceSequence = [reference_item(one) for one in references]
    return item
