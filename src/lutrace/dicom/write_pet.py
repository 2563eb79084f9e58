"""Writes a volume in Bq/mL as Positron Emission Tomography Image objects (PS3.3 A.21), PET or quantitative SPECT."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydicom.dataset import Dataset
from pydicom.uid import PositronEmissionTomographyImageStorage

from lutrace.core import MissingFactError, UnusableInputError
from lutrace.dicom.write_common import (
    SeriesHeader,
    SliceWriter,
    Tracer,
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
)
from lutrace.imaging import Volume


@dataclass(frozen=True)
class PetTiming:
    """When the slices were measured and what their numbers were decay-corrected to.

    `starts` holds the acquisition start of each slice (the beds of a PET differ); `duration_s` is that of one bed.
    """

    decay_correction: Literal["NONE", "START", "ADMIN"]
    starts: tuple[dt.datetime, ...]
    duration_s: float


def write_pet_series(
    volume: Volume,
    folder: Path,
    *,
    header: SeriesHeader,
    tracer: Tracer,
    timing: PetTiming,
    corrected: tuple[str, ...] = ("ATTN", "SCAT", "DECY", "NORM"),
    slope_per_slice: bool = False,
) -> list[Path]:
    """One file per slice, Units BQML, in `folder`; the paths in slice order.

    `corrected` is CorrectedImage; `slope_per_slice` scales each slice on its own, as GE does, else one slope for all.
    Raises UnusableInputError when the unit is not Bq/mL or the times do not fit the slices or the corrections.
    """
    slices = volume.geometry.size_xyz[2]
    if volume.unit != "Bq/mL" or len(timing.starts) != slices:
        raise UnusableInputError(
            f"expected a volume in Bq/mL and {slices} slice times, got {volume.unit}, {len(timing.starts)}"
        )
    if ("DECY" in corrected) == (timing.decay_correction == "NONE"):
        raise UnusableInputError(f"DecayCorrection {timing.decay_correction} contradicts CorrectedImage {corrected}")
    if tracer.half_life_s <= 0:
        raise MissingFactError(f"half_life_s must be above 0, got {tracer.half_life_s}")
    folder.mkdir(parents=True, exist_ok=True)
    dataset = start_dataset(header, PositronEmissionTomographyImageStorage, "PT")
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.Units = "BQML"
    dataset.CountsSource = "EMISSION"
    dataset.SeriesType = ["WHOLE BODY", "IMAGE"]
    dataset.NumberOfSlices = slices
    dataset.CorrectedImage = list(corrected)
    dataset.AttenuationCorrectionMethod = "CT"
    dataset.DecayCorrection = timing.decay_correction
    dataset.ReconstructionMethod = "simulated: Gaussian resolution and noise"
    dataset.CollimatorType = "NONE"
    dataset.RadiopharmaceuticalInformationSequence = [tracer_item(tracer, tracer.injected_bq)]
    set_supine_headfirst(dataset)
    set_frame_of_reference(dataset, volume.geometry)
    set_pixel_module(dataset, volume.geometry)
    dataset.ImageOrientationPatient = orientation(volume.geometry)
    dataset.RescaleIntercept = "0"
    dataset.ActualFrameDuration = str(round(timing.duration_s * 1000))
    stored, slope = scale_to_stored(volume.array)
    writer = SliceWriter(dataset)
    paths = []
    for index, start in enumerate(timing.starts):
        pixels = stored[index]
        if slope_per_slice:
            pixels, slope = scale_to_stored(volume.array[index])
        own = _slice_times(start, header, tracer, timing)
        own.SOPInstanceUID = make_uid(header.series_uid, str(index))
        own.InstanceNumber = own.ImageIndex = index + 1
        own.ImagePositionPatient = position(volume.geometry, index)
        own.RescaleSlope = slope
        own.add_new("PixelData", "OW", pixels.tobytes())
        paths.append(folder / f"{index + 1:04d}.dcm")
        writer.write(paths[-1], own)
    return paths


def _slice_times(start: dt.datetime, header: SeriesHeader, tracer: Tracer, timing: PetTiming) -> Dataset:
    """When a slice was measured, and what its values were multiplied by for decay."""
    decay = math.log(2) / tracer.half_life_s
    reference_s = (start - header.series_datetime).total_seconds() + _mean_time(decay, timing.duration_s)
    own = Dataset()
    own.AcquisitionDate, own.AcquisitionTime = format_date(start), format_time(start)
    own.ContentDate, own.ContentTime = own.AcquisitionDate, own.AcquisitionTime
    own.FrameReferenceTime = format_decimal(reference_s * 1000)
    if timing.decay_correction != "NONE":
        since = (header.series_datetime - tracer.injection_datetime).total_seconds()
        offset = since if timing.decay_correction == "ADMIN" else 0.0
        own.DecayFactor = format_decimal(math.exp(decay * (reference_s + offset)))
    return own


def _mean_time(decay_per_s: float, duration_s: float) -> float:
    """Seconds after the start at which the activity equals its mean over the frame."""
    product = decay_per_s * duration_s
    return math.log(product / -math.expm1(-product)) / decay_per_s
