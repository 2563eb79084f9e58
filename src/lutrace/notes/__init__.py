"""notes knows clinical sentences in English and German: asserted facts with the span that says them."""

from lutrace.notes.assertion import LABELS, Assertion, assert_concept, assert_place
from lutrace.notes.concepts import find_concept
from lutrace.notes.dates import FoundDate, find_dates
from lutrace.notes.finding_values import check_value, proposable
from lutrace.notes.language import find_language
from lutrace.notes.letter_facts import LetterFact, find_letter_facts, rules_version
from lutrace.notes.proposed import read_proposal
from lutrace.notes.sentences import Sentence, split_letter
from lutrace.notes.text_files import TEXT_ENDINGS, read_text

__all__ = [
    "LABELS",
    "TEXT_ENDINGS",
    "Assertion",
    "FoundDate",
    "LetterFact",
    "Sentence",
    "assert_concept",
    "assert_place",
    "check_value",
    "find_concept",
    "find_dates",
    "find_language",
    "find_letter_facts",
    "proposable",
    "read_proposal",
    "read_text",
    "rules_version",
    "split_letter",
]
