"""Which objects are left out of a de-identified set, and why: what is not known to be safe does not pass."""

from __future__ import annotations

from pydicom.dataset import Dataset

from lutrace.dicom import elements as el

_ROOT = "1.2.840.10008.5.1.4.1.1."
_IMAGES = ("2", "2.1", "2.2", "4", "4.1", "4.4", "20", "128", "128.1", "130", "30", "481.2")
"""CT, MR, NM, PET, each also as enhanced and converted objects; parametric maps; RT dose."""
_OTHERS = ("66.1", "66.2", "66.3", "66.4", "66.5", "66.7", "67", "481.3", "88.22", "88.33", "88.34")
"""Registrations, fiducials, segmentations, Real World Value Mapping, RTSTRUCT, measurement reports."""
_KINDS = {
    "7": "secondary capture: its pixels may show a name",
    "11": "presentation state: its graphics are free text",
    "104": "encapsulated document: its text is not de-identified",
    "88.11": "text report: its text is not de-identified",
    "88.67": "dose report",
    "88.68": "dose report of a radiopharmaceutical",
    "88.73": "dose report",
    "88.74": "dose report",
    "88.75": "dose report",
    "88.76": "dose report",
}
_SCREENS = ("SCREEN SAVE", "SCREENSAVE", "DOSE", "CAPTURE", "CT_SOM", "PROTOCOL")
_COLOURED = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "PALETTE COLOR")
_PLACED = ("2", "128")


def find_refusal(dataset: Dataset, *, with_captures: bool = False) -> str | None:
    """Why an object is left out, or None. `with_captures` lets secondary captures and burned-in text pass."""
    uid = el.element_text(dataset, 0x00080016) or ""
    kind = uid.removeprefix(_ROOT) if uid.startswith(_ROOT) else ""
    named = next((why for name, why in _KINDS.items() if kind == name or kind.startswith(name + ".")), None)
    is_capture = kind == "7" or kind.startswith("7.")
    if not el.decoded_text(dataset, 0x00100020):
        return "no Patient ID (0010,0020): nobody to give a pseudonym to"
    if named is not None and not (is_capture and with_captures):
        return named
    if not is_capture and kind not in (*_IMAGES, *_OTHERS):
        return f"kind of object not known to be safe: SOP Class {uid or 'absent'}"
    return None if with_captures or kind not in _IMAGES else _screen(dataset, kind)


def _screen(dataset: Dataset, kind: str) -> str | None:
    """Why an image is taken for a screen with text on it, or None."""
    if el.element_code(dataset, 0x00280301) == "YES":
        return "Burned In Annotation (0028,0301) is YES"
    words = el.element_code(dataset, 0x00080008) or ""
    if any(word in words for word in _SCREENS):
        return "a screen by its Image Type (0008,0008): dose or protocol page, or a capture"
    if el.element_code(dataset, 0x00280004) in _COLOURED:
        return "a colour image: a screen, or a fused picture with text"
    if kind in _PLACED and 0x00200032 not in dataset:
        return "an image without a position in the patient (0020,0032): a screen"
    return None
