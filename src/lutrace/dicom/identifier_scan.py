"""Every byte of a file searched for identifiers: as ASCII, UTF-8, Latin-1 and UTF-16, in capitals or not.

In the numbers of pixels, bytes look like short texts by chance, so there only identifiers of eight characters or more
are looked for; in all the rest of the file, and in its path, every one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pydicom
from pydicom.errors import InvalidDicomError

from lutrace.dicom import elements as el
from lutrace.dicom.deidentify_text import Identifiers

_UID_TOKENS = re.compile(rb"(?<![0-9.])[0-2](?:\.[0-9]+){3,}")
_ROOT = 12
_IN_PIXELS = 8
_INSIDE = 5


class IdentifierScan:
    """The identifiers of some persons, ready to be looked for in many files."""

    def __init__(self, identifiers: Identifiers) -> None:
        """Prepare the search."""
        self._kinds = dict(identifiers.texts)
        self._uids = {uid.encode("latin-1", "replace") for uid in identifiers.uids if uid.count(".") >= 3}
        self._roots = {uid[:_ROOT] for uid in self._uids}
        forms: dict[bytes, str] = {}
        for text, kind in self._kinds.items():
            forms |= dict.fromkeys(_spellings(text), kind)
        self._forms = forms
        self._pattern = _pattern(forms)
        self._long = {form: kind for form, kind in forms.items() if len(form) >= _IN_PIXELS}

    def find_in_file(self, path: Path, shown: str) -> dict[str, int]:
        """How often identifiers of each kind stand in the file or in the path `shown`; empty when none does."""
        content = path.read_bytes()
        place = _pixels_at(path, len(content))
        found = self.find_in_text(content[:place]) + self.find_in_text(shown.encode())
        found += self._find_in_pixels(content[place:])
        return {kind: n for kind, n in sorted(found.items()) if n}

    def find_in_text(self, content: bytes) -> Counter[str]:
        """How often identifiers of each kind stand in these bytes."""
        most: Counter[str] = Counter()
        for one in _readings(content):
            found: Counter[str] = Counter()
            if self._pattern is not None:
                found.update(self._forms[match.group()] for match in self._pattern.finditer(one))
            found["UID"] = sum(token in self._uids for token in _UID_TOKENS.findall(one))
            most |= found
        return most

    def _find_in_pixels(self, content: bytes) -> Counter[str]:
        most: Counter[str] = Counter()
        for one in _readings(content) if content else ():
            found = Counter({kind: one.count(form) for form, kind in self._long.items() if form in one})
            if any(root in one for root in self._roots):
                found["UID"] = sum(token in self._uids for token in _UID_TOKENS.findall(one))
            most |= found
        return most


def _readings(content: bytes) -> Iterable[bytes]:
    """The bytes in lower case, and once more without zeros, which turns UTF-16 of ASCII into ASCII."""
    lower = content.lower()
    yield lower
    if b"\0" in lower:
        yield lower.replace(b"\0", b"")


def _pixels_at(path: Path, size: int) -> int:
    """The byte at which the pixels begin; the file's size when there are none or it is no DICOM."""
    try:
        with path.open("rb") as file, el.quiet_parsing():
            pydicom.dcmread(file, stop_before_pixels=True)
            return file.tell()
    except (*el.PARSE_ERRORS, InvalidDicomError):
        return size


def _spellings(text: str) -> set[bytes]:
    """The bytes of a text in the encodings that may hold it; those of letters beyond ASCII in either case."""
    forms = {text.encode("utf-8").lower()}
    if text.isascii():
        return forms
    for variant in (text, text.upper(), text.title()):
        forms.add(variant.encode("utf-8").lower())
        forms |= {variant.encode("utf-16-le").lower(), variant.encode("utf-16-be").lower()}
        forms.add(variant.encode("latin-1", "ignore").lower())
    return {form for form in forms if len(form) > 2}


def _pattern(forms: Iterable[bytes]) -> re.Pattern[bytes] | None:
    parts = [_bounded(form) for form in sorted(forms, key=lambda one: (-len(one), one))]
    return re.compile(b"|".join(parts)) if parts else None


def _bounded(form: bytes) -> bytes:
    """Short texts as whole words only, and numbers not within longer ones or behind a point."""
    words = re.findall(rb"[^\x00-\x2f\x3a-\x60\x7b-\x7f]+", form) or [form]
    before = b"" if len(words[0]) >= _INSIDE else rb"(?<![0-9a-z])"
    after = b"" if len(words[-1]) >= _INSIDE else rb"(?![0-9a-z])"
    before = rb"(?<![0-9a-z.])" if form[:1].isdigit() else before
    after = rb"(?![0-9]|\.[0-9])" if form[-1:].isdigit() else after
    return before + re.escape(form) + after
