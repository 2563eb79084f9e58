"""Who is in the registry."""

from lutrace.tables.declare import PATIENT, count, fact_table, label, text, yes_no

PATIENTS = fact_table(
    "patients",
    "one row per patient",
    (
        PATIENT,
        count("birth_year", "year of birth", null="when not recorded", low=1900, high=2100),
        text("sex", "administrative sex", codes=("male", "female", "other", "unknown"), null="when not recorded"),
        label("site", "the centre that treats", null="when the registry holds one centre"),
        yes_no("synthetic", "true when the person does not exist (made by the virtual centre)"),
    ),
    ("patient_id",),
)
