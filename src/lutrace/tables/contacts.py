"""Dated activity: days on which the patient was known to be alive (a bill alone shows no patient)."""

from lutrace.tables.declare import PATIENT, RECORD_KEY, date, fact_table, text

CONTACTS = fact_table(
    "contacts",
    "one row per contact",
    (
        PATIENT,
        date("date", "day"),
        text("kind", "of what kind", codes=("visit", "admission", "telephone", "letter", "billing", "other")),
        RECORD_KEY,
    ),
    ("patient_id", "kind", "date", "record_key"),
)
