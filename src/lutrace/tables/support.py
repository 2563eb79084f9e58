"""Transfusions and growth factors."""

from lutrace.tables.declare import PATIENT, RECORD_KEY, count, date, fact_table, text

SUPPORT = fact_table(
    "support",
    "one row per supportive measure",
    (
        PATIENT,
        date("date", "day"),
        text("kind", "what", codes=("red_cells", "platelets", "g_csf", "esa", "tpo_ra")),
        count("units", "number of units", null="when not recorded", low=1),
        RECORD_KEY,
    ),
    ("patient_id", "kind", "date", "record_key"),
)
