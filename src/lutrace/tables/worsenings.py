"""Worsening of questionnaires with the bounds between which it happened."""

from lutrace.tables.declare import PATIENT, date, label, number, pseudonym, result_table, text, yes_no

WORSENINGS = result_table(
    "worsenings",
    "one row per patient, population, outcome and variant of its rule",
    (
        PATIENT,
        label("population", "population or landmark that fixes time zero"),
        label("endpoint", "name of the outcome"),
        label("variant", "which rule: as the study says, or a named change of it"),
        number("baseline", "score before the first cycle", unit="points of the scale", null="when there is none"),
        pseudonym("baseline_row", "row of the baseline in questionnaires", null="when there is no baseline"),
        number("score", "first worse score", unit="points of the scale", null="when the event is no worse score"),
        date("date", "day of the event or of censoring", null="when not evaluable"),
        number("days", "days from time zero", unit="d", null="when not evaluable"),
        number("lower_days", "last visit that was not worse", unit="d", null="when not evaluable"),
        number(
            "upper_days", "first visit that was worse, or day of the event", unit="d", null="when there is no event"
        ),
        yes_no("event", "true for an event, false for censoring", null="when not evaluable"),
        text("category", "worsening, progression, death, censored or left_out"),
        label("source_table", "table of the evidence", null="when not evaluable"),
        pseudonym("source_row", "row of the evidence", null="when not evaluable"),
        label("rule", "rule that made the row"),
        label("reason", "why it is not evaluable", null="when evaluable"),
    ),
    ("patient_id", "population", "endpoint", "variant"),
)
