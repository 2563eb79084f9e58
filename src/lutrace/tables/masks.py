"""Regions made elsewhere or by a model."""

from lutrace.tables.declare import PATIENT, count, fact_table, label, pseudonym, text

MASKS = fact_table(
    "masks",
    "one row per region on a scan's grid; its voxels are in the image store under mask_id",
    (
        pseudonym("mask_id", "pseudonym of the region"),
        PATIENT,
        pseudonym("scan_id", "scan on whose grid it lies"),
        label("region", "region in the vocabulary (liver, kidney_left, skeleton, lesion, ...)"),
        text("original_name", "name that its maker gave it"),
        label("maker", "where it comes from", codes=("seg", "rtstruct", "nifti", "model", "labeller")),
        count("voxels", "number of voxels"),
        label("voxel_digest", "digest of the stored array"),
    ),
    ("mask_id",),
)
