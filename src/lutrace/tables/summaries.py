"""Table 1: what the patients are like."""

from lutrace.tables.declare import count, label, number, result_table

SUMMARIES = result_table(
    "summaries",
    "one row per variable, level and group",
    (
        label("table", "name of the table in the protocol"),
        label("group", "group, or all"),
        count("order", "order of the row"),
        label("variable", "variable in words"),
        label("level", "level of a category, or why values are missing", null="for a number, or missing without a why"),
        label("statistic", "what is given", codes=("median_iqr", "count", "missing")),
        label("unit", "unit of the variable"),
        number("value", "median or count", unit="named by statistic", null="without data"),
        number("low", "first quartile", unit="named by unit", null="for counts"),
        number("high", "third quartile", unit="named by unit", null="for counts"),
        count("n", "patients with a value"),
        count("total", "patients in the group"),
    ),
    ("table", "group", "order"),
)
