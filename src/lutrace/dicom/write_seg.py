"""Masks -> SEG: one segmentation object with a segment per mask, on the grid of the image it refers to.

highdicom is imported when something is written: those who only read do not wait for it.
"""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import generate_uid

from lutrace.core import ContradictionError, MissingFactError
from lutrace.dicom.instance import PET
from lutrace.dicom.region_codes import region_code
from lutrace.imaging import Geometry, Mask

_MANUFACTURER = "lutrace"
_MODEL = "lutrace segmentation writer"
_MAY_BE_EMPTY = (
    "AccessionNumber",
    "PatientBirthDate",
    "PatientID",
    "PatientName",
    "PatientSex",
    "ReferringPhysicianName",
    "StudyDate",
    "StudyID",
    "StudyTime",
)
"""Type 2 attributes of the patient and study modules (PS3.3 C.7.1.1, C.7.2.1), which clinical files often lack."""
_FAMILY = Code("123101", "DCM", "Neighborhood Analysis")
"""Of CID 7162 the family of thresholds and connected components."""


def write_seg(
    path: Path,
    masks: Sequence[Mask],
    *,
    source_files: Sequence[Path],
    description: str,
    kind: Literal["BINARY", "LABELMAP"] = "BINARY",
    algorithm: str | None = None,
    seed: str | None = None,
    moment: dt.datetime | None = None,
) -> str:
    """Write a Segmentation object of `masks` and return its SOP Instance UID.

    `source_files` are all files of the image series that the masks lie on: patient, study, frame of reference and
    references are taken from them. `kind`: BINARY has a bit plane per region and slice; LABELMAP has one number per
    voxel, so its regions must not overlap. `description` becomes series and content description; `algorithm` names the
    program that drew the regions (None: drawn by hand). `seed` makes the UIDs and `moment` the content date-time
    repeatable.
    Raises MissingFactError without masks or without a frame of reference, ContradictionError when the masks do not
    share one grid or overlap in a label map.
    Source: DICOM PS3.3 A.51; valid by construction through highdicom.
    """
    import highdicom as hd

    if not masks:
        raise MissingFactError("segmentation: expected at least one mask, found none; there is nothing to write")
    geometry = masks[0].geometry
    for mask in masks[1:]:
        if not mask.geometry.same_grid(geometry):
            raise ContradictionError(f"region {mask.name}: on another grid than {masks[0].name}; resample it first")
    images = [pydicom.dcmread(file, stop_before_pixels=True) for file in source_files]
    true_class = str(images[0].SOPClassUID) if images else ""
    sources = [_complete(image) for image in images]
    frame = sources[0].get("FrameOfReferenceUID") if sources else None
    if not frame:
        raise MissingFactError(
            "segmentation: the image series gives no Frame of Reference UID (0020,0052) that a segmentation shares"
        )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*unlikely to represent the intended person name")
        segmentation = hd.seg.Segmentation(
            source_images=sources,
            pixel_array=_volume(masks, geometry, str(frame)) if kind == "BINARY" else _labels(masks, str(frame)),
            segmentation_type=kind,
            segment_descriptions=[_description(n, mask, algorithm) for n, mask in enumerate(masks, start=1)],
            series_instance_uid=_uid(seed, "series"),
            series_number=900,
            sop_instance_uid=_uid(seed, "instance"),
            instance_number=1,
            manufacturer=_MANUFACTURER,
            manufacturer_model_name=_MODEL,
            software_versions="1",
            device_serial_number="0",
            content_description=description[:64],
            content_label="REGIONS",
            omit_empty_frames=True,
        )
    _name_class(segmentation, str(sources[0].SOPClassUID), true_class)
    _stamp(segmentation, description, moment)
    if seed is not None:
        _name_dimensions(segmentation, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    segmentation.save_as(path)
    return str(segmentation.SOPInstanceUID)


def _complete(source: Dataset) -> Dataset:
    """The image with every attribute that may be empty but must stand in an object that refers to it."""
    for word in _MAY_BE_EMPTY:
        if word not in source:
            setattr(source, word, "")
    return _as_one_plane(source) if "DetectorInformationSequence" in source else source


def _as_one_plane(source: Dataset) -> Dataset:
    """An NM image (in memory only) dressed as a single PET plane, since highdicom reads no grid of NM.

    The masks bring their own planes, and `_name_class` gives the references their true class back.
    """
    detector = source.DetectorInformationSequence[0]
    for word in ("ImageOrientationPatient", "ImagePositionPatient"):
        if word in detector and word not in source:
            setattr(source, word, detector[word].value)
    if "NumberOfFrames" in source:
        del source.NumberOfFrames
    source.SOPClassUID = PET
    return source


def _name_class(dataset: Dataset, written_class: str, true_class: str) -> None:
    """Give references to the images their true SOP class back."""
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                _name_class(item, written_class, true_class)
        elif element.keyword == "ReferencedSOPClassUID" and element.value == written_class:
            element.value = true_class


def _volume(masks: Sequence[Mask], geometry: Geometry, frame: str) -> Any:
    """Highdicom's volume: axes slice, row, column, segment."""
    import highdicom as hd

    affine = geometry.affine[:, [2, 1, 0, 3]]
    array = np.stack([mask.array for mask in masks], axis=-1).astype(np.uint8)
    return hd.Volume(
        array,
        affine,
        coordinate_system="PATIENT",
        frame_of_reference_uid=frame,
        channels={"SegmentNumber": list(range(1, len(masks) + 1))},
    )


def _labels(masks: Sequence[Mask], frame: str) -> Any:
    """Highdicom's volume of region numbers: axes slice, row, column."""
    import highdicom as hd

    geometry = masks[0].geometry
    labels = np.zeros(geometry.shape_zyx, np.uint8 if len(masks) < 256 else np.uint16)
    for number, mask in enumerate(masks, start=1):
        if labels[mask.array].any():
            raise ContradictionError(
                f"region {mask.name}: shares voxels with an earlier one, and a label map holds one region per voxel; "
                "write it as BINARY"
            )
        labels[mask.array] = number
    affine = geometry.affine[:, [2, 1, 0, 3]]
    return hd.Volume(labels, affine, coordinate_system="PATIENT", frame_of_reference_uid=frame)


def _description(number: int, mask: Mask, algorithm: str | None) -> Any:
    import highdicom as hd

    code = region_code(mask.name)
    identification = None
    if algorithm is not None:
        identification = hd.AlgorithmIdentificationSequence(
            name=algorithm,
            version="1",
            family=_FAMILY,
        )
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=mask.name[:64],
        segmented_property_category=code.category,
        segmented_property_type=code.type,
        algorithm_type="MANUAL" if algorithm is None else "AUTOMATIC",
        algorithm_identification=identification,
    )


def _uid(seed: str | None, part: str) -> str:
    return str(generate_uid() if seed is None else generate_uid(entropy_srcs=["lutrace", "seg", seed, part]))


def _stamp(segmentation: Dataset, description: str, moment: dt.datetime | None) -> None:
    """Series description, research mark, and date-times that repeat when a moment is given."""
    segmentation.SeriesDescription = description[:64]
    segmentation.ContentQualification = "RESEARCH"
    if moment is None:
        return
    for word in ("Content", "Series", "InstanceCreation"):
        if f"{word}Date" in segmentation:
            setattr(segmentation, f"{word}Date", f"{moment:%Y%m%d}")
            setattr(segmentation, f"{word}Time", f"{moment:%H%M%S}")
    for item in segmentation.get("ContributingEquipmentSequence", ()):
        if "ContributionDateTime" in item:
            item.ContributionDateTime = f"{moment:%Y%m%d%H%M%S}"


def _name_dimensions(segmentation: Dataset, seed: str) -> None:
    """A repeatable Dimension Organization UID in place of a random one."""
    for item in (*segmentation.DimensionOrganizationSequence, *segmentation.DimensionIndexSequence):
        item.DimensionOrganizationUID = _uid(seed, "dimensions")
