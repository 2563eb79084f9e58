"""Tables of counts and summaries: what the patients are like, by group."""

from lutrace.tables.declare import count, label, number, result_table

SUMMARIES = result_table(
    "summaries",
    "one row per variable, level, statistic and group",
    (
        label("table", "name of the table in the protocol"),
        label("group", "group, or all; of a comparison all"),
        count("order", "order of the row"),
        label("variable", "variable in words"),
        label("level", "level of a category, or why values are missing", null="for a number, or missing without a why"),
        label(
            "statistic",
            "what is given: median with quartiles, median with minimum and maximum, mean with standard deviation, a "
            "count, how many are missing, standardised mean difference of two groups, p value of their comparison",
            codes=("median_iqr", "median_range", "mean_sd", "count", "missing", "smd", "p"),
        ),
        label("unit", "unit of the variable"),
        number("value", "median, mean, count, difference or p value", unit="named by statistic", null="without data"),
        number("low", "first quartile, or minimum", unit="named by unit", null="for counts"),
        number("high", "third quartile, or maximum", unit="named by unit", null="for counts"),
        number("sd", "standard deviation", unit="named by unit", null="unless the statistic is mean_sd", low=0),
        count("n", "patients with a value"),
        count("total", "patients in the group"),
        label("method", "how it was computed, with its conventions", null="for counts"),
    ),
    ("table", "group", "order"),
)
