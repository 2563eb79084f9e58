"""Statements on how radioligand therapy ended and what followed, by the codes of their source."""

from lutrace.tables.declare import PATIENT, RECORD_KEY, date, fact_table, label, precision, text

DISPOSITIONS = fact_table(
    "dispositions",
    "one row per statement on the end of radioligand therapy, on what followed, or on a discharge",
    (
        PATIENT,
        date(
            "date", "end of the therapy, begin of what followed, or day of discharge", null="when the record has none"
        ),
        precision("date_precision", "date"),
        label(
            "code_system",
            "whose code it is",
            codes=(
                "lutrace",
                "cdisc_ncomplt",
                "obds_therapy_end",
                "snomed_termination",
                "fhir_discharge",
                "drg_discharge",
                "ub04",
                "palliative_code",
            ),
        ),
        text("code", "code as recorded"),
        RECORD_KEY,
    ),
    ("patient_id", "code_system", "code", "date", "record_key"),
)
