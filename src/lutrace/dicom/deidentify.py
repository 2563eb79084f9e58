"""One DICOM object without its person: PS3.15 Annex E, with the options that keep what SUV rests on."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

from lutrace.dicom import elements as el
from lutrace.dicom.deidentify_private import clean_private
from lutrace.dicom.deidentify_table import (
    CODES,
    DEVICE_CODE,
    EDITION,
    PERSON_CODE,
    TEXT_VALUE,
    TRACKING_ID,
    Action,
    Rule,
    rule_of,
)
from lutrace.dicom.deidentify_text import DUMMY, Identifiers, clean_descriptor, clean_known, find_identifiers
from lutrace.dicom.deidentify_values import cap_age, replace_uid, shift_date, shift_moment

_TEXTS = ("LO", "SH", "UC", "ST", "LT", "UT", "CS", "PN")
_DUMMIES: dict[str, object] = {
    **dict.fromkeys((*_TEXTS, "AE"), DUMMY),
    "DA": "19000101",
    "TM": "000000",
    "DT": "19000101000000",
    "DS": "0",
    "IS": "0",
    "AS": "000D",
    "OB": b"\0\0",
}

_TRACKING_CODE = "112039"
_CLASSES = ("ClassUID", "SyntaxUID", "CodingSchemeUID", "ContextUID", "MappingResourceUID")
"""Ends of the keywords of UIDs that name kinds and vocabularies, not things of a patient."""


@dataclass(frozen=True)
class Replacements:
    """Who a patient becomes: `pseudonym`, the whole days that dates move by, the key of new UIDs.

    `known` is what other files say of the same person; `keep_device` is the Retain Device Identity Option.
    """

    pseudonym: str
    days: int
    uid_key: bytes
    known: Identifiers = field(default_factory=lambda: Identifiers({}))
    keep_device: bool = False


@dataclass(frozen=True)
class Changes:
    """What was done to one object: elements counted by action, and what it knew of the person (never for a report)."""

    counts: Mapping[str, int]
    identifiers: Identifiers


def deidentify_dataset(dataset: Dataset, replacements: Replacements) -> Changes:
    """Take the person out of `dataset`, which is changed in place, and say what was done.

    The file meta information is left to the writer. Pixels are not looked at.
    """
    found = find_identifiers(dataset, keep_device=replacements.keep_device)
    walk = _Walk(replacements, found.joined(replacements.known))
    walk.enter(dataset)
    _state(dataset, replacements)
    counts = {name: n for name, n in sorted(walk.counts.items()) if n}
    own = Identifiers(found.texts, frozenset(walk.uids), found.n_too_short)
    return Changes(counts, own)


def method_of(keep_device: bool) -> dict[str, str]:
    """The codes (CID 7050) of what is done, with their meanings."""
    return CODES | (dict([DEVICE_CODE]) if keep_device else {})


def code_item(value: str, scheme: str, meaning: str) -> Dataset:
    """One item of a code sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


class _Walk:
    """Goes through a dataset and its sequences, and counts."""

    def __init__(self, replacements: Replacements, known: Identifiers) -> None:
        self._to = replacements
        self._known = known
        self.counts: Counter[str] = Counter()
        self.uids: set[str] = set()

    def enter(self, dataset: Dataset) -> None:
        """Treat every element of a dataset by its rule."""
        kept, dropped = clean_private(dataset, self._to.days)
        self.counts["private_kept"] += kept
        self.counts["private_removed"] += dropped
        is_tracking = _is_tracking_item(dataset)
        for tag in list(dataset.keys()):
            if tag.is_private:
                continue
            vr = _representation(dataset, tag)
            if vr is None:
                self._remove(dataset, tag, "unknown_removed")
                continue
            rule = rule_of(int(tag), vr, keep_device=self._to.keep_device)
            try:
                self._apply(dataset, tag, vr, rule, is_tracking=is_tracking)
            except el.PARSE_ERRORS:
                self._remove(dataset, tag, "unreadable_removed")

    def _apply(self, dataset: Dataset, tag: int, vr: str, rule: Rule, *, is_tracking: bool) -> None:
        match rule.action:
            case Action.REMOVE:
                self._remove(dataset, tag, "removed")
            case Action.EMPTY | Action.DUMMY:
                self._replace(dataset, tag, vr, rule.action)
            case Action.ENTER:
                for item in dataset[tag].value or ():
                    self.enter(item)
            case Action.UID:
                self._new_uids(dataset, tag)
            case Action.SHIFT:
                self._shift(dataset, tag, vr, rule.otherwise)
            case Action.CLEAN:
                tracked = int(tag) == TRACKING_ID or (is_tracking and int(tag) == TEXT_VALUE)
                self._clean(dataset, tag, vr, rule.otherwise, is_tracking=tracked)
            case Action.KEEP:
                self._keep(dataset, tag, vr)

    def _remove(self, dataset: Dataset, tag: int, kind: str) -> None:
        del dataset[tag]
        self.counts[kind] += 1

    def _replace(self, dataset: Dataset, tag: int, vr: str, action: Action) -> None:
        if vr == "SQ":
            items = [code_item("0", "99LUTRACE", DUMMY)] if int(tag) == PERSON_CODE else []
            dataset[tag] = DataElement(tag, "SQ", Sequence(items))
        elif action is Action.DUMMY and not el.element_text(dataset, tag):
            return
        elif action is Action.DUMMY and vr not in _DUMMIES:
            self._remove(dataset, tag, "removed")
            return
        else:
            value = _DUMMIES[vr] if action is Action.DUMMY else None
            dataset[tag] = DataElement(tag, vr, value)
        self.counts["dummies" if action is Action.DUMMY else "emptied"] += 1

    def _new_uids(self, dataset: Dataset, tag: int) -> None:
        element = dataset[tag]
        if element.value is None or element.keyword.endswith(_CLASSES):
            return
        uids = [str(one) for one in element.value] if isinstance(element.value, MultiValue) else [str(element.value)]
        new = [replace_uid(uid, self._to.uid_key) for uid in uids]
        changed = [uid.strip(" \0") for uid, other in zip(uids, new, strict=True) if other != uid.strip(" \0")]
        if changed:
            self.uids.update(changed)
            self.counts["new_uids"] += len(changed)
            dataset[tag] = DataElement(tag, "UI", new if len(new) > 1 else new[0])

    def _shift(self, dataset: Dataset, tag: int, vr: str, otherwise: Action) -> None:
        texts = el.element_texts(dataset, tag)
        if not any(texts) or vr == "TM":
            return
        move = shift_date if vr == "DA" else shift_moment
        moved = [move(text, self._to.days) if text else "" for text in texts]
        if None in moved:
            self.counts["unreadable_dates"] += 1
            if otherwise is Action.REMOVE:
                self._remove(dataset, tag, "removed")
            else:
                self._replace(dataset, tag, vr, otherwise)
            return
        dataset[tag] = DataElement(tag, vr, moved if len(moved) > 1 else moved[0])
        self.counts["dates_moved"] += 1

    def _clean(self, dataset: Dataset, tag: int, vr: str, otherwise: Action, *, is_tracking: bool) -> None:
        text = _text_of(dataset, tag)
        if not text:
            return
        cleaned = "\\".join(clean_descriptor(part, self._known) for part in text.split("\\"))
        if cleaned == text:
            return
        if is_tracking:
            key = hmac.digest(self._to.uid_key, text.encode(), hashlib.sha256).hex()
            cleaned = f"T-{key[:12]}"
        if cleaned.strip("\\ "):
            dataset[tag] = DataElement(tag, vr, cleaned.split("\\") if vr not in ("ST", "LT", "UT") else cleaned)
            self.counts["texts_cleaned"] += 1
        elif otherwise is Action.REMOVE:
            self._remove(dataset, tag, "removed")
        else:
            self._replace(dataset, tag, vr, otherwise)

    def _keep(self, dataset: Dataset, tag: int, vr: str) -> None:
        self.counts["kept"] += 1
        if vr == "AS":
            text = el.element_text(dataset, tag) or ""
            if cap_age(text) != text:
                dataset[tag] = DataElement(tag, "AS", cap_age(text))
                self.counts["ages_capped"] += 1
        if vr not in _TEXTS:
            return
        text = _text_of(dataset, tag)
        cleaned = "\\".join(clean_known(part, self._known) for part in text.split("\\"))
        if cleaned != text:
            parts = [part or DUMMY for part in cleaned.split("\\")]
            dataset[tag] = DataElement(tag, vr, parts if len(parts) > 1 else parts[0])
            self.counts["texts_cleaned"] += 1


def _state(dataset: Dataset, replacements: Replacements) -> None:
    """Say in the header who it is now, and what was done."""
    dataset.PatientName = dataset.PatientID = replacements.pseudonym
    dataset.PatientBirthDate = ""
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = ["lutrace", EDITION.split(",")[0], "dates moved by whole days"]
    codes = method_of(replacements.keep_device)
    dataset.DeidentificationMethodCodeSequence = Sequence(
        [code_item(value, "DCM", meaning) for value, meaning in codes.items()]
    )
    dataset.LongitudinalTemporalInformationModified = "MODIFIED"


def _representation(dataset: Dataset, tag: int) -> str | None:
    """The value representation of a standard element, also where the file says UN or nothing; None when unknown."""
    element = dataset.get_item(tag)
    vr = element.VR if element is not None else None
    if vr in (None, "UN"):
        return str(dictionary_VR(tag)) if dictionary_has_tag(tag) else None
    return str(vr) if dictionary_has_tag(tag) or int(tag) & 0xFFFF == 0 else None


def _text_of(dataset: Dataset, tag: int) -> str:
    element = dataset[tag]
    if isinstance(element, RawDataElement) or element.value is None:
        return ""
    value = element.value
    return "\\".join(str(part) for part in value) if isinstance(value, MultiValue | list) else str(value)


def _is_tracking_item(dataset: Dataset) -> bool:
    """Whether a content item of a report says a Tracking Identifier."""
    names = el.sequence_items(dataset, 0x0040A043) if 0x0040A043 in dataset else ()
    return any(el.element_text(name, 0x00080100) == _TRACKING_CODE for name in names)
