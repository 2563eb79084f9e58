"""Survival from index dates of any kind, several per patient, under each rule of censoring."""

from lutrace.tables.declare import PATIENT, count, date, label, number, pseudonym, result_table, text, yes_no

SURVIVAL_TIMES = result_table(
    "survival_times",
    "one row per patient, index, ordinal, endpoint and rule of censoring",
    (
        PATIENT,
        label("index_name", "what time runs from"),
        count("ordinal", "which index date of the patient, from 1", low=1),
        pseudonym("cluster_id", "rows of one patient belong together: for errors that allow for it"),
        label("endpoint", "os, ttnt or time_on_treatment"),
        label("censor_rule", "where the event-free are censored", codes=("last_activity", "data_cut", "earlier")),
        date("index_date", "day from which time runs (after the landmark, when one is set)"),
        label("index_table", "table of the index"),
        pseudonym("index_row", "row of the index"),
        number("entry_days", "first day at risk, from the index", unit="d", low=0),
        date("date", "day of the event or of censoring", null="when there is none"),
        number("days", "from the index to it", unit="d", null="when not evaluable", low=0),
        yes_no("event", "true for an event, false for censoring", null="when not evaluable"),
        text("category", "death, next_line, end_of_treatment, censored or left_out"),
        label("source_table", "table of the evidence", null="when there is none"),
        pseudonym("source_row", "row of the evidence", null="when there is none"),
        label("rule", "rule that made the row"),
        label("reason", "why it is not evaluable", null="when evaluable"),
    ),
    ("patient_id", "index_name", "ordinal", "endpoint", "censor_rule"),
)

DEATH_DATES = result_table(
    "death_dates",
    "one row per death: the day stated, how exactly it is known, and the day that stands for it",
    (
        PATIENT,
        date("stated_date", "first day that the record can mean"),
        label("precision", "how exactly it is known", codes=("day", "month", "year")),
        date("last_activity_date", "last sign of life in the records", null="when there is none"),
        date("death_date", "day that stands for the death"),
        number("moved_days", "from the day of the plain rule to it", unit="d"),
        label("rule", "rule that chose the day"),
        yes_no("imputed", "true when the day itself is not known"),
        yes_no("flagged", "true when a sign of life is later than the death"),
        label("source_table", "table of the death"),
        pseudonym("source_row", "row of the death"),
    ),
    ("patient_id",),
)

PFS_COMPONENTS = result_table(
    "pfs_components",
    "one row per patient, population and outcome: the day of each component, and which came first",
    (
        PATIENT,
        label("population", "population or landmark that fixes time zero"),
        label("endpoint", "name of the outcome"),
        date("psa_date", "PSA progression", null="when none"),
        pseudonym("psa_row", "its row in labs", null="when none"),
        date("radiological_date", "radiological progression as recorded", null="when none"),
        pseudonym("radiological_row", "its row in disease_events", null="when none"),
        date("clinical_date", "clinical progression as recorded", null="when none"),
        pseudonym("clinical_row", "its row in disease_events", null="when none"),
        date("death_date", "death", null="when none"),
        pseudonym("death_row", "its row", null="when none"),
        text("first", "components of the first day, joined by +", null="when none of those asked for came"),
        count("n_first", "how many components share the first day", null="when none came"),
    ),
    ("patient_id", "population", "endpoint"),
)
