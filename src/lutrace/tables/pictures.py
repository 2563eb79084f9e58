"""Pictures for reports."""

from lutrace.tables.declare import PATIENT, count, fact_table, label, number, pseudonym

PICTURES = fact_table(
    "pictures",
    "one row per rendered picture; its PNG is in the image store under picture_id",
    (
        pseudonym("picture_id", "pseudonym of the picture"),
        PATIENT,
        pseudonym("scan_id", "scan"),
        label("plan", "plan of the outlines"),
        label("plan_digest", "digest of the plan of the outlines"),
        label("kind", "what it shows", codes=("mip",)),
        number("angle_deg", "rotation; 0 is anterior", unit="degree"),
        number("suv_max", "SUVbw shown black", unit="g/mL"),
        count("width_px", "width", low=1),
        count("height_px", "height", low=1),
        label("png_digest", "digest of the PNG"),
    ),
    ("picture_id",),
)
