"""RTSTRUCT objects written for the tests: contours of a mask, or by hand. Synthetic."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from lutrace.imaging import Geometry

RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
FRAME = "1.2.826.0.1.3680043.8.498.3"


def squares(array: np.ndarray, geometry: Geometry) -> list[np.ndarray]:
    """Each voxel as a square contour, LPS mm."""
    corners = ((-0.5, -0.5), (-0.5, 0.5), (0.5, 0.5), (0.5, -0.5))
    return [geometry.to_mm(np.array([(z, y + dy, x + dx) for dy, dx in corners])) for z, y, x in np.argwhere(array)]


def rtstruct(
    regions: Sequence[tuple[str, Sequence[np.ndarray]]], *, frame: str = FRAME, kind: str = "CLOSED_PLANAR"
) -> FileDataset:
    """A structure set of named regions, each a list of contours (n, 3) in LPS mm."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = RTSTRUCT, ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = RTSTRUCT
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.Modality = "RTSTRUCT"
    dataset.PatientName, dataset.PatientID = "Synthetic^Phantom", "SYN-1"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.826.0.1.3680043.8.498.1", generate_uid()
    rois, drawn = [], []
    for number, (name, contours) in enumerate(regions, start=1):
        roi = Dataset()
        roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = number, name, frame
        rois.append(roi)
        item = Dataset()
        item.ReferencedROINumber = number
        item.ContourSequence = DicomSequence([_contour(points, kind) for points in contours])
        drawn.append(item)
    dataset.StructureSetROISequence, dataset.ROIContourSequence = DicomSequence(rois), DicomSequence(drawn)
    return dataset


def _contour(points: np.ndarray, kind: str) -> Dataset:
    contour = Dataset()
    contour.ContourGeometricType, contour.NumberOfContourPoints = kind, len(points)
    contour.ContourData = [f"{value:.6f}" for value in np.asarray(points).ravel()]
    return contour


def save(dataset: FileDataset, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path
