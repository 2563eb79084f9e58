"""Lines of therapy, their drugs, what was given before a day, and the records that raise a question."""

from lutrace.tables.declare import PATIENT, count, date, label, precision, pseudonym, result_table, text, yes_no

_EVIDENCE = pseudonym("evidence", "source rows, table:row, separated by spaces")

LINES = result_table(
    "lines",
    "one row per line of systemic therapy of the cancer",
    (
        PATIENT,
        count("line_number", "number of the line, from 1, by begin", low=1),
        count("mcrpc_line_number", "number among the lines of mCRPC", null="when not a line of mCRPC", low=1),
        text("setting", "state at its begin", codes=("mcrpc", "mhspc", "before_metastasis", "unknown")),
        yes_no(
            "setting_assumed",
            "its begin and the date of mCRPC (in mHSPC: of metastases) can mean the same days: taken as not before it",
            null="when the setting is unknown",
        ),
        date("begin_date", "first day; of a partial date the day that the rules say"),
        precision("begin_precision", "begin_date"),
        date("end_date", "last day", null="when not recorded and no line follows"),
        label("end_rule", "what the end rests on", codes=("documented", "next_line", "not_recorded")),
        date("next_begin_date", "first day of the next line", null="when none follows"),
        text("agents", "all drugs, those carried over included, sorted, joined by +"),
        text("begun_agents", "the drugs that begin with this line"),
        text("classes", "classes of all drugs, sorted, joined by +"),
        count("n_agents", "number of drugs", low=1),
        label(
            "reason",
            "why a line begins here",
            codes=("first", "rechallenge", "addition", "switch", "new_treatment"),
        ),
        _EVIDENCE,
        label("rule", "vocabulary version and the switches"),
    ),
    ("patient_id", "line_number"),
)

LINE_AGENTS = result_table(
    "line_agents",
    "one row per drug of each line of therapy",
    (
        PATIENT,
        count("line_number", "number of the line", low=1),
        date("line_begin_date", "first day of the line"),
        text("agent", "drug, by its name in the vocabulary"),
        text("agent_class", "its class"),
        label("agent_group", "the drugs that are one treatment with it, else its own name"),
        label(
            "role",
            "begun with the line; in place of another; in tandem with another; carried over from an earlier line",
            codes=("begun", "substituted", "tandem", "carried"),
        ),
        date("begin_date", "first day of the drug"),
        precision("begin_precision", "begin_date"),
        date("end_date", "last day of the drug", null="when an end is not recorded"),
        count("n_doses", "days of dosing", null="when the records are periods, not doses", low=1),
        label("two_doses", "two doses or more, counted or by the length", codes=("yes", "no", "unknown")),
        _EVIDENCE,
        pseudonym("first_evidence", "that of its first day, table:row"),
    ),
    ("patient_id", "line_number", "agent", "role"),
)

PRIOR_REGIMENS = result_table(
    "prior_regimens",
    "one row per patient and day asked about: lines that began before it, by class",
    (
        PATIENT,
        date("index_date", "the day asked about"),
        count("lines", "lines of therapy"),
        count("mcrpc_lines", "of them, lines of mCRPC"),
        count("taxane_regimens", "lines in which a taxane began, in any setting"),
        count("taxane_regimens_two_doses", "of them, with at least two doses of the taxane"),
        count("taxane_regimens_unknown_doses", "of them, with an unknown number of doses"),
        count("taxane_regimens_mcrpc", "of them, lines of mCRPC"),
        count("arpi_regimens", "lines in which an androgen receptor pathway inhibitor began, in any setting"),
        count("arpi_regimens_mcrpc", "of them, lines of mCRPC"),
        count("parp_regimens", "lines in which a PARP inhibitor began"),
        count("ra223_regimens", "lines in which radium-223 began"),
        count("rlt_regimens", "lines in which radioligand therapy began"),
        count("platinum_regimens", "lines in which a platinum began"),
        count("immune_regimens", "lines in which immunotherapy began"),
        pseudonym("evidence", "source rows of the taxanes and ARPI, separated by spaces", null="when there were none"),
    ),
    ("patient_id", "index_date"),
)

LINE_QUERIES = result_table(
    "line_queries",
    "one row per record that the derivation of lines could not use or only in part",
    (
        PATIENT,
        label(
            "query",
            "what is to be asked of the source",
            codes=(
                "no begin",
                "begin known to the year only",
                "agent not in the vocabulary",
                "end before begin",
                "in the month or year of mCRPC or metastases, order assumed",
            ),
        ),
        label("source_table", "table of the record"),
        pseudonym("source_row", "row of the record"),
    ),
    ("source_table", "source_row", "query"),
)
