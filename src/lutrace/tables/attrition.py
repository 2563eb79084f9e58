"""Who was left at each step of selection."""

from lutrace.tables.declare import count, label, result_table

ATTRITION = result_table(
    "attrition",
    "one row per step, in order",
    (
        label("population", "population or landmark that the step belongs to"),
        count("step", "order of the step, from 0"),
        label("rule", "the rule in words"),
        count("n", "patients left"),
        count("excluded", "patients excluded by this step"),
        label("reason", "why they were excluded", null="for the first step"),
    ),
    ("population", "step"),
)
