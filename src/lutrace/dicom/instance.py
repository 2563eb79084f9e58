"""One DICOM file as the index keeps it: what tells it from its neighbours, and where its pixels lie."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from lutrace.core import UnusableInputError
from lutrace.dicom import elements as el
from lutrace.physics import FrameTime

PET = "1.2.840.10008.5.1.4.1.1.128"
NM = "1.2.840.10008.5.1.4.1.1.20"
CT = "1.2.840.10008.5.1.4.1.1.2"

SHARED = {
    0x00080060: "Modality",
    0x00080021: "Series Date",
    0x00080031: "Series Time",
    0x00101030: "Patient's Weight",
    0x00200052: "Frame of Reference UID",
    0x00280051: "Corrected Image",
    0x00541001: "Units",
    0x00541006: "SUV Type",
    0x00541102: "Decay Correction",
}
"""Elements that one number rests on for the whole series: they must be the same in all its images."""
SHARED_DOSE = {
    0x00181072: "Radiopharmaceutical Start Time",
    0x00181074: "Radionuclide Total Dose",
    0x00181075: "Radionuclide Half Life",
    0x00181078: "Radiopharmaceutical Start Date Time",
}

_DRUG = 0x00540016
_NO_SLICE = {
    "MIP": "maximum intensity projection",
    "MAXIMUM INTENSITY PROJECTION": "maximum intensity projection",
    "PROJECTION IMAGE": "projection",
    "MIN_IP": "minimum intensity projection",
    "LOCALIZER": "localizer",
    "SCREEN SAVE": "screen capture",
    "SCREEN CAPTURE": "screen capture",
}

_CLOCKS = (0x00080031, 0x00181072)
_NUMBERS = (0x00101030, 0x00181074, 0x00181075)


@dataclass(frozen=True)
class PixelLayout:
    """How an image's voxels are stored; `offset` and `length` locate native little-endian pixels, else offset is -1."""

    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
    signed: bool
    slope: float
    intercept: float
    offset: int
    length: int

    @property
    def is_native(self) -> bool:
        """Whether the voxels can be taken from the file's bytes as they are."""
        return self.offset >= 0


@dataclass(frozen=True)
class Instance:
    """One file of a series. `shared` holds the values of SHARED and SHARED_DOSE; `layout` is None without pixels."""

    path: Path
    sop_instance_uid: str
    sop_class_uid: str
    size_bytes: int
    n_frames: int
    position_mm: tuple[float, ...]
    orientation: tuple[float, ...]
    spacing_mm: tuple[float, ...]
    frame: FrameTime
    shared: tuple[str | None, ...]
    layout: PixelLayout | None
    kind: str | None = None
    """What the image is when it is no slice of the volume (a projection, a localizer); None for a slice."""


def kind_of_image(dataset: Dataset) -> str | None:
    """What Image Type (0008,0008) says that an image is when that is no slice (a projection, a localizer)."""
    types = {part.upper() for part in el.element_texts(dataset, 0x00080008)}
    return next((words for word, words in _NO_SLICE.items() if word in types), None)


def shared_names() -> tuple[str, ...]:
    """Names of the elements in `Instance.shared`, in its order."""
    return (
        *(f"{name} {el.format_tag(tag)}" for tag, name in SHARED.items()),
        *(f"{name} {el.format_tag(tag)}" for tag, name in SHARED_DOSE.items()),
    )


def shared_meaning(place: int, text: str | None) -> object:
    """What the value at `place` of `Instance.shared` says, however it is spelt: `80` and `80.0` are one weight."""
    tag = (*SHARED, *SHARED_DOSE)[place]
    if text is None:
        return None
    if tag in _CLOCKS:
        return el.parse_time(text) or text
    if tag in _NUMBERS:
        try:
            return float(text)
        except ValueError:
            return text
    return frozenset(part.strip() for part in text.upper().split("\\"))


def instance_of(path: Path, dataset: Dataset, *, size_bytes: int, pixel_tag_at: int | None) -> Instance:
    """What the index keeps of a parsed header; `pixel_tag_at` is the byte at which Pixel Data begins, -1 for floats.

    Raises UnusableInputError for a malformed element, or when the file ends before its pixels do.
    """
    return Instance(
        path=path,
        sop_instance_uid=el.element_text(dataset, 0x00080018) or "",
        sop_class_uid=el.element_text(dataset, 0x00080016) or "",
        size_bytes=size_bytes,
        n_frames=el.element_integer(dataset, 0x00280008, "Number of Frames") or 1,
        position_mm=el.element_numbers(dataset, 0x00200032, "Image Position (Patient)"),
        orientation=el.element_numbers(dataset, 0x00200037, "Image Orientation (Patient)"),
        spacing_mm=el.element_numbers(dataset, 0x00280030, "Pixel Spacing"),
        frame=frame_time(dataset),
        shared=(*(el.element_text(dataset, tag) for tag in SHARED), *_shared_dose(dataset)),
        layout=_layout(dataset, size_bytes, pixel_tag_at) if pixel_tag_at is not None else None,
        kind=kind_of_image(dataset),
    )


def _shared_dose(dataset: Dataset) -> tuple[str | None, ...]:
    """The values of SHARED_DOSE; equal bytes, as all slices of a series have them, are decoded once."""
    element = dataset.get_item(el.tag_of(_DRUG))
    if isinstance(element, RawDataElement):
        return _decoded_dose(element._replace(value_tell=0))
    return _dose_texts(dataset)


@functools.lru_cache(maxsize=64)
def _decoded_dose(element: RawDataElement) -> tuple[str | None, ...]:
    return _dose_texts(Dataset({element.tag: element}))


def _dose_texts(dataset: Dataset) -> tuple[str | None, ...]:
    items = el.sequence_items(dataset, _DRUG)
    return tuple(el.element_text(items[0], tag) if items else None for tag in SHARED_DOSE)


def frame_time(dataset: Dataset) -> FrameTime:
    """When the image of a PET, CT or NM header was measured; times in seconds."""
    start = el.combine_moment(el.element_text(dataset, 0x00080022), el.element_text(dataset, 0x00080032))
    if start is None:
        start = el.parse_moment(el.element_text(dataset, 0x0008002A), zone=el.element_text(dataset, 0x00080201))
    duration_ms = el.element_number(dataset, 0x00181242, "Actual Frame Duration")
    reference_ms = el.element_number(dataset, 0x00541300, "Frame Reference Time")
    return FrameTime(
        acquisition_start=start,
        duration_s=None if duration_ms is None else duration_ms / 1000.0,
        reference_time_s=None if reference_ms is None else reference_ms / 1000.0,
        decay_factor=el.element_number(dataset, 0x00541321, "Decay Factor"),
    )


def _layout(dataset: Dataset, size_bytes: int, pixel_tag_at: int) -> PixelLayout:
    rows = el.element_integer(dataset, 0x00280010, "Rows") or 0
    columns = el.element_integer(dataset, 0x00280011, "Columns") or 0
    allocated = el.element_integer(dataset, 0x00280100, "Bits Allocated") or 0
    stored = el.element_integer(dataset, 0x00280101, "Bits Stored") or allocated
    samples = el.element_integer(dataset, 0x00280002, "Samples per Pixel") or 1
    frames = el.element_integer(dataset, 0x00280008, "Number of Frames") or 1
    high_bit = el.element_integer(dataset, 0x00280102, "High Bit")
    slope = el.element_number(dataset, 0x00281053, "Rescale Slope")
    intercept = el.element_number(dataset, 0x00281052, "Rescale Intercept")
    value_at = _native_value_at(dataset)
    usual = allocated in (8, 16, 32) and samples == 1 and (high_bit is None or high_bit == stored - 1)
    length = rows * columns * frames * allocated // 8
    offset = -1
    if value_at is not None and pixel_tag_at >= 0 and usual and length > 0:
        offset = pixel_tag_at + value_at
        if size_bytes < offset + length:
            raise UnusableInputError(
                f"truncated: Pixel Data (7FE0,0010) needs {length} bytes, the file ends after "
                f"{max(0, size_bytes - offset)}"
            )
    return PixelLayout(
        rows=rows,
        columns=columns,
        bits_allocated=allocated,
        bits_stored=stored,
        signed=(el.element_integer(dataset, 0x00280103, "Pixel Representation") or 0) == 1,
        slope=slope if slope is not None else (math.nan if _needs_slope(dataset, pixel_tag_at) else 1.0),
        intercept=0.0 if intercept is None else intercept,
        offset=offset,
        length=length,
    )


def _needs_slope(dataset: Dataset, pixel_tag_at: int) -> bool:
    """Whole numbers of a PET have a unit only by Rescale Slope (type 1, PS3.3 C.8.9.4); floats may have it already."""
    return el.element_text(dataset, 0x00080016) == PET and pixel_tag_at >= 0


def _native_value_at(dataset: Dataset) -> int | None:
    """Bytes from the Pixel Data tag to its value, for native little-endian files (also without meta header)."""
    syntax = el.element_text(dataset.file_meta, 0x00020010)
    implicit, little = dataset.original_encoding
    if syntax in ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1") or (syntax is None and little):
        return 8 if implicit else 12
    return None
