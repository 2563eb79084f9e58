"""Uptake of organs and reference regions."""

from lutrace.tables.declare import PATIENT, count, fact_table, label, number, pseudonym

ORGANS = fact_table(
    "organs",
    "one row per region, scan and measurement plan",
    (
        PATIENT,
        pseudonym("scan_id", "scan"),
        label("region", "region in the vocabulary"),
        label("plan", "name of the measurement plan"),
        label("plan_digest", "digest of the measurement plan"),
        label("maker", "source of the mask", codes=("seg", "rtstruct", "nifti", "model", "labeller")),
        count("voxels", "voxels"),
        number("volume_ml", "volume", unit="mL", low=0),
        number("suv_mean", "mean SUVbw", unit="g/mL"),
        number("suv_sd", "standard deviation of SUVbw", unit="g/mL", null="with fewer than 2 voxels", low=0),
        number("suv_min", "lowest SUVbw", unit="g/mL"),
        number("suv_max", "highest SUVbw", unit="g/mL"),
        number("suv_peak", "highest mean of a 1 mL sphere", unit="g/mL", null="from version 0.1"),
        number("tlp_ml", "SUVmean x volume", unit="g/mL x mL"),
    ),
    ("scan_id", "region", "plan_digest"),
)
