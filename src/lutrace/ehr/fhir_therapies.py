"""Procedures that frame others in FHIR (`partOf`): what they say of the end, and where their drugs stand."""

from __future__ import annotations

from dataclasses import dataclass

from lutrace.ehr.fhir_cycles import is_rlt_procedure
from lutrace.ehr.fhir_elements import Resource, child, children, drugs_of, text
from lutrace.ehr.fhir_files import Located
from lutrace.ehr.fhir_reasons import says_end
from lutrace.ehr.fhir_references import References


@dataclass(frozen=True)
class Frame:
    """A Procedure that others are part of; `said` holds only what it says of the end of the therapy."""

    key: str
    is_cycle: bool
    agents: frozenset[str]
    said: Resource


class Therapies:
    """The frames among the Procedures read, and the resources that are part of them."""

    def __init__(self) -> None:
        """Begin empty."""
        self._frames: References[Frame] = References()
        self._parts: list[tuple[str, str]] = []
        self._with_drugs: set[str] = set()

    def take(self, located: Located) -> None:
        """Take in a Procedure that may be a frame, or a medication resource that is part of one."""
        resource = located.resource
        if resource["resourceType"] == "Procedure":
            concepts = (child(resource, "code"), child(resource, "category"))
            agents = frozenset(drug.name for concept in concepts for drug in drugs_of(concept))
            if agents or says_end(resource):
                said = {name: resource[name] for name in ("statusReason", "outcome", "extension") if name in resource}
                frame = Frame(located.key, is_rlt_procedure(resource), agents, said if says_end(resource) else {})
                self._frames.add(located, frame)
        else:
            self._parts += [(reference, located.scope) for reference in _wholes(resource)]

    def finish(self) -> None:
        """Find the frames of the medication resources taken in."""
        frames = (self._frames.find(reference, scope) for reference, scope in self._parts)
        self._with_drugs = {frame.key for frame in frames if frame is not None}
        self._parts.clear()

    def frame_of(self, located: Located) -> Frame | None:
        """The Procedure that a resource is part of; None without one, or when it says nothing that is read."""
        found = (self._frames.find(reference, located.scope) for reference in _wholes(located.resource))
        return next((frame for frame in found if frame is not None and frame.key != located.key), None)

    def has_drugs(self, located: Located) -> bool:
        """Whether medication resources are part of this Procedure."""
        return located.key in self._with_drugs


def _wholes(resource: Resource) -> list[str]:
    return [found for item in children(resource, "partOf") if (found := text(item, "reference")) is not None]
