"""Whose PSA progression and PSA50 another value of a switch moves."""

from lutrace.tables.declare import PATIENT, label, number, pseudonym, result_table, text

_MOVES = ("same", "event gained", "event lost", "other day", "judged by one only")

PSA_FLIPS = result_table(
    "psa_flips",
    "one row per patient and other value of a switch of the PSA rules, all other switches as the study has them",
    (
        PATIENT,
        label("switch", "which switch"),
        label("chosen_value", "its value in the study"),
        label("value", "the other value"),
        text("progression", "PSA progression by the other value, against the study's", codes=_MOVES),
        text(
            "psa50", "PSA50 by the other value, against the study's", codes=tuple(m for m in _MOVES if m != "other day")
        ),
        number("days", "progression by the study's value, from the first cycle", unit="d", null="when none"),
        number("other_days", "progression by the other value, from the first cycle", unit="d", null="when none"),
        label("source_table", "table of the evidence", null="when there is none"),
        pseudonym("source_row", "row of the progression or response", null="when there is none"),
        label("rule", "the rule of progression with the other value"),
    ),
    ("patient_id", "switch", "value"),
)
