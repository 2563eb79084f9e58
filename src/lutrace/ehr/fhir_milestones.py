"""Conditions in FHIR: which milestone of the disease a code means, and when it began."""

from __future__ import annotations

from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_elements import Moment, Resource, child, children, extension, moment, moment_of, text

_SNOMED = {
    "399068003": "initial",
    "254900004": "initial",
    "399490008": "initial",
    "1259672003": "initial",
    "128462008": "metastatic",
    "94216004": "metastatic",
    "427492003": "crpc",
}
_ICD10 = (("C61", "initial"), ("C77", "metastatic"), ("C78", "metastatic"), ("C79", "metastatic"), ("Z19.2", "crpc"))
_OWN = ("initial", "metastatic", "crpc", "mcrpc")


def milestone_of(condition: Resource) -> tuple[str | None, str | None, str | None]:
    """Milestone, code system and code of a Condition, a statement by name before a code; Nones when it is none."""
    codings = children(child(condition, "code"), "coding")
    for coding in codings:
        if coding.get("system") == profile.MILESTONE_SYSTEM and coding.get("code") in _OWN:
            return str(coding["code"]), profile.MILESTONE_SYSTEM, str(coding["code"])
    for coding in codings:
        system, code = text(coding, "system"), text(coding, "code")
        if system is None or code is None:
            continue
        found = _SNOMED.get(code) if system == profile.SNOMED else None
        if system in profile.ICD10:
            found = next((milestone for prefix, milestone in _ICD10 if code.startswith(prefix)), None)
        if found is not None:
            return found, system, code
    return None, None, None


def onset_of(condition: Resource) -> Moment | None:
    """When the diagnosis was made: onset, else the date asserted; never the date of recording."""
    found = moment_of(condition, "date", "onsetDateTime", "onsetPeriod.start")
    if found is not None:
        return found
    return moment(text(extension(condition, profile.ASSERTED_DATE), "valueDateTime"), "date")
