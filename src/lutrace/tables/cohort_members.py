"""Patients of a study with their index date."""

from lutrace.tables.declare import PATIENT, date, label, number, pseudonym, result_table

COHORT_MEMBERS = result_table(
    "cohort_members",
    "one row per patient and population",
    (
        PATIENT,
        label("population", "population or landmark"),
        date("index_date", "time zero"),
        pseudonym("index_row", "row that gives time zero"),
        date("base_date", "event that baselines come before", null="when it is the first cycle"),
        number("entry_days", "first day at risk, from time zero", unit="d", null="when that is time zero", low=0),
    ),
    ("patient_id", "population"),
)
