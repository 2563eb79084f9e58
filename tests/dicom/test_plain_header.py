"""Headers read straight from their bytes: as pydicom reads them, or left to pydicom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from tests.dicom.build import pet_slices, write

from lutrace.core import ContradictionError
from lutrace.dicom import elements as el
from lutrace.dicom import index_folder, read_series
from lutrace.dicom.instance import instance_of
from lutrace.dicom.plain_header import read_plain_header


def nested(*, open_ended: bool) -> Dataset:
    """A slice with a sequence in a sequence, private elements and long texts beside the usual ones."""
    (dataset,) = pet_slices(1)
    dataset.add_new(0x00091001, "LO", "private before its creator")
    dataset.private_block(0x0071, "SIEMENS MED PT", create=True).add_new(0x22, "DT", "20230517101112.5")
    dataset.add_new(0x00104000, "LT", "two\r\nlines")
    dataset.add_new(0x00189004, "OB", b"\1\2\3\4")
    inner, outer = Dataset(), Dataset()
    inner.CodeValue = "1"
    outer.PurposeOfReferenceCodeSequence = DicomSequence([inner, Dataset()])
    outer.ReferencedSOPInstanceUID = "1.2.3"
    dataset.ReferencedImageSequence = DicomSequence([outer, Dataset(), outer])
    dataset.SourceImageSequence = DicomSequence([])
    for sequence in (dataset.ReferencedImageSequence, outer.PurposeOfReferenceCodeSequence, dataset[0x00540016].value):
        sequence.is_undefined_length = open_ended
        for item in sequence:
            item.is_undefined_length_sequence_item = open_ended
    return dataset


def save(path: Path, dataset: Dataset, syntax: str = ExplicitVRLittleEndian) -> Path:
    dataset.file_meta.TransferSyntaxUID = syntax
    dcmwrite(path, dataset, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=syntax != ExplicitVRBigEndian)
    return path


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("open_ended", [False, True])
def test_each_element_is_what_pydicom_reads(tmp_path: Path, syntax: str, open_ended: bool) -> None:
    path = save(tmp_path / "one.dcm", nested(open_ended=open_ended), syntax)
    read = read_plain_header(path)
    assert read is not None
    found, at = read
    with path.open("rb") as file:
        expected = pydicom.dcmread(file, stop_before_pixels=True)
        assert at == file.tell()
    here = {"size_bytes": path.stat().st_size, "pixel_tag_at": at}
    assert instance_of(path, found, **here) == instance_of(path, expected, **here)
    assert found.original_encoding == expected.original_encoding
    assert el.element_text(found.file_meta, 0x00020010) == syntax
    assert list(found.keys()) == list(expected.keys())
    assert [str(element) for element in found] == [str(element) for element in expected]


def without_preamble(content: bytes) -> bytes:
    return content[132:]


def with_tags_that_fall(content: bytes) -> bytes:
    begin = content.index(b"\x08\x00\x60\x00CS")
    length = 8 + int.from_bytes(content[begin + 6 : begin + 8], "little")
    element = content[begin : begin + length]
    return content[:begin] + element + element + content[begin + length :]


def with_an_unknown_vr(content: bytes) -> bytes:
    return content.replace(b"\x08\x00\x60\x00CS", b"\x08\x00\x60\x00C?")


def with_a_length_beyond_the_file(content: bytes) -> bytes:
    begin = content.index(b"\x08\x00\x60\x00CS") + 6
    return content[:begin] + b"\xff\xff" + content[begin + 2 :]


def cut_in_the_header(content: bytes) -> bytes:
    return content[: content.index(b"\x28\x00\x10\x00US") + 3]


def with_floats(content: bytes) -> bytes:
    return content.replace(b"\xe0\x7f\x10\x00OW", b"\xe0\x7f\x08\x00OF")


def with_implicit_elements(content: bytes) -> bytes:
    """The meta header says implicit, the elements are explicit."""
    given = b"1.2.840.10008.1.2.1\0"
    return content.replace(given, b"1.2.840.10008.1.2\0\0\0")


def with_no_syntax(content: bytes) -> bytes:
    begin = content.index(b"\x02\x00\x10\x00UI")
    return content[:begin] + b"\x02\x00\x12\x00" + content[begin + 4 :]


@pytest.mark.parametrize(
    "change",
    [
        without_preamble,
        with_tags_that_fall,
        with_an_unknown_vr,
        with_a_length_beyond_the_file,
        cut_in_the_header,
        with_floats,
        with_implicit_elements,
        with_no_syntax,
    ],
)
def test_what_departs_from_a_plain_file_is_left_to_pydicom(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    path = save(tmp_path / "one.dcm", nested(open_ended=False))
    content = path.read_bytes()
    changed = change(content)
    assert changed != content
    assert read_plain_header(path) is not None
    path.write_bytes(changed)
    assert read_plain_header(path) is None


@pytest.mark.parametrize("syntax", [ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_other_transfer_syntaxes_are_left_to_pydicom(tmp_path: Path, syntax: str) -> None:
    assert read_plain_header(save(tmp_path / "one.dcm", pet_slices(1)[0], syntax)) is None


def test_a_long_header_is_left_to_pydicom(tmp_path: Path) -> None:
    (dataset,) = pet_slices(1)
    dataset.private_block(0x0029, "SIEMENS CSA HEADER", create=True).add_new(0x10, "OB", bytes(70_000))
    path = save(tmp_path / "one.dcm", dataset)
    assert read_plain_header(path) is None
    assert len(index_folder([tmp_path]).series) == 1


def test_a_later_slice_of_another_unit_is_refused(tmp_path: Path) -> None:
    slices = pet_slices(4)
    slices[2].Units = "CNTS"
    write(tmp_path, slices)
    (series,) = index_folder([tmp_path]).series
    with pytest.raises(ContradictionError, match=r"Units \(0054,1001\)"):
        read_series(series)


def test_a_later_slice_of_another_dose_is_refused(tmp_path: Path) -> None:
    slices = pet_slices(4)
    slices[3].RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose = 371e6
    write(tmp_path, slices)
    (series,) = index_folder([tmp_path]).series
    with pytest.raises(ContradictionError, match=r"Radionuclide Total Dose \(0018,1074\)"):
        read_series(series)
