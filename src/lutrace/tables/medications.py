"""Concomitant medication."""

from lutrace.tables.declare import PATIENT, RECORD_KEY, count, date, fact_table, precision, text

MEDICATIONS = fact_table(
    "medications",
    "one row per concomitant medication and period",
    (
        PATIENT,
        text("kind", "purpose", codes=("adt", "bone_agent", "analgesic", "steroid", "other")),
        text("agent", "drug, by its name in the vocabulary"),
        date("begin_date", "first day", null="when the record gives none"),
        precision("begin_date_precision", "begin_date"),
        date("end_date", "last day", null="when ongoing or not recorded"),
        precision("end_date_precision", "end_date"),
        text("product", "brand or synonym that the record names", null="when it names the drug alone"),
        count(
            "depot_days", "how long one dose acts, as the record says it", unit="d", null="when not", low=1, high=400
        ),
        RECORD_KEY,
    ),
    ("patient_id", "kind", "agent", "begin_date", "record_key"),
)
