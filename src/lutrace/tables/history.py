"""Grade group of the primary, and sites of metastases as of a day."""

from lutrace.tables.declare import PATIENT, count, date, label, number, precision, pseudonym, result_table, text

GRADE_GROUPS = result_table(
    "grade_groups",
    "one row per patient with any Gleason score: the one that the rule chooses",
    (
        PATIENT,
        label("which", "which of several scores", codes=("highest", "initial", "latest")),
        date("date", "date of the score", null="when the record gives none"),
        precision("date_precision", "date"),
        count("gleason_primary", "first pattern", null="when not recorded", low=1, high=5),
        count("gleason_secondary", "second pattern", null="when not recorded", low=1, high=5),
        count("gleason_sum", "sum", null="when not recorded", low=2, high=10),
        count("grade_group", "ISUP grade group", null="when it cannot be known", low=1, high=5),
        label("reason", "why it cannot be known", null="when it is known"),
        count("n_scores", "scores of the patient", low=1),
        count("n_grade_groups", "different grade groups among them"),
        pseudonym("source_row", "row of diagnoses"),
    ),
    ("patient_id",),
)

METASTASIS_SITES = result_table(
    "metastasis_sites",
    "one row per patient, day asked about, site and way of knowing it",
    (
        PATIENT,
        date("index_date", "the day asked about"),
        text(
            "site",
            "where",
            codes=(
                "bone",
                "node_pelvic",
                "node_distant",
                "node",
                "liver",
                "lung",
                "other_visceral",
                "generalised",
                "local",
            ),
        ),
        label(
            "modality",
            "how it is known",
            codes=("psma_pet", "spect", "other_scan", "reader", "diagnosis", "letter"),
        ),
        date("first_date", "first statement that counts"),
        date("last_date", "last statement on or before the day"),
        number("age_days", "days from the last statement to the day", unit="d", low=0),
        count("n_statements", "statements that count", low=1),
        label("source_table", "table of the last statement"),
        pseudonym("source_row", "row of the last statement"),
    ),
    ("patient_id", "index_date", "site", "modality"),
)
