"""Castration resistance: the date by each definition, the preferred one, and how far definitions agree."""

from lutrace.tables.declare import PATIENT, count, date, label, number, precision, pseudonym, result_table, text, yes_no

DEFINITIONS = ("physician", "registry", "pcwg3", "eau", "aua", "code", "text", "surrogate")
"""The definitions in order of preference within a grade of evidence."""
_DEFINITION = text("definition", "how castration resistance is known", codes=DEFINITIONS)
_GRADE = label(
    "grade",
    "evidence: A a person recorded it; B PSA with measured testosterone; C PSA under androgen deprivation, or recorded "
    "to the year; D a code or text; E begin of a treatment",
    codes=("A", "B", "C", "D", "E"),
)
_METASTATIC = date("metastatic_date", "first date of metastases", null="when none is known")
_METASTATIC_PRECISION = precision("metastatic_precision", "metastatic_date")
_MCRPC_PRECISION = precision("mcrpc_precision", "mcrpc_date")
_MCRPC = date("mcrpc_date", "the later of castration resistance and metastases", null="when metastases are not dated")

MCRPC_DATES = result_table(
    "mcrpc_dates",
    "one row per patient and definition of castration resistance that is met",
    (
        PATIENT,
        _DEFINITION,
        date("crpc_date", "date of castration resistance"),
        precision("crpc_precision", "crpc_date"),
        _METASTATIC,
        _METASTATIC_PRECISION,
        _MCRPC,
        _MCRPC_PRECISION,
        _GRADE,
        label(
            "castrate_by", "what shows the castrate state", codes=("testosterone", "exposure"), null="when not asked"
        ),
        label("source_table", "table of the record"),
        pseudonym("source_row", "row of the record"),
        pseudonym("metastatic_row", "row of the date of metastases", null="when none is known"),
        label("rule", "the rule in words"),
    ),
    ("patient_id", "definition"),
)

MCRPC_CHOICES = result_table(
    "mcrpc_choices",
    "one row per patient with any definition met: the preferred date, and what speaks against it",
    (
        PATIENT,
        _DEFINITION,
        _GRADE,
        date("crpc_date", "date of castration resistance by the preferred definition"),
        precision("crpc_precision", "crpc_date"),
        _METASTATIC,
        _METASTATIC_PRECISION,
        _MCRPC,
        _MCRPC_PRECISION,
        count("n_definitions", "definitions met", low=1),
        text("definitions", "definitions met, sorted, joined by +"),
        date("earliest_date", "earliest date by any"),
        date("latest_date", "latest date by any"),
        number("spread_days", "days between them", unit="d"),
        yes_no("conflict", "a definition of grade A to D lies further from the preferred date than the rules allow"),
        label("source_table", "table of the preferred record"),
        pseudonym("source_row", "row of the preferred record"),
        label("rule", "why this one is preferred"),
    ),
    ("patient_id",),
)

MCRPC_AGREEMENTS = result_table(
    "mcrpc_agreements",
    "one row per pair of definitions: how many patients meet both, and how near the dates lie",
    (
        text("definition_a", "first definition", codes=DEFINITIONS),
        text("definition_b", "second definition", codes=DEFINITIONS),
        count("n_a", "patients who meet the first"),
        count("n_b", "patients who meet the second"),
        count("n_both", "patients who meet both"),
        count("n_within_30", "of them, at most 30 days apart"),
        count("n_within_90", "of them, at most 90 days apart"),
    ),
    ("definition_a", "definition_b"),
)
