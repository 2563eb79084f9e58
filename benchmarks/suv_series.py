"""DICOM folder to SUV volume against pydicom's own way to float32, on the same synthetic files, in turns.

The peer reads each file with `pydicom.dcmread(...).pixel_array.astype(float32)` and does nothing else: no sorting, no
rescaling, no checks, no SUV. Ours indexes the folder, proves the stack, rescales, audits the header and multiplies.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from lutrace.dicom import index_folder, read_suv
from lutrace.physics import compute_suv_factor

N_SLICES = 550
ROUNDS = 5
LIMIT = 1.5


def write_series(folder: Path, size: int) -> None:
    """A synthetic whole-body PET of N_SLICES slices with the elements that a scanner writes."""
    rng = np.random.default_rng(1)
    series_uid, study_uid, frame_uid = generate_uid(), generate_uid(), generate_uid()
    drug = Dataset()
    drug.RadiopharmaceuticalStartDateTime, drug.RadiopharmaceuticalStartTime = "20230517100000", "100000"
    drug.RadionuclideTotalDose, drug.RadionuclideHalfLife = 370e6, 6586.2
    for index in range(N_SLICES):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.128"
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        ds.SOPClassUID = meta.MediaStorageSOPClassUID
        ds.SOPInstanceUID = meta.MediaStorageSOPInstanceUID = generate_uid()
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = study_uid, series_uid, frame_uid
        ds.Modality, ds.Manufacturer, ds.PatientName, ds.PatientID = "PT", "SYNTHETIC", "Synthetic^Phantom", "SYN-1"
        ds.ImageType, ds.SeriesType = ["ORIGINAL", "PRIMARY"], ["WHOLE BODY", "IMAGE"]
        ds.PatientWeight, ds.PatientSize, ds.PatientSex = 75, 1.85, "M"
        ds.SeriesDate = ds.AcquisitionDate = ds.StudyDate = ds.ContentDate = "20230517"
        ds.SeriesTime = ds.AcquisitionTime = ds.StudyTime = ds.ContentTime = "110000"
        ds.Units, ds.DecayCorrection, ds.CorrectedImage = "BQML", "START", ["DECY", "ATTN", "SCAT"]
        ds.ActualFrameDuration, ds.FrameReferenceTime, ds.DecayFactor = 120000, 60000, 1.0063
        ds.NumberOfSlices, ds.InstanceNumber = N_SLICES, index + 1
        ds.RescaleSlope, ds.RescaleIntercept = round(0.5 + 0.001 * index, 6), 0
        ds.PixelSpacing, ds.SliceThickness, ds.ImageOrientationPatient = [2.0, 2.0], 2.0, [1, 0, 0, 0, 1, 0]
        ds.ImagePositionPatient = [-200.0, -200.0, 2.0 * index]
        ds.RadiopharmaceuticalInformationSequence = Sequence([drug])
        ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.Rows, ds.Columns = 1, "MONOCHROME2", size, size
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
        ds.PixelData = rng.integers(0, 3000, (size, size), dtype=np.int16).tobytes()
        ds.save_as(folder / f"{index:04d}.dcm", enforce_file_format=True)


def peer(folder: Path) -> float:
    started = time.perf_counter()
    slices = [pydicom.dcmread(path).pixel_array.astype(np.float32) for path in sorted(folder.iterdir())]
    np.stack(slices)
    return time.perf_counter() - started


def ours(folder: Path) -> tuple[float, float]:
    started = time.perf_counter()
    (series,) = index_folder([folder]).series
    indexed = time.perf_counter()
    image, _ = read_suv(series, compute_suv_factor)
    done = time.perf_counter()
    assert image.volume.unit == "g/mL"
    return done - started, indexed - started


def main() -> int:
    worst = 0.0
    for size in (200, 400):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_series(folder, size)
            peer(folder)
            ours(folder)
            turns = [(peer(folder), ours(folder)) for _ in range(ROUNDS)]
        ratios = [own[0] / theirs for theirs, own in turns]
        ratio = statistics.median(ratios)
        worst = max(worst, ratio)
        theirs_s, ours_s, index_s = (
            statistics.median(values) for values in zip(*((theirs, *own) for theirs, own in turns), strict=True)
        )
        print(
            f"{N_SLICES} slices of {size} x {size}: lutrace {ours_s:.2f} s / pydicom to float32 {theirs_s:.2f} s = "
            f"{ratio:.2f} (median of {ROUNDS} turns, {min(ratios):.2f} to {max(ratios):.2f}); bound by parsing headers "
            f"{index_s:.2f} s, then voxels, digests and SUV {ours_s - index_s:.2f} s"
        )
    print(f"limit {LIMIT}: {'met' if worst <= LIMIT else 'MISSED'}")
    return 0 if worst <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
