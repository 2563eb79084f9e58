"""Which resources count: a status that says planned, cancelled or entered in error gives no row."""

from __future__ import annotations

from lutrace.ehr.fhir_elements import Resource, child, children, text
from lutrace.terms import fhir_words

_RESULT = frozenset({"final", "amended", "corrected", "appended", "preliminary", "partial"})
_DONE = frozenset({"completed", "in-progress", "stopped"})
_ORDERED = frozenset({"active", "completed", "stopped", "on-hold"})
_COUNTS = {
    "Observation": _RESULT,
    "DiagnosticReport": _RESULT,
    "Procedure": _DONE,
    "MedicationAdministration": _DONE,
    "MedicationStatement": _ORDERED,
    "MedicationRequest": _ORDERED,
    "Encounter": frozenset({"finished", "in-progress", "onleave", "arrived", "triaged"}),
    "QuestionnaireResponse": frozenset({"completed", "amended"}),
    "DocumentReference": frozenset({"current"}),
    "Composition": frozenset({"final", "amended", "preliminary"}),
    "CarePlan": frozenset({"active", "completed", "on-hold"}),
}
_UNSURE = frozenset({"refuted", "entered-in-error", "unconfirmed", "provisional", "differential"})


def unread_status(resource: Resource) -> str | None:
    """The status because of which a resource gives no row; None when it counts or states no status."""
    kind = resource["resourceType"]
    if kind == "Condition":
        codings = children(child(resource, "verificationStatus"), "coding")
        return next((code for coding in codings if (code := text(coding, "code")) in _UNSURE), None)
    if kind == "AdverseEvent":
        return "potential" if resource.get("actuality") == "potential" else None
    if kind == "MedicationRequest" and resource.get("intent") in ("proposal", "plan"):
        return str(resource["intent"])
    if resource.get("doNotPerform") is True:
        return "do not perform"
    if text(resource, "docStatus") == "entered-in-error":
        return "entered-in-error"
    counting = _COUNTS.get(kind)
    status = text(resource, "status")
    counts = counting is None or status is None or status in counting
    return None if counts else fhir_words().tell_status(status or "")
