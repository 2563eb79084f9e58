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
        label(
            "identity",
            "what the labeller takes it for: tumour, bladder, ureter, kidney, ... (terms.uptake_identities)",
            null="when organ masks decided",
        ),
        number("identity_probability", "probability of that identity", unit="1", null="as identity", low=0, high=1),
        label("site", "region (bone, node, liver, lung, prostate, other)", null="when no mask tells"),
        label("mitnm", "region by miTNM (PROMISE V2): T, N, M1a, M1b, M1c", null="when its place is not known"),
        count("mipsma_score", "miPSMA expression score, 0 to 3, by SUVmean", null="without reference organs", high=3),
        count("component", "touching lesions share the number of the component that was split", null="when not split"),
        number("volume_ml", "volume", unit="mL", low=0),
        count("voxels", "voxels", low=1),
        number("suv_mean", "mean SUVbw", unit="g/mL"),
        number("suv_max", "highest SUVbw", unit="g/mL"),
        number("suv_peak", "highest mean of a 1 mL sphere", unit="g/mL", null="from version 0.1"),
        number("tlp_ml", "SUVmean x volume", unit="g/mL x mL"),
        number("recovery", "recovery coefficient of a sphere of this volume", unit="1", null="without a curve", low=0),
        number("suv_mean_corrected", "mean SUVbw over recovery", unit="g/mL", null="without a curve"),
        number("tlp_corrected_ml", "corrected SUVmean x volume", unit="g/mL x mL", null="without a curve"),
        number("x_mm", "centroid, LPS", unit="mm"),
        number("y_mm", "centroid, LPS", unit="mm"),
        number("z_mm", "centroid, LPS", unit="mm"),
        yes_no("below_resolution", "smaller than the plan's minimum tied to resolution", null="when the plan has none"),
        yes_no(
            "cut_by_view",
            "reaches the edge of the field of view: larger than what is measured",
            null="from version 0.1",
        ),
    ),
    ("scan_id", "plan_digest", "lesion"),
)
