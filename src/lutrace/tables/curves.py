"""Survival curves."""

from lutrace.tables.declare import count, label, number, result_table

CURVES = result_table(
    "curves",
    "one row per group and distinct time of a Kaplan-Meier curve",
    (
        label("analysis", "name of the analysis in the protocol"),
        label("population", "population or landmark"),
        label("endpoint", "outcome"),
        label("group", "group, or all"),
        number("time_days", "time from time zero", unit="d"),
        count("at_risk", "patients at risk just before"),
        count("events", "events at this time"),
        count("censored", "censored at this time"),
        number("survival", "Kaplan-Meier estimate after this time", unit="1", low=0, high=1),
        number("low", "lower end of the 95 % interval", unit="1", null="before the first event", low=0, high=1),
        number("high", "upper end of the 95 % interval", unit="1", null="before the first event", low=0, high=1),
    ),
    ("analysis", "population", "endpoint", "group", "time_days"),
)
