"""Free text without persons: a descriptor keeps the words of imaging, any other text loses what is known of a patient.

A descriptor (series, protocol, region) may hold anything, so it is not searched for names: only words of the list in
deidentify_words.csv, and numbers of up to three digits, stay.
"""

from __future__ import annotations

import csv
import functools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

DUMMY = "REMOVED"
_DATES = re.compile(r"(?<!\d)\d{1,4}\s?[-./]\s?\d{1,2}\s?[-./]\s?\d{2,4}(?!\d)")
_LONG_NUMBERS = re.compile(r"\+?\d[\d\s/()-]{5,}\d")
_UIDS = re.compile(r"(?<![\d.])[0-2](?:\.\d+){5,}")
_WORDS = re.compile(r"[^\W_]+(?:[.,]\d+)?")
_RUNS = re.compile(r"[^\W\d_]+|\d+")
_TIDY = (re.compile(r"\[\s*\]|\(\s*\)|@"), re.compile(r"\s{2,}"), re.compile(r"([_\-,;:/^])(?:\s*[_\-,;:/^])+"))
_INSIDE = 5
"""From this length on an identifier is looked for inside words too."""

_PEOPLE = ("PatientBirthName", "PatientMotherBirthName", "OtherPatientNames", "ResponsiblePerson")
_NUMBERS = {
    "PatientID": "patient identifier",
    "OtherPatientIDs": "patient identifier",
    "AccessionNumber": "accession number",
    "AdmissionID": "admission",
    "MedicalRecordLocator": "patient identifier",
    "MilitaryRank": "patient",
    "InsurancePlanIdentification": "patient identifier",
    "StudyID": "study identifier",
    "RequestedProcedureID": "order",
    "ScheduledProcedureStepID": "order",
    "PerformedProcedureStepID": "order",
    "FillerOrderNumberImagingServiceRequest": "order",
    "PlacerOrderNumberImagingServiceRequest": "order",
    "InstitutionName": "institution",
    "InstitutionAddress": "institution",
    "InstitutionalDepartmentName": "institution",
    "PatientAddress": "address",
    "PatientTelephoneNumbers": "telephone number",
    "IssuerOfPatientID": "institution",
}
_DEVICES = {"StationName": "device", "DeviceSerialNumber": "device"}


@dataclass(frozen=True)
class Identifiers:
    """What is known of the persons of some files: `texts` by what they are, in lower case; `uids` as written.

    `n_too_short` counts values that no search can tell from other text (an identifier `7`, a name `Li`).
    """

    texts: Mapping[str, str]
    uids: frozenset[str] = frozenset()
    n_too_short: int = 0

    def joined(self, other: Identifiers) -> Identifiers:
        """Both."""
        return Identifiers({**self.texts, **other.texts}, self.uids | other.uids, self.n_too_short + other.n_too_short)


def find_identifiers(dataset: Dataset, *, keep_device: bool = False) -> Identifiers:
    """The names, numbers, addresses and birth dates that a header gives, at any depth; UIDs are found elsewhere."""
    given: dict[str, str] = {}
    numbers = _NUMBERS if keep_device else _NUMBERS | _DEVICES
    for element in dataset.iterall():
        if element.value is None or element.VR == "SQ":
            continue
        values = [str(one) for one in element.value] if isinstance(element.value, MultiValue) else [str(element.value)]
        for value in values:
            if element.VR == "PN" or element.keyword in _PEOPLE:
                given |= dict.fromkeys(_name_parts(value), "name")
            elif element.keyword == "PatientBirthDate":
                given |= dict.fromkeys(_spellings(value), "birth date")
            elif element.keyword in numbers:
                given[_plain(value)] = numbers[element.keyword]
    texts = {text: kind for text, kind in given.items() if _is_telling(text)}
    return Identifiers(texts, n_too_short=len([text for text in given if text]) - len(texts))


def identifiers_of_person(names: Iterable[str | None], numbers: Iterable[str | None]) -> Identifiers:
    """What a registry knows of a person, as identifiers to look for."""
    given = {part: "name" for name in names if name for part in _name_parts(name)}
    given |= {_plain(number): "patient identifier" for number in numbers if number}
    return Identifiers({text: kind for text, kind in given.items() if _is_telling(text)})


def clean_descriptor(text: str, known: Identifiers) -> str:
    """The words of imaging and short numbers of a text; all else is left out.

    >>> clean_descriptor("PET WB AC 3.0mm Mustermann, 17.03.1951", Identifiers({}))
    'PET WB AC 3.0mm'
    """
    text = unicodedata.normalize("NFC", clean_known(text, known))
    for pattern in (_UIDS, _DATES, _LONG_NUMBERS):
        text = pattern.sub(" ", text)
    return _tidy(_WORDS.sub(lambda match: match.group() if _is_word_of_imaging(match.group()) else "", text))


def clean_known(text: str, known: Identifiers) -> str:
    """The text without what is known of the patient, and without UIDs."""
    pattern = pattern_of(frozenset(known.texts))
    found = text if pattern is None else pattern.sub("", text)
    found = _UIDS.sub("", found)
    return text if found == text else _tidy(found)


@functools.lru_cache(maxsize=256)
def pattern_of(texts: frozenset[str]) -> re.Pattern[str] | None:
    """What finds any of the texts, in capitals or not: short ones as words, long ones with the word around."""
    if not texts:
        return None
    return re.compile("|".join(_bounded(text) for text in sorted(texts, key=lambda one: (-len(one), one))), re.I)


@functools.cache
def _vocabulary() -> frozenset[str]:
    """The words that a descriptor may keep, in lower case."""
    text = resources.files("lutrace.dicom").joinpath("deidentify_words.csv").read_text(encoding="utf-8")
    return frozenset(line["word"] for line in csv.DictReader(text.splitlines()))


def _bounded(text: str) -> str:
    words = re.findall(r"[^\W_]+", text) or [text]
    before = r"[^\W_]*" if len(words[0]) >= _INSIDE else r"(?<![^\W_])"
    after = r"[^\W_]*" if len(words[-1]) >= _INSIDE else r"(?![^\W_])"
    before = r"(?<![^\W_])(?<!\.)" if text[0].isdigit() else before
    after = r"(?!\d|\.\d)" if text[-1].isdigit() else after
    return before + r"\s+".join(re.escape(part) for part in text.split()) + after


def _is_word_of_imaging(word: str) -> bool:
    runs = _RUNS.findall(word.casefold())
    letters = [run for run in runs if not run.isdigit()]
    digits = [run for run in runs if run.isdigit()]
    if any(len(run) > 3 for run in digits) or len(digits) > 4:
        return False
    if digits and letters and all(len(run) == 1 for run in letters):
        return len(word) <= 8
    return all(run in _vocabulary() for run in letters)


def _tidy(text: str) -> str:
    for pattern, instead in zip(_TIDY, (" ", " ", r"\1"), strict=True):
        text = pattern.sub(instead, text)
    return text.strip(" _-,;:/^.\\")


def _is_telling(text: str) -> bool:
    """Whether a text can be told from others: no everyday word of imaging, and long enough."""
    if text.isdigit():
        return len(text) >= 4
    words = [run for run in _RUNS.findall(text) if not run.isdigit()]
    everyday = all(word in _vocabulary() for word in words) and not any(run.isdigit() for run in _RUNS.findall(text))
    return len(text) >= 3 and not (everyday and len(words) == 1) and bool(words or len(text) >= 4)


def _name_parts(name: str) -> list[str]:
    """A name as written, with spaces for its carets, and each part of it of two letters or more."""
    whole = _plain(re.sub(r"[\^=,]+", " ", name))
    parts = [part for part in re.split(r"[\s\^=,.]+", _plain(name)) if len(part) >= 2]
    return [*parts, whole, _plain(name).strip("^=")] if len(parts) > 1 else [*parts, whole]


def _spellings(date: str) -> list[str]:
    digits = re.sub(r"\D", "", date)
    if len(digits) != 8:
        return []
    y, m, d = digits[:4], digits[4:6], digits[6:]
    return [digits, f"{y}-{m}-{d}", f"{d}.{m}.{y}", f"{d}/{m}/{y}", f"{m}/{d}/{y}", f"{d}-{m}-{y}", f"{y}.{m}.{d}"]


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).replace("\0", " ").split()).casefold()
