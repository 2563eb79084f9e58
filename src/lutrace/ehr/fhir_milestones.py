"""Conditions in FHIR: which milestone of the disease a code means, and when it began."""

from __future__ import annotations

from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_elements import Moment, Resource, child, children, extension, moment, moment_of, system_of, text
from lutrace.terms import milestone_of_icd10, milestone_of_snomed

_OWN = ("initial", "metastatic", "crpc", "mcrpc")


def milestone_of(condition: Resource) -> tuple[str | None, str | None, str | None]:
    """Milestone, code system and code of a Condition, a statement by name before a code; Nones when it is none."""
    codings = children(child(condition, "code"), "coding")
    for coding in codings:
        if coding.get("system") == profile.MILESTONE_SYSTEM and coding.get("code") in _OWN:
            return str(coding["code"]), profile.MILESTONE_SYSTEM, str(coding["code"])
    for coding in codings:
        system, code = system_of(coding), text(coding, "code")
        if system is None or code is None:
            continue
        found = milestone_of_snomed(code) if system == profile.SNOMED else None
        if system in profile.ICD10 and not _is_doubted(coding):
            found = milestone_of_icd10(code)
        if found is not None:
            return found, system, code
    return None, None, None


def _is_doubted(coding: Resource) -> bool:
    """Whether a German code of an outpatient says suspected (V) or excluded (A)."""
    certainty = child(extension(coding, profile.GERMAN_CERTAINTY), "valueCoding")
    return text(certainty, "code") in ("V", "A")


def onset_of(condition: Resource) -> Moment | None:
    """When the diagnosis was made: onset, else the date asserted; never the date of recording."""
    found = moment_of(condition, "date", "onsetDateTime", "onsetPeriod.start")
    if found is not None:
        return found
    return moment(text(extension(condition, profile.ASSERTED_DATE), "valueDateTime"), "date")
