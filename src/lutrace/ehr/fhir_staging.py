"""Gleason and TNM in FHIR: what an Observation or a stage says, in columns of diagnoses."""

from __future__ import annotations

import re

from lutrace.core import Row
from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_elements import RecordError, Resource, child, children, codes, concept_text, number, text

_PRIMARY = {"44641-9", "384994009"}
_SECONDARY = {"44642-7", "384995005"}
_SCORE = {"35266-6", "385377005", "1812491000004107"}
_TNM = {"21905-5": "t", "21899-0": "t", "21906-3": "n", "21900-6": "n", "21907-1": "m", "21901-4": "m"}
STAGING_CODES = frozenset(_PRIMARY | _SECONDARY | _SCORE | _TNM.keys())

_PATTERN_VALUES = {"369770006": 1, "369771005": 2, "369772003": 3, "369773008": 4, "369774002": 5}
_SUM_VALUES = {
    "49878003": 2,
    "46677009": 3,
    "18430005": 4,
    "74013009": 5,
    "84556003": 6,
    "57403001": 7,
    "33013007": 8,
    "58925000": 9,
    "24514009": 10,
}
_PAIR_VALUES = {
    "1279715000": (3, 3),
    "1279714001": (3, 4),
    "1279716004": (4, 3),
    "1279717008": (4, 4),
    "1279718003": (3, 5),
    "1279719006": (5, 3),
    "1279720000": (4, 5),
    "1279721001": (5, 4),
    "1279722008": (5, 5),
}
_PAIR = re.compile(r"(?<!\d)([1-5])\s*\+\s*([1-5])(?!\d)(?:\s*=\s*(\d{1,2}))?")
_SUM = re.compile(r"(?<!\d)(10|[2-9])(?!\d)")
_TNM_TOKEN = re.compile(r"(?<![A-Za-z])((?:[cpyar]{0,3})([TNM])(?:is|[0-4X])[a-d]?(?:\([^)]{0,12}\))?)(?![A-Za-z])")


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
                columns.setdefault(match.group(2).lower(), match.group(1))
    return columns


def _stated(node: Resource) -> Row:
    known = set(codes(child(node, "code"), profile.LOINC, profile.SNOMED)) & STAGING_CODES
    if not known:
        return {}
    axis = next((column for code, column in _TNM.items() if code in known), None)
    if axis is not None:
        return {axis: _tnm(node, axis)}
    if known & _PRIMARY:
        return {"gleason_primary": _pattern(node)}
    if known & _SECONDARY:
        return {"gleason_secondary": _pattern(node)}
    return _score(node)


def _tnm(node: Resource, axis: str) -> str:
    said = text(node, "valueString") or concept_text(child(node, "valueCodeableConcept"))
    match = next((m for m in _TNM_TOKEN.finditer(said or "") if m.group(2).lower() == axis), None)
    if match is None:
        raise RecordError(axis, f"{axis}: expected a category such as cT3a, N1 or M1b", "record the category as text")
    return match.group(1)


def _pattern(node: Resource) -> int:
    concept = child(node, "valueCodeableConcept")
    coded = [_PATTERN_VALUES[code] for code in codes(concept, profile.SNOMED) if code in _PATTERN_VALUES]
    value = coded[0] if coded else _whole(node, concept)
    if value is None or not 1 <= value <= 5:
        raise RecordError("gleason_primary", "a Gleason pattern is a whole number from 1 to 5", "record the pattern")
    return value


def _score(node: Resource) -> Row:
    concept = child(node, "valueCodeableConcept")
    for code in codes(concept, profile.SNOMED):
        if code in _PAIR_VALUES:
            primary, secondary = _PAIR_VALUES[code]
            return {"gleason_primary": primary, "gleason_secondary": secondary}
        if code in _SUM_VALUES:
            return {"gleason_sum": _SUM_VALUES[code]}
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
