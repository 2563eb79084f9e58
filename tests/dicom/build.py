"""Synthetic DICOM series, built with pydicom alone: no code of ours makes what our readers are tested on.

`header` is for tests of what we write.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from lutrace.dicom import SeriesHeader, make_uid

PET = "1.2.840.10008.5.1.4.1.1.128"
NM = "1.2.840.10008.5.1.4.1.1.20"
CT = "1.2.840.10008.5.1.4.1.1.2"
UPRIGHT = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SCANNED = dt.datetime(2024, 3, 6, 10, 30)
Edit = Callable[[Dataset, int], None]
"""Changes one dataset, given its number from 0, before it is written."""


def code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def drug(**facts: Any) -> Dataset:
    """A radiopharmaceutical item; a fact given as None is left out."""
    item = Dataset()
    stated: dict[str, Any] = {
        "RadiopharmaceuticalStartTime": "100000",
        "RadionuclideTotalDose": 370e6,
        "RadionuclideHalfLife": 6586.2,
        "RadiopharmaceuticalStartDateTime": "20230517100000",
    } | facts
    for name, value in stated.items():
        if value is not None:
            setattr(item, name, value)
    if "RadionuclideCodeSequence" not in item:
        item.RadionuclideCodeSequence = DicomSequence([code("C-111A1", "SRT", "^18^Fluorine")])
    return item


def lutetium(**facts: Any) -> Dataset:
    """A 177Lu item, 7.4 GBq at 09:00 on 17 May 2023."""
    item = drug(
        **{
            "RadiopharmaceuticalStartTime": "090000",
            "RadionuclideTotalDose": 7.4e9,
            "RadionuclideHalfLife": 574300,
            "RadiopharmaceuticalStartDateTime": "20230517090000",
        }
        | facts
    )
    item.RadionuclideCodeSequence = DicomSequence([code("C-101ED", "99SDM", "177 Lutetium")])
    return item


def header(kind: str = "series", *, weight_kg: float = 80.0) -> SeriesHeader:
    """What our writers are told of a series of the synthetic patient; series of another `kind` have another UID."""
    return SeriesHeader(
        patient_id="SYN-0001",
        patient_name="SYNTHETIC^0001",
        birth_date=dt.date(1950, 5, 1),
        sex="M",
        weight_kg=weight_kg,
        height_m=1.78,
        study_uid=make_uid("study"),
        series_uid=make_uid(kind),
        series_number=2,
        study_datetime=SCANNED,
        series_datetime=SCANNED,
        study_description="SYNTHETIC",
        series_description="SYNTHETIC",
        manufacturer="SIEMENS NM",
        model="SYNTHETIC",
        comments="SYNTHETIC",
    )


def _base(sop_class: str, modality: str, series_uid: str) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.Modality = modality
    dataset.Manufacturer = "SYNTHETIC"
    dataset.PatientName, dataset.PatientID = "Synthetic^Phantom", "SYN-1"
    dataset.PatientSex, dataset.PatientWeight, dataset.PatientSize = "M", 75, 1.85
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.826.0.1.3680043.8.498.1", series_uid
    dataset.FrameOfReferenceUID = "1.2.826.0.1.3680043.8.498.3"
    dataset.SeriesDate = dataset.AcquisitionDate = "20230517"
    dataset.SeriesTime = dataset.AcquisitionTime = "110000"
    return dataset


def _pixels(dataset: Dataset, stored: NDArray[Any]) -> None:
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = stored.shape[-2:]
    bits = stored.dtype.itemsize * 8
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = int(stored.dtype.kind == "i")
    dataset.PixelData = stored.tobytes()


def ramp(n: int, rows: int = 4, columns: int = 6) -> NDArray[np.int16]:
    """Stored voxels that are all different: slice x 100 + place in the slice, with one negative."""
    stored = (100 * np.arange(n)[:, None, None] + np.arange(rows * columns).reshape(rows, columns)).astype(np.int16)
    stored[0, 0, 0] = -7
    return stored


def pet_slices(
    n: int = 5,
    *,
    stored: NDArray[Any] | None = None,
    slopes: Sequence[float] | None = None,
    spacing_z_mm: float = 3.0,
    orientation: Sequence[float] = UPRIGHT,
    drug_item: Dataset | None = None,
    edit: Edit | None = None,
    **attributes: Any,
) -> list[FileDataset]:
    """A whole-body F-18 PET in Bq/mL, START, injected at 10:00 and begun at 11:00; keyword = DICOM attribute."""
    series_uid = generate_uid()
    voxels = ramp(n) if stored is None else stored
    normal = np.cross(orientation[:3], orientation[3:])
    made = []
    for index in range(n):
        dataset = _base(PET, "PT", series_uid)
        dataset.ImageType = ["ORIGINAL", "PRIMARY"]
        dataset.SeriesType = ["WHOLE BODY", "IMAGE"]
        dataset.Units, dataset.DecayCorrection = "BQML", "START"
        dataset.CorrectedImage = ["DECY", "ATTN", "SCAT", "NORM"]
        dataset.ActualFrameDuration = 120000
        dataset.NumberOfSlices = n
        dataset.RescaleSlope, dataset.RescaleIntercept = (slopes[index] if slopes else 2.5), 0
        dataset.PixelSpacing, dataset.SliceThickness = [4.0, 2.0], spacing_z_mm
        dataset.ImageOrientationPatient = list(orientation)
        place = np.array([-10.0, -20.0, 30.0]) + index * spacing_z_mm * normal
        dataset.ImagePositionPatient = [round(float(p), 6) for p in place]
        dataset.RadiopharmaceuticalInformationSequence = DicomSequence([drug() if drug_item is None else drug_item])
        dataset.InstanceNumber = index + 1
        _pixels(dataset, voxels[index])
        _apply(dataset, attributes)
        if edit is not None:
            edit(dataset, index)
        made.append(dataset)
    return made


def spect_as_pet(n: int = 5, *, hours: float = 4.0, **attributes: Any) -> list[FileDataset]:
    """A 177Lu xSPECT in Bq/mL, corrected to the administration, begun `hours` after 09:00 of 17 May 2023."""
    start = np.datetime64("2023-05-17T09:00:00") + np.timedelta64(round(hours * 3600), "s")
    date, time = str(start).replace("-", "").replace(":", "").split("T")
    return pet_slices(
        n,
        **{
            "drug_item": lutetium(),
            "DecayCorrection": "ADMIN",
            "Manufacturer": "SIEMENS NM",
            "SeriesDate": date,
            "SeriesTime": time,
            "AcquisitionDate": date,
            "AcquisitionTime": time,
            "ActualFrameDuration": 1506277,
            "DecayFactor": 1.0,
        }
        | attributes,
    )


def ct_slices(n: int = 3, *, edit: Edit | None = None) -> list[FileDataset]:
    series_uid = generate_uid()
    made = []
    for index in range(n):
        dataset = _base(CT, "CT", series_uid)
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 1, -1024, "HU"
        dataset.PixelSpacing, dataset.SliceThickness = [1.0, 1.0], 2.0
        dataset.ImageOrientationPatient = list(UPRIGHT)
        dataset.ImagePositionPatient = [0.0, 0.0, 2.0 * index]
        _pixels(dataset, np.full((4, 4), 1024 + 40 + index, np.uint16))
        if edit is not None:
            edit(dataset, index)
        made.append(dataset)
    return made


def nm_recon(
    stored: NDArray[Any] | None = None,
    *,
    spacing_z_mm: float = 4.8,
    mapping: tuple[float, str] | None = (0.5, "Bq/ml"),
    drug_item: Dataset | None = None,
    edit: Edit | None = None,
    **attributes: Any,
) -> FileDataset:
    """A reconstructed 177Lu SPECT as an NM object: 7400 MBq, 60 frames of 15 s per detector, two detectors."""
    voxels = ramp(4).astype(np.uint16) if stored is None else stored
    dataset = _base(NM, "NM", generate_uid())
    dataset.ImageType = ["DERIVED", "PRIMARY", "RECON TOMO", "EMISSION"]
    dataset.Manufacturer = "SIEMENS NM"
    dataset.CorrectedImage = ["ATTN", "SCAT"]
    dataset.NumberOfFrames, dataset.NumberOfDetectors = len(voxels), 2
    dataset.SliceVector = list(range(1, len(voxels) + 1))
    dataset.PixelSpacing, dataset.SliceThickness, dataset.SpacingBetweenSlices = [4.8, 4.8], 4.8, spacing_z_mm
    del dataset.FrameOfReferenceUID
    dataset.FrameOfReferenceUID = "1.2.826.0.1.3680043.8.498.4"
    detector = Dataset()
    detector.ImagePositionPatient, detector.ImageOrientationPatient = [-100.0, -110.0, 50.0], list(UPRIGHT)
    dataset.DetectorInformationSequence = DicomSequence([detector])
    rotation = Dataset()
    rotation.ActualFrameDuration, rotation.NumberOfFramesInRotation = 15000, 60
    dataset.RotationInformationSequence = DicomSequence([rotation])
    item = lutetium(RadionuclideTotalDose=7400, RadionuclideHalfLife=None) if drug_item is None else drug_item
    dataset.RadiopharmaceuticalInformationSequence = DicomSequence([item])
    if mapping is not None:
        real = Dataset()
        real.RealWorldValueSlope, real.RealWorldValueIntercept = float(mapping[0]), 0.0
        real.RealWorldValueFirstValueMapped, real.RealWorldValueLastValueMapped = 0, 65535
        real["RealWorldValueFirstValueMapped"].VR = real["RealWorldValueLastValueMapped"].VR = "US"
        real.MeasurementUnitsCodeSequence = DicomSequence([code(mapping[1], "UCUM", mapping[1])])
        real.LUTLabel = "quantity"
        dataset.RealWorldValueMappingSequence = DicomSequence([real])
    _pixels(dataset, voxels)
    _apply(dataset, attributes)
    if edit is not None:
        edit(dataset, 0)
    return dataset


def write(folder: Path, datasets: Sequence[FileDataset], *, prefix: str = "im") -> Path:
    """Write datasets into a folder, in shuffled order and without an ending."""
    folder.mkdir(parents=True, exist_ok=True)
    order = np.random.default_rng(7).permutation(len(datasets))
    for number, index in enumerate(order):
        datasets[index].save_as(folder / f"{prefix}{number:04d}", enforce_file_format=True)
    return folder


def compressed(datasets: Sequence[FileDataset], syntax: str) -> list[FileDataset]:
    for dataset in datasets:
        dataset.compress(syntax, generate_instance_uid=False)
    return list(datasets)


def private(
    dataset: Dataset, group: int, creator: str, elements: dict[int, tuple[str, Any]], *, others: int = 0
) -> None:
    """Private elements of a creator; `others` foreign creators take the blocks before it."""
    for number in range(others):
        dataset.private_block(group, f"FOREIGN {number}", create=True).add_new(0x01, "LO", "x")
    block = dataset.private_block(group, creator, create=True)
    for offset, (vr, value) in elements.items():
        block.add_new(offset, vr, value)


def _apply(dataset: Dataset, attributes: dict[str, Any]) -> None:
    for name, value in attributes.items():
        if value is None:
            if name in dataset:
                delattr(dataset, name)
        else:
            setattr(dataset, name, value)
