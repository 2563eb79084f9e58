"""Rows that broke a rule."""

from lutrace.core import Table
from lutrace.tables.declare import free_text, label, pseudonym

QUARANTINE = Table(
    "quarantine",
    "one row per refused row, with the rule that it broke; it leaves when the same place is read again and is good",
    (
        pseudonym("quarantine_id", "digest of table, source and place"),
        label("table", "table that it was meant for"),
        pseudonym("source_id", "source"),
        pseudonym("source_locator", "place inside the source", null="when the source is the place"),
        label("column", "column that broke the rule", null="when the rule is of the row"),
        label("rule", "the rule, in words"),
        label("remedy", "what to do"),
        free_text("row", "the row as JSON"),
    ),
    ("quarantine_id",),
)
