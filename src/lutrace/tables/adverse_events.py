"""Adverse events as clinicians record them."""

from lutrace.tables.declare import PATIENT, RECORD_KEY, count, date, fact_table, label, precision, text

ADVERSE_EVENTS = fact_table(
    "adverse_events",
    "one row per adverse event",
    (
        PATIENT,
        text("term", "CTCAE term"),
        count("grade", "CTCAE grade", null="when not graded", low=1, high=5),
        label("criteria", "version graded by", codes=("ctcae-4.0", "ctcae-5.0", "ctcae-6.0"), null="when not stated"),
        date("begin_date", "first day"),
        precision("begin_date_precision", "begin_date"),
        date("end_date", "last day", null="when ongoing or not recorded"),
        label("reporter", "who graded", codes=("clinician", "laboratory", "text")),
        text(
            "attribution",
            "relation to the radioligand",
            codes=("unrelated", "unlikely", "possible", "probable", "definite"),
            null="when not stated",
        ),
        RECORD_KEY,
    ),
    ("patient_id", "term", "begin_date", "record_key"),
)
