"""The course of radioligand therapy and of what followed: states, transitions, counts, queries, support."""

from lutrace.tables.declare import PATIENT, count, date, label, number, pseudonym, result_table, text, yes_no

ENDS = (
    "completed",
    "progression",
    "toxicity",
    "decision",
    "other",
    "death",
    "lost",
    "not_recorded",
    "ongoing",
)
"""How radioligand therapy ended: each treated patient is in one of them."""
AFTERS = ("next_line", "hospice", "break", "no_therapy", "dead", "lost", "none_recorded")
"""What followed first after a stop: each patient who stopped alive and was seen is in one of them."""
STATES = (
    "on_treatment",
    "completed",
    "stopped_progression",
    "stopped_toxicity",
    "stopped_decision",
    "stopped_other",
    "stopped_not_recorded",
    *AFTERS[:-1],
)

COURSES = result_table(
    "courses",
    "one row per treated patient: how radioligand therapy ended and what followed first",
    (
        PATIENT,
        date("c1_date", "day of the first dose"),
        pseudonym("c1_row", "row of the first dose"),
        count("n_doses", "doses on treatment, up to the end of it", low=1),
        date("last_dose_date", "day of the last of them"),
        text("ended", "how radioligand therapy ended", codes=ENDS),
        yes_no("documented", "true when a record gives the reason"),
        date("end_date", "day on which treatment was over", null="when ongoing"),
        number("on_treatment_days", "days from the first dose to then, or to the data cut", unit="d", low=0),
        label("end_table", "table of the evidence", null="when ongoing"),
        pseudonym("end_row", "row of the evidence", null="when ongoing"),
        label("end_rule", "rule that ended treatment"),
        text("followed_by", "what followed first", codes=AFTERS, null="when ongoing, dead or lost on treatment"),
        date("followed_date", "day on which it began", null="when nothing followed"),
        text("detail", "drugs of the next line", null="when no line followed"),
        label("followed_table", "table of the evidence", null="when nothing followed"),
        pseudonym("followed_row", "row of the evidence", null="when nothing followed"),
        text("state_at_cut", "state on the data cut", codes=STATES),
    ),
    ("patient_id",),
)

COURSE_STATES = result_table(
    "course_states",
    "one row per patient and state, from the first dose to the data cut; it holds from entry to the day before exit",
    (
        PATIENT,
        count("ordinal", "order of the state, from 1", low=1),
        text("state", "the state", codes=STATES),
        count("line", "which next line after radioligand therapy", null="for another state", low=1),
        text("detail", "drugs of the line", null="for another state"),
        date("entry_date", "first day"),
        date("exit_date", "first day of the next state, or the data cut"),
        number("entry_day", "entry, from the first dose", unit="d", low=0),
        number("exit_day", "exit, from the first dose", unit="d", low=0),
        text("next_state", "the state after it", codes=STATES, null="when it holds at the data cut"),
        label("source_table", "table of the evidence that began it"),
        pseudonym("source_row", "row of the evidence that began it"),
        label("rule", "rule that began it"),
    ),
    ("patient_id", "ordinal"),
)

COURSE_TRANSITIONS = result_table(
    "course_transitions",
    "one row per patient and state of some length, as multistate models take it",
    (
        PATIENT,
        count("ordinal", "order of the row, from 1", low=1),
        text("from_state", "state in which the time was spent", codes=STATES),
        text("to_state", "state entered at its end", codes=STATES, null="when censored"),
        number("entry_day", "begin, from the first dose", unit="d", low=0),
        number("exit_day", "end, from the first dose", unit="d", low=0),
        yes_no("status", "true when a state was entered, false when censored at the data cut"),
    ),
    ("patient_id", "ordinal"),
)

COURSE_COUNTS = result_table(
    "course_counts",
    "one row per level and class: how many of how many patients",
    (
        label("level", "ended, state_at_cut = of all treated; followed_by, documented_stop = of those who stopped"),
        label("category", "the class"),
        count("n", "patients in it"),
        count("total", "patients of the level"),
    ),
    ("level", "category"),
)

COURSE_FLOWS = result_table(
    "course_flows",
    "one row per step of the course and pair of classes: how many patients went from the one to the other",
    (
        count("stage", "1 = how therapy ended to what followed first, 2 = from there to the state at the cut", low=1),
        label("from_category", "the class before; of those without anything after, how therapy ended"),
        label("to_category", "the class after; likewise"),
        count("n", "patients"),
        count("total", "all treated patients"),
    ),
    ("stage", "from_category", "to_category"),
)

COURSE_QUERIES = result_table(
    "course_queries",
    "one row per fact of a course that is missing or contradictory",
    (
        PATIENT,
        label("query", "which query"),
        date("date", "day that it is about", null="when it has none"),
        label("source_table", "table of the row"),
        pseudonym("source_row", "row to look at"),
        text("found", "what is found"),
        label("remedy", "what to do"),
    ),
    ("patient_id", "query", "source_row"),
)

COURSE_SUPPORT = result_table(
    "course_support",
    "one row per patient, line and kind of support given from the begin of the line to the day before the next",
    (
        PATIENT,
        count("line", "0 = radioligand therapy, 1 = the first line after it, ..."),
        label("kind", "what was given", codes=("red_cells", "platelets", "g_csf", "esa", "tpo_ra", "any")),
        count("n", "how often", low=1),
        date("first_date", "first day"),
        pseudonym("first_row", "row of the first"),
    ),
    ("patient_id", "line", "kind"),
)
