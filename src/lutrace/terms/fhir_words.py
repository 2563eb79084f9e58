"""Words of FHIR R4 that a message may repeat from a record: types, statuses, media types, codes of declared systems."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from lutrace.core import FrozenModel, read_document, shape_of


class FhirWords(FrozenModel):
    """The words by what they are; `code_forms` are regular expressions by the name of the code system."""

    version: str
    resource_types: frozenset[str]
    statuses: frozenset[str]
    content_types: frozenset[str]
    code_forms: dict[str, str]

    def tell_type(self, kind: str) -> str:
        """A resource type of FHIR R4 as it is, else its shape."""
        return kind if kind in self.resource_types else f"no type of FHIR R4, {shape_of(kind)}"

    def tell_status(self, status: str) -> str:
        """A status of FHIR R4 as it is, else that it is none."""
        return status if status in self.statuses else "a status that FHIR R4 has not"

    def tell_content_type(self, named: str) -> str:
        """A media type as it is where it is a common one."""
        return (named if named in self.content_types else "another content type") if named else "no content type"

    def is_code(self, system: str, code: str) -> bool:
        """Whether a text has the form of the codes of this system."""
        form = self.code_forms.get(system)
        return form is not None and re.fullmatch(form, code) is not None


@functools.cache
def fhir_words() -> FhirWords:
    """The words of the vocabulary.

    >>> fhir_words().tell_type("Observation"), fhir_words().tell_status("Mustermann")
    ('Observation', 'a status that FHIR R4 has not')
    """
    return read_document(Path(__file__).parent / "data" / "fhir_words.yaml", FhirWords)
