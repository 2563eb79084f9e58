"""What PS3.15 Table E.1-1 says is done with an element, under the options that keep what SUV rests on.

confidentiality_profile.csv holds the table: the actions of the Basic Profile by edition 2026c, those of the options by
an edition of September 2024; an element that is newer than the latter has the Basic Profile's action.
"""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources

EDITION = "PS3.15 Table E.1-1, Basic Profile of edition 2026c, options of 2024"
CODES = {
    "113100": "Basic Application Confidentiality Profile",
    "113107": "Retain Longitudinal Temporal Information Modified Dates Option",
    "113108": "Retain Patient Characteristics Option",
    "113105": "Clean Descriptors Option",
    "113104": "Clean Structured Content Option",
    "113111": "Retain Safe Private Option",
}
"""What every object claims, by codes of PS3.16 CID 7050."""
DEVICE_CODE = ("113109", "Retain Device Identity Option")
FACE_CODE = ("113102", "Clean Recognizable Visual Features Option")

_REFERENCES = {0x00081110, 0x00081140, 0x00082112}
"""Sequences that only refer to other objects: kept, with new UIDs."""
_LABELS = {0x00620005, 0x00620006, 0x00700080, 0x00700081, 0x30060004, 0x00409210}
"""Names that people give to segments, contents and mappings: no line of the table, cleaned all the same."""
TRACKING_ID = 0x00620020
TEXT_VALUE = 0x0040A160
PERSON_CODE = 0x00401101
_TEXT_TO_CLEAN = ("ST", "LT", "UT")


class Action(StrEnum):
    """What is done with one element."""

    KEEP = "keep"
    REMOVE = "remove"
    EMPTY = "empty"
    DUMMY = "dummy"
    UID = "uid"
    SHIFT = "shift"
    CLEAN = "clean"
    ENTER = "enter"


@dataclass(frozen=True)
class Rule:
    """The action, and what stands in for a text that cleaning left empty (EMPTY, DUMMY or REMOVE)."""

    action: Action
    otherwise: Action = Action.EMPTY


@functools.cache
def rule_of(tag: int, vr: str, *, keep_device: bool) -> Rule:
    """The rule for a standard element of this tag and value representation."""
    group = tag >> 16
    if group % 2 == 0 and (0x5000 <= group <= 0x50FF or 0x6000 <= group <= 0x60FF):
        return Rule(Action.REMOVE)
    if tag & 0xFFFF == 0 or group in (0x0000, 0x0004) or tag == 0xFFFCFFFC:
        return Rule(Action.REMOVE)
    line = _table().get(tag)
    if line is None:
        return _unlisted(tag, vr)
    if line["dates"] and vr in ("DA", "DT", "TM"):
        return Rule(Action.SHIFT, _last(line["basic"]))
    if keep_device and line["device"] == "K":
        return Rule(Action.ENTER if vr == "SQ" else Action.KEEP)
    if line["patient"] == "K" or tag == 0x00080201:
        return Rule(Action.KEEP)
    if tag in _REFERENCES or (line["structured"] and vr == "SQ"):
        return Rule(Action.ENTER)
    if (line["patient"] == "C" or line["descriptors"] == "C") and vr not in ("SQ", "OB", "OW"):
        return Rule(Action.CLEAN, _last(line["basic"]))
    if vr == "SQ" and "X" in line["basic"]:
        return Rule(Action.REMOVE)
    if vr == "SQ" and line["basic"] == "D" and tag != PERSON_CODE:
        return Rule(Action.ENTER)
    return Rule(_last(line["basic"]))


def _unlisted(tag: int, vr: str) -> Rule:
    if vr == "SQ":
        return Rule(Action.ENTER)
    if vr == "PN":
        return Rule(Action.EMPTY)
    if vr in ("AE", "UR"):
        return Rule(Action.REMOVE)
    if vr == "UI":
        return Rule(Action.UID)
    if vr in ("DA", "DT"):
        return Rule(Action.SHIFT)
    if tag in _LABELS or tag in (TRACKING_ID, TEXT_VALUE):
        return Rule(Action.CLEAN, Action.DUMMY)
    return Rule(Action.CLEAN if vr in _TEXT_TO_CLEAN else Action.KEEP)


def _last(basic: str) -> Action:
    """Of the actions that depend on the element's type, the one that is right for every type: X/Z/D gives D."""
    letter = basic.split("/")[-1]
    return {"X": Action.REMOVE, "Z": Action.EMPTY, "D": Action.DUMMY, "U": Action.UID, "U*": Action.ENTER}[letter]


@functools.cache
def _table() -> dict[int, dict[str, str]]:
    text = resources.files("lutrace.dicom").joinpath("confidentiality_profile.csv").read_text(encoding="utf-8")
    return {int(line["tag"], 16): line for line in csv.DictReader(text.splitlines()) if "XX" not in line["tag"]}
