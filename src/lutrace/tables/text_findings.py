"""Facts that stand in letters, with the span that says them."""

from lutrace.tables.declare import PATIENT, count, date, fact_table, label, precision, pseudonym, text, yes_no

_UNSAID = "when its source does not say"

TEXT_FINDINGS = fact_table(
    "text_findings",
    "one row per fact found in a text",
    (
        PATIENT,
        pseudonym("note_id", "the text"),
        date("note_date", "day of the text", null="when the text gives none"),
        precision("note_date_precision", "note_date"),
        label("fact", "what is said (metastasis_site, gleason, stop_reason, ...)"),
        text("value", "its value"),
        label("unit", "its unit", null="when it has none"),
        date("date", "the day that the text says it of", null="when it gives none"),
        precision("date_precision", "date"),
        label(
            "date_told",
            "whether the text writes the date or tells it by the day of the text",
            codes=("written", "relative"),
            null="when it gives none, or its source does not say",
        ),
        count("begin", "first character of the span"),
        count("end", "character after the span"),
        yes_no("negated", "said not to be"),
        yes_no("uncertain", "said with doubt"),
        yes_no("historical", "said of the past"),
        yes_no("hypothetical", "said as a condition, a risk or a plan", null=_UNSAID),
        yes_no("other_person", "said of another person", null=_UNSAID),
        label("rule", "the phrases of the vocabulary that say so", null="when none does, or its source does not say"),
        label("confidence", "how far the proposer may err", codes=("high", "medium", "low"), null=_UNSAID),
        label("proposer", "who found it", codes=("rules", "model"), null=_UNSAID),
        label("proposer_version", "the version of the rules, or the model, that found it first so", null=_UNSAID),
        yes_no("reviewed", "a person has confirmed it"),
    ),
    ("note_id", "fact", "begin", "end"),
)
