"""Facts that stand in letters, with the span that says them."""

from lutrace.tables.declare import PATIENT, count, date, fact_table, label, precision, pseudonym, text, yes_no

TEXT_FINDINGS = fact_table(
    "text_findings",
    "one row per fact found in a text",
    (
        PATIENT,
        pseudonym("note_id", "the text"),
        date("note_date", "day of the text"),
        label("fact", "what is said (metastasis_site, gleason, stop_reason, ...)"),
        text("value", "its value"),
        label("unit", "its unit", null="when it has none"),
        date("date", "the day that the text says it of", null="when it gives none"),
        precision("date_precision", "date"),
        count("begin", "first character of the span"),
        count("end", "character after the span"),
        yes_no("negated", "said not to be"),
        yes_no("uncertain", "said with doubt"),
        yes_no("historical", "said of the past"),
        yes_no("reviewed", "a person has confirmed it"),
    ),
    ("note_id", "fact", "begin", "end"),
)
