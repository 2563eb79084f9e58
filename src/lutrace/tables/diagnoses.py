"""Milestones of the disease: initial, metastatic, castration resistance; Gleason and TNM."""

from lutrace.tables.declare import PATIENT, count, date, fact_table, label, precision, text

DIAGNOSES = fact_table(
    "diagnoses",
    "one row per dated diagnosis, way of knowing it and code",
    (
        PATIENT,
        text("milestone", "what was diagnosed", codes=("initial", "metastatic", "crpc", "mcrpc")),
        date("date", "when", null="when the record gives none"),
        precision("date_precision", "date"),
        label("method", "how it is known", codes=("code", "registry", "text", "derived", "physician")),
        label("code_system", "system of the code", null="when not coded"),
        text("code", "code as recorded", null="when not coded"),
        count("gleason_primary", "first Gleason pattern", null="when not recorded", low=1, high=5),
        count("gleason_secondary", "second Gleason pattern", null="when not recorded", low=1, high=5),
        count("gleason_sum", "Gleason sum", null="when not recorded", low=2, high=10),
        text("t", "T of TNM as recorded", null="when not recorded"),
        text("n", "N of TNM as recorded", null="when not recorded"),
        text("m", "M of TNM as recorded", null="when not recorded"),
    ),
    ("patient_id", "milestone", "method", "date", "code"),
)
