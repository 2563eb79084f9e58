"""The share of patients in each state of their course over time."""

from lutrace.tables.courses import STATES
from lutrace.tables.declare import count, label, number, result_table

OCCUPANCIES = result_table(
    "occupancies",
    "one row per state and distinct time of the state probabilities (Aalen-Johansen); they add up to 1 at each time",
    (
        label("analysis", "name of the analysis in the protocol"),
        label("population", "population or landmark"),
        label("endpoint", "derived table of the course"),
        label("state", "the state", codes=STATES),
        number("time_days", "time from the first dose", unit="d", low=0),
        count("at_risk", "patients seen in the state just before"),
        number("probability", "share of patients in the state from this time on", unit="1", low=0, high=1),
        number("low", "lower end of the 95 % interval", unit="1", null="where it is 0 or 1", low=0, high=1),
        number("high", "upper end of the 95 % interval", unit="1", null="where it is 0 or 1", low=0, high=1),
    ),
    ("analysis", "population", "endpoint", "state", "time_days"),
)
