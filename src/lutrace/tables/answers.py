"""What people said of findings of the data-quality queries."""

from lutrace.core import Table
from lutrace.tables.declare import datetime, free_text, label, pseudonym

ANSWERS = Table(
    "answers",
    "one row per finding that a person has seen and left as it is; it is open again when what was found changes",
    (
        pseudonym("answer_id", "digest of the answer"),
        pseudonym("finding_id", "the finding, by what was found in which row"),
        label("check", "the query that found it"),
        label("table", "its table"),
        pseudonym("target_row_id", "its row"),
        pseudonym("patient_id", "pseudonym of the patient", null="when the finding is of no one patient"),
        free_text("reason", "why it may stay"),
        pseudonym("made_by", "who"),
        datetime("made_at", "when"),
    ),
    ("answer_id",),
)
