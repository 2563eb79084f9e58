"""Laboratory results."""

from lutrace.tables.declare import PATIENT, RECORD_KEY, date, fact_table, label, number, text

LABS = fact_table(
    "labs",
    "one row per laboratory result, as reported and in the analyte's canonical unit",
    (
        PATIENT,
        date("date", "day of the draw"),
        text("time", "clock time of the draw, HH:MM", null="when only the day is known"),
        text("analyte", "analyte, by its name in the vocabulary (psa, haemoglobin, platelets, ...)"),
        label("loinc", "LOINC code as recorded", null="when not coded"),
        text("value_text", "the result as reported"),
        text("comparator", "censoring of the result", codes=("<", "<=", ">", ">="), null="when the value is exact"),
        label("unit", "unit as reported"),
        number("value", "result in the canonical unit", unit="canonical_unit"),
        label("canonical_unit", "canonical unit of the analyte"),
        number("lln", "lower limit of normal, canonical unit", unit="canonical_unit", null="when not reported"),
        number("uln", "upper limit of normal, canonical unit", unit="canonical_unit", null="when not reported"),
        RECORD_KEY,
    ),
    ("patient_id", "analyte", "date", "record_key"),
)
