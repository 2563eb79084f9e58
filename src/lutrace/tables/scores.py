"""Scales of questionnaires."""

from lutrace.tables.declare import PATIENT, count, date, label, number, pseudonym, result_table, text, yes_no

SCORES = result_table(
    "scores",
    "one row per patient, day, instrument and scale",
    (
        PATIENT,
        date("date", "day of the answers"),
        label("instrument", "instrument", codes=("fact-p", "bpi-sf", "xq", "xi", "xi-3", "sxi")),
        label("scale", "scale of the instrument (pwb, fact_p, severity, xq, ...)"),
        number("score", "score, rounded to three decimals", unit="points of the scale", null="when it does not stand"),
        count("n_answered", "items of the scale that were answered"),
        count("n_items", "items of the scale"),
        yes_no("valid", "true when enough items were answered"),
        text("reason", "why the score does not stand", null="when it stands"),
        label("source_table", "table of the evidence", null="when no item was answered"),
        pseudonym("source_row", "lowest row of the answered items", null="when no item was answered"),
        label("rule", "instrument and source of its scoring"),
    ),
    ("patient_id", "date", "instrument", "scale"),
)
