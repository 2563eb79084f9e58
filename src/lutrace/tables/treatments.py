"""Other treatments of the cancer."""

from lutrace.tables.declare import PATIENT, RECORD_KEY, date, fact_table, precision, text

TREATMENTS = fact_table(
    "treatments",
    "one row per systemic treatment, radiotherapy or operation other than a cycle",
    (
        PATIENT,
        text("agent", "drug or procedure, by its name in the vocabulary"),
        text("agent_class", "class in the vocabulary (taxane, arpi, parp, ra223, platinum, ...)", null="when unknown"),
        date("begin_date", "first day", null="when the record gives none"),
        precision("begin_date_precision", "begin_date"),
        date("end_date", "last day", null="when ongoing or not recorded"),
        precision("end_date_precision", "end_date"),
        text(
            "stop_reason",
            "why it ended",
            codes=("completed", "progression", "toxicity", "death", "choice", "other"),
            null="when ongoing or not recorded",
        ),
        RECORD_KEY,
    ),
    ("patient_id", "agent", "begin_date", "record_key"),
)
