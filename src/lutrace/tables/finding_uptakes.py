"""Uptake that software measured at the place of a finding that a reader made."""

from lutrace.tables.declare import PATIENT, count, fact_table, number, pseudonym, yes_no

FINDING_UPTAKES = fact_table(
    "finding_uptakes",
    "one row per reader's finding with a place, and scan of that place",
    (
        PATIENT,
        pseudonym("scan_id", "scan"),
        pseudonym("finding_row_id", "row of reader_findings"),
        number("radius_mm", "radius of the sphere measured around the place", unit="mm", low=0),
        number("suv_max", "highest SUVbw in the sphere", unit="g/mL"),
        number("suv_mean", "mean SUVbw in the sphere", unit="g/mL"),
        count("voxels", "voxels of the sphere", low=1),
        yes_no("whole", "false: the image's edge cuts the sphere"),
    ),
    ("scan_id", "finding_row_id"),
)
