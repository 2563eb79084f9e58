"""Gleason and TNM in FHIR: what an Observation or a stage says, in columns of diagnoses."""

from __future__ import annotations

import re

from lutrace.core import Row
from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_elements import (
    RecordError,
    Resource,
    child,
    children,
    codes,
    codes_of_any,
    concept_text,
    extension,
    is_absent,
    number,
    text,
    words_of,
)
from lutrace.terms import staging_codes

_STAGING = staging_codes()
STAGING_CODES = frozenset(_STAGING.tnm_by_code | _STAGING.gleason_by_code)

_PAIR = re.compile(r"(?<!\d)([1-5])\s*\+\s*([1-5])(?!\d)(?:\s*=\s*(\d{1,2}))?")
_SUM = re.compile(r"(?<!\d)(10|[2-9])(?!\d)")
_TNM_TOKEN = re.compile(
    r"(?<![A-Za-z])(?P<category>(?P<before>[cpyar]{0,3})(?P<axis>[TNM])(?:is|[0-4X])[a-d]?(?:\([^)]{0,12}\))?)(?![A-Za-z])"
)
_AXES = ("t", "n", "m")


def staging_of_observation(observation: Resource) -> Row:
    """The columns of diagnoses that a Gleason or TNM Observation states; empty when it is neither.

    Raises RecordError when it is one and its value cannot be read, or patterns and sum disagree.
    """
    columns = _stated(observation)
    for component in children(observation, "component"):
        columns |= _stated(component)
    return complete_gleason(columns)


def staging_of_condition(condition: Resource) -> Row:
    """T, N and M that stand in the stages of a Condition, as written there."""
    columns: Row = {}
    for stage in children(condition, "stage"):
        summary = child(stage, "summary")
        words = [concept_text(summary), *(text(coding, "code") for coding in children(summary, "coding"))]
        for word in words:
            for match in _TNM_TOKEN.finditer(word or ""):
                columns.setdefault(match.group("axis").lower(), match.group("category"))
    return columns


def is_of_another_time(observation: Resource) -> bool:
    """Whether a TNM category says that it is of a recurrence (r), after treatment (y) or of an autopsy (a)."""
    letters = "".join(_prefix_letters(observation, "modifierExtension"))
    for axis in _AXES:
        match = _token(observation, axis)
        letters += match.group("before") if match is not None else ""
    return bool(set(letters) & set("rya"))


def staged_by_pathology(columns: Row) -> bool:
    """Whether a category of TNM among the columns says p."""
    return any("p" in str(value) for name, value in columns.items() if name in _AXES)


def _stated(node: Resource) -> Row:
    known = [code for code in codes(child(node, "code"), profile.LOINC, profile.SNOMED) if code in STAGING_CODES]
    if not known or is_absent(node):
        return {}
    asked = next((_STAGING.tnm_by_code[code] for code in known if code in _STAGING.tnm_by_code), None)
    if asked is not None:
        return {asked.axis: _tnm(node, asked.axis, asked.by or "")}
    part = _STAGING.gleason_by_code[known[0]]
    return _score(node) if part == "score" else {f"gleason_{part}": _pattern(node)}


def _tnm(node: Resource, axis: str, by: str) -> str:
    """The category with its letters before it: those of its value, else of the extensions, else of its code."""
    match = _token(node, axis)
    if match is None:
        raise RecordError(axis, f"{axis}: expected a category such as cT3a, N1 or M1b", "record the category as text")
    if match.group("before"):
        return match.group("category")
    letters = _prefix_letters(node, "modifierExtension")
    stated = _prefix_letters(child(node, "code"), "extension") or [by]
    return "".join([*letters, *stated]) + match.group("category")


def _token(node: Resource, axis: str) -> re.Match[str] | None:
    value = child(node, "valueCodeableConcept")
    words = [text(node, "valueString") or "", *words_of(value)]
    words += [_STAGING.categories.get(code, "") for code in codes(value, profile.SNOMED)]
    found = (match for word in words for match in _TNM_TOKEN.finditer(word))
    return next((match for match in found if match.group("axis").lower() == axis), None)


def _prefix_letters(node: Resource, element: str) -> list[str]:
    """The letters c, p, r, y, a that extensions of the German oncology module put before a category."""
    found = []
    for url in profile.TNM_PREFIXES:
        said = codes_of_any(child(extension(node, url, element=element), "valueCodeableConcept"))
        found += [code for code in said if code in ("c", "p", "r", "y", "a")]
    return found


def _pattern(node: Resource) -> int:
    concept = child(node, "valueCodeableConcept")
    coded = [_STAGING.patterns[code] for code in codes(concept, profile.SNOMED) if code in _STAGING.patterns]
    value = coded[0] if coded else _whole(node, concept)
    if value is None or not 1 <= value <= 5:
        raise RecordError("gleason_primary", "a Gleason pattern is a whole number from 1 to 5", "record the pattern")
    return value


def _score(node: Resource) -> Row:
    concept = child(node, "valueCodeableConcept")
    for code in codes(concept, profile.SNOMED):
        if code in _STAGING.pairs:
            primary, secondary = _STAGING.pairs[code]
            return {"gleason_primary": primary, "gleason_secondary": secondary}
        if code in _STAGING.sums:
            return {"gleason_sum": _STAGING.sums[code]}
    said = text(node, "valueString") or concept_text(concept)
    pair = _PAIR.search(said or "")
    if pair is not None:
        columns: Row = {"gleason_primary": int(pair.group(1)), "gleason_secondary": int(pair.group(2))}
        return columns | ({"gleason_sum": int(pair.group(3))} if pair.group(3) else {})
    value = _whole(node, concept)
    if value is None and children(node, "component"):
        return {}
    if value is None or not 2 <= value <= 10:
        raise RecordError("gleason_sum", "a Gleason score is 2 to 10 or a text such as 3+4=7", "record the score")
    return {"gleason_sum": value}


def _whole(node: Resource, concept: Resource) -> int | None:
    """A whole number given as integer, quantity, or the only number in a text."""
    for value in (number(node, "valueInteger"), number(child(node, "valueQuantity"), "value")):
        if value is not None:
            return int(value) if float(value).is_integer() else None
    said = text(node, "valueString") or concept_text(concept)
    found = _SUM.findall(said or "") if said is not None and len(said) <= 40 else []
    if said is not None and said.strip() == "1":
        return 1
    return int(found[0]) if len(found) == 1 else None


def complete_gleason(columns: Row) -> Row:
    """`columns` with the sum of both patterns; refused when a stated sum is another."""
    primary, secondary, total = (columns.get(f"gleason_{part}") for part in ("primary", "secondary", "sum"))
    if primary is not None and secondary is not None:
        if total is not None and total != primary + secondary:
            rule = "gleason_sum is not the sum of its patterns"
            raise RecordError("gleason_sum", rule, "correct the score at the source")
        return columns | {"gleason_sum": primary + secondary}
    return columns
