"""Lesions of each scan under each measurement plan."""

from lutrace.tables.declare import PATIENT, count, fact_table, label, number, pseudonym, yes_no

LESIONS = fact_table(
    "lesions",
    "one row per candidate component, scan and measurement plan",
    (
        PATIENT,
        pseudonym("scan_id", "scan"),
        count("lesion", "number of the component in this scan and plan, from 1", low=1),
        label("plan", "name of the measurement plan"),
        label("plan_digest", "digest of the measurement plan"),
        pseudonym("track_id", "identity of the lesion across scans", null="until tracked"),
        label(
            "category",
            "what it is taken for",
            codes=("tumour", "physiological", "uncertain", "artefact", "benign"),
        ),
        label("site", "region (bone, node, liver, lung, prostate, other)", null="when no mask tells"),
        number("volume_ml", "volume", unit="mL", low=0),
        count("voxels", "voxels", low=1),
        number("suv_mean", "mean SUVbw", unit="g/mL"),
        number("suv_max", "highest SUVbw", unit="g/mL"),
        number("suv_peak", "highest mean of a 1 mL sphere", unit="g/mL", null="when no whole sphere fits the image"),
        number("tlp_ml", "SUVmean x volume", unit="g/mL x mL"),
        number("x_mm", "centroid, LPS", unit="mm"),
        number("y_mm", "centroid, LPS", unit="mm"),
        number("z_mm", "centroid, LPS", unit="mm"),
        yes_no("below_resolution", "smaller than the plan's minimum tied to resolution", null="when the plan has none"),
    ),
    ("scan_id", "plan_digest", "lesion"),
)
