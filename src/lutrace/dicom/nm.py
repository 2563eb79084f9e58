"""NM multi-frame objects: reconstructed SPECT in Bq/mL, SUV or counts, with the geometry of its detector item."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from lutrace.core import ContradictionError, MissingFactError, Source, UnsupportedError, digest_of
from lutrace.dicom import elements as el
from lutrace.dicom.headers import quant_facts
from lutrace.dicom.images import SeriesImage
from lutrace.dicom.index import SeriesFiles
from lutrace.dicom.instance import Instance, PixelLayout
from lutrace.dicom.pet import audit_of
from lutrace.dicom.pixels import layout_of, load_image
from lutrace.dicom.rwvm import read_mapping
from lutrace.dicom.stack import axes_of, direction_of
from lutrace.imaging import FloatArray, Geometry, Volume
from lutrace.physics import FrameTime, SpectCounting

_UNITS = {"BQML": "Bq/mL", "CNTS": "counts", "GML": "g/mL"}


def read_nm(series: SeriesFiles) -> SeriesImage:
    """A reconstructed SPECT (Image Type value 3 = RECON TOMO) in Bq/mL, g/mL or counts.

    Frames are placed by Detector Information item 0 and the signed Spacing Between Slices (DICOM PS3.3 C.8.4.15);
    the unit is the Real World Value Mapping's, else counts. Raises UnsupportedError for planar images, projections and
    gated reconstructions.
    """
    if series.faults:
        raise ContradictionError(f"the file of the series is damaged: {series.faults[0].reason}; transfer it again")
    instance = _only_instance(series)
    header = series.header
    notes: list[str] = []
    _check_image_type(header)
    layout = layout_of(instance)
    stored = np.empty((instance.n_frames, layout.rows, layout.columns), np.float32)
    digest = load_image(instance, stored)
    array, units = _in_real_units(stored, layout, header=header, notes=notes)
    ordered, geometry = _placed(array, instance, header=header, notes=notes)
    counting = _counting(header, geometry)
    frame = FrameTime(instance.frame.acquisition_start, _scan_duration_s(header, counting), None, None)
    facts = quant_facts(header, (frame,), modality="NM", units=units, counting=counting, notes=tuple(notes))
    source = Source("dicom", digest_of([digest]), f"{instance.n_frames} frames")
    return SeriesImage(
        volume=Volume(ordered, geometry, _UNITS[units], source),
        facts=facts,
        audit=audit_of(series, 1, facts.notes),
        identity=series.identity,
    )


def _only_instance(series: SeriesFiles) -> Instance:
    uids = {instance.sop_instance_uid for instance in series.instances}
    if len(uids) != 1:
        raise UnsupportedError(f"{len(uids)} NM objects in one series: expected one reconstructed SPECT")
    return series.instances[0]


def _check_image_type(header: Dataset) -> None:
    image_type = el.element_texts(header, 0x00080008)
    kind = image_type[2] if len(image_type) > 2 else None
    if kind == "RECON TOMO":
        return
    reasons = {
        "TOMO": "raw projections; reconstruct them first",
        "GATED TOMO": "raw gated projections",
        "RECON GATED TOMO": "a gated reconstruction; lutrace reads one static image",
    }
    why = reasons.get(kind or "", "a planar image has no activity concentration")
    raise UnsupportedError(f"Image Type (0008,0008) value 3 = {kind or 'absent'}: expected RECON TOMO; {why}")


def _in_real_units(
    rescaled: FloatArray, layout: PixelLayout, *, header: Dataset, notes: list[str]
) -> tuple[FloatArray, str]:
    """The array in its unit. A mapping applies to stored values, so a rescale that was applied is taken back first."""
    mapping = read_mapping(header)
    if mapping is not None:
        gain = mapping.slope / layout.slope
        offset = mapping.intercept - layout.intercept * gain
        notes.append(
            f"Real World Value Mapping (0040,9096): slope {mapping.slope:g}, intercept {mapping.intercept:g}, "
            f"unit {mapping.unit_text}"
        )
        return np.asarray(rescaled * np.float32(gain) + np.float32(offset), np.float32), mapping.units
    stated = el.element_code(header, 0x00541001)
    if stated is not None and stated in _UNITS:
        notes.append(f"Units (0054,1001) = {stated} in an NM object, after Rescale Slope {layout.slope:g}")
        return rescaled, stated
    notes.append("no Real World Value Mapping: voxels are counts")
    return rescaled, "CNTS"


def _placed(array: FloatArray, instance: Instance, *, header: Dataset, notes: list[str]) -> tuple[FloatArray, Geometry]:
    detectors = el.sequence_items(header, 0x00540022)
    item = detectors[0] if detectors else header
    orientation = el.element_numbers(item, 0x00200037, "Image Orientation (Patient)")
    position = el.element_numbers(item, 0x00200032, "Image Position (Patient)")
    if len(position) != 3:
        raise MissingFactError(
            "Image Position (Patient) (0020,0032) of Detector Information (0054,0022) item 1: expected three numbers, "
            f"found {len(position)}"
        )
    row, column = axes_of(orientation)
    normal = np.cross(row, column)
    array = _by_slice_vector(array, header, notes)
    spacing_z = _spacing_mm(header, notes)
    origin = np.array(position)
    if spacing_z < 0:
        array, origin = array[::-1], origin + (array.shape[0] - 1) * spacing_z * normal
        notes.append("Spacing Between Slices (0018,0088) is negative: frames lie in front of the first, order reversed")
    if len(instance.spacing_mm) != 2 or min(instance.spacing_mm) <= 0:
        raise MissingFactError(
            f"Pixel Spacing (0028,0030): expected two numbers above 0, found {list(instance.spacing_mm)}"
        )
    return np.ascontiguousarray(array), Geometry(
        size_xyz=(array.shape[2], array.shape[1], array.shape[0]),
        spacing_mm=(instance.spacing_mm[1], instance.spacing_mm[0], abs(spacing_z)),
        origin_mm=(float(origin[0]), float(origin[1]), float(origin[2])),
        direction=direction_of(row, column, normal),
        frame_of_reference=el.element_text(header, 0x00200052),
    )


def _by_slice_vector(array: FloatArray, header: Dataset, notes: list[str]) -> FloatArray:
    numbers = _integers(header, 0x00540080)
    if not numbers:
        return array
    if len(numbers) != array.shape[0] or sorted(numbers) != list(range(1, array.shape[0] + 1)):
        raise UnsupportedError(
            f"Slice Vector (0054,0080): expected each of {array.shape[0]} frames to be one slice; several windows, "
            "detectors or times are in one object"
        )
    if numbers != sorted(numbers):
        notes.append("frames were put in the order of Slice Vector (0054,0080)")
    order: NDArray[np.intp] = np.argsort(np.array(numbers))
    return array[order]


def _spacing_mm(header: Dataset, notes: list[str]) -> float:
    spacing = el.element_number(header, 0x00180088, "Spacing Between Slices")
    if spacing:
        return spacing
    thickness = el.element_number(header, 0x00180050, "Slice Thickness")
    if not thickness:
        raise MissingFactError("Spacing Between Slices (0018,0088): expected millimetres, found nothing")
    notes.append(f"Spacing Between Slices (0018,0088) is absent: Slice Thickness {thickness:g} mm is taken")
    return thickness


def _counting(header: Dataset, geometry: Geometry) -> SpectCounting:
    rotations = el.sequence_items(header, 0x00540052)
    item = rotations[0] if rotations else Dataset()
    duration_ms = el.element_number(item, 0x00181242, "Actual Frame Duration")
    return SpectCounting(
        projection_duration_s=None if duration_ms is None else duration_ms / 1000.0,
        n_frames_in_rotation=el.element_integer(item, 0x00540053, "Number of Frames in Rotation"),
        n_detectors=el.element_integer(header, 0x00540021, "Number of Detectors"),
        voxel_ml=geometry.voxel_volume_ml,
    )


def _scan_duration_s(header: Dataset, counting: SpectCounting) -> float | None:
    """Length of the acquisition: one detector's frames one after the other; None when the header does not tell."""
    if counting.projection_duration_s is None or counting.n_frames_in_rotation is None:
        return None
    maker = (el.element_text(header, 0x00080070) or "").casefold()
    shared = counting.n_detectors or 1 if re.match(r"ge\b", maker) else 1
    return counting.projection_duration_s * counting.n_frames_in_rotation / shared


def _integers(header: Dataset, tag: int) -> list[int]:
    if tag not in header:
        return []
    value = header[tag].value
    if value is None:
        return []
    return [int(value)] if isinstance(value, int) else [int(part) for part in value]
