"""What a timeline is drawn from: measured values over time, dated events, their middle course, and grades as bands."""

from lutrace.tables.declare import PATIENT, count, date, label, number, pseudonym, result_table, text, yes_no

TRAJECTORIES = result_table(
    "trajectories",
    "one row per patient, series and result, on the clock of the first cycle",
    (
        PATIENT,
        label("series", "what was measured: an analyte, tumour_volume, weight_kg, or instrument.scale"),
        date("date", "day of the result"),
        number("day", "days from the first cycle", unit="d"),
        count("dose", "doses given before that day: a result of the day of a dose is before it"),
        yes_no("last_of_dose", "true for the last result after that dose and before the next, and for the baseline"),
        number("value", "the result", unit="named by unit"),
        label("unit", "canonical unit"),
        text("comparator", "censoring of the result", codes=("<", "<=", ">", ">="), null="when the value is exact"),
        number("baseline", "result that the change refers to", unit="named by unit", null="when there is none"),
        number("change_pct", "change from the baseline", unit="%", null="before it, without it, or when it is 0"),
        yes_no("is_baseline", "true for the result that the change refers to"),
        count("grade", "CTCAE grade", null="when it has no term or cannot be graded", high=5),
        label("source_table", "table of the result"),
        pseudonym("source_row", "row of the result"),
    ),
    ("patient_id", "series", "date", "source_row"),
)

TIMELINE_EVENTS = result_table(
    "timeline_events",
    "one row per patient and dated event, on the clock of the first cycle",
    (
        PATIENT,
        label(
            "track",
            "what it is drawn on",
            codes=("dose", "scan", "psa", "progression", "line", "support", "toxicity", "questionnaire", "status"),
        ),
        label("kind", "what happened"),
        count("number", "which one of its kind", null="when they are not counted", low=1),
        text("detail", "drug, tracer, term", null="when the kind says it"),
        date("date", "day, or first day"),
        date("end_date", "last day", null="for an event of one day, and when not recorded"),
        number("day", "days from the first cycle", unit="d"),
        number("end_day", "last day, from the first cycle", unit="d", null="as end_date"),
        number("value", "activity, tumour volume, grade", unit="named by unit", null="when there is none"),
        label("unit", "unit of the value", null="without a value"),
        label("source_table", "table of the evidence"),
        pseudonym("source_row", "row of the evidence"),
        label("rule", "what made it an event"),
    ),
    ("patient_id", "date", "track", "kind", "source_row"),
)

TRENDS = result_table(
    "trends",
    "one row per series and place: the middle of the patients' results, and a smooth line through all of them",
    (
        label("series", "what was measured"),
        label("by", "whether the place is a dose or a day", codes=("dose", "day")),
        number("at", "doses given before, or days from the first cycle", unit="named by by"),
        count("patients", "patients with a result there"),
        number("median", "median of the last result after the dose of each", unit="named by unit", null="by day"),
        number("q1", "lower quartile", unit="named by unit", null="by day"),
        number("q3", "upper quartile", unit="named by unit", null="by day"),
        number("smooth", "locally weighted regression of all results", unit="named by unit", null="by dose"),
        label("unit", "unit of the series"),
        label("rule", "how it was made"),
    ),
    ("series", "by", "at"),
)

GRADE_BANDS = result_table(
    "grade_bands",
    "one row per analyte, CTCAE term and grade whose limits are one number for all patients",
    (
        label("series", "the analyte"),
        label("term", "CTCAE term"),
        label("direction", "which way the term points", codes=("low", "high")),
        count("grade", "CTCAE grade", low=1, high=4),
        number("low", "lower end of the grade", unit="named by unit", null="when it is open"),
        number("high", "upper end of the grade", unit="named by unit", null="when it is open"),
        label("unit", "canonical unit"),
        label("criteria", "version of CTCAE"),
        label("rule", "the clause, or the limit of normal that stands in it"),
    ),
    ("series", "term", "grade"),
)
