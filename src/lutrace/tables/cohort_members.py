"""Patients of a study with their index date."""

from lutrace.tables.declare import PATIENT, date, label, pseudonym, result_table

COHORT_MEMBERS = result_table(
    "cohort_members",
    "one row per patient and population",
    (
        PATIENT,
        label("population", "population or landmark"),
        date("index_date", "time zero"),
        pseudonym("index_row", "row that gives time zero"),
    ),
    ("patient_id", "population"),
)
