"""notes knows clinical sentences in English and German: asserted facts with the span that says them."""

from lutrace.notes.assertion import LABELS, Assertion, assert_concept, assert_place
from lutrace.notes.concepts import find_concept
from lutrace.notes.language import find_language

__all__ = [
    "LABELS",
    "Assertion",
    "assert_concept",
    "assert_place",
    "find_concept",
    "find_language",
]
