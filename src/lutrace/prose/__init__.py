"""prose knows the numbers in sentences of papers: what each is, and which of them contradict each other."""

from lutrace.prose.claims import Claim, find_claims
from lutrace.prose.concepts import find_concepts
from lutrace.prose.contradictions import find_contradictions, find_contradictions_of
from lutrace.prose.estimates import Interval
from lutrace.prose.faults import Fault
from lutrace.prose.figures import Figure
from lutrace.prose.reading import ReadText, read_text
from lutrace.prose.tables import find_table_faults
from lutrace.prose.words import find_stems, words_of

__all__ = [
    "Claim",
    "Fault",
    "Figure",
    "Interval",
    "ReadText",
    "find_claims",
    "find_concepts",
    "find_contradictions",
    "find_contradictions_of",
    "find_stems",
    "find_table_faults",
    "read_text",
    "words_of",
]
