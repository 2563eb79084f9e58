"""Vital status as known on a day."""

from lutrace.tables.declare import PATIENT, date, fact_table, label, precision, text

FOLLOW_UP = fact_table(
    "follow_up",
    "one row per statement on vital status",
    (
        PATIENT,
        text("status", "what is known", codes=("alive", "dead", "lost")),
        date("date", "day of death, or day last known alive"),
        precision("date_precision", "date"),
        text("cause", "cause of death", codes=("prostate_cancer", "treatment", "other"), null="when alive or unknown"),
        label("basis", "how it is known", codes=("record", "registry_office", "relative", "letter", "contact")),
    ),
    ("patient_id", "status", "date", "basis"),
)
