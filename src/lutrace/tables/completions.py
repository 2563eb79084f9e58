"""How many questionnaires were expected, came, and could be scored."""

from lutrace.tables.declare import PATIENT, count, label, number, pseudonym, result_table, text

COMPLETIONS = result_table(
    "completions",
    "one row per scale and visit",
    (
        label("instrument", "instrument"),
        label("scale", "scale of the instrument"),
        label("by", "what makes a visit", codes=("cycle", "day")),
        number("visit", "number of the cycle, or day from the first cycle", unit="1 or d"),
        count("n", "patients of the cohort"),
        count("expected", "those alive and followed at the visit (by day), or given the cycle (by cycle)"),
        count("received", "expected patients with an answered sheet within the window"),
        count("valid", "expected patients with a score that stands within the window"),
        count("dead", "not expected: dead by then"),
        count("not_followed", "not expected: follow-up or treatment ended before"),
        count("no_sheet", "expected, but no sheet came"),
        count("too_few_items", "a sheet came, but its score does not stand"),
    ),
    ("instrument", "scale", "by", "visit"),
)

COMPLETION_VISITS = result_table(
    "completion_visits",
    "one row per patient, scale and visit: whether a questionnaire was expected, came, and could be scored",
    (
        PATIENT,
        label("instrument", "instrument"),
        label("scale", "scale of the instrument"),
        label("by", "what makes a visit", codes=("cycle", "day")),
        number("visit", "number of the cycle, or day from the first cycle", unit="1 or d"),
        text(
            "status",
            "valid = a score that stands; too_few_items = a sheet without one; no_sheet = expected, and none came",
            codes=("valid", "too_few_items", "no_sheet", "not_followed", "dead"),
        ),
        label("source_table", "table of the sheet nearest to the visit", null="when none came"),
        pseudonym("source_row", "row of it", null="when none came"),
    ),
    ("patient_id", "instrument", "scale", "by", "visit"),
)
