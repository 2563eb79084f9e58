"""What a reader of images says, which software never infers."""

from lutrace.tables.declare import PATIENT, RECORD_KEY, count, date, fact_table, number, text, yes_no

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
        count("slice", "number of the CT slice", null="when not stated", low=1),
        number("x_mm", "place in the scan, LPS", unit="mm", null="when not stated"),
        number("y_mm", "place in the scan, LPS", unit="mm", null="when not stated"),
        number("z_mm", "place in the scan, LPS", unit="mm", null="when not stated"),
        yes_no("soft_tissue", "a bone lesion with soft tissue", null="when not stated"),
        number("suv_max", "highest SUVbw that the report states", unit="g/mL", null="when not stated"),
        number("suv_mean", "mean SUVbw that the report states", unit="g/mL", null="when not stated"),
        number("long_axis_mm", "longest diameter on CT", unit="mm", null="when not measured", low=0),
        number("short_axis_mm", "shortest diameter on CT", unit="mm", null="when not measured", low=0),
        text("basis", "what it rests on", null="when not stated"),
        RECORD_KEY,
    ),
    ("patient_id", "kind", "date", "record_key"),
)
