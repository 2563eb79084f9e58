"""The private elements that SUV rests on, by creator: the only ones that stay. After PS3.15 Table E.3.10-1."""

from __future__ import annotations

import re
import struct

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from lutrace.dicom import elements as el
from lutrace.dicom.deidentify_values import shift_moment

SAFE_PRIVATE: dict[tuple[int, str, int], tuple[str, str]] = {
    (0x0009, "GEMS_PETD_01", 0x0D): ("DT", "scan date-time"),
    (0x0009, "GEMS_PETD_01", 0x38): ("FL", "activity before injection"),
    (0x0009, "GEMS_PETD_01", 0x39): ("DT", "date-time of that measurement"),
    (0x0009, "GEMS_PETD_01", 0x3B): ("DT", "administration date-time"),
    (0x0009, "GEMS_PETD_01", 0x3C): ("FL", "activity left after injection"),
    (0x0009, "GEMS_PETD_01", 0x3D): ("DT", "date-time of that measurement"),
    (0x0009, "GEMS_PETD_01", 0x3F): ("FL", "half-life"),
    (0x0071, "SIEMENS MED PT", 0x22): ("DT", "decay correction date-time"),
    (0x7053, "Philips PET Private Group", 0x00): ("DS", "SUV scale factor"),
    (0x7053, "Philips PET Private Group", 0x09): ("DS", "activity concentration scale factor"),
}
"""(group, private creator, element) -> (value representation, what it says)."""

_NUMBER = re.compile(r"^[\d.eE+\- ]{1,16}$")


def clean_private(dataset: Dataset, days: int) -> tuple[int, int]:
    """Drop all private elements of a dataset but those of SAFE_PRIVATE, whose dates are moved; counts kept, dropped."""
    present = list(dataset.keys())
    tags = [tag for tag in present if tag.is_private]
    creators = {
        (tag.group, tag.element): el.element_text(dataset, tag) or "" for tag in tags if 0x10 <= tag.element <= 0xFF
    }
    kept: dict[int, DataElement] = {}
    for tag in tags:
        block = (tag.group, tag.element >> 8)
        safe = SAFE_PRIVATE.get((tag.group, creators.get(block, ""), tag.element & 0xFF))
        if tag.element <= 0xFF or safe is None:
            continue
        element = _cleaned(dataset, tag, safe[0], days)
        if element is not None:
            kept[tag] = element
            place = (tag.group << 16) | block[1]
            kept[place] = DataElement(place, "LO", creators[block])
    for tag in tags:
        del dataset[tag]
    for number, element in kept.items():
        dataset[number] = element
    n_creators = sum(number & 0xFFFF <= 0xFF for number in kept)
    return len(kept) - n_creators, len(tags) - len(kept)


def _cleaned(dataset: Dataset, tag: int, vr: str, days: int) -> DataElement | None:
    if vr == "FL":
        return _as_float(dataset, tag)
    text = el.element_text(dataset, tag)
    if text is None:
        return None
    if vr == "DT":
        moved = shift_moment(text, days)
        return DataElement(tag, "DT", moved) if moved is not None and _is_moment(moved) else None
    return DataElement(tag, "DS", text) if _NUMBER.match(text) else None


def _as_float(dataset: Dataset, tag: int) -> DataElement | None:
    """A float element as it is, whatever representation the file gives it; None when it is none."""
    value = dataset[tag].value
    if isinstance(value, float):
        return DataElement(tag, "FL", value)
    if isinstance(value, bytes) and len(value) == 4:
        order = "<f" if dataset.original_encoding[1] is not False else ">f"
        return DataElement(tag, "FL", struct.unpack(order, value)[0])
    return None


def _is_moment(text: str) -> bool:
    return re.match(r"^\d{8}(\d{2}){0,3}(\.\d*)?([+-]\d{4})?$", text) is not None
