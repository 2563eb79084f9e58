"""Cycles of radioligand therapy."""

from lutrace.tables.declare import PATIENT, count, date, datetime, fact_table, number, text

CYCLES = fact_table(
    "cycles",
    "one row per cycle of radioligand therapy",
    (
        PATIENT,
        count("cycle", "number of the cycle, from 1", low=1, high=30),
        date("administered_date", "day of administration"),
        text(
            "agent",
            "radioligand",
            codes=("lu177_psma_617", "lu177_psma_it", "lu177_psma_other", "ac225_psma", "lu177_dotatate", "other"),
        ),
        number("administered_mbq", "activity in the syringe", unit="MBq", null="when unknown", low=0, high=20000),
        datetime("assay_datetime", "when the syringe was measured", null="when it was at injection or is unknown"),
        number(
            "residual_mbq", "activity left after injection", unit="MBq", null="when not measured", low=0, high=20000
        ),
        datetime("residual_datetime", "when the residual was measured", null="when not measured"),
        datetime("injection_datetime", "when it was injected", null="when only the day is known"),
        number("weight_kg", "body weight of that day", unit="kg", null="when not weighed", low=20, high=350),
    ),
    ("patient_id", "cycle"),
)
