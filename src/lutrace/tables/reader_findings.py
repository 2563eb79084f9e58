"""What a reader of images says, which software never infers."""

from lutrace.tables.declare import PATIENT, RECORD_KEY, count, date, fact_table, number, text

READER_FINDINGS = fact_table(
    "reader_findings",
    "one row per finding of a reader",
    (
        PATIENT,
        date("date", "day of the image or visit read"),
        text(
            "kind",
            "what was found",
            codes=("ct_read", "ct_only_lesion", "clinical_progression", "radiological_progression"),
        ),
        count("cycle", "cycle whose scan was read", null="when not tied to a cycle", low=1),
        text("site", "region", null="when not of one place"),
        number("long_axis_mm", "longest diameter on CT", unit="mm", null="when not measured", low=0),
        number("short_axis_mm", "shortest diameter on CT", unit="mm", null="when not measured", low=0),
        text("basis", "what it rests on", null="when not stated"),
        RECORD_KEY,
    ),
    ("patient_id", "kind", "date", "record_key"),
)
