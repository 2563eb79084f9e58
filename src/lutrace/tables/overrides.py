"""Corrections of a fact, shown wherever they were used."""

from lutrace.tables.declare import PATIENT, datetime, fact_table, free_text, label, pseudonym, text

OVERRIDES = fact_table(
    "overrides",
    "one row per corrected value; the original stays where it is",
    (
        pseudonym("override_id", "digest of the correction"),
        PATIENT,
        label("table", "corrected table"),
        pseudonym("target_row_id", "corrected row"),
        label("column", "corrected column"),
        text("old_value", "value as the source gave it", null="when it was empty"),
        text("new_value", "value to use"),
        free_text("reason", "why"),
        pseudonym("made_by", "who"),
        datetime("made_at", "when"),
    ),
    ("override_id",),
)
