"""Which patient a resource is about, and what its references point to."""

from __future__ import annotations

from dataclasses import replace
from typing import Generic, TypeVar

from lutrace.core import digest_of
from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_elements import RecordError, Resource, child, children, codes, text
from lutrace.ehr.fhir_files import Located
from lutrace.ehr.records import Identity

Value = TypeVar("Value")


class References(Generic[Value]):
    """Values by the references that mean them: inside their own bundle or file first, then anywhere if unambiguous."""

    def __init__(self) -> None:
        """Begin empty."""
        self._scoped: dict[tuple[str, str], Value | None] = {}
        self._anywhere: dict[str, Value | None] = {}

    def add(self, located: Located, value: Value) -> None:
        """Make `value` findable by the resource's type and id and by its fullUrl."""
        identifier = text(located.resource, "id")
        names = [located.full_url] if located.full_url is not None else []
        if identifier is not None:
            names.append(f"{located.resource['resourceType']}/{identifier}")
        for name in names:
            key = (located.scope, name)
            self._scoped[key] = value if self._scoped.get(key, value) == value else None
            self._anywhere[name] = value if self._anywhere.get(name, value) == value else None

    def find(self, reference: str | None, scope: str) -> Value | None:
        """The value that a reference of a resource in `scope` means; None when unknown or ambiguous."""
        if reference is None:
            return None
        for name in (reference, _relative(reference)):
            found = self._scoped.get((scope, name))
            if found is None:
                found = self._anywhere.get(name)
            if found is not None:
                return found
        return None


def _relative(reference: str) -> str:
    """`Type/id` of an absolute or versioned reference."""
    return "/".join(reference.split("/_history/")[0].split("/")[-2:])


def only_whose(located: Located) -> Located:
    """The resource with nothing but its kind, its name and whom it is about."""
    kept = {name: located.resource[name] for name in ("resourceType", "id", "subject") if name in located.resource}
    return replace(located, resource=kept)


def record_key(resource: Resource, content: object) -> str:
    """The digest of a record's identifier at the source, else of its id, else of its content."""
    for identifier in children(resource, "identifier"):
        value = text(identifier, "value")
        if value is not None:
            return digest_of([text(identifier, "system"), value])[:20]
    name = text(resource, "id")
    return digest_of([resource["resourceType"], name] if name is not None else content)[:20]


def patient_identifier(patient: Resource, system: str | None) -> tuple[str, str]:
    """System and value of the identifier that names a patient in rows.

    It is the one of `system` when given, else the one of type MR, else the pseudonym (PSEUDED), else the only one; of a
    patient without any, the id of the resource. Refused when several are left.
    """
    pairs = {
        (text(item, "system") or "", value): codes(child(item, "type"), *profile.IDENTIFIER_TYPES)
        for item in children(patient, "identifier")
        if (value := text(item, "value")) is not None and item.get("use") != "old"
    }
    if system is not None:
        chosen = [pair for pair in pairs if pair[0] == system]
    else:
        numbers, pseudonyms = ([pair for pair, types in pairs.items() if kind in types] for kind in ("MR", "PSEUDED"))
        chosen = numbers or pseudonyms or list(pairs)
    if not pairs and system is None and (name := text(patient, "id")) is not None:
        return "", f"Patient/{name}"
    if len(chosen) != 1:
        asked = "of the given system" if system is not None else "of type MR (or only one at all)"
        rule = f"patient_id: expected one identifier {asked}, found {len(chosen)} among {len(pairs)}"
        raise RecordError("patient_id", rule, "name the identifier system of the patients in the site profile")
    return chosen[0]


def identity_of(patient: Resource, system: str | None) -> Identity:
    """What the Patient resource says of who this is, for the identities file only."""
    main = patient_identifier(patient, system)
    others = {
        (text(item, "system") or "", value): None
        for item in children(patient, "identifier")
        if (value := text(item, "value")) is not None
    }
    names = children(patient, "name")
    name = next((entry for entry in names if entry.get("use") == "official"), names[0] if names else {})
    given = name.get("given")
    return Identity(
        identifiers=(main, *(pair for pair in others if pair != main)),
        family=text(name, "family"),
        given=" ".join(part for part in given if isinstance(part, str)) or None if isinstance(given, list) else None,
        birth_date=text(patient, "birthDate"),
    )
