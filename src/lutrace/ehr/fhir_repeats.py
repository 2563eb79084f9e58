"""The same resource more than once among the files read at once: its newest version counts, by meta of FHIR R4."""

from __future__ import annotations

import datetime as dt
import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lutrace.core import digest_of
from lutrace.ehr.fhir_elements import RecordError, child, text
from lutrace.ehr.fhir_files import Located, read_resources
from lutrace.ehr.fhir_references import References, patient_identifier

_HEAD = re.compile(rb'\s*\{\s*"resourceType"\s*:\s*"(\w+)"\s*,\s*"id"\s*:\s*"([^"\\]+)"')
"""How most programs begin a resource; a line that begins otherwise is parsed."""
_WITHOUT_PATIENT = ("Medication", "Bundle")


@dataclass(frozen=True)
class _Version:
    """One occurrence of a resource: where, how new, and a digest of what it says."""

    key: str
    locator: str
    updated: dt.datetime | None
    number: int | None
    content: str


class Repeats:
    """Which occurrences do not count, by their key: `older` ones, and those that contradict each other (`open`)."""

    def __init__(self, identifier_system: str | None) -> None:
        """Begin empty; `identifier_system` names the identifier of patients."""
        self.older: set[str] = set()
        self.open: dict[str, RecordError] = {}
        self._system = identifier_system
        self._names = array("q")
        self._repeated: frozenset[int] = frozenset()
        self._patients: References[str] = References()

    def read(self, files: Sequence[Path]) -> None:
        """Find them in two passes: of each resource that stands once, eight bytes are held in the first only."""
        for file in files:
            for located in read_resources(file, wanted=self._note):
                if isinstance(located, Located):
                    self._take(located)
        names, counts = np.unique(np.frombuffer(self._names, dtype=np.int64), return_counts=True)
        self._repeated = frozenset(names[counts > 1].tolist())
        self._names = array("q")
        if self._repeated:
            self._decide(files)

    def is_left_out(self, located: Located) -> bool:
        """Whether this occurrence gives no row."""
        return located.key in self.older or located.key in self.open

    def _note(self, line: bytes) -> bool:
        """Whether a line must be parsed to know its name or its patient; the names of the others are kept."""
        head = _HEAD.match(line)
        if head is None or head[1] == b"Patient":
            return True
        self._names.append(hash((head[1].decode(), head[2].decode())))
        return False

    def _take(self, located: Located) -> None:
        name = _name_of(located)
        if name is not None:
            self._names.append(hash(name))
        if located.resource["resourceType"] == "Patient":
            identifier = self._identifier(located)
            if identifier is not None:
                self._patients.add(located, identifier)

    def _identifier(self, located: Located) -> str | None:
        try:
            return patient_identifier(located.resource, self._system)[1]
        except RecordError:
            return None  # the second pass reports it

    def _decide(self, files: Iterable[Path]) -> None:
        found: dict[tuple[str, str, str], list[_Version]] = {}
        for file in files:
            for located in read_resources(file, wanted=self._is_repeated):
                name = _name_of(located) if isinstance(located, Located) else None
                if name is None or hash(name) not in self._repeated:
                    continue
                assert isinstance(located, Located)
                patient = self._patient(located)
                if patient is not None:
                    found.setdefault((*name, patient), []).append(_version_of(located))
        for versions in found.values():
            if len(versions) > 1:
                self._choose(versions)

    def _is_repeated(self, line: bytes) -> bool:
        head = _HEAD.match(line)
        return head is None or hash((head[1].decode(), head[2].decode())) in self._repeated

    def _patient(self, located: Located) -> str | None:
        """Whom the resource is about: files of several senders may use one id for two people's resources."""
        if located.resource["resourceType"] == "Patient":
            return self._identifier(located)
        subject = child(located.resource, "subject") or child(located.resource, "source")
        return self._patients.find(text(subject, "reference"), located.scope)

    def _choose(self, versions: list[_Version]) -> None:
        """The newest by `lastUpdated`, else by `versionId`; what says the same counts once.

        Without either nothing is decided here: the files of some senders use one id for several resources.
        """
        best = versions
        if all(one.updated is not None for one in versions):
            newest = max(one.updated for one in versions if one.updated is not None)
            best = [one for one in versions if one.updated == newest]
        elif all(one.number is not None for one in versions):
            last = max(one.number for one in versions if one.number is not None)
            best = [one for one in versions if one.number == last]
        elif len({one.content for one in versions}) > 1:
            return
        self.older |= {one.key for one in versions if one not in best}
        if len({one.content for one in best}) == 1:
            self.older |= {one.key for one in best[1:]}
            return
        places = ", ".join(one.locator for one in best)
        rule = f"the resource stands at {places} with one meta.lastUpdated or versionId, and says otherwise"
        self.open |= {one.key: RecordError(None, rule, "keep the one that holds, or export again") for one in best}


def _name_of(located: Located) -> tuple[str, str] | None:
    kind, name = located.resource["resourceType"], text(located.resource, "id")
    return (kind, name) if name is not None and kind not in _WITHOUT_PATIENT else None


def _version_of(located: Located) -> _Version:
    meta = child(located.resource, "meta")
    number = text(meta, "versionId") or ""
    content = digest_of({name: value for name, value in located.resource.items() if name != "meta"})
    return _Version(
        located.key,
        located.locator,
        _instant(text(meta, "lastUpdated")),
        int(number) if number.isdecimal() else None,
        content,
    )


def _instant(value: str | None) -> dt.datetime | None:
    """A FHIR instant, which has a zone by definition; anything else is none."""
    try:
        found = dt.datetime.fromisoformat(value) if value is not None else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
