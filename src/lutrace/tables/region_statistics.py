"""Uptake and volume of regions as other software measured them (MIM, Hermes, syngo.via, TRAQinform, LIFEx)."""

from lutrace.tables.declare import PATIENT, RECORD_KEY, date, fact_table, label, number, text

REGION_STATISTICS = fact_table(
    "region_statistics",
    "one row per region that other software measured on a scan; no study reads it instead of a measurement of our own",
    (
        PATIENT,
        date("date", "day of the scan"),
        label("software", "what measured it", codes=("mim", "hermes", "syngo_via", "traqinform", "lifex", "other")),
        label("software_version", "its version", null="when not stated"),
        label("suv_basis", "what uptake is divided by: body weight, lean mass, surface", codes=("bw", "lbm", "bsa")),
        text("original_name", "name of the region in that software"),
        label("region", "region of the vocabulary, lesion, or tumour (all lesions)", null="when the name means none"),
        label("threshold", "how its edge was drawn, in words", null="when not stated"),
        number("volume_ml", "volume", unit="mL", null="when not exported", low=0, high=200_000),
        number("suv_mean", "mean SUV", unit="g/mL", null="when not exported", low=0, high=5_000),
        number("suv_sd", "standard deviation of SUV", unit="g/mL", null="when not exported", low=0, high=5_000),
        number("suv_min", "lowest SUV", unit="g/mL", null="when not exported", low=0, high=5_000),
        number("suv_max", "highest SUV", unit="g/mL", null="when not exported", low=0, high=5_000),
        number(
            "suv_peak", "peak SUV as that software defines it", unit="g/mL", null="when not exported", low=0, high=5_000
        ),
        number(
            "tlp_ml",
            "SUVmean x volume (TLP, TLU, TLG)",
            unit="g/mL x mL",
            null="when not exported",
            low=0,
            high=1_000_000,
        ),
        RECORD_KEY,
    ),
    ("patient_id", "date", "software", "original_name", "record_key"),
)
