"""DICOM files that hold regions: which kind a file is, and a structure set that is there as a whole."""

from __future__ import annotations

from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from lutrace.core import UnusableInputError, tell_file
from lutrace.dicom import elements as el
from lutrace.dicom.plain_header import ends_early


def class_of_file(path: Path) -> str | None:
    """The SOP Class UID (0008,0016) of a file, None when it is no DICOM.

    Raises UnusableInputError when its elements cannot be read.
    """
    with path.open("rb") as file:
        try:
            dataset = pydicom.dcmread(file, specific_tags=["SOPClassUID"], stop_before_pixels=True)
        except InvalidDicomError:
            return None
        except el.PARSE_ERRORS as error:
            raise _damaged(path) from error
    return str(dataset.get("SOPClassUID", ""))


def read_structure_set(path: Path) -> Dataset:
    """The object of an RTSTRUCT file.

    Raises UnusableInputError when the file is damaged or ends before its last element does: pydicom gives what there
    is of a sequence that a broken copy has cut, and regions would lack contours unseen.
    """
    content = path.read_bytes()
    if ends_early(content):
        raise _damaged(path)
    try:
        return pydicom.dcmread(path)
    except el.PARSE_ERRORS as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> UnusableInputError:
    return UnusableInputError(f"{tell_file(path)}: damaged or truncated; transfer it again")
