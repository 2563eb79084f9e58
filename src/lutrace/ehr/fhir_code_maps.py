"""A centre's own codes and words beside the vocabulary's, as the site profile states what they mean."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_elements import Resource, children
from lutrace.ehr.fhir_files import Located
from lutrace.ehr.omop_concepts import stated_coding

_NAMING = ("code", "medicationCodeableConcept", "itemCodeableConcept", "usedCode")
"""The elements that name what an observation, condition, procedure or medication is of."""
_INSIDE = ("component", "ingredient", "contained")
"""The parts of a resource that have such elements of their own."""
_OWN_SYSTEMS = (profile.FINDING_SYSTEM, profile.MILESTONE_SYSTEM)
_PLAIN = re.compile(r"[\w.:/+ -]+", re.ASCII)


class CodeMaps:
    """What local codes (`system|code`) and words (the text of a concept) mean, as `LOINC:2857-1`."""

    def __init__(self, stated: Mapping[str, str]) -> None:
        """Hold what a site states; upper and lower case of words do not matter."""
        self._meanings = {key if "|" in key else key.casefold(): meaning for key, meaning in stated.items()}

    def applied(self, located: Located) -> Located:
        """The resource with a coding of the vocabulary before each local code or word that has a stated meaning."""
        return replace(located, resource=self._translated(located.resource)) if self._meanings else located

    def standing_for(self, codes: Collection[str]) -> frozenset[bytes] | None:
        """The local codes that mean one of `codes`, as JSON holds them; None when words, or other signs, mean one."""
        meant = [key for key, meaning in self._meanings.items() if stated_coding(meaning)["code"] in codes]
        local = [key.rpartition("|")[2] for key in meant]
        if not all("|" in key for key in meant) or not all(map(_PLAIN.fullmatch, local)):
            return None
        return frozenset(code.encode() for code in local)

    def _translated(self, node: Resource) -> Resource:
        found = dict(node)
        for name in _NAMING:
            if isinstance(node.get(name), dict):
                found[name] = self._with_meaning(node[name])
            elif isinstance(node.get(name), list):
                found[name] = [self._with_meaning(one) for one in children(node, name)]
        if "statusReason" in node:
            found["statusReason"] = [
                self._with_meaning(one, profile.STOP_REASON_SYSTEM) for one in children(node, "statusReason")
            ]
        for name in _INSIDE:
            if name in node:
                found[name] = [self._translated(one) for one in children(node, name)]
        return found

    def _with_meaning(self, concept: Resource, own: str | None = None) -> Resource:
        """The concept with what it means; `own` is the system of this program's own words in its element."""
        given = children(concept, "coding")
        local = [f"{one.get('system') or ''}|{one.get('code') or ''}" for one in given]
        words = [str(concept["text"]).strip().casefold()] if concept.get("text") else []
        meanings = [self._meanings[key] for key in dict.fromkeys([*local, *words]) if key in self._meanings]
        if not meanings:
            return concept
        codings = [stated_coding(one) for one in meanings]
        if own is not None:
            codings = [one | {"system": own} if one["system"] in _OWN_SYSTEMS else one for one in map(dict, codings)]
        return {**concept, "coding": [*codings, *given]}
