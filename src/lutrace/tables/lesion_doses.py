"""Absorbed dose from one scan: a weak measure, always with its interval."""

from lutrace.tables.declare import PATIENT, count, fact_table, label, number, pseudonym

LESION_DOSES = fact_table(
    "lesion_doses",
    "one row per lesion or organ, post-therapy scan, plan and single-time-point method",
    (
        PATIENT,
        pseudonym("scan_id", "scan"),
        label("plan", "name of the measurement plan"),
        label("plan_digest", "digest of the measurement plan"),
        count("lesion", "lesion of this scan and plan", null="for an organ", low=1),
        label("region", "organ", null="for a lesion"),
        label("method", "single-time-point method"),
        number("hours_after_injection", "first start of acquisition after injection", unit="h", low=0),
        number("half_life_effective_h", "effective half-life assumed", unit="h", low=0),
        number("dose_gy", "absorbed dose of the cycle", unit="Gy", low=0),
        number("dose_low_gy", "lower end of the interval", unit="Gy", low=0),
        number("dose_high_gy", "upper end of the interval", unit="Gy", low=0),
        label("interval", "what the interval holds"),
        label("reliability", "weak, or outside the method's validity"),
    ),
    ("scan_id", "plan_digest", "lesion", "region", "method"),
)
