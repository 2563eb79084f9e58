"""What every image object that lutrace writes has in common: patient, study, series, equipment, grid, names."""

from __future__ import annotations

import datetime as dt
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element
from pydicom.sr.coding import Code
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pydicom.valuerep import format_number_as_ds

from lutrace.core import MissingFactError
from lutrace.imaging import Geometry

_IMPLEMENTATION = generate_uid(entropy_srcs=["lutrace", "implementation"])
_INSTANCE_UID = 0x00020003
_RADIONUCLIDES = {
    "Lu-177": Code("447553000", "SCT", "^177^Lutetium"),
    "Ga-68": Code("35337001", "SCT", "^68^Gallium"),
    "F-18": Code("77004003", "SCT", "^18^Fluorine"),
}


@dataclass(frozen=True)
class SeriesHeader:
    """Who and what a series is of, and where in time; date-times are the scanner's clock.

    `frame_of_reference` of the volume's geometry becomes FrameOfReferenceUID. `comments` goes to PatientComments and
    ImageComments (synthetic objects say there that they are).
    """

    patient_id: str
    patient_name: str
    birth_date: dt.date
    sex: str
    weight_kg: float
    height_m: float
    study_uid: str
    series_uid: str
    series_number: int
    study_datetime: dt.datetime
    series_datetime: dt.datetime
    study_description: str
    series_description: str
    manufacturer: str
    model: str
    comments: str


@dataclass(frozen=True)
class Tracer:
    """The radiopharmaceutical given: `injected_bq` net, at `injection_datetime`; radionuclide Lu-177, Ga-68 or F-18."""

    radionuclide: str
    name: str
    injected_bq: float
    injection_datetime: dt.datetime
    half_life_s: float


def make_uid(*names: str) -> str:
    """A UID that depends on the names only: the same names give the same UID on every machine."""
    return str(generate_uid(entropy_srcs=["lutrace", *names]))


def format_decimal(value: float) -> str:
    """A decimal string of at most 16 characters, as exact as fits."""
    return str(format_number_as_ds(float(value)))


def start_dataset(header: SeriesHeader, sop_class: str, modality: str) -> Dataset:
    """A dataset with the modules that all images share, ready for those of its kind."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = sop_class
    dataset.StudyInstanceUID = header.study_uid
    dataset.SeriesInstanceUID = header.series_uid
    dataset.Modality = modality
    dataset.PatientName = header.patient_name
    dataset.PatientID = header.patient_id
    dataset.PatientBirthDate = header.birth_date.strftime("%Y%m%d")
    dataset.PatientSex = header.sex
    dataset.PatientWeight = format_decimal(header.weight_kg)
    dataset.PatientSize = format_decimal(header.height_m)
    dataset.PatientComments = header.comments
    dataset.StudyDate = format_date(header.study_datetime)
    dataset.StudyTime = format_time(header.study_datetime)
    dataset.SeriesDate = format_date(header.series_datetime)
    dataset.SeriesTime = format_time(header.series_datetime)
    dataset.StudyID = "1"
    dataset.AccessionNumber = ""
    dataset.ReferringPhysicianName = ""
    dataset.StudyDescription = header.study_description
    dataset.SeriesDescription = header.series_description
    dataset.SeriesNumber = header.series_number
    dataset.Manufacturer = header.manufacturer
    dataset.ManufacturerModelName = header.model
    dataset.SoftwareVersions = "lutrace virtual scanner"
    dataset.ContentQualification = "RESEARCH"
    dataset.ImageComments = header.comments
    dataset.Laterality = ""
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"
    return dataset


def set_pixel_module(dataset: Dataset, geometry: Geometry) -> None:
    """Say that pixels are unsigned 16-bit greys on this grid."""
    columns, rows, _ = geometry.size_xyz
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows = rows
    dataset.Columns = columns
    dataset.BitsAllocated = 16
    dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelRepresentation = 0
    dataset.PixelSpacing = [format_decimal(geometry.spacing_mm[1]), format_decimal(geometry.spacing_mm[0])]
    dataset.SliceThickness = format_decimal(geometry.spacing_mm[2])


def set_supine_headfirst(dataset: Dataset) -> None:
    """How the patient lies, as nuclear medicine says it (PS3.3 C.8.4.6); Patient Position then must not stand."""
    lying = code_item(Code("102538003", "SCT", "recumbent"))
    lying.PatientOrientationModifierCodeSequence = [code_item(Code("40199007", "SCT", "supine"))]
    dataset.PatientOrientationCodeSequence = [lying]
    dataset.PatientGantryRelationshipCodeSequence = [code_item(Code("102540008", "SCT", "headfirst"))]


def set_frame_of_reference(dataset: Dataset, geometry: Geometry) -> None:
    """Name the patient position. Raises MissingFactError when the grid does not."""
    if geometry.frame_of_reference is None:
        raise MissingFactError("the frame of reference of a series must be named to write it; the grid has none")
    dataset.FrameOfReferenceUID = geometry.frame_of_reference
    dataset.PositionReferenceIndicator = ""


def orientation(geometry: Geometry) -> list[str]:
    """ImageOrientationPatient: directions of columns, then rows."""
    matrix = np.asarray(geometry.direction, float).reshape(3, 3)
    return [format_decimal(value) for value in (*matrix[:, 0], *matrix[:, 1])]


def position(geometry: Geometry, slice_index: int) -> list[str]:
    """ImagePositionPatient of a slice."""
    point = geometry.to_mm(np.array([[float(slice_index), 0.0, 0.0]]))[0]
    return [format_decimal(value) for value in point]


def tracer_item(tracer: Tracer, dose: float) -> Dataset:
    """The item of RadiopharmaceuticalInformationSequence; `dose` in the unit of the object (PET Bq, NM MBq)."""
    item = Dataset()
    code = _RADIONUCLIDES[tracer.radionuclide]
    item.Radiopharmaceutical = tracer.name
    item.RadiopharmaceuticalStartTime = format_time(tracer.injection_datetime)
    item.RadiopharmaceuticalStartDateTime = f"{tracer.injection_datetime:%Y%m%d%H%M%S}.00"
    item.RadionuclideTotalDose = format_decimal(dose)
    item.RadionuclideHalfLife = format_decimal(tracer.half_life_s)
    item.RadionuclideCodeSequence = [code_item(code)]
    return item


def code_item(code: Code) -> Dataset:
    """One item of a code sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code.scheme_designator, code.meaning
    return item


def scale_to_stored(array: NDArray[np.float32]) -> tuple[NDArray[np.uint16], str]:
    """Stored values and the slope, as its decimal string, that gives them back; negative values become zero."""
    top = float(array.max(initial=0.0))
    slope = format_decimal(top / 65000.0) if top > 0 else "1"
    stored = np.rint(np.clip(array, 0, None) / float(slope))
    return np.minimum(stored, 65535).astype("<u2"), slope


class SliceWriter:
    """Writes the files of one series: what they share is encoded once, each slice adds its own elements.

    The same input gives the same bytes. Explicit little endian, Part 10 with preamble.
    """

    def __init__(self, shared: Dataset) -> None:
        """Encode the elements that all slices share; SOP Class UID among them."""
        self._shared = _encode(shared)
        self._meta = _encode_meta(shared.SOPClassUID)

    def write(self, path: Path, own: Dataset) -> None:
        """Write one file: the shared elements and those of `own` (SOP Instance UID among them), in tag order."""
        elements = {**self._shared, **_encode(own)}
        body = [elements[tag] for tag in sorted(elements)]
        path.write_bytes(b"".join([b"\0" * 128, b"DICM", *self._meta_of(own.SOPInstanceUID), *body]))

    def _meta_of(self, instance_uid: str) -> list[bytes]:
        """The file meta group of one instance: what all share, its own UID and the length (PS3.10 7.1)."""
        uid = instance_uid.encode("ascii")
        uid += b"\0" * (len(uid) % 2)
        elements = {**self._meta, _INSTANCE_UID: struct.pack("<HH2sH", 0x0002, 0x0003, b"UI", len(uid)) + uid}
        group = [elements[tag] for tag in sorted(elements)]
        return [struct.pack("<HH2sHL", 0x0002, 0x0000, b"UL", 4, sum(len(one) for one in group)), *group]


def _encode_meta(sop_class: str) -> dict[int, bytes]:
    """The elements of the file meta group that all files of a series share, but for its length."""
    meta = Dataset()
    meta.add_new(0x00020001, "OB", b"\x00\x01")
    meta.add_new(0x00020002, "UI", sop_class)
    meta.add_new(0x00020010, "UI", ExplicitVRLittleEndian)
    meta.add_new(0x00020012, "UI", _IMPLEMENTATION)
    meta.add_new(0x00020013, "SH", "LUTRACE")
    return _encode(meta)


def _encode(dataset: Dataset) -> dict[int, bytes]:
    """The bytes of each element of a dataset, by tag."""
    encoded = {}
    for element in dataset:
        buffer = DicomBytesIO()
        buffer.is_little_endian, buffer.is_implicit_VR = True, False
        write_data_element(buffer, element, ["utf8"])
        encoded[int(element.tag)] = buffer.getvalue()
    return encoded


def write_object(dataset: Dataset, path: Path) -> None:
    """Write one object as a DICOM file."""
    own = Dataset()
    own.SOPInstanceUID = dataset.SOPInstanceUID
    SliceWriter(dataset).write(path, own)


def format_date(moment: dt.datetime) -> str:
    """DA text."""
    return f"{moment:%Y%m%d}"


def format_time(moment: dt.datetime) -> str:
    """TM text to the microsecond."""
    return f"{moment:%H%M%S.%f}"
