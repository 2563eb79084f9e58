"""Coded reasons for the end of a therapy in FHIR, wherever the guides put them, and what they mean."""

from __future__ import annotations

from collections.abc import Iterator

from lutrace.ehr.fhir_elements import Resource, child, children, extension, text
from lutrace.terms import disposition_of, disposition_system_at

_TERMINATION = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-treatment-termination-reason"
_STOP_REASONS = {name: name for name in ("completed", "progression", "toxicity", "death", "other")}
_STOP_REASONS["decision"] = "choice"


def says_end(resource: Resource) -> bool:
    """Whether a resource says anything of the end of its therapy."""
    return bool(reasons_of(resource))


def stop_reason(resource: Resource) -> str | None:
    """Why a treatment ended, in the words of TREATMENTS.stop_reason; None when no known code says it."""
    for concept in reasons_of(resource):
        for system, code, _ in codings_of(concept):
            meaning = disposition_of(system, code) if system is not None else None
            if meaning in _STOP_REASONS:
                return _STOP_REASONS[meaning]
    return None


def reasons_of(resource: Resource) -> list[Resource]:
    """What is said of the end; of `outcome` only what is a reason, as German registries put it there."""
    said = child(extension(resource, _TERMINATION), "valueCodeableConcept")
    outcomes = [
        concept
        for concept in children(resource, "outcome")
        if any(name and disposition_of(name, code) for name, code, _ in codings_of(concept))
    ]
    return [*children(resource, "statusReason"), *([said] if said else []), *outcomes]


def codings_of(concept: Resource) -> Iterator[tuple[str | None, str, str]]:
    """Of each coding with a code: its system in the vocabulary of dispositions, the code, and the address."""
    for coding in children(concept, "coding"):
        code, url = text(coding, "code"), text(coding, "system") or ""
        if code is not None:
            known = disposition_system_at(url)
            yield known.name if known is not None else None, code, url
