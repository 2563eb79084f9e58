"""Scores over time, in the long form that mixed models take."""

from lutrace.tables.declare import PATIENT, count, date, label, number, pseudonym, result_table

SCORE_COURSES = result_table(
    "score_courses",
    "one row per patient, day and scale whose score stands, from the baseline on",
    (
        PATIENT,
        date("date", "day of the answers"),
        number("days", "days from the first cycle", unit="d"),
        count("cycles", "cycles given before that day"),
        label("instrument", "instrument"),
        label("scale", "scale of the instrument"),
        number("score", "score", unit="points of the scale"),
        number("baseline", "last score on or before the first cycle", unit="points of the scale", null="when none"),
        number("change", "score less baseline", unit="points of the scale", null="when there is no baseline"),
        label("source_table", "table of the evidence"),
        pseudonym("source_row", "lowest row of the answered items"),
    ),
    ("patient_id", "date", "instrument", "scale"),
)
