"""What every object made from an image series takes from it: patient, study, frame of reference, references."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

from lutrace import __version__
from lutrace.core import ContradictionError, MissingFactError
from lutrace.dicom import elements as el
from lutrace.imaging import Geometry

MANUFACTURER = "lutrace"
MODEL = "lutrace (research software)"
MAY_BE_EMPTY = (
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

_OWN_PLACE_VOXELS = 0.1


@dataclass(frozen=True)
class SliceReference:
    """The image that a slice of the grid is: instance, its class, and the frame (from 1) of a multi-frame object."""

    sop_class_uid: str
    sop_instance_uid: str
    frame: int | None


def read_headers(files: Sequence[Path]) -> list[Dataset]:
    """The headers of an image series without pixels, with the attributes that may be empty but must stand.

    Raises MissingFactError without files or without a frame of reference.
    """
    headers: list[Dataset] = [pydicom.dcmread(file, stop_before_pixels=True) for file in files]
    if not headers or not headers[0].get("FrameOfReferenceUID"):
        raise MissingFactError(
            "the image series gives no Frame of Reference UID (0020,0052), which an object that refers to it shares"
        )
    for header in headers:
        for word in MAY_BE_EMPTY:
            if word not in header:
                setattr(header, word, "")
    return headers


def find_references(headers: Sequence[Dataset], geometry: Geometry) -> list[SliceReference]:
    """The image of each slice of `geometry`, found by its place, in the order of the slices.

    Raises ContradictionError when a slice of the grid has no image, or an image no slice.
    """
    found: dict[int, SliceReference] = {}
    for header in headers:
        for frame, place in _places(header):
            index = geometry.to_index(np.asarray([place], float))[0, 0]
            number = round(float(index))
            if abs(index - number) > _OWN_PLACE_VOXELS or not 0 <= number < geometry.shape_zyx[0]:
                raise ContradictionError(
                    f"an image of the series lies at slice {index:.2f} of the regions' grid: expected a slice of its "
                    "own; give the files of the series that the regions lie on"
                )
            found.setdefault(number, SliceReference(str(header.SOPClassUID), str(header.SOPInstanceUID), frame))
    missing = geometry.shape_zyx[0] - len(found)
    if missing:
        raise ContradictionError(
            f"{missing} of {geometry.shape_zyx[0]} slices of the regions' grid have no image among the files given; "
            "give all files of the series"
        )
    return [found[number] for number in range(geometry.shape_zyx[0])]


def _places(header: Dataset) -> list[tuple[int | None, tuple[float, ...]]]:
    """Frame number and place, LPS mm, of each plane of an image; an NM object's frames by its detector item."""
    if "DetectorInformationSequence" not in header:
        return [(None, el.element_numbers(header, 0x00200032, "Image Position (Patient)"))]
    detector = header.DetectorInformationSequence[0]
    first = np.asarray(el.element_numbers(detector, 0x00200032, "Image Position (Patient)"))
    axes = np.asarray(el.element_numbers(detector, 0x00200037, "Image Orientation (Patient)"))
    step = el.element_number(header, 0x00180088, "Spacing Between Slices") or float(header.SliceThickness)
    count = int(header.get("NumberOfFrames", 1))
    slices = np.atleast_1d(header.get("SliceVector") or np.arange(1, count + 1)).astype(int)
    normal = np.cross(axes[:3], axes[3:])
    return [(frame, tuple(first + (number - 1) * step * normal)) for frame, number in enumerate(slices, start=1)]


def start_derived(header: Dataset, sop_class: str, modality: str, uids: ObjectUids) -> FileDataset:
    """An object of the same patient and study: patient, study, series, equipment and SOP common modules."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = UID(sop_class), UID(uids.instance)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    if header.get("SpecificCharacterSet"):
        dataset.SpecificCharacterSet = header.SpecificCharacterSet
    for word in (*MAY_BE_EMPTY, "StudyInstanceUID", "FrameOfReferenceUID"):
        setattr(dataset, word, header.get(word))
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, uids.instance
    dataset.SeriesInstanceUID = uids.series
    dataset.Modality = modality
    dataset.InstanceNumber = 1
    dataset.Manufacturer, dataset.ManufacturerModelName = MANUFACTURER, MODEL
    dataset.SoftwareVersions = __version__
    dataset.DeviceSerialNumber = "0"
    dataset.PositionReferenceIndicator = header.get("PositionReferenceIndicator", "")
    return dataset


@dataclass(frozen=True)
class ObjectUids:
    """The UIDs of one object: random, or repeatable from a seed and what kind of object it is."""

    series: str
    instance: str

    @staticmethod
    def of(kind: str, seed: str | None) -> ObjectUids:
        """New UIDs for an object."""
        return ObjectUids(make_object_uid(kind, seed, "series"), make_object_uid(kind, seed, "instance"))


def make_object_uid(kind: str, seed: str | None, part: str) -> str:
    """A UID under pydicom's root: random without a seed, else by digest; never another one counted on."""
    return str(generate_uid() if seed is None else generate_uid(entropy_srcs=["lutrace", kind, seed, part]))


def stamp(dataset: Dataset, moment: dt.datetime | None, *words: str) -> None:
    """Set date and time of `words` (Content, Series, StructureSet ...); now when no moment is given."""
    when = moment or dt.datetime.now()
    for word in words:
        setattr(dataset, f"{word}Date", f"{when:%Y%m%d}")
        setattr(dataset, f"{word}Time", f"{when:%H%M%S}")


def reference_item(reference: SliceReference) -> Dataset:
    """An item that refers to an image (PS3.3 table 10-3)."""
    item = Dataset()
    item.ReferencedSOPClassUID = reference.sop_class_uid
    item.ReferencedSOPInstanceUID = reference.sop_instance_uid
    if reference.frame is not None:
        item.ReferencedFrameNumber = reference.frame
    return item


def distinct_references(references: Sequence[SliceReference]) -> list[SliceReference]:
    """Each object once, whole."""
    once = {one.sop_instance_uid: SliceReference(one.sop_class_uid, one.sop_instance_uid, None) for one in references}
    return list(once.values())
