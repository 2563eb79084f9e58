"""Dated events of the disease as recorded."""

from lutrace.tables.declare import PATIENT, RECORD_KEY, date, fact_table, precision, text

DISEASE_EVENTS = fact_table(
    "disease_events",
    "one row per recorded event",
    (
        PATIENT,
        text(
            "kind",
            "what happened",
            codes=("psa_progression", "radiological_progression", "clinical_progression", "fracture", "hospice"),
        ),
        date("date", "when"),
        precision("date_precision", "date"),
        text("basis", "what it rests on", null="when not stated"),
        RECORD_KEY,
    ),
    ("patient_id", "kind", "date", "record_key"),
)
