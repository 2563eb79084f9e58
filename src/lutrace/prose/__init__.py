"""prose knows the numbers in sentences of papers: what each is, and which of them contradict each other."""

from lutrace.prose.contradictions import find_contradictions, find_contradictions_of
from lutrace.prose.faults import Fault
from lutrace.prose.reading import ReadText, read_text

__all__ = ["Fault", "ReadText", "find_contradictions", "find_contradictions_of", "read_text"]
