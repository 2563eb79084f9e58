"""Endpoints and covariates of each patient, with evidence."""

from lutrace.tables.declare import PATIENT, date, label, number, pseudonym, result_table, text, yes_no

ENDPOINT_VALUES = result_table(
    "endpoint_values",
    "one row per patient, population and endpoint or covariate",
    (
        PATIENT,
        label("population", "population or landmark that fixes time zero"),
        label("endpoint", "name of the endpoint or covariate"),
        date("date", "day of the event, of censoring, or of the value", null="when not evaluable"),
        number("days", "days from time zero", unit="d", null="when not evaluable"),
        yes_no("event", "true for an event, false for censoring", null="for a value that is no event"),
        number("value", "value of a covariate", unit="named by unit", null="for times to event, or not evaluable"),
        label("unit", "unit of the value", null="for times to event"),
        text("category", "class of the value or component of the event", null="when it has none"),
        label("source_table", "table of the evidence", null="when not evaluable"),
        pseudonym("source_row", "row of the evidence", null="when not evaluable"),
        label("rule", "rule that made the row"),
        label("reason", "why it is not evaluable", null="when evaluable"),
    ),
    ("patient_id", "population", "endpoint"),
)
