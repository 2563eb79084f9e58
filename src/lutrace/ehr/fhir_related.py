"""Documents of an export that another one of it replaces, or is the copy of in another format: one of them counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from lutrace.ehr.fhir_binaries import Binaries, attachments_of
from lutrace.ehr.fhir_elements import RecordError, Resource, child, children, text
from lutrace.ehr.fhir_files import Located
from lutrace.ehr.fhir_references import References, only_whose
from lutrace.ehr.fhir_status import unread_status
from lutrace.ehr.fhir_texts import is_text

_REASONS: Mapping[str, str] = {
    "replaces": "a document of the export replaces it",
    "transforms": "a document of the export is its copy in another format",
}


@dataclass(frozen=True)
class _Relation:
    newer: Located
    code: str
    target: str
    texts: tuple[str, ...]


class RelatedDocuments:
    """Which documents do not count because of `relatesTo` of another: `left_out` gives the reason by their keys."""

    def __init__(self) -> None:
        """Begin empty."""
        self.left_out: dict[str, str] = {}
        self._documents: References[Located] = References()
        self._relations: list[_Relation] = []

    def take(self, located: Located) -> None:
        """Take in a DocumentReference or Composition; what was entered in error replaces nothing."""
        resource, light = located.resource, only_whose(located)
        self._documents.add(located, light)
        status = unread_status(resource)
        for one in children(resource, "relatesTo") if status != "entered-in-error" else ():
            code = text(one, "code") or ""
            target = text(child(one, "target") or child(one, "targetReference"), "reference")
            if target is not None and (code == "replaces" or (code == "transforms" and status is None)):
                self._relations.append(_Relation(light, code, target, tuple(_texts(resource))))

    def finish(self, binaries: Binaries, patient_of: Callable[[Located], str]) -> None:
        """Decide: a copy counts when it is a text; documents that name each other in a circle all count."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for one in self._relations:
            older, scope = self._documents.find(one.target, one.newer.scope), one.newer.scope
            counts = one.code == "replaces" or any(not url or binaries.has(url, scope) for url in one.texts)
            if older is not None and counts and _is_same_patient(older, one.newer, patient_of):
                found[one.newer.key].setdefault(older.key, one.code)
        for newer, targets in found.items():
            left_out = {key: _REASONS[code] for key, code in targets.items() if newer not in _behind(key, found)}
            self.left_out.update(left_out)
        self._relations.clear()
        self._documents = References()


def _texts(resource: Resource) -> Iterator[str]:
    """The address of each text of a document, empty for one that stands in it."""
    if resource["resourceType"] == "Composition":
        yield ""
    for one in filter(is_text, attachments_of(resource)):
        if text(one, "data") or text(one, "url"):
            yield "" if text(one, "data") else text(one, "url") or ""


def _is_same_patient(one: Located, other: Located, patient_of: Callable[[Located], str]) -> bool:
    try:
        return patient_of(one) == patient_of(other)
    except RecordError:
        return False  # the second pass reports it


def _behind(key: str, targets: Mapping[str, Mapping[str, str]]) -> set[str]:
    """The documents that this one replaces or copies, directly or through others, and itself."""
    found, due = {key}, [key]
    while due:
        new = targets.get(due.pop(), {}).keys() - found
        found |= new
        due += new
    return found
