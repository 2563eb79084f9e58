"""What was read."""

from lutrace.core import Table
from lutrace.tables.declare import count, label, pseudonym

SOURCES = Table(
    "sources",
    "one row per source that facts came from; its path is in the identities file only",
    (
        pseudonym("source_id", "digest of the bytes"),
        label(
            "kind", "kind", codes=("dicom", "fhir", "omop", "redcap", "table", "notes", "masks", "measure", "review")
        ),
        count("rows", "rows read from it"),
        label("name", "its name in the site profile", null="when the profile names none: its kind names it"),
    ),
    ("source_id",),
)
