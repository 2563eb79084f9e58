"""Writes a volume in HU as CT Image objects (PS3.3 A.3)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from lutrace.core import UnusableInputError
from lutrace.dicom.write_common import (
    SeriesHeader,
    SliceWriter,
    format_date,
    format_decimal,
    format_time,
    make_uid,
    orientation,
    position,
    set_frame_of_reference,
    set_pixel_module,
    start_dataset,
)
from lutrace.imaging import Volume

_INTERCEPT = -1024


def write_ct_series(volume: Volume, folder: Path, *, header: SeriesHeader, kvp: float = 120.0) -> list[Path]:
    """One file per slice in `folder`, HU rounded to whole numbers from -1024 on; the paths in slice order.

    Raises UnusableInputError when the unit is not HU.
    """
    if volume.unit != "HU":
        raise UnusableInputError(f"a CT series is written from a volume in HU, got {volume.unit}")
    folder.mkdir(parents=True, exist_ok=True)
    dataset = start_dataset(header, CTImageStorage, "CT")
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.KVP = format_decimal(kvp)
    dataset.AcquisitionNumber = 1
    dataset.AcquisitionDate = dataset.ContentDate = format_date(header.series_datetime)
    dataset.AcquisitionTime = dataset.ContentTime = format_time(header.series_datetime)
    dataset.PatientPosition = "HFS"
    set_frame_of_reference(dataset, volume.geometry)
    set_pixel_module(dataset, volume.geometry)
    dataset.ImageOrientationPatient = orientation(volume.geometry)
    dataset.RescaleIntercept = str(_INTERCEPT)
    dataset.RescaleSlope = "1"
    dataset.RescaleType = "HU"
    dataset.WindowCenter, dataset.WindowWidth = "40", "400"
    stored = np.rint(np.clip(volume.array, _INTERCEPT, 3071) - _INTERCEPT).astype("<u2")
    writer = SliceWriter(dataset)
    paths = []
    for index in range(volume.geometry.size_xyz[2]):
        own = Dataset()
        own.SOPInstanceUID = make_uid(header.series_uid, str(index))
        own.InstanceNumber = index + 1
        own.ImagePositionPatient = position(volume.geometry, index)
        own.add_new("PixelData", "OW", stored[index].tobytes())
        paths.append(folder / f"{index + 1:04d}.dcm")
        writer.write(paths[-1], own)
    return paths
