"""A centre's own codes and words beside the vocabulary's, as the site profile states what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lutrace.ehr.fhir_files import Located
from lutrace.ehr.omop_concepts import stated_coding

_NAMING = ("code", "medicationCodeableConcept")
"""The elements that name what an observation, condition, procedure or medication is of."""


class CodeMaps:
    """What local codes (`system|code`) and words (the text of a concept) mean, as `LOINC:2857-1`."""

    def __init__(self, stated: Mapping[str, str]) -> None:
        """Hold what a site states; upper and lower case of words do not matter."""
        self._meanings = {key if "|" in key else key.casefold(): meaning for key, meaning in stated.items()}

    def applied(self, located: Located) -> Located:
        """The resource with a coding of the vocabulary before each local code or word that has a stated meaning."""
        resource = located.resource
        if not self._meanings:
            return located
        found = {name: self._with_meaning(resource[name]) for name in _NAMING if isinstance(resource.get(name), dict)}
        return replace(located, resource={**resource, **found})

    def _with_meaning(self, concept: dict[str, Any]) -> dict[str, Any]:
        codings = concept.get("coding")
        given = [one for one in codings if isinstance(one, dict)] if isinstance(codings, list) else []
        local = [f"{one.get('system') or ''}|{one.get('code') or ''}" for one in given]
        words = [str(concept["text"]).strip().casefold()] if concept.get("text") else []
        meanings = [self._meanings[key] for key in dict.fromkeys([*local, *words]) if key in self._meanings]
        if not meanings:
            return concept
        return {**concept, "coding": [*map(stated_coding, meanings), *given]}
