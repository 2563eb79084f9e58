"""REG objects: points go as the equations of PS3.3 C.20.2.1.1 and C.20.3.1.1 say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from lutrace.core import UnusableInputError, tell_file
from lutrace.dicom import read_frame_motions

OWN, OTHER = "1.2.3.1", "1.2.3.2"
POINTS = np.array([[10.0, -20.0, 30.0], [0.0, 0.0, 0.0], [-35.0, 12.0, 55.0]])
UP = np.array([4.0, -6.0, 30.0])
SHIFT = np.array([[1.0, 0, 0, 4], [0, 1, 0, -6], [0, 0, 1, 30], [0, 0, 0, 1]])
TURN = np.array([[0.0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 5], [0, 0, 0, 1]])


def matrix_item(matrix: np.ndarray) -> Dataset:
    item = Dataset()
    item.FrameOfReferenceTransformationMatrixType = "RIGID"
    item.FrameOfReferenceTransformationMatrix = [float(v) for v in matrix.ravel()]
    return item


def grid_item(vectors: np.ndarray, origin: tuple[float, ...], spacing: float, turned: bool = False) -> Dataset:
    """A grid of vectors (z, y, x, 3); `turned`: its rows run along y, its columns along -x."""
    item = Dataset()
    item.ImageOrientationPatient = [0, 1, 0, -1, 0, 0] if turned else [1, 0, 0, 0, 1, 0]
    item.ImagePositionPatient = list(origin)
    item.GridDimensions = list(vectors.shape[2::-1])
    item.GridResolution = [spacing] * 3
    item.VectorGridData = vectors.astype("<f4").tobytes()
    return item


def rigid_object(path: Path, *matrices: np.ndarray, frame: str = OTHER) -> Path:
    stays, moves = Dataset(), Dataset()
    for item, uid, steps in ((stays, OWN, (np.eye(4),)), (moves, frame, matrices)):
        item.FrameOfReferenceUID = uid
        item.MatrixRegistrationSequence = [Dataset()]
        item.MatrixRegistrationSequence[0].MatrixSequence = [matrix_item(step) for step in steps]
    return written(path, "1.2.840.10008.5.1.4.1.1.66.1", RegistrationSequence=[stays, moves])


def deformable_object(path: Path, *, implicit: bool = False, **parts: Any) -> Path:
    item = Dataset()
    item.SourceFrameOfReferenceUID = OTHER
    for word, value in parts.items():
        setattr(item, word, [value])
    sop_class = "1.2.840.10008.5.1.4.1.1.66.3"
    return written(path, sop_class, implicit=implicit, DeformableRegistrationSequence=[item])


def written(path: Path, sop_class: str, *, implicit: bool = False, **content: Any) -> Path:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID, dataset.Modality = sop_class, "1.2.3.9", "REG"
    dataset.FrameOfReferenceUID = OWN
    for word, value in content.items():
        setattr(dataset, word, value)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID, dataset.file_meta.MediaStorageSOPInstanceUID = sop_class, "1.2.3.9"
    pydicom.dcmwrite(path, dataset, enforce_file_format=True)
    return path


def test_a_matrix_takes_points_of_the_source_to_the_objects_own_frame(tmp_path: Path) -> None:
    (one,) = read_frame_motions(rigid_object(tmp_path / "reg.dcm", SHIFT))
    assert (one.registered, one.source) == (OWN, OTHER)
    assert np.allclose(one.motion.to_moving(POINTS + UP), POINTS)


def test_several_matrices_are_multiplied_in_the_order_of_their_items(tmp_path: Path) -> None:
    (one,) = read_frame_motions(rigid_object(tmp_path / "reg.dcm", TURN, SHIFT))
    x, y, z = (POINTS + UP).T  # the last matrix first ...
    registered = np.stack([-y, x, z + 5.0], axis=1)  # ... then the first: a quarter turn and 5 mm
    assert np.allclose(one.motion.to_moving(registered), POINTS)


@pytest.mark.parametrize("implicit", [False, True])
def test_a_grid_takes_points_of_the_own_frame_through_both_matrices_to_the_source(
    tmp_path: Path, implicit: bool
) -> None:
    z, y, x = np.indices((12, 11, 13)).astype(float)
    vectors = np.stack([0.5 * x, -0.25 * y + 1.0, 0.3 * z], axis=-1)  # linear: exact between nodes
    path = deformable_object(
        tmp_path / "d.dcm",
        implicit=implicit,
        PreDeformationMatrixRegistrationSequence=matrix_item(TURN),
        PostDeformationMatrixRegistrationSequence=matrix_item(SHIFT),
        DeformableRegistrationGridSequence=grid_item(vectors, (-60.0, -50.0, -20.0), 10.0),
    )
    (one,) = read_frame_motions(path)
    index = (POINTS - (-60.0, -50.0, -20.0)) / 10.0
    offset = np.stack([0.5 * index[:, 0], -0.25 * index[:, 1] + 1.0, 0.3 * index[:, 2]], axis=1)
    before = np.stack([-POINTS[:, 1], POINTS[:, 0], POINTS[:, 2] + 5.0], axis=1)
    assert np.allclose(one.motion.to_moving(POINTS), before + offset + UP, atol=1e-4)
    assert np.allclose(one.motion.inverse.to_moving(one.motion.to_moving(POINTS)), POINTS, atol=0.01)


def test_a_grid_may_lie_turned_in_its_frame(tmp_path: Path) -> None:
    vectors = np.zeros((3, 4, 5, 3))
    vectors[1, 2, 3] = (7.0, 0.0, 0.0)
    path = deformable_object(
        tmp_path / "d.dcm",
        DeformableRegistrationGridSequence=grid_item(vectors, (40.0, -20.0, 10.0), 10.0, turned=True),
    )
    (one,) = read_frame_motions(path)
    node = np.array([[40.0 - 20.0, -20.0 + 30.0, 20.0]])  # 3 along +y, 2 along -x, 1 up
    assert np.allclose(one.motion.to_moving(node), node + np.array([7.0, 0.0, 0.0]))


def test_what_is_empty_damaged_or_no_registration_is_refused_by_name(tmp_path: Path) -> None:
    grid = grid_item(np.zeros((2, 2, 2, 3)), (0.0, 0.0, 0.0), 10.0)
    short, unknown = (grid_item(np.ones((2, 2, 2, 3)), (0.0, 0.0, 0.0), 10.0) for _ in range(2))
    short.VectorGridData = short.VectorGridData[:-4]
    unknown.VectorGridData = np.full(24, np.nan, "<f4").tobytes()
    (tmp_path / "words.dcm").write_text("no DICOM\n", encoding="utf-8")
    image = written(tmp_path / "image.dcm", "1.2.840.10008.5.1.4.1.1.128", Modality="PT")
    for path, words in (
        (rigid_object(tmp_path / "itself.dcm", np.eye(4), frame=OWN), "it is empty"),
        (rigid_object(tmp_path / "flat.dcm", np.diag([1.0, 1.0, 0.0, 1.0])), "a map that can be turned round"),
        (rigid_object(tmp_path / "nothing.dcm"), r"Matrix Sequence \(0070,030A\): expected a matrix"),
        (deformable_object(tmp_path / "zero.dcm", DeformableRegistrationGridSequence=grid), "zero everywhere"),
        (deformable_object(tmp_path / "short.dcm", DeformableRegistrationGridSequence=short), "expected 24 numbers"),
        (deformable_object(tmp_path / "nan.dcm", DeformableRegistrationGridSequence=unknown), "24 that are none"),
        (image, "found modality PT"),
        (tmp_path / "words.dcm", "none that can be read"),
        (tmp_path / "absent.dcm", "no such file"),
    ):
        with pytest.raises(UnusableInputError, match=f"{re.escape(tell_file(path))}.*{words}"):
            read_frame_motions(path)
