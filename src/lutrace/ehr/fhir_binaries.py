"""Which Binary of an export is the text of which document; each text is read in its own turn."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from lutrace.ehr.fhir_elements import (
    RecordError,
    Resource,
    child,
    children,
    concept_text,
    moment_of,
    text,
)
from lutrace.ehr.fhir_files import Located
from lutrace.ehr.fhir_references import References, record_key
from lutrace.ehr.fhir_status import unread_status
from lutrace.ehr.fhir_texts import is_text

_WRITTEN: Mapping[str, tuple[str, ...]] = {
    "DiagnosticReport": ("issued", "effectiveDateTime", "effectivePeriod.end", "effectivePeriod.start"),
    "DocumentReference": ("date", "context.period.end", "context.period.start"),
    "Composition": ("date",),
    "CarePlan": ("created", "period.start"),
}
_KINDS = {"DiagnosticReport": "code", "DocumentReference": "type", "Composition": "type", "CarePlan": "category"}
_LANGUAGES = ("de", "en")


@dataclass(frozen=True)
class Document:
    """A document as its letter shows it; `key` is the digest of what names it at the source."""

    patient: str
    key: str
    date: str | None
    language: str | None
    kind: str | None


def document_of(resource: Resource, patient: str) -> Document:
    """How the letter of a document is named and dated; raises RecordError when its date is none."""
    attachments = attachments_of(resource)
    creation = next((text(one, "creation") for one in attachments if text(one, "creation")), None)
    kind = resource["resourceType"]
    written = moment_of({**resource, "creation": creation}, "note_date", "creation", *_WRITTEN[kind])
    spoken = [text(one, "language") for one in (*attachments, resource)]
    language = next((said[:2].lower() for said in spoken if said and said[:2].lower() in _LANGUAGES), None)
    named = next((words for one in children(resource, _KINDS[kind]) if (words := concept_text(one))), None)
    content = [text(one, "data") or text(one, "url") for one in attachments]
    key = record_key(resource, [kind, patient, content])
    return Document(patient, key, str(written.date) if written else None, language, named or text(resource, "title"))


def attachments_of(resource: Resource) -> list[Resource]:
    """The attachments of a DocumentReference or DiagnosticReport, those of plain text first."""
    found = [child(content, "attachment") for content in children(resource, "content")]
    found += children(resource, "presentedForm")
    return sorted(found, key=lambda one: (not is_text(one), "html" in (text(one, "contentType") or "")))


class Binaries:
    """The Binary resources of an export and the documents whose texts they are."""

    def __init__(self) -> None:
        """Begin empty."""
        self._keys: References[str] = References()
        self._pointing: list[tuple[Located, tuple[str, ...]]] = []
        self._documents: dict[str, Document] = {}

    def take(self, located: Located) -> None:
        """Take in a Binary, or a document that counts and whose text may be one."""
        resource = located.resource
        if resource["resourceType"] == "Binary":
            self._keys.add(located, located.key)
            return
        if unread_status(resource) is not None:
            return
        attachments = attachments_of(resource)
        urls = tuple(url for one in attachments if (url := text(one, "url")) is not None)
        if urls and not any(is_text(one) and text(one, "data") for one in attachments):
            kept = {name: value for name, value in resource.items() if name not in ("text", "contained")}
            self._pointing.append((Located(kept, located.locator, located.scope, located.full_url), urls))

    def finish(self, patient_of: Callable[[Located], str], left_out: Collection[str]) -> None:
        """Find the Binary of each document taken in, but of those whose keys are `left_out`."""
        for located, urls in self._pointing:
            key = next((found for url in urls if (found := self._keys.find(url, located.scope))), None)
            if key is None or located.key in left_out:
                continue
            try:
                self._documents.setdefault(key, document_of(located.resource, patient_of(located)))
            except RecordError:
                continue  # the second pass reports it
        self._pointing.clear()

    def has(self, url: str, scope: str) -> bool:
        """Whether an address is that of a Binary of the export."""
        return self._keys.find(url, scope) is not None

    def document(self, located: Located) -> Document | None:
        """The document whose text a Binary is; None when no document that is read names it."""
        return self._documents.get(located.key)
