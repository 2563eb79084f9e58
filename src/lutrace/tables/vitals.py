"""Body measures and performance status by date."""

from lutrace.tables.declare import PATIENT, RECORD_KEY, date, fact_table, number, text

VITALS = fact_table(
    "vitals",
    "one row per measure and date; the measure's code names its unit",
    (
        PATIENT,
        date("date", "day of measurement"),
        text("measure", "what was measured", codes=("height_cm", "weight_kg", "bmi_kg_m2", "ecog")),
        number("value", "the value in the measure's unit", unit="named by measure", low=0, high=400),
        RECORD_KEY,
    ),
    ("patient_id", "measure", "date", "record_key"),
)
