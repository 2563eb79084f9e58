"""What is asked of a FHIR server, what it says of itself, and the folder in which a fetch is kept until it is whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from lutrace.core import HttpService, HttpStatusError, UnusableInputError, digest_of
from lutrace.ehr.fhir_elements import Resource, child, children, text
from lutrace.ehr.fhir_files import ENDINGS, Located, read_resources

FHIR_JSON = {"Accept": "application/fhir+json"}
BulkLevel = Literal["system", "patient", "group"]
_STATE = "fetch.state"
_OUTCOMES = "server.outcomes"
_INSTANT = re.compile(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_READ_VERSIONS = ("4.0", "4.3")
"""R4, and R4B, which does not differ in what is read."""


@dataclass(frozen=True)
class FhirQuery:
    """Whose records, and since when: `patients` are identifiers, `group` the id of a Group, `since` a day or instant.

    `bulk` asks for an export of that level in place of searches. `system` is the system of the identifiers, None for
    any.
    """

    patients: tuple[str, ...] = ()
    group: str | None = None
    since: str | None = None
    bulk: BulkLevel | None = None
    system: str | None = None

    def __post_init__(self) -> None:
        """Refuse what no server could answer."""
        if self.patients and self.group is not None:
            raise UnusableInputError("FHIR server: name the patients or a group, not both")
        if self.bulk is not None and self.patients:
            raise UnusableInputError("FHIR server: a bulk export is of a group, all patients or the system; no list")
        if (self.bulk == "group") != (self.group is not None) and self.bulk is not None:
            raise UnusableInputError("FHIR server: --bulk group and --group go together")
        if self.since is not None and _INSTANT.fullmatch(self.instant) is None:
            raise UnusableInputError("FHIR server: --since expects a day or an instant, as 2024-01-31T08:00:00Z")

    @property
    def instant(self) -> str:
        """The `since` as a FHIR instant; a day begins at midnight, universal time."""
        told = self.since or ""
        return f"{told}T00:00:00Z" if len(told) == len("2024-01-31") else told


@dataclass
class Fetch:
    """A folder with what was fetched so far, so that a broken fetch goes on where it stopped.

    `state` holds places in the server's answers and sizes of files, never a token. Like `identities.duckdb` the folder
    holds who is who.
    """

    folder: Path
    state: dict[str, Any]
    notes: list[str] = field(default_factory=list)

    @staticmethod
    def open(inbox: Path, service: HttpService, query: FhirQuery, types: Sequence[str]) -> Fetch:
        """The fetch of this query: begun, or gone on with; one that was whole begins anew."""
        asked = [service.address.url, list(query.patients), query.group, query.since, query.bulk, query.system]
        folder = inbox / digest_of([*asked, sorted(types)])[:16]
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / _STATE
        state = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        if not state or state.get("whole"):
            for old in folder.iterdir():
                old.unlink()
            state = {}
        return Fetch(folder, state)

    def save(self, **new: Any) -> None:
        """Keep the state with what is new in it."""
        self.state.update(new)
        part = self.folder / f"{_STATE}.part"
        part.write_text(json.dumps(self.state), encoding="utf-8")
        part.replace(self.folder / _STATE)

    def forget(self, *names: str) -> None:
        """Take parts out of the state."""
        for name in names:
            self.state.pop(name, None)
        self.save()

    def finish(self) -> None:
        """Say that all is here: the next fetch of this query begins anew."""
        self.save(whole=True)

    def append(self, kind: str, resources: Sequence[Resource]) -> int:
        """Write resources to the file of their type, one a line; the size of the file after them, in bytes."""
        with (self.folder / f"{kind}.ndjson").open("ab") as file:
            for resource in resources:
                file.write(json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
            return file.tell()

    def written(self, kind: str) -> Iterator[Resource]:
        """The resources of a type that are here; broken lines are told when the files are read."""
        for path in sorted(self.folder.glob(f"{kind}.*")):
            if path.suffix in ENDINGS:
                yield from (found.resource for found in read_resources(path) if isinstance(found, Located))

    def cut(self, kind: str, size: int) -> None:
        """Take away what was written behind the last state kept."""
        path = self.folder / f"{kind}.ndjson"
        if path.is_file() and path.stat().st_size > size:
            with path.open("rb+") as file:
                file.truncate(size)

    def keep_outcome(self, outcome: Resource) -> str:
        """Keep what the server says in full in the folder; its codes, which name nobody, for a message."""
        with (self.folder / _OUTCOMES).open("ab") as file:
            file.write(json.dumps(outcome, ensure_ascii=False).encode() + b"\n")
        return outcome_codes(outcome)


def outcome_codes(outcome: Resource) -> str:
    """Severity and codes of an OperationOutcome; its free text may name patients and is left out."""
    told = []
    for issue in children(outcome, "issue"):
        detailed = [text(coding, "code") for coding in children(child(issue, "details"), "coding")]
        parts = [text(issue, "severity"), text(issue, "code"), *detailed]
        told.append(" ".join(part for part in parts if part))
    return "; ".join(dict.fromkeys(told)) or "no issue named"


def explain(error: HttpStatusError, fetch: Fetch) -> str:
    """What the server answered, with the codes of its OperationOutcome when it gave one."""
    try:
        outcome = json.loads(error.content)
    except ValueError:
        return str(error)
    if not isinstance(outcome, dict) or outcome.get("resourceType") != "OperationOutcome":
        return str(error)
    return f"{error} (OperationOutcome: {fetch.keep_outcome(outcome)})"


def broken_off(place: str, reason: str) -> UnusableInputError:
    """The error of a fetch that stopped at a place, from where the next one goes on."""
    return UnusableInputError(
        f"{place}: {reason}. What was fetched before is kept; nothing is in the registry yet: run the same command "
        "again to go on"
    )


def read_capabilities(service: HttpService) -> Mapping[str, Any]:
    """The `rest` part of the server's CapabilityStatement; refused when the server speaks another FHIR than R4."""
    statement = service.ask("metadata", headers=FHIR_JSON).json()
    if not isinstance(statement, dict) or statement.get("resourceType") != "CapabilityStatement":
        raise UnusableInputError(
            f"{service.address.shown}: expected a CapabilityStatement at metadata; name the base address of FHIR"
        )
    version = text(statement, "fhirVersion") or "none"
    if not version.startswith(_READ_VERSIONS):
        raise UnusableInputError(
            f"{service.address.shown}: speaks FHIR {version[:12]}, expected 4.0 (R4) or 4.3 (R4B); "
            "name the R4 address of the server"
        )
    rest = children(statement, "rest")
    return next((one for one in rest if one.get("mode") in (None, "server")), {})


def searchable_types(capabilities: Mapping[str, Any]) -> set[str]:
    """The resource types that the server says can be searched; all that it names when it tells no interactions."""
    found = set()
    for one in children(capabilities, "resource"):
        told = {text(item, "code") for item in children(one, "interaction")}
        name = text(one, "type")
        if name is not None and (not told or "search-type" in told):
            found.add(name)
    return found
