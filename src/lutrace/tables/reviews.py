"""Acts of reviewers on measured rows."""

from lutrace.tables.declare import PATIENT, count, datetime, fact_table, free_text, json, label, pseudonym

REVIEWS = fact_table(
    "reviews",
    "one row per act; acts are never changed, a later act takes an earlier one back",
    (
        pseudonym("review_id", "digest of the act and of the act before it"),
        pseudonym("previous_review_id", "the act before it in the log", null="for the first act"),
        count("sequence", "place in the log, from 1", low=1),
        PATIENT,
        label("table", "reviewed table"),
        pseudonym("target_row_id", "reviewed row"),
        label("act", "what was done", codes=("accept", "reject", "relabel", "edit", "undo")),
        json("changes", "column to new value", null="for accept, reject and undo"),
        pseudonym("undoes", "the act that is taken back", null="unless act is undo"),
        pseudonym("made_by", "who"),
        datetime("made_at", "when"),
        free_text("reason", "why", null="when not stated"),
    ),
    ("review_id",),
)
