"""Totals of each scan under each measurement plan."""

from lutrace.tables.declare import PATIENT, count, fact_table, json, label, number, pseudonym, yes_no

TUMOUR_BURDENS = fact_table(
    "tumour_burdens",
    "one row per scan and measurement plan: three totals, never one",
    (
        PATIENT,
        pseudonym("scan_id", "scan"),
        label("plan", "name of the measurement plan"),
        label("plan_digest", "digest of the measurement plan"),
        yes_no("organs_given", "false: the totals are candidate uptake, not TTV"),
        label("organ_source", "given, model, labeller or none", null="in registries of version 0.1"),
        number("above_threshold_ml", "all voxels above the threshold", unit="mL", low=0),
        number("tumour_auto_ml", "components taken for tumour, without uncertain", unit="mL", low=0),
        number("uncertain_ml", "components of uncertain nature", unit="mL", low=0),
        number("tumour_reviewed_ml", "tumour after review", unit="mL", null="until reviewed", low=0),
        number("suv_mean", "mean SUVbw of all tumour voxels", unit="g/mL", null="without tumour"),
        number("suv_max", "highest SUVbw of the tumour", unit="g/mL", null="without tumour"),
        number("tlp_ml", "total lesion PSMA", unit="g/mL x mL", null="without tumour"),
        count("lesions", "number of tumour components"),
        number("bone_ml", "tumour in bone, without uncertain", unit="mL", null="when sites are not known", low=0),
        number("node_ml", "tumour in lymph nodes", unit="mL", null="when sites are not known", low=0),
        number("visceral_ml", "tumour in viscera (miTNM M1c)", unit="mL", null="when sites are not known", low=0),
        number("suv_mean_with_uncertain", "mean SUVbw, tumour and uncertain", unit="g/mL", null="without either"),
        number("suv_max_with_uncertain", "highest SUVbw, tumour and uncertain", unit="g/mL", null="without either"),
        number("tlp_with_uncertain_ml", "total uptake, tumour and uncertain", unit="g/mL x mL", null="without either"),
        number("suv_mean_corrected", "mean SUVbw over recovery", unit="g/mL", null="without a recovery curve"),
        number(
            "tlp_corrected_ml", "total lesion PSMA over recovery", unit="g/mL x mL", null="without a recovery curve"
        ),
        label("mitnm", "highest region of each kind by miTNM (PROMISE V2)", null="when sites are not known"),
        json("field_of_view_mm", "extent measured, LPS: [[x0,x1],[y0,y1],[z0,z1]]"),
        label("inputs_digest", "digest of plan, SUV inputs, pixels and masks"),
    ),
    ("scan_id", "plan_digest"),
)
