"""Writes a reconstructed SPECT as one Nuclear Medicine Image object (PS3.3 A.5), in counts or with a value map."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.tag import Tag
from pydicom.uid import NuclearMedicineImageStorage

from lutrace.core import UnusableInputError
from lutrace.dicom.write_common import (
    SeriesHeader,
    Tracer,
    code_item,
    format_date,
    format_decimal,
    format_time,
    make_uid,
    orientation,
    position,
    scale_to_stored,
    set_frame_of_reference,
    set_pixel_module,
    set_supine_headfirst,
    start_dataset,
    tracer_item,
    write_object,
)
from lutrace.imaging import Volume

_LU177_WINDOWS_KEV = ((187.2, 228.8),)


@dataclass(frozen=True)
class NmTiming:
    """How the projections were taken: `frame_s` each, `detectors` at the same time.

    `frames` is Number of Frames in Rotation as the vendor counts it: of one detector (Siemens) or of all (GE).
    """

    start: dt.datetime
    frame_s: float
    frames: int
    detectors: int = 2


def write_nm_series(
    volume: Volume,
    path: Path,
    *,
    header: SeriesHeader,
    tracer: Tracer,
    timing: NmTiming,
    corrected: tuple[str, ...] = ("ATTN", "SCAT"),
    decay_correction: Literal["NONE", "START", "ADMIN"] | None = None,
) -> Path:
    """One multi-frame file at `path`.

    A volume in `Bq/mL` gets a Real World Value Map with its slope (UCUM Bq/ml); a volume in `counts` is stored as
    whole counts without one. `decay_correction`, when given, adds Decay Correction (0054,1102) as some vendors do; the
    NM module has none, and a reader must otherwise be told by the site. RadionuclideTotalDose is in MBq, as the NM
    Isotope module wants (PET: Bq).
    Raises UnusableInputError for another unit.
    """
    if volume.unit not in ("Bq/mL", "counts"):
        raise UnusableInputError(f"an NM object is written from Bq/mL or counts, got {volume.unit}")
    path.parent.mkdir(parents=True, exist_ok=True)
    slices = volume.geometry.size_xyz[2]
    dataset = start_dataset(header, NuclearMedicineImageStorage, "NM")
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"]
    dataset.SOPInstanceUID = make_uid(header.series_uid, "0")
    dataset.InstanceNumber = 1
    dataset.AcquisitionDate = dataset.ContentDate = format_date(timing.start)
    dataset.AcquisitionTime = dataset.ContentTime = format_time(timing.start)
    dataset.CorrectedImage = list(corrected)
    if decay_correction is not None:
        dataset.DecayCorrection = decay_correction
    set_frame_of_reference(dataset, volume.geometry)
    set_pixel_module(dataset, volume.geometry)
    dataset.SpacingBetweenSlices = format_decimal(volume.geometry.spacing_mm[2])
    dataset.NumberOfFrames = slices
    dataset.NumberOfSlices = slices
    dataset.FrameIncrementPointer = Tag("SliceVector")
    dataset.SliceVector = list(range(1, slices + 1))
    dataset.NumberOfEnergyWindows = 1
    dataset.EnergyWindowInformationSequence = [_energy_window()]
    dataset.RadiopharmaceuticalInformationSequence = [tracer_item(tracer, tracer.injected_bq / 1e6)]
    dataset.NumberOfDetectors = timing.detectors
    dataset.DetectorInformationSequence = [_detector(volume)]
    dataset.NumberOfRotations = 1
    dataset.RotationInformationSequence = [_rotation(timing)]
    set_supine_headfirst(dataset)
    dataset.AcquisitionTerminationCondition = "TIME"
    if volume.unit == "counts":
        stored, slope = scale_to_stored(volume.array)
        if float(slope) < 1:
            slope = "1"
            stored = volume.array.clip(0).round().astype("<u2")
        if slope != "1":
            raise UnusableInputError("counts above 65000 do not fit 16 bits: write Bq/mL instead")
        dataset.CountsAccumulated = int(stored.sum())
    else:
        stored, slope = scale_to_stored(volume.array)
        dataset.CountsAccumulated = ""
        dataset.RealWorldValueMappingSequence = [_value_map(slope)]
    dataset.add_new("PixelData", "OW", stored.tobytes())
    write_object(dataset, path)
    return path


def _energy_window() -> Dataset:
    item = Dataset()
    item.EnergyWindowName = "208 keV"
    ranges = []
    for low, high in _LU177_WINDOWS_KEV:
        one = Dataset()
        one.EnergyWindowLowerLimit, one.EnergyWindowUpperLimit = format_decimal(low), format_decimal(high)
        ranges.append(one)
    item.EnergyWindowRangeSequence = ranges
    return item


def _detector(volume: Volume) -> Dataset:
    item = Dataset()
    item.CollimatorType = "PARA"
    item.CollimatorGridName = "MEGP"
    item.ImageOrientationPatient = orientation(volume.geometry)
    item.ImagePositionPatient = position(volume.geometry, 0)
    return item


def _rotation(timing: NmTiming) -> Dataset:
    item = Dataset()
    item.StartAngle = "0"
    item.AngularStep = format_decimal(360.0 / (timing.frames * timing.detectors))
    item.RotationDirection = "CW"
    item.ScanArc = format_decimal(360.0 / timing.detectors)
    item.ActualFrameDuration = str(round(timing.frame_s * 1000))
    item.NumberOfFramesInRotation = timing.frames
    return item


def _value_map(slope: str) -> Dataset:
    item = Dataset()
    item.LUTExplanation = "Activity concentration"
    item.LUTLabel = "BQML"
    item.RealWorldValueFirstValueMapped = 0
    item.RealWorldValueLastValueMapped = 65535
    item.RealWorldValueIntercept = 0.0
    item.RealWorldValueSlope = float(slope)
    item.MeasurementUnitsCodeSequence = [code_item(Code("Bq/ml", "UCUM", "Becquerels/milliliter"))]
    return item
