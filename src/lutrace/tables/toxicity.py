"""Toxicity of each patient: worst, first severe, nadir and recovery of each CTCAE term, and the worst of each cycle."""

from lutrace.tables.declare import PATIENT, count, date, label, number, pseudonym, result_table, text, yes_no

_SOURCE = label("source", "who graded", codes=("laboratory", "clinician"))
_TERM = text("term", "CTCAE term")

TOXICITY_COURSES = result_table(
    "toxicity_courses",
    "one row per patient, CTCAE term and source, from the first cycle to the end of the window",
    (
        PATIENT,
        _TERM,
        _SOURCE,
        label("criteria", "version of CTCAE", null="when a clinician named none"),
        count("baseline_grade", "grade of the last value on or before the first cycle", null="when none", high=5),
        pseudonym("baseline_row", "row of the baseline", null="when none"),
        count("worst_grade", "worst grade after the first cycle", null="when nothing was graded", high=5),
        date("worst_date", "first day of the worst grade", null="when nothing was graded"),
        pseudonym("worst_row", "row of the worst grade", null="when nothing was graded"),
        yes_no("emergent", "worse than at baseline", null="when no baseline was graded"),
        date("first_severe_date", "first day of grade 3 or more", null="when there was none"),
        number("days_to_severe", "days from the first cycle to it", unit="d", null="when there was none"),
        pseudonym("first_severe_row", "row of that day", null="when there was none"),
        number(
            "extreme_value",
            "nadir of a term that points low, peak of one that points high",
            unit="canonical unit of the analyte",
            null="when a clinician graded",
        ),
        date("extreme_date", "first day of the extreme", null="when a clinician graded"),
        pseudonym("extreme_row", "row of the extreme", null="when a clinician graded"),
        date("recovery_date", "first later day at grade 1 or less, or no worse than baseline", null="when none"),
        number("days_to_recovery", "days from the extreme to it", unit="d", null="when none"),
        pseudonym("recovery_row", "row of the recovery", null="when none"),
        count("n_graded", "graded rows in the window"),
        count("n_not_graded", "rows in the window that could not be graded"),
    ),
    ("patient_id", "term", "source"),
)

TOXICITY_CYCLES = result_table(
    "toxicity_cycles",
    "one row per patient, CTCAE term, source and cycle: from the day after its dose to the day of the next",
    (
        PATIENT,
        _TERM,
        _SOURCE,
        count("cycle", "number of the cycle", low=1),
        count("worst_grade", "worst grade of the cycle", null="when nothing was graded", high=5),
        date("worst_date", "first day of it", null="when nothing was graded"),
        pseudonym("worst_row", "row of it", null="when nothing was graded"),
        count("n_graded", "graded rows of the cycle"),
    ),
    ("patient_id", "term", "source", "cycle"),
)

GRADE_FLIPS = result_table(
    "grade_flips",
    "one row per patient, CTCAE term and other version: grades of the same values after the first cycle",
    (
        PATIENT,
        _TERM,
        text("direction", "which way the term points", codes=("low", "high")),
        label("criteria", "version of the study"),
        label("other_criteria", "the version compared with"),
        text("other_term", "its term", null="when it has none for the analyte"),
        count("n_values", "values that the version of the study has a term for", low=1),
        count("n_flipped", "values with another grade, or graded by one of the versions only"),
        count("worst_grade", "worst grade", null="when nothing was graded", high=5),
        count("other_worst_grade", "worst grade by the other version", null="when nothing was graded", high=5),
        date("first_flip_date", "first day on which a grade differs", null="when none does"),
        pseudonym("source_row", "row of labs of that day", null="when none does"),
        label("rule", "what was compared"),
    ),
    ("patient_id", "term", "other_criteria"),
)
