"""How far the tracking of a pair of scans can be trusted, by hiding one lesion at a time."""

from lutrace.tables.declare import PATIENT, count, fact_table, label, number, pseudonym

TRACKING_CHECKS = fact_table(
    "tracking_checks",
    "one row per tracked pair of scans and measurement plan",
    (
        PATIENT,
        pseudonym("baseline_scan_id", "earlier scan"),
        pseudonym("followup_scan_id", "later scan"),
        label("plan", "name of the measurement plan"),
        label("plan_digest", "digest of the measurement plan"),
        label("registration", "how the scans were laid on each other"),
        number("registration_error_mm", "residual of the registration", unit="mm", null="when unknown", low=0),
        number(
            "nearest_neighbour_mm", "median distance of a lesion to its neighbour", unit="mm", null="with one", low=0
        ),
        count("trials", "hide-one-lesion trials"),
        number("new_recall", "hidden lesions that came out new", unit="1", null="without trials", low=0, high=1),
        number(
            "new_precision", "of those that came out new, hidden ones", unit="1", null="without trials", low=0, high=1
        ),
        number(
            "match_f1",
            "F1 of the other links against those with nothing hidden",
            unit="1",
            null="without trials",
            low=0,
            high=1,
        ),
        number(
            "common_view_share",
            "share of the later scan that the earlier has seen",
            unit="1",
            null="when unknown",
            low=0,
            high=1,
        ),
    ),
    ("baseline_scan_id", "followup_scan_id", "plan_digest"),
)
