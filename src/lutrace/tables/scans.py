"""Image series and what their headers say."""

from lutrace.tables.declare import PATIENT, count, date, datetime, fact_table, json, label, number, pseudonym, text

SCANS = fact_table(
    "scans",
    "one row per image series; its pixels are in the image store under scan_id",
    (
        pseudonym("scan_id", "pseudonym of the series"),
        PATIENT,
        pseudonym("study_key", "pseudonym of the examination (one visit to the scanner)"),
        pseudonym("frame_of_reference", "pseudonym of the patient position", null="when the header gives none"),
        label("modality", "DICOM modality", codes=("PT", "NM", "CT")),
        label("purpose", "what the series is used for", codes=("psma_pet", "rlt_spect", "ct", "other")),
        count("cycle", "cycle of therapy that a post-therapy scan follows", null="when it follows none", low=1),
        date("date", "day of acquisition"),
        datetime("acquisition_datetime", "first acquisition", null="when the header gives none"),
        label("manufacturer", "manufacturer", null="when the header gives none"),
        label("tracer", "radiopharmaceutical", null="when the header gives none"),
        label("radionuclide", "radionuclide (Lu-177, Ga-68, F-18)", null="when the header gives none"),
        label("units", "unit of the stored volume: Bq/mL, counts, g/mL, HU"),
        label("decay_correction", "NONE, START or ADMIN", codes=("NONE", "START", "ADMIN"), null="for CT and counts"),
        count("slices", "number of slices", low=1),
        count("rows", "number of rows", low=1),
        count("columns", "number of columns", low=1),
        number("spacing_x_mm", "voxel size along columns", unit="mm", low=0),
        number("spacing_y_mm", "voxel size along rows", unit="mm", low=0),
        number("spacing_z_mm", "distance of slices", unit="mm", low=0),
        json("header_facts", "the facts of the header that SUV rests on (physics.QuantFacts)", null="for CT"),
        text("status", "whether it can be measured", codes=("usable", "refused")),
        label("reason", "why it was refused", null="when usable"),
        json("notes", "what was inferred or tolerated while reading"),
        label("pixel_digest", "digest of the stored array"),
    ),
    ("scan_id",),
)
