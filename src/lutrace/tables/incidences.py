"""Cumulative incidence of competing events."""

from lutrace.tables.declare import count, label, number, result_table

INCIDENCES = result_table(
    "incidences",
    "one row per group, cause and distinct time of a cumulative incidence (Aalen-Johansen)",
    (
        label("analysis", "name of the analysis in the protocol"),
        label("population", "population or landmark"),
        label("endpoint", "outcome"),
        label("group", "group, or all"),
        label("cause", "what happened: the event, or what came before it and made it impossible"),
        number("time", "time from time zero, or the number of the dose", unit="named by time_unit"),
        label("time_unit", "what the time is counted in", codes=("days", "doses")),
        count("at_risk", "patients at risk just before"),
        count("events", "events of this cause at this time"),
        count("censored", "censored at this time"),
        number("incidence", "share of patients with this cause by this time", unit="1", low=0, high=1),
        number("low", "lower end of the 95 % interval", unit="1", null="before the first event", low=0, high=1),
        number("high", "upper end of the 95 % interval", unit="1", null="before the first event", low=0, high=1),
    ),
    ("analysis", "population", "endpoint", "group", "cause", "time"),
)
