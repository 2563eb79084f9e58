"""What became of each lesion from one scan to a later one."""

from lutrace.tables.declare import PATIENT, count, fact_table, label, number, pseudonym, yes_no

_CLASSES = ("psma_avid", "not_avid_ct", "indeterminate")

LESION_LINKS = fact_table(
    "lesion_links",
    "one row per link of lesions between two scans; a new or resolved lesion has one end only",
    (
        PATIENT,
        pseudonym("baseline_scan_id", "earlier scan"),
        pseudonym("followup_scan_id", "later scan"),
        label("plan", "name of the measurement plan"),
        label("plan_digest", "digest of the measurement plan"),
        count("baseline_lesion", "lesion of the earlier scan", null="when new", low=1),
        count("followup_lesion", "lesion of the later scan", null="when resolved", low=1),
        label(
            "status",
            "what happened; below_threshold: no partner, but focal uptake stood at its place before, too weak to count",
            codes=("matched", "new", "resolved", "merged", "split", "outside_view", "below_threshold"),
        ),
        number("distance_mm", "centroid distance after registration", unit="mm", null="without a partner", low=0),
        number(
            "overlap",
            "Dice of the registered lesions",
            unit="1",
            null="without a partner, and where no registration was found",
            low=0,
            high=1,
        ),
        number("confidence", "confidence of the link", unit="1", null="when not computable", low=0, high=1),
        label(
            "new_class",
            "class of a new lesion",
            codes=_CLASSES,
            null="when not new",
        ),
        label("new_class_by_mean", "the same by SUVmean of the lesion", codes=_CLASSES, null="when not new"),
        label("new_class_by_mean_2sd", "the same against reference mean + 2 SD", codes=_CLASSES, null="when not new"),
        label("reference_region", "reference organ of the later scan: liver or spleen", null="without reference"),
        number("reference_suv_mean", "mean SUVbw of the reference", unit="g/mL", null="without reference"),
        number("reference_suv_sd", "standard deviation of the reference", unit="g/mL", null="without reference", low=0),
        count("reference_voxels", "voxels of the reference", null="without reference", low=1),
        label("rule", "what else decided status and class, with the values used", null="when nothing is to say"),
        count("cluster", "links of one cluster of merging and splitting lesions share this number", null="when alone"),
        label(
            "compared",
            "what is compared below: one lesion with its partner, or all lesions of the cluster as one",
            codes=("lesion", "cluster"),
            null="without a partner; between PET and SPECT",
        ),
        number("baseline_ml", "volume before, of the lesion or cluster", unit="mL", null="as compared", low=0),
        number("followup_ml", "volume after, of the lesion or cluster", unit="mL", null="as compared", low=0),
        number("volume_change_pct", "change of that volume", unit="%", null="as compared"),
        number("tlp_change_pct", "change of SUVmean x volume, summed in the same way", unit="%", null="as compared"),
        yes_no(
            "cut_by_view",
            "a lesion of the link reaches the edge of its field of view: the change may be the view's",
            null="from version 0.1",
        ),
        number("registration_error_mm", "residual of the registration", unit="mm", null="when unknown", low=0),
        yes_no("provisional", "true until the tracking of this version has been validated and reviewed"),
    ),
    ("baseline_scan_id", "followup_scan_id", "plan_digest", "baseline_lesion", "followup_lesion"),
)
