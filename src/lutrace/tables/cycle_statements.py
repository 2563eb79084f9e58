"""What sources say of radioligand therapy beyond the cycles: doubles, series totals, bills, letters."""

from lutrace.tables.declare import PATIENT, RECORD_KEY, count, date, fact_table, label, number, precision, text

CYCLE_STATEMENTS = fact_table(
    "cycle_statements",
    "one row per statement on radioligand therapy that is not itself a row of cycles",
    (
        PATIENT,
        text(
            "kind",
            "what kind of record says it",
            codes=("administration", "procedure", "billing", "radiotherapy", "letter"),
        ),
        label("scope", "whether it is of one cycle or of a whole series", codes=("cycle", "series")),
        date("begin_date", "day of the cycle, or first day of the series"),
        precision("begin_precision", "begin_date"),
        date("end_date", "last day of the series", null="when it is of one day"),
        text("agent", "radioligand, by its name in the vocabulary", null="when it names none"),
        number(
            "activity_mbq", "activity of the cycle, or total of the series", unit="MBq", null="when not stated", low=0
        ),
        count("stated_cycle", "number of the cycle as stated", null="when not stated", low=1, high=30),
        label("code_system", "system of the code", null="when not coded"),
        text("code", "code as recorded", null="when not coded"),
        text("doubt", "why the code is doubted in its year", null="when it is not"),
        RECORD_KEY,
    ),
    ("patient_id", "kind", "begin_date", "record_key"),
)
