"""A DICOM file read, freed of its person and written, with pixels as they are."""

from __future__ import annotations

import os
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid

from lutrace.core import UnusableInputError
from lutrace.dicom import elements as el

_IMPLEMENTATION = generate_uid(entropy_srcs=["lutrace", "implementation"])


def read_object(path: Path) -> Dataset:
    """The whole object of a file. Raises UnusableInputError when it cannot be parsed."""
    try:
        with el.quiet_parsing():
            return pydicom.dcmread(path, force=True)
    except (*el.PARSE_ERRORS, InvalidDicomError) as error:
        raise UnusableInputError(f"damaged: {type(error).__name__} while parsing; transfer it again") from error


def write_deidentified(dataset: Dataset, path: Path) -> None:
    """Write an object under its new UID with fresh meta information; a file is there whole or not at all.

    Transfer syntax, and with it the bytes of the pixels, stay. The same object gives the same bytes.
    """
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = UID(_syntax(dataset))
    meta.ImplementationClassUID, meta.ImplementationVersionName = _IMPLEMENTATION, "LUTRACE"
    dataset.file_meta, dataset.preamble = meta, b"\0" * 128
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    with el.quiet_parsing():
        pydicom.dcmwrite(partial, dataset, enforce_file_format=True)
    partial.replace(path)


def _syntax(dataset: Dataset) -> str:
    given = dataset.file_meta.get("TransferSyntaxUID") if hasattr(dataset, "file_meta") else None
    if given:
        return str(given)
    implicit, little = dataset.original_encoding
    if implicit:
        return str(ImplicitVRLittleEndian)
    return str(ExplicitVRLittleEndian if little else ExplicitVRBigEndian)
