"""Answers of patients, item by item."""

from lutrace.tables.declare import PATIENT, date, fact_table, label, number

QUESTIONNAIRES = fact_table(
    "questionnaires",
    "one row per answered item; item ids only, never item text",
    (
        PATIENT,
        date("date", "day of the answer"),
        label("instrument", "instrument", codes=("fact-p", "bpi-sf", "xq", "xi", "xi-3", "sxi")),
        label("item", "item id (GP1, Q3, XQ1, ...)"),
        number("answer", "raw answer, not reversed", unit="1", low=0, high=100),
    ),
    ("patient_id", "instrument", "item", "date"),
)
