"""The header of an ordinary little-endian DICOM file straight from its bytes: what pydicom gives, in a fraction of it.

Nearly all images of an archive are plain files: preamble, meta header, explicit or implicit VR little endian, rising
tags, pixels at the end. Their elements are listed here without being decoded. Whatever departs from that in any way
is left to pydicom, with all that it tolerates and all that it refuses. Source: DICOM PS3.5, sections 7.1 and 7.5;
PS3.10, section 7.1.
"""

from __future__ import annotations

import functools
import struct
from pathlib import Path

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import BaseTag
from pydicom.uid import UID
from pydicom.valuerep import EXPLICIT_VR_LENGTH_16, EXPLICIT_VR_LENGTH_32

from lutrace.dicom import elements as el

_MOST_BYTES = 65_536
"""A longer header is left to pydicom."""
_IMPLICIT, _EXPLICIT = b"1.2.840.10008.1.2", b"1.2.840.10008.1.2.1"
_META_BEGINS, _META_GROUP = 132, b"\x02\x00"
_SYNTAX, _FIRST, _PIXEL_GROUP, _PIXELS = 0x00020010, 0x00080000, 0x7FE00000, 0x7FE00010
_ITEM, _ITEM_ENDS, _SEQUENCE_ENDS = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_UNDEFINED = 0xFFFFFFFF

_SHORT = {str(vr).encode(): str(vr) for vr in EXPLICIT_VR_LENGTH_16}
_LONG = {str(vr).encode(): str(vr) for vr in EXPLICIT_VR_LENGTH_32}
"""Value representations whose length takes two bytes, and four after two reserved ones."""
_read_tag = struct.Struct("<HH").unpack_from
_read_length = struct.Struct("<L").unpack_from
_read_head = struct.Struct("<HH2sH").unpack_from
_read_implicit = struct.Struct("<HHL").unpack_from


class _OutOfTheOrdinaryError(Exception):
    """The file is not plain: pydicom is to judge it."""


class _EndsEarlyError(_OutOfTheOrdinaryError):
    """An element is longer than what is left of the bytes."""


def read_plain_header(path: Path) -> tuple[Dataset, int] | None:
    """The elements before Pixel Data (7FE0,0010), undecoded, and the byte of its tag; None when pydicom must read it.

    The dataset answers as one that pydicom read with `stop_before_pixels`; its `file_meta` holds the transfer syntax
    alone. Raises OSError when the file cannot be read.
    """
    with path.open("rb", buffering=0) as file:
        content = file.read(_MOST_BYTES)
    try:
        return _parse(content)
    except (_OutOfTheOrdinaryError, struct.error):  # struct.error: the header goes on beyond what was read
        return None


def ends_early(content: bytes) -> bool:
    """Whether a whole file, explicit or implicit little-endian, ends within an element; False where nobody can tell."""
    if content[128:_META_BEGINS] != b"DICM":
        return False
    try:
        at, implicit = _behind_meta(content)
        while any(content[at : at + 8]):  # zeros may fill up a file
            at = _element_at(content, at, implicit=implicit)[3]
    except (_EndsEarlyError, struct.error):
        return True
    except _OutOfTheOrdinaryError:
        return False
    return at > len(content)


def _parse(content: bytes) -> tuple[Dataset, int]:
    if content[128:_META_BEGINS] != b"DICM":
        raise _OutOfTheOrdinaryError
    at, implicit = _behind_meta(content)
    found: dict[BaseTag, DataElement | RawDataElement] = {}
    last = _FIRST - 1
    while (tag := _tag_at(content, at)) != _PIXELS:
        if not last < tag < _PIXEL_GROUP:
            raise _OutOfTheOrdinaryError
        _, vr, value, at = _element_at(content, at, implicit=implicit)
        last, name = tag, el.tag_of(tag)
        found[name] = RawDataElement(name, vr, len(value), value, 0, implicit, True)
    dataset = Dataset(found)
    dataset.set_original_encoding(implicit, True)
    dataset.file_meta = _meta_of(implicit)
    return dataset, at


def _behind_meta(content: bytes) -> tuple[int, bool]:
    """The byte behind the meta header, and whether value representations are left out of what follows."""
    at, syntax = _META_BEGINS, b""
    while content[at : at + 2] == _META_GROUP:
        tag, _, value, at = _element_at(content, at, implicit=False)
        syntax = value if tag == _SYNTAX else syntax
    implicit = _is_implicit(syntax)
    if implicit and content[at + 4 : at + 6] in _SHORT:  # the file is not what its meta header says
        raise _OutOfTheOrdinaryError
    return at, implicit


def _is_implicit(syntax: bytes) -> bool:
    uid = syntax.rstrip(b"\0 ")
    if uid not in (_IMPLICIT, _EXPLICIT):
        raise _OutOfTheOrdinaryError
    return uid == _IMPLICIT


@functools.cache
def _meta_of(implicit: bool) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = UID((_IMPLICIT if implicit else _EXPLICIT).decode())
    return meta


def _element_at(content: bytes, at: int, *, implicit: bool) -> tuple[int, str | None, bytes, int]:
    """Tag, VR (None in implicit files), value and the byte behind an element; a sequence's items, if it has no length.

    Raises struct.error at the end of the bytes.
    """
    vr: str | None = None
    if implicit:
        group, element, length = _read_implicit(content, at)
        begin = at + 8
    else:
        group, element, code, length = _read_head(content, at)
        begin, vr = at + 8, _SHORT.get(code)
        if vr is None:
            vr = _LONG.get(code)
            if vr is None:
                raise _OutOfTheOrdinaryError
            (length,) = _read_length(content, begin)
            begin += 4
    if length == _UNDEFINED:
        if vr not in ("SQ", None):
            raise _OutOfTheOrdinaryError
        end = _end_of(content, begin, implicit=implicit, closed_by=_SEQUENCE_ENDS)
        return group << 16 | element, vr, content[begin:end], end + 8
    end = begin + length
    if end > len(content):
        raise _EndsEarlyError
    return group << 16 | element, vr, content[begin:end], end


def _end_of(content: bytes, at: int, *, implicit: bool, closed_by: int) -> int:
    """The byte of the delimiter that closes a sequence of items, or an item of elements, without a stated length."""
    while (tag := _tag_at(content, at)) != closed_by:
        if closed_by == _ITEM_ENDS:
            at = _element_at(content, at, implicit=implicit)[3]
            continue
        if tag != _ITEM:
            raise _OutOfTheOrdinaryError
        (length,) = _read_length(content, at + 4)
        at += 8
        at = at + length if length != _UNDEFINED else _end_of(content, at, implicit=implicit, closed_by=_ITEM_ENDS) + 8
    return at


def _tag_at(content: bytes, at: int) -> int:
    group, element = _read_tag(content, at)
    return int(group << 16 | element)
