"""NOTE in OMOP: the letters that a CDM holds, whole."""

from __future__ import annotations

from lutrace.ehr.fhir_elements import RecordError
from lutrace.ehr.omop_concepts import Concepts
from lutrace.ehr.omop_output import CdmRow
from lutrace.ehr.records import Letter

_LANGUAGES = {"english": "en", "german": "de"}


def read_note(row: CdmRow, concepts: Concepts, patient_id: str) -> Letter:
    """The letter that a row of NOTE holds; its title, which may name people, is not taken over."""
    text = row.text("note_text")
    if text is None:
        raise RecordError("note_text", "note_text is empty", "fill it in the CDM, or leave the note out")
    language = concepts.find(row.concept("language_concept_id"))
    spoken = (language.name if language is not None else "").casefold().split()
    kind = concepts.find(row.concept("note_class_concept_id"))
    return Letter(
        key=f"note {row.integer('note_id')}",
        patient_id=patient_id,
        text=text,
        source_locator=row.locator,
        date=row.required_day("note_date").isoformat(),
        language=next((code for name, code in _LANGUAGES.items() if name in spoken), None),
        kind=kind.name if kind is not None else None,
    )
