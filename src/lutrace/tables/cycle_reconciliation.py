"""Cycles reconciled from all statements, and series totals compared with them."""

from lutrace.tables.declare import PATIENT, count, date, label, number, pseudonym, result_table, text, yes_no

RECONCILED_CYCLES = result_table(
    "reconciled_cycles",
    "one row per cycle of radioligand therapy, of whatever sources state it",
    (
        PATIENT,
        count("cycle", "number by date, from 1", low=1),
        date("date", "day, from the statement of highest rank"),
        text("agent", "radioligand, the most specific that is stated", null="when none is stated"),
        text("agents", "all radioligands stated, sorted, joined by +", null="when none is stated"),
        yes_no("tandem", "177Lu and 225Ac in one cycle"),
        number(
            "activity_mbq", "activity, by the statement of highest rank that has one", unit="MBq", null="when none has"
        ),
        label("activity_source", "kind of the statement that gives the activity", null="when none has"),
        number("activity_low_mbq", "lowest activity stated for this agent", unit="MBq", null="when none is"),
        number("activity_high_mbq", "highest activity stated for this agent", unit="MBq", null="when none is"),
        yes_no("activity_conflict", "statements of one agent differ by more than the tolerance"),
        yes_no("agent_conflict", "statements name radioligands that exclude each other"),
        number("spread_days", "days from the first to the last statement", unit="d"),
        count("n_statements", "number of statements", low=1),
        count("n_stated_numbers", "different cycle numbers stated"),
        yes_no("number_conflict", "a stated cycle number is another"),
        pseudonym("evidence", "source rows, table:row, separated by spaces"),
    ),
    ("patient_id", "cycle"),
)

SERIES_CHECKS = result_table(
    "series_checks",
    "one row per stated series of cycles: its total against the sum of the reconciled cycles of its period",
    (
        PATIENT,
        date("begin_date", "first day of the series"),
        date("end_date", "last day of the series"),
        number("total_mbq", "total as stated", unit="MBq", null="when not stated"),
        count("n_cycles", "reconciled cycles of the period"),
        count("n_without_activity", "of them, without an activity"),
        number("sum_mbq", "sum of their activities", unit="MBq", null="when none is known"),
        number("difference_pct", "sum against total", unit="%", null="when it cannot be formed"),
        label(
            "verdict",
            "what the comparison says",
            codes=("agrees", "differs", "no total", "no cycles", "activities missing"),
        ),
        pseudonym("evidence", "the row of the series"),
    ),
    ("patient_id", "begin_date", "evidence"),
)
